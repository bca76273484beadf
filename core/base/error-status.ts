// The one table from failures to protocol status codes; apidocs/errors.md is generated from it.
import type { ErrorKind, MediaError } from './media-error.ts';

/** HTTP status of each kind (RFC 9110; 499 is what proxies log when the client went away). */
export const kindToHttpStatus: Readonly<Record<ErrorKind, number>> = {
  'invalid-argument': 400,
  unauthenticated: 401,
  'permission-denied': 403,
  'not-found': 404,
  'already-exists': 409,
  'failed-precondition': 409,
  unsupported: 415,
  'resource-exhausted': 429,
  canceled: 499,
  internal: 500,
  unavailable: 503,
  'deadline-exceeded': 504,
};

/** Codes whose HTTP status is fixed by the protocol or by a documented API; these win over the kind. */
export const codeToHttpStatus: ReadonlyMap<string, number> = new Map([
  ['config-not-editable', 400],
  ['config-read-only', 400],
  ['config-redacted-secret', 400],
  ['method-not-allowed', 405],
  ['offer-not-acceptable', 406],
  ['request-timeout', 408],
  ['body-too-large', 413],
  ['url-too-long', 414],
  ['upgrade-required', 426],
  ['headers-too-large', 431],
  ['twilio-error', 502],
  ['twilio-invalid-answer', 502],
  ['integration-not-configured', 500],
  ['webrtc-not-available', 500],
  ['webrtc-failed', 500],
  ['go2rtc-not-available', 500],
  ['stream-source-not-found', 500],
  ['device-unreachable', 502],
]);

/**
 * RTSP status of each kind (RFC 2326 section 7.1.1). Clients know few codes, so most failures are
 * 400; core/rtsp maps single codes of errors to 454, 455, 461, 501 and the like.
 */
export const kindToRtspStatus: Readonly<Record<ErrorKind, number>> = {
  'invalid-argument': 400,
  unauthenticated: 401,
  'permission-denied': 403,
  'not-found': 404,
  'already-exists': 400,
  'failed-precondition': 400,
  unsupported: 400,
  'resource-exhausted': 400,
  canceled: 400,
  internal: 500,
  unavailable: 503,
  'deadline-exceeded': 400,
};

/**
 * WebSocket close code of each kind (RFC 6455 section 7.4). 4000 + HTTP status where no registered
 * code fits, so that a browser can tell "log in again" from "try later".
 */
export const kindToWebSocketCloseCode: Readonly<Record<ErrorKind, number>> = {
  'invalid-argument': 4400,
  unauthenticated: 4401,
  'permission-denied': 4403,
  'not-found': 4404,
  'already-exists': 4409,
  'failed-precondition': 4409,
  unsupported: 1003,
  'resource-exhausted': 1013,
  canceled: 1000,
  internal: 1011,
  unavailable: 1012,
  'deadline-exceeded': 4504,
};

/** HTTP status of `error`: by its code where one is fixed, else by its kind. */
export function httpStatusOf(error: Pick<MediaError, 'kind' | 'code'>): number {
  return codeToHttpStatus.get(error.code) ?? kindToHttpStatus[error.kind];
}
