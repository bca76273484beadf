// Turns endpoints into routes of the API listener, with the failures of API v2.
import type { Endpoint } from '../../core/api/endpoint.ts';
import { endpointRoutes } from '../../core/api/endpoint-routes.ts';
import type { ErrorEnvelope } from '../../core/http/error-reply.ts';
import type { Route } from '../../core/http/route.ts';

/** The body of every failure of API v2. */
export const v2ErrorEnvelope: ErrorEnvelope = ({ text, error }) => ({
  success: false,
  error: text,
  code: error.code,
});

/** One route per endpoint. */
export function apiRoutes(endpoints: readonly Endpoint[]): readonly Route[] {
  return endpointRoutes(endpoints, v2ErrorEnvelope);
}
