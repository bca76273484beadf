// The end of a proof, and of the sessions that it opened.
import { MediaError } from '../base/media-error.ts';
import type { Principal } from './access-request.ts';

/** Why a session of `principal` must end; undefined while it may go on. `nowMs` is Date ms. */
export function expiryOf({ expiresAt }: Principal, nowMs: number): MediaError | undefined {
  if (expiresAt === undefined || nowMs < expiresAt) return undefined;
  return new MediaError('unauthenticated', 'token-expired', 'the token has expired');
}
