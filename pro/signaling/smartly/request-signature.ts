// Signatures of token requests: what is signed, and the comparison that tells nothing by its time.
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

/** The parts of a request that are signed. */
export interface SignedRequest {
  readonly method: string;
  /** Path and query, without scheme and host. */
  readonly target: string;
  /** Seconds since 1970 as they stand in `X-Timestamp`. */
  readonly timestamp: string;
  readonly nonce: string;
  /** The bytes of the body as they were received. */
  readonly body: Uint8Array;
}

const SIGNATURE = /^[0-9a-f]{64}$/iu;

/** Lower-case hexadecimal HMAC-SHA256 over the five lines `method, target, timestamp, nonce, sha256(body)`. */
export function signRequest(secret: string, request: SignedRequest): string {
  const { method, target, timestamp, nonce, body } = request;
  const bodyHash = createHash('sha256').update(body).digest('hex');
  const text = [method, target, timestamp, nonce, bodyHash].join('\n');
  return createHmac('sha256', secret).update(text).digest('hex');
}

/** Whether `signature` is that of the request; takes the same time for every wrong one. */
export function isSignedBy(secret: string, request: SignedRequest, signature: string): boolean {
  if (!SIGNATURE.test(signature)) return false;
  const expected = Buffer.from(signRequest(secret, request), 'hex');
  return timingSafeEqual(expected, Buffer.from(signature, 'hex'));
}
