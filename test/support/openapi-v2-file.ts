// The text of apidocs/openapi-v2.yaml, made from the endpoints without anybody behind them.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { MediaError } from '../../core/base/media-error.ts';
import {
  apiV2Document,
  apiV2Endpoints,
  type ApiV2Services,
} from '../../pro/api/api-v2-endpoints.ts';
import { toYaml } from '../../pro/api/docs-routes.ts';
import type { Endpoint } from '../../core/api/endpoint.ts';

/** All endpoints of API v2; none of them can be called. */
export function documentedEndpoints(): readonly Endpoint[] {
  const nobody = new Proxy(
    {},
    {
      get: () => () => {
        throw new MediaError('internal', 'internal', 'nobody is behind this endpoint');
      },
    },
  );
  const names = ['paths', 'record', 'files', 'snapshots', 'exports', 'smart', 'devices'];
  const services = Object.fromEntries(names.map((name) => [name, nobody]));
  const server = { version: '', startedAt: 0, isHealthPublic: false };
  // The definitions call no service, so one that refuses everything stands for all.
  return apiV2Endpoints({ ...services, server } as unknown as ApiV2Services);
}

/** The document as YAML. */
export function openApiV2File(): string {
  const manifest = readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8');
  const { version } = z.object({ version: z.string() }).parse(JSON.parse(manifest));
  return toYaml(apiV2Document(documentedEndpoints(), version));
}
