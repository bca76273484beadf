// The way to the web interface of capture devices.
import { z } from 'zod';
import type { HttpReply } from '../../../core/http/http-reply.ts';
import type { HttpRequest } from '../../../core/http/http-request.ts';
import { maxDeviceBodyBytes } from '../../device/device-proxy.ts';
import { mediaEndpoint } from '../../../core/api/define-endpoint.ts';
import type { Endpoint } from '../../../core/api/endpoint.ts';

/** What this endpoint asks for. */
export interface DeviceApi {
  /** `path` is decoded; throws MediaError. */
  readonly forward: (path: string, request: HttpRequest) => Promise<HttpReply>;
}

const PATH = '/api/v2/proxy/device';

/** Any method on proxy/device. */
export function deviceEndpoints(api: DeviceApi): readonly Endpoint[] {
  return [
    proxyEndpoint(`${PATH}/`, () => '', api),
    proxyEndpoint(`${PATH}/*path`, (request) => request.parameter('path'), api),
    proxyEndpoint(`${PATH}/*path/`, (request) => `${request.parameter('path')}/`, api),
  ];
}

function proxyEndpoint(
  path: string,
  pathOf: (request: HttpRequest) => string,
  api: DeviceApi,
): Endpoint {
  return mediaEndpoint({
    ...{ method: 'GET', moreMethods: ['POST', 'PUT', 'PATCH', 'DELETE'], path, tag: 'Devices' },
    summary: 'Request to the web interface of a configured device',
    description:
      'Goes to `http://<device>/iw/<path>` with method, body and query. Only devices of the ' +
      'configuration can be reached; credentials for this server are not passed on.',
    failures: ['not-found', 'unsupported', 'unavailable', 'deadline-exceeded'],
    maxBodyBytes: maxDeviceBodyBytes,
    params: z.object(path.includes('*') ? { path: z.string() } : {}),
    query: z.object({
      deviceAddr: z.string().optional().describe('host[:port] of the device'),
      name: z.string().optional().describe('or the path whose device is meant'),
    }),
    documentedBody: z.unknown().describe('as the device wants it'),
    answer: { type: 'media', contentTypes: ['*/*'] },
    handle: ({ request }) => api.forward(pathOf(request), request),
  });
}
