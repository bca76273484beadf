// Reads a set of public keys (JWKS, RFC 7517 section 5) down to those that tokens can be checked with.
import { createPublicKey, type KeyObject } from 'node:crypto';
import { z } from 'zod';
import { MediaError } from '../base/media-error.ts';
import { algorithmsOf, type JwtAlgorithm } from './jwt-signature.ts';

/** A key that signatures are checked with. */
export interface VerificationKey {
  /** Undefined: for tokens that name no key. */
  readonly id: string | undefined;
  /** Nothing else is taken with this key, whatever a token says. */
  readonly algorithms: readonly JwtAlgorithm[];
  readonly key: KeyObject;
}

const MAX_KEYS = 100;

const jsonWebKey = z.object({
  kty: z.string(),
  kid: z.string().max(1024).optional(),
  alg: z.string().optional(),
  use: z.string().optional(),
  key_ops: z.array(z.string()).optional(),
  ...{ n: z.string().optional(), e: z.string().optional() },
  ...{ crv: z.string().optional(), x: z.string().optional(), y: z.string().optional() },
});
type JsonWebKey = z.infer<typeof jsonWebKey>;

const keySet = z.object({ keys: z.array(z.unknown()).max(MAX_KEYS) });

/**
 * Reads the keys; those of another use, kind or strength are left out (RFC 7517 section 5).
 * @throws MediaError unavailable `auth-keys-invalid` when the text is no key set.
 */
export function parseJsonWebKeySet(text: string): VerificationKey[] {
  const parsed = keySet.safeParse(parseJson(text));
  if (!parsed.success) throw invalid(`is no set of up to ${MAX_KEYS} keys`);
  return parsed.data.keys.flatMap((entry) => {
    const jwk = jsonWebKey.safeParse(entry);
    return jwk.success ? (toVerificationKey(jwk.data) ?? []) : [];
  });
}

function toVerificationKey(jwk: JsonWebKey): VerificationKey | undefined {
  if (jwk.use !== undefined && jwk.use !== 'sig') return undefined;
  if (jwk.key_ops?.includes('verify') === false) return undefined;
  const key = publicKeyOf(jwk);
  if (!key) return undefined;
  const possible = algorithmsOf(key);
  const algorithms = possible.filter((name) => jwk.alg === undefined || jwk.alg === name);
  return algorithms.length === 0 ? undefined : { id: jwk.kid, algorithms, key };
}

/** Only the public members are passed on, so that a set that shows a private key makes no difference. */
function publicKeyOf({ kty, n, e, crv, x, y }: JsonWebKey): KeyObject | undefined {
  if (kty !== 'RSA' && kty !== 'EC' && kty !== 'OKP') return undefined;
  const members = Object.entries({ kty, n, e, crv, x, y }).filter(
    ([, value]) => value !== undefined,
  );
  try {
    return createPublicKey({ key: Object.fromEntries(members), format: 'jwk' });
  } catch {
    return undefined;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw invalid('is not JSON', cause);
  }
}

function invalid(problem: string, cause?: unknown): MediaError {
  return new MediaError('unavailable', 'auth-keys-invalid', `the answer ${problem}`, { cause });
}
