// All of API v2: which endpoints there are, and what they need.
import type { Endpoint } from '../../core/api/endpoint.ts';
import { deviceEndpoints, type DeviceApi } from './endpoints/device-endpoints.ts';
import { exportEndpoints, type ExportApi } from './endpoints/export-endpoints.ts';
import { fileEndpoints, type FilesApi } from './endpoints/file-endpoints.ts';
import { pathEndpoints, type PathsApi } from './endpoints/path-endpoints.ts';
import { recordEndpoints, type RecordApi } from './endpoints/record-endpoints.ts';
import { serverEndpoints, type ServerFacts } from './endpoints/server-endpoints.ts';
import { smartEndpoints, type SmartApi } from './endpoints/smart-endpoints.ts';
import { snapshotEndpoints, type SnapshotApi } from './endpoints/snapshot-endpoints.ts';
import { openApiDocument } from '../../core/api/openapi-document.ts';

/** Who answers. */
export interface ApiV2Services {
  readonly server: ServerFacts;
  readonly paths: PathsApi;
  readonly record: RecordApi;
  readonly files: FilesApi;
  readonly snapshots: SnapshotApi;
  readonly exports: ExportApi;
  readonly smart: SmartApi;
  readonly devices: DeviceApi;
}

const ERROR_SCHEMA = {
  type: 'object',
  required: ['success', 'error', 'code'],
  properties: {
    success: { type: 'boolean', const: false },
    error: { type: 'string', description: 'What happened, with the value and the place.' },
    code: { type: 'string', description: 'Stable identifier; all are listed in errors.md.' },
  },
};

/** In the order of the document. */
export function apiV2Endpoints(services: ApiV2Services): readonly Endpoint[] {
  return [
    ...serverEndpoints(services.server),
    ...pathEndpoints(services.paths),
    ...recordEndpoints(services.record),
    ...fileEndpoints(services.files),
    ...snapshotEndpoints(services.snapshots),
    ...exportEndpoints(services.exports),
    ...smartEndpoints(services.smart),
    ...deviceEndpoints(services.devices),
  ];
}

/** The document of apidocs/openapi-v2.yaml and of `/docs`. */
export function apiV2Document(endpoints: readonly Endpoint[], version: string): object {
  return openApiDocument(endpoints.map(withBodyFailures), {
    title: 'MediaMTX Pro API v2',
    version,
    errorSchema: ERROR_SCHEMA,
    description:
      'Answers are JSON: {"success": true, "result": ...} or {"success": false, "error": "text", ' +
      '"code": "stable-name"}. Files are at /res, events at the WebSocket /ws.',
  });
}

/** A body may come compressed, which no endpoint takes. */
function withBodyFailures(endpoint: Endpoint): Endpoint {
  const { body, documentedBody, failures = [] } = endpoint;
  if (!body && !documentedBody) return endpoint;
  return { ...endpoint, failures: [...failures, 'unsupported'] };
}
