// Key pairs of an identity provider and the tokens that it signs with them.
import {
  generateKeyPairSync,
  sign,
  type KeyObject,
  type SigningOptions,
  constants,
} from 'node:crypto';

export type KeyKind = 'rsa' | 'p256' | 'p384' | 'p521' | 'ed25519';

interface KeyPair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

const pairs = new Map<string, KeyPair>();

/** Pairs are made once for each name: RSA keys take long. */
function pairOf(kind: KeyKind, name: string): KeyPair {
  const known = pairs.get(`${kind} ${name}`);
  if (known) return known;
  const made = makePair(kind);
  pairs.set(`${kind} ${name}`, made);
  return made;
}

function makePair(kind: KeyKind): KeyPair {
  switch (kind) {
    case 'rsa':
      return generateKeyPairSync('rsa', { modulusLength: 2048 });
    case 'p256':
      return generateKeyPairSync('ec', { namedCurve: 'P-256' });
    case 'p384':
      return generateKeyPairSync('ec', { namedCurve: 'P-384' });
    case 'p521':
      return generateKeyPairSync('ec', { namedCurve: 'P-521' });
    case 'ed25519':
      return generateKeyPairSync('ed25519');
  }
}

const DEFAULT_ALGORITHMS: Readonly<Record<KeyKind, string>> = {
  rsa: 'RS256',
  p256: 'ES256',
  p384: 'ES384',
  p521: 'ES512',
  ed25519: 'EdDSA',
};

/** One key of a provider. */
export class TokenMaker {
  readonly id: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  readonly #algorithm: string;

  constructor(kind: KeyKind = 'p256', id = 'key-1') {
    this.id = id;
    ({ privateKey: this.privateKey, publicKey: this.publicKey } = pairOf(kind, id));
    this.#algorithm = DEFAULT_ALGORITHMS[kind];
  }

  /** The public key as a provider shows it. */
  jwk(changes: Readonly<Record<string, unknown>> = {}): Readonly<Record<string, unknown>> {
    return { ...this.publicKey.export({ format: 'jwk' }), kid: this.id, use: 'sig', ...changes };
  }

  /** A token; header members that are undefined are left out. */
  sign(
    claims: Readonly<Record<string, unknown>>,
    header: Readonly<Record<string, unknown>> = {},
  ): string {
    const full = { alg: this.#algorithm, kid: this.id, typ: 'JWT', ...header };
    const algorithm = typeof full.alg === 'string' ? full.alg : '';
    const signed = `${encode(full)}.${encode(claims)}`;
    const { hash, options } = schemeOf(algorithm);
    const key = { key: this.privateKey, ...options };
    return `${signed}.${sign(hash, Buffer.from(signed), key).toString('base64url')}`;
  }
}

/** The text that a provider serves. */
export function keySetOf(...keys: readonly Readonly<Record<string, unknown>>[]): string {
  return JSON.stringify({ keys });
}

export function encode(part: unknown): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url');
}

function schemeOf(algorithm: string): {
  readonly hash: string | undefined;
  readonly options: SigningOptions;
} {
  const hash = `sha${algorithm.slice(2)}`;
  if (algorithm.startsWith('ES')) return { hash, options: { dsaEncoding: 'ieee-p1363' } };
  if (algorithm.startsWith('PS')) {
    const padding = constants.RSA_PKCS1_PSS_PADDING;
    return { hash, options: { padding, saltLength: constants.RSA_PSS_SALTLEN_DIGEST } };
  }
  return { hash: algorithm.startsWith('RS') ? hash : undefined, options: {} };
}
