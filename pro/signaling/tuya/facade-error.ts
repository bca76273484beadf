// Refusals of the façade's open API: ours by name, the vendor's by number.
import { MediaError, type ErrorKind } from '../../../core/base/media-error.ts';

const NUMBERS: ReadonlyMap<string, number> = new Map([
  ['tuya-sign-invalid', 1004],
  ['tuya-client-invalid', 1005],
  ['tuya-token-invalid', 1010],
  ['tuya-clock-skew', 1013],
  ['tuya-permission-denied', 1106],
  ['tuya-path-invalid', 1108],
  ['route-not-found', 1108],
  ['tuya-parameter-invalid', 1109],
  ['malformed-body', 1109],
  ['body-too-large', 1109],
  ['tuya-too-many-requests', 1199],
  ['tuya-device-offline', 2001],
]);
const KIND_NUMBERS: Partial<Record<ErrorKind, number>> = {
  'invalid-argument': 1109,
  'not-found': 1108,
  unsupported: 1108,
};
const SYSTEM_ERROR = 500;

/** `{code, msg, success: false, t}` as the cloud answers. */
export function facadeErrorBody(
  { error, text }: { readonly error: MediaError; readonly text: string },
  nowMs: number,
): Readonly<Record<string, unknown>> {
  const code = NUMBERS.get(error.code) ?? KIND_NUMBERS[error.kind] ?? SYSTEM_ERROR;
  return { code, msg: text, success: false, t: nowMs };
}

/** Number 1004. */
export function signInvalid(why: string): MediaError {
  return new MediaError('unauthenticated', 'tuya-sign-invalid', `sign invalid: ${why}`);
}

/** Number 1010. */
export function tokenInvalid(why: string): MediaError {
  return new MediaError('unauthenticated', 'tuya-token-invalid', `token invalid: ${why}`);
}

/** Number 1106. */
export function permissionDenied(what: string): MediaError {
  return new MediaError('permission-denied', 'tuya-permission-denied', `permission deny: ${what}`);
}

/** Number 1109. */
export function parameterInvalid(what: string): MediaError {
  return new MediaError('invalid-argument', 'tuya-parameter-invalid', `param is illegal: ${what}`);
}
