// HMAC-SHA1 for short messages out of two one-shot hashes.
import { hash } from 'node:crypto';

const BLOCK_BYTES = 64;
const DIGEST_BYTES = 20;

/**
 * RFC 2104 over the first `length` bytes of `message`. One-shot hashes take as long as a fresh
 * createHmac on Node 26 and avoid its fivefold price on Node 24.
 */
export function hmacSha1(key: string, message: Uint8Array, length: number): Buffer {
  const secret = keyBlock(key);
  const inner = Buffer.allocUnsafe(BLOCK_BYTES + length);
  const outer = Buffer.allocUnsafe(BLOCK_BYTES + DIGEST_BYTES);
  for (let index = 0; index < BLOCK_BYTES; index++) {
    const byte = secret[index] ?? 0;
    inner[index] = byte ^ 0x36;
    outer[index] = byte ^ 0x5c;
  }
  inner.set(length === message.length ? message : message.subarray(0, length), BLOCK_BYTES);
  outer.set(hash('sha1', inner, 'buffer'), BLOCK_BYTES);
  return hash('sha1', outer, 'buffer');
}

function keyBlock(key: string): Buffer {
  const bytes = Buffer.from(key, 'utf8');
  return bytes.length > BLOCK_BYTES ? hash('sha1', bytes, 'buffer') : bytes;
}
