// Signatures of tokens (RFC 7518 section 3, RFC 8037): the algorithms we take and the keys they go with.
import { constants, verify, type KeyObject, type SigningOptions } from 'node:crypto';

/** Algorithms of public keys. `none` and the HMAC ones, for which a public key would be a secret, are no members. */
export type JwtAlgorithm =
  'RS256' | 'RS384' | 'RS512' | 'PS256' | 'PS384' | 'PS512' | 'ES256' | 'ES384' | 'ES512' | 'EdDSA';

interface Scheme {
  /** Undefined where the algorithm hashes by itself. */
  readonly hash: string | undefined;
  readonly options: SigningOptions;
}

const PKCS1: SigningOptions = { padding: constants.RSA_PKCS1_PADDING };
const PSS: SigningOptions = {
  padding: constants.RSA_PKCS1_PSS_PADDING,
  saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
};
/** Both numbers one after the other (RFC 7518 section 3.4), not DER. */
const ECDSA: SigningOptions = { dsaEncoding: 'ieee-p1363' };

const SCHEMES: ReadonlyMap<string, Scheme> = new Map<JwtAlgorithm, Scheme>([
  ['RS256', { hash: 'sha256', options: PKCS1 }],
  ['RS384', { hash: 'sha384', options: PKCS1 }],
  ['RS512', { hash: 'sha512', options: PKCS1 }],
  ['PS256', { hash: 'sha256', options: PSS }],
  ['PS384', { hash: 'sha384', options: PSS }],
  ['PS512', { hash: 'sha512', options: PSS }],
  ['ES256', { hash: 'sha256', options: ECDSA }],
  ['ES384', { hash: 'sha384', options: ECDSA }],
  ['ES512', { hash: 'sha512', options: ECDSA }],
  ['EdDSA', { hash: undefined, options: {} }],
]);

/** RFC 7518 section 3.3: "A key of size 2048 bits or larger MUST be used". */
const MIN_RSA_BITS = 2048;
const CURVES: ReadonlyMap<string, JwtAlgorithm> = new Map([
  ['prime256v1', 'ES256'],
  ['secp384r1', 'ES384'],
  ['secp521r1', 'ES512'],
]);

/** The algorithms that a key can be used with; none when it is too weak or of another kind. */
export function algorithmsOf(key: KeyObject): readonly JwtAlgorithm[] {
  const { modulusLength = 0, namedCurve = '' } = key.asymmetricKeyDetails ?? {};
  switch (key.asymmetricKeyType) {
    case 'rsa':
      if (modulusLength < MIN_RSA_BITS) return [];
      return ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'];
    case 'ec': {
      const algorithm = CURVES.get(namedCurve);
      return algorithm === undefined ? [] : [algorithm];
    }
    case 'ed25519':
    case 'ed448':
      return ['EdDSA'];
    default:
      return [];
  }
}

/** Whether we take the algorithm at all. */
export function isJwtAlgorithm(name: string): name is JwtAlgorithm {
  return SCHEMES.has(name);
}

/** Whether `signature` over `data` was made with the private half of `key`; an algorithm of another key is the caller's fault. */
export function isSignatureRight(
  algorithm: JwtAlgorithm,
  key: KeyObject,
  { data, signature }: { readonly data: Uint8Array; readonly signature: Uint8Array },
): boolean {
  const scheme = SCHEMES.get(algorithm);
  return scheme !== undefined && verify(scheme.hash, data, { key, ...scheme.options }, signature);
}
