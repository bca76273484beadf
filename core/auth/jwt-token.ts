// Takes a signed token apart (JWS compact serialization, RFC 7515 section 7.1); proves nothing about it.
import { z } from 'zod';

/** A token in parts. */
export interface JwtToken {
  readonly algorithm: string;
  /** Which key it says it was signed with. */
  readonly keyId: string | undefined;
  readonly claims: Readonly<Record<string, unknown>>;
  /** What was signed. */
  readonly signed: Uint8Array;
  readonly signature: Uint8Array;
}

/** Longest token that is looked at; HTTP headers are hardly longer. */
const MAX_CHARS = 16_384;
const PARTS = /^([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)$/u;

const header = z.object({
  alg: z.string(),
  kid: z.string().max(1024).optional(),
  // RFC 7515 section 4.1.11: who doesn't understand a critical extension must refuse. We know none.
  crit: z.never().optional(),
});
const payload = z.record(z.string(), z.unknown());

/** Undefined for what is no token. */
export function parseJwt(text: string): JwtToken | undefined {
  if (text.length > MAX_CHARS) return undefined;
  const [, head = '', body = '', signature = ''] = PARTS.exec(text) ?? [];
  const parsedHeader = header.safeParse(parsePart(head));
  const parsedClaims = payload.safeParse(parsePart(body));
  if (!parsedHeader.success || !parsedClaims.success) return undefined;
  return {
    algorithm: parsedHeader.data.alg,
    keyId: parsedHeader.data.kid,
    claims: parsedClaims.data,
    signed: Buffer.from(`${head}.${body}`, 'latin1'),
    signature: Buffer.from(signature, 'base64url'),
  };
}

function parsePart(part: string): unknown {
  try {
    return JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
  } catch {
    return undefined;
  }
}
