// User names and passwords as `authInternalUsers` stores them: plain, SHA-256 or Argon2.
import crypto from 'node:crypto';
import { MediaError } from '../base/media-error.ts';
import { parseArgon2Hash, type Argon2Hash } from './argon2-hash.ts';
import type { Argon2Question } from './argon2-verifier.ts';

/** One stored user name or password. */
export type StoredCredential =
  | { readonly type: 'plain'; readonly text: string; readonly digest: Uint8Array }
  | { readonly type: 'sha256'; readonly digest: Uint8Array }
  | { readonly type: 'argon2'; readonly hash: Argon2Hash };

/** What checkStoredCredential() needs of an Argon2Verifier. */
export interface SlowVerifier {
  verify(question: Argon2Question): Promise<boolean>;
}

/**
 * Reads a stored credential.
 * @param place Which entry and key, for the error text.
 * @throws MediaError invalid-argument; the text never shows the credential.
 */
export function parseStoredCredential(text: string, place: string): StoredCredential {
  if (text.startsWith('sha256:')) return { type: 'sha256', digest: parseSha256(text, place) };
  if (text.startsWith('argon2:')) {
    return { type: 'argon2', hash: parseArgon2Hash(text.slice('argon2:'.length), place) };
  }
  return { type: 'plain', text, digest: sha256(text) };
}

/**
 * Whether `given` is the stored credential. Digests of equal length are compared in constant time,
 * so that the answer's timing tells neither a prefix nor the length.
 */
export function checkStoredCredential(
  stored: StoredCredential,
  given: { readonly secret: string; readonly owner: string },
  verifier: SlowVerifier,
): boolean | Promise<boolean> {
  if (stored.type !== 'argon2') return crypto.timingSafeEqual(stored.digest, sha256(given.secret));
  return verifier.verify({ ...given, stored: stored.hash });
}

function parseSha256(text: string, place: string): Uint8Array {
  const encoded = text.slice('sha256:'.length);
  const digest = Buffer.from(encoded, 'base64');
  if (digest.length === 32 && /^[A-Za-z0-9+/]{43}=?$/u.test(encoded)) return digest;
  throw new MediaError(
    'invalid-argument',
    'invalid-stored-credential',
    `sha256 credential is not the base64 of 32 bytes; ${place}`,
  );
}

function sha256(text: string): Uint8Array {
  return crypto.createHash('sha256').update(text).digest();
}
