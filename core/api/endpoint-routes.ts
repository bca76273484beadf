// Turns endpoints into routes of the API listener.
import type { ErrorEnvelope } from '../http/error-reply.ts';
import type { Route } from '../http/route.ts';
import type { Endpoint } from './endpoint.ts';

/** One route per endpoint; failures are wrapped by `errorEnvelope`, by default that of the listener. */
export function endpointRoutes(
  endpoints: readonly Endpoint[],
  errorEnvelope?: ErrorEnvelope,
): readonly Route[] {
  return endpoints.map((endpoint) => ({
    methods: [endpoint.method, ...(endpoint.moreMethods ?? [])],
    pattern: endpoint.path,
    access:
      endpoint.publicReason === undefined
        ? { type: 'action', action: 'api' }
        : { type: 'public', reason: endpoint.publicReason },
    action: (request) => endpoint.run(request),
    ...(endpoint.allowsBackslash === true ? { allowsBackslash: true } : {}),
    ...(errorEnvelope === undefined ? {} : { errorEnvelope }),
    ...(endpoint.maxBodyBytes === undefined ? {} : { maxBodyBytes: endpoint.maxBodyBytes }),
  }));
}
