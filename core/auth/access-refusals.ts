// The refusals of all methods of authentication; texts and codes are the same whoever decides.
import { MediaError } from '../base/media-error.ts';
import type { AccessRequest } from './access-request.ts';

/** What a refusal tells about its request. */
export type RefusedRequest = Pick<AccessRequest, 'action' | 'path' | 'ip'>;

/** Nothing was shown: the client is asked for credentials. The text is the one that clients of the peer know. */
export function authenticationRequired(request: RefusedRequest): MediaError {
  return new MediaError('unauthenticated', 'authentication-required', 'authentication error', {
    context: contextOf(request, false),
  });
}

/** What was shown is wrong. */
export function authenticationFailed(request: RefusedRequest): MediaError {
  return new MediaError('unauthenticated', 'authentication-failed', 'authentication error', {
    context: contextOf(request, true),
  });
}

/** A genuine token whose time is over, or has not begun. */
export function tokenNotValidNow(request: RefusedRequest, when: 'expired' | 'early'): MediaError {
  const message = when === 'expired' ? 'the token has expired' : 'the token is not valid yet';
  return new MediaError('unauthenticated', 'token-expired', message, {
    context: contextOf(request, true),
  });
}

/** Somebody known, without this permission. */
export function permissionDenied(request: RefusedRequest): MediaError {
  const { action, path } = request;
  const where = path === '' ? '' : ` on path '${path}'`;
  return new MediaError('permission-denied', 'permission-denied', `${action}${where} not allowed`, {
    context: contextOf(request, true),
  });
}

/** The client's network guessed too often. */
export function tooManyFailures(request: RefusedRequest): MediaError {
  return new MediaError(
    'resource-exhausted',
    'too-many-failed-logins',
    'too many failed logins from this address, try again in a minute',
    { context: { ...contextOf(request, true), retryAfterSeconds: 60 } },
  );
}

function contextOf(
  { action, path, ip }: RefusedRequest,
  hadCredentials: boolean,
): { readonly hadCredentials: boolean } & RefusedRequest {
  return { hadCredentials, action, path, ip };
}
