// The text of apidocs/openapi-v3.yaml, made from the endpoints without anybody behind them.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { z } from 'zod';
import { MediaError } from '../../core/base/media-error.ts';
import {
  controlApiDocument,
  controlApiEndpoints,
  type ControlApiServices,
} from '../../core/api/control-api.ts';
import type { Endpoint } from '../../core/api/endpoint.ts';

/** All endpoints of Control API v3; none of them can be called. */
export function controlApiOutline(): readonly Endpoint[] {
  const nobody = new Proxy(
    {},
    {
      get: () => () => {
        throw new MediaError('internal', 'internal', 'nobody is behind this endpoint');
      },
    },
  );
  const names = ['server', 'configuration', 'paths', 'sessions', 'recordings'];
  const services = Object.fromEntries(names.map((name) => [name, nobody]));
  // The definitions call no service, so one that refuses everything stands for all.
  return controlApiEndpoints(services as unknown as ControlApiServices);
}

/** The document as YAML. */
export function openApiV3File(): string {
  const manifest = readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8');
  const { version } = z.object({ version: z.string() }).parse(JSON.parse(manifest));
  const document = controlApiDocument(controlApiOutline(), version);
  return stringify(document, { aliasDuplicateObjects: false, lineWidth: 100 });
}
