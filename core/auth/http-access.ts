// Puts the question of an HTTP route to an Authorizer; fits AccessGate of core/http by its shape.
import type { AccessRequest, AuthAction, Authorizer, Principal } from './access-request.ts';
import { credentialsFromHttp } from './http-credentials.ts';

/** What an HTTP listener knows about a request for a protected route. */
export interface HttpAccessQuestion {
  readonly action: AuthAction;
  readonly path: string;
  readonly headers: {
    readonly authorization?: string | undefined;
    readonly 'user-agent'?: string | undefined;
  };
  readonly ip: string;
  readonly requestId: string;
  readonly query: string;
  readonly signal: AbortSignal;
}

/**
 * The gate of a listener whose routes speak `protocol`.
 * @throws MediaError as credentialsFromHttp() and Authorizer.authorize().
 */
export function httpAccess(
  authorizer: Authorizer,
  protocol: AccessRequest['protocol'],
): (question: HttpAccessQuestion) => Promise<Principal> {
  return async (question) => {
    const { action, path, headers, ip, query } = question;
    const credentials = credentialsFromHttp(headers);
    const userAgent = headers['user-agent'] ?? '';
    const id = question.requestId;
    const request = { action, path, credentials, ip, protocol, id, query, userAgent };
    return await authorizer.authorize(request, question.signal);
  };
}
