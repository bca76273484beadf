// The licence: a signed statement of who may use the Pro layer, where, and until when.
import { createPrivateKey, createPublicKey, sign, verify } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { z } from 'zod';
import { MediaError } from '../../core/base/media-error.ts';

/** What a licence says. Times are Date ms. */
export interface Licence {
  /** MAC addresses (lower case, colons) of which the machine must have one; empty = any machine. */
  readonly macs: readonly string[];
  readonly expiresAt: number;
  /** Domain, which covers its subdomains; undefined = any. */
  readonly domain: string | undefined;
  readonly customer: string | undefined;
  readonly issuedAt: number;
}

/** Outcome of reading a licence text. */
export type LicenceReading =
  | { readonly type: 'valid'; readonly licence: Licence }
  | { readonly type: 'invalid'; readonly reason: string };

/** Begins every licence, so that people see what it is and a new format can have another one. */
const PREFIX = 'mtxp-licence-1.';
const MAX_CHARS = 8192;
const FORM = /^mtxp-licence-1\.([A-Za-z0-9_-]{1,8000})\.([A-Za-z0-9_-]{86})$/u;
const MAC = /^[0-9a-f]{2}(?::[0-9a-f]{2}){5}$/u;
const DOMAIN = /^(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]{0,62})(?:\.[a-z0-9][a-z0-9-]{0,62})*$/u;

// The private and public key forms of RFC 8410 section 7 in front of the 32 bytes.
const SPKI_HEAD = Buffer.from('302a300506032b6570032100', 'hex');

const payloadSchema = z.strictObject({
  mac: z.array(z.string().regex(MAC)).max(64),
  /** Seconds since 1970, as the next. */
  exp: z.int().positive(),
  iat: z.int().positive(),
  domain: z.string().regex(DOMAIN).optional(),
  customer: z.string().min(1).max(200).optional(),
});

/**
 * Writes a licence: prefix, payload and Ed25519 signature (RFC 8032) in base64url, one line that
 * needs no quotes in yml.
 * @throws MediaError `invalid-argument` when a field is not usable or the key is no Ed25519 key.
 */
export function issueLicence(licence: Licence, privateKey: KeyObject): string {
  const { macs, domain, customer } = licence;
  const payload = payloadSchema.safeParse({
    mac: macs.map(normalizeMac),
    exp: Math.floor(licence.expiresAt / 1000),
    iat: Math.floor(licence.issuedAt / 1000),
    ...(domain === undefined ? {} : { domain: domain.toLowerCase() }),
    ...(customer === undefined ? {} : { customer }),
  });
  if (!payload.success) {
    const [issue] = payload.error.issues;
    const place = issue?.path.join('.') ?? '';
    throw invalid(`licence: '${place}' is not usable (${issue?.message ?? 'unknown'})`);
  }
  if (privateKey.asymmetricKeyType !== 'ed25519' || privateKey.type !== 'private') {
    throw invalid('the key is no Ed25519 private key');
  }
  const body = PREFIX + Buffer.from(JSON.stringify(payload.data)).toString('base64url');
  return `${body}.${sign(null, Buffer.from(body), privateKey).toString('base64url')}`;
}

/** Reads a licence and checks its signature; what it says is for the caller to judge. */
export function readLicence(text: string, publicKey: KeyObject): LicenceReading {
  const parts = split(text);
  if (parts === undefined) return noLicence;
  const signed = Buffer.from(PREFIX + parts.payload);
  if (!verify(null, signed, publicKey, Buffer.from(parts.signature, 'base64url'))) {
    return { type: 'invalid', reason: 'the signature is not of the issuer' };
  }
  return decode(parts.payload);
}

/** What a text says of itself, whoever signed it. */
export function peekLicence(text: string): LicenceReading {
  const parts = split(text);
  return parts === undefined ? noLicence : decode(parts.payload);
}

/**
 * The public key of an issuer: PEM, or base64url of its 32 bytes.
 * @throws MediaError `invalid-argument` when it is no Ed25519 key.
 */
export function parsePublicKey(text: string): KeyObject {
  try {
    const raw = /^[A-Za-z0-9_-]{43}$/u.test(text.trim());
    const key = raw
      ? createPublicKey({
          key: Buffer.concat([SPKI_HEAD, Buffer.from(text.trim(), 'base64url')]),
          format: 'der',
          type: 'spki',
        })
      : createPublicKey(text);
    if (key.asymmetricKeyType === 'ed25519') return key;
  } catch {
    // What OpenSSL says of a foreign text helps nobody.
  }
  throw invalid('the public key of the licence is no Ed25519 key (PEM, or base64url of 32 bytes)');
}

/** @throws MediaError `invalid-argument` when the text is no Ed25519 private key in PEM. */
export function parsePrivateKey(pem: string): KeyObject {
  try {
    const key = createPrivateKey(pem);
    if (key.asymmetricKeyType === 'ed25519') return key;
  } catch {
    // As above; and nothing of a private key belongs into an error.
  }
  throw invalid('the private key is no Ed25519 key in PEM (openssl genpkey -algorithm ed25519)');
}

/** The short form of a public key, for config.yml. */
export function formatPublicKey(privateKey: KeyObject): string {
  const spki = createPublicKey(privateKey).export({ format: 'der', type: 'spki' });
  return spki.subarray(SPKI_HEAD.length).toString('base64url');
}

/** Lower case with colons; other texts come back as they are and are refused later. */
export function normalizeMac(mac: string): string {
  return mac.trim().toLowerCase().replaceAll('-', ':');
}

const noLicence = { type: 'invalid', reason: 'the text is no licence' } as const;

function split(text: string): { payload: string; signature: string } | undefined {
  // Long texts come out of mails with line breaks in them.
  const compact = text.length > MAX_CHARS ? '' : text.replace(/\s+/gu, '');
  const [, payload, signature] = FORM.exec(compact) ?? [];
  return payload === undefined || signature === undefined ? undefined : { payload, signature };
}

function decode(payload: string): LicenceReading {
  try {
    const json: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'));
    const { mac, exp, iat, domain, customer } = payloadSchema.parse(json);
    const licence = { macs: mac, expiresAt: exp * 1000, issuedAt: iat * 1000, domain, customer };
    return { type: 'valid', licence };
  } catch {
    return { type: 'invalid', reason: 'the licence is of a newer kind' };
  }
}

function invalid(message: string): MediaError {
  return new MediaError('invalid-argument', 'invalid-licence', message);
}
