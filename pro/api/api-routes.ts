// Turns endpoints into routes of the API listener.
import type { ErrorEnvelope } from '../../core/http/error-reply.ts';
import type { Route } from '../../core/http/route.ts';
import type { Endpoint } from '../../core/api/endpoint.ts';

/** The body of every failure of API v2. */
export const v2ErrorEnvelope: ErrorEnvelope = ({ text, error }) => ({
  success: false,
  error: text,
  code: error.code,
});

/** One route per endpoint. */
export function apiRoutes(endpoints: readonly Endpoint[]): readonly Route[] {
  return endpoints.map((endpoint) => ({
    methods: [endpoint.method, ...(endpoint.moreMethods ?? [])],
    pattern: endpoint.path,
    access:
      endpoint.publicReason === undefined
        ? { type: 'action', action: 'api' }
        : { type: 'public', reason: endpoint.publicReason },
    action: (request) => endpoint.run(request),
    errorEnvelope: v2ErrorEnvelope,
    ...(endpoint.maxBodyBytes === undefined ? {} : { maxBodyBytes: endpoint.maxBodyBytes }),
  }));
}
