// Random ICE user name fragments and passwords.
import { randomBytes } from 'node:crypto';

/** ICE credentials of one side (RFC 8839 §5.4). */
export interface IceCredentials {
  readonly ufrag: string;
  readonly password: string;
}

/**
 * 12 and 32 characters of `A-Z a-z 0-9 + /`: 72 and 192 random bits, more than the 24 and 128 that
 * RFC 8445 §5.3 asks for, so that a ufrag also serves as a key in the process.
 */
export function createIceCredentials(): IceCredentials {
  const text = randomBytes(33).toString('base64');
  return { ufrag: text.slice(0, 12), password: text.slice(12) };
}
