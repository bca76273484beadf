// SRTP key derivation: from the master key of the DTLS handshake to the six session keys.
import { createCipheriv } from 'node:crypto';
import { MediaError } from '../base/media-error.ts';
import type { EgressProfile } from './egress-engine.ts';

/** Master key and salt of one direction, as the DTLS exporter yields them (RFC 5764 section 4.2). */
export interface SrtpMasterKeys {
  readonly profile: EgressProfile;
  /** 16 bytes. */
  readonly masterKey: Uint8Array;
  /** 14 bytes for profile 1, 12 bytes for profile 7. */
  readonly masterSalt: Uint8Array;
}

/** Keys of one kind of packets; `authKey` is empty for profiles that authenticate by cipher. */
export interface SrtpStreamKeys {
  readonly cipherKey: Uint8Array;
  readonly authKey: Uint8Array;
  readonly salt: Uint8Array;
}

/** Session keys of one direction, RFC 3711 section 4.3.1. */
export interface SrtpSessionKeys {
  readonly profile: EgressProfile;
  readonly rtp: SrtpStreamKeys;
  readonly rtcp: SrtpStreamKeys;
}

const MASTER_KEY_BYTES = 16;
/** RFC 3711 section 5.2; the authentication key of HMAC-SHA1. */
const AUTH_KEY_BYTES = 20;
/** Labels of RFC 3711 section 4.3.2. */
const LABEL = {
  rtpCipher: 0,
  rtpAuth: 1,
  rtpSalt: 2,
  rtcpCipher: 3,
  rtcpAuth: 4,
  rtcpSalt: 5,
} as const;

/** Length of master and session salt in bytes: RFC 5764 section 4.1.2 and RFC 7714 section 12. */
export function saltBytesOf(profile: EgressProfile): number {
  return profile === 1 ? 14 : 12;
}

/**
 * Derives the session keys with AES-CM (RFC 3711 section 4.3, RFC 7714 section 11), key derivation
 * rate 0.
 * @throws MediaError invalid-argument when key or salt has the wrong length.
 */
export function deriveSrtpKeys(master: SrtpMasterKeys): SrtpSessionKeys {
  const { profile, masterKey, masterSalt } = master;
  const saltBytes = saltBytesOf(profile);
  requireLength('master key', masterKey, MASTER_KEY_BYTES);
  requireLength('master salt', masterSalt, saltBytes);
  const authBytes = profile === 1 ? AUTH_KEY_BYTES : 0;
  const derive = (label: number, length: number): Uint8Array =>
    deriveKey(masterKey, masterSalt, { label, length });
  return {
    profile,
    rtp: {
      cipherKey: derive(LABEL.rtpCipher, MASTER_KEY_BYTES),
      authKey: derive(LABEL.rtpAuth, authBytes),
      salt: derive(LABEL.rtpSalt, saltBytes),
    },
    rtcp: {
      cipherKey: derive(LABEL.rtcpCipher, MASTER_KEY_BYTES),
      authKey: derive(LABEL.rtcpAuth, authBytes),
      salt: derive(LABEL.rtcpSalt, saltBytes),
    },
  };
}

/** The pseudo-random function of RFC 3711 section 4.3.3 for one label. */
function deriveKey(
  masterKey: Uint8Array,
  masterSalt: Uint8Array,
  request: { readonly label: number; readonly length: number },
): Uint8Array {
  const counter = new Uint8Array(16);
  counter.set(masterSalt);
  counter[7] = (counter[7] ?? 0) ^ request.label;
  const cipher = createCipheriv('aes-128-ctr', masterKey, counter);
  return new Uint8Array(cipher.update(new Uint8Array(request.length)));
}

function requireLength(name: string, bytes: Uint8Array, length: number): void {
  if (bytes.length === length) return;
  throw new MediaError(
    'invalid-argument',
    'srtp-key-length',
    `SRTP ${name} has ${bytes.length} bytes instead of ${length}`,
  );
}
