// Control API v3 put together: its endpoints, its routes, its document.
import { absentProtocolEndpoints } from './absent-protocols.ts';
import type { ApiParts } from './api-server.ts';
import { configEndpoints, type ConfigurationApi } from './config-endpoints.ts';
import type { Endpoint } from './endpoint.ts';
import { endpointRoutes } from './endpoint-routes.ts';
import { openApiDocument } from './openapi-document.ts';
import { pathEndpoints, type PathsApi } from './path-endpoints.ts';
import { recordingEndpoints, type RecordingsApi } from './recording-endpoints.ts';
import { serverEndpoints, type ServerApi } from './server-endpoints.ts';
import { sessionEndpoints, type SessionsApi } from './session-endpoints.ts';

/** Who answers. */
export interface ControlApiServices {
  readonly server: ServerApi;
  readonly configuration: ConfigurationApi;
  readonly paths: PathsApi;
  readonly sessions: SessionsApi;
  readonly recordings: RecordingsApi;
}

const ERROR_SCHEMA = {
  type: 'object',
  required: ['status', 'error'],
  properties: {
    status: { type: 'string', const: 'error' },
    error: { type: 'string', description: 'What happened, with the value and the place.' },
  },
};

/** All endpoints in the order of the document. */
export function controlApiEndpoints(services: ControlApiServices): readonly Endpoint[] {
  const { configuration, recordings } = services;
  return [
    ...serverEndpoints(services.server),
    ...configEndpoints(configuration),
    ...pathEndpoints(services.paths),
    ...sessionEndpoints(services.sessions),
    ...absentProtocolEndpoints(),
    ...recordingEndpoints({
      recordings,
      isConfigured: (name) => configuration.current().paths.has(name),
    }),
  ];
}

/** What is served on the API's port. */
export function controlApi(services: ControlApiServices): ApiParts {
  return { routes: endpointRoutes(controlApiEndpoints(services)) };
}

/** The document of apidocs/openapi-v3.yaml. */
export function controlApiDocument(endpoints: readonly Endpoint[], version: string): object {
  return openApiDocument(endpoints, {
    title: 'Control API v3',
    version,
    description:
      'Success without a result is {"status": "ok"}, failure is {"status": "error", "error": ' +
      '"text"}. Durations and sizes are texts as in mediamtx.yml. Secrets are shown as "***"; ' +
      'sent back like that they stay what they are.',
    errorSchema: ERROR_SCHEMA,
  });
}
