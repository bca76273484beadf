// The FINGERPRINT attribute of STUN.
import { crc32 } from 'node:zlib';

const FINGERPRINT_XOR = 0x5354554e;

/** CRC-32 of the message up to `length` bytes, XOR 0x5354554e (RFC 8489 §14.7). */
export function stunFingerprint(bytes: Uint8Array, length: number): number {
  return (crc32(bytes.subarray(0, length)) ^ FINGERPRINT_XOR) >>> 0;
}
