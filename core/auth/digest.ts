// Digest access authentication (RFC 7616), both sides, as pure functions; also reads Basic and Bearer.
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { MediaError } from '../base/media-error.ts';
import { parseAuthHeader, type AuthHeaderItem } from './auth-header.ts';

/** Hash functions we speak; the `-sess` forms are refused by name. */
export type DigestAlgorithm = 'MD5' | 'SHA-256';

/** A Digest challenge as a server sent it. */
export interface DigestChallenge {
  readonly type: 'digest';
  readonly realm: string;
  readonly nonce: string;
  readonly opaque: string | undefined;
  readonly algorithm: DigestAlgorithm;
  /** Whether the server wrote the algorithm; without it some cameras refuse to see it echoed. */
  readonly hasAlgorithm: boolean;
  /** Undefined asks for the response of RFC 2069, as most cameras do. */
  readonly qop: 'auth' | undefined;
  /** The nonce has expired: answer again with this one, the password was right. */
  readonly stale: boolean;
}

/** One challenge of a server. */
export type AuthChallenge =
  | { readonly type: 'basic'; readonly realm: string }
  | DigestChallenge
  | { readonly type: 'unsupported'; readonly reason: string };

/** A Digest answer as a client sent it. */
export interface DigestAuthorization {
  readonly type: 'digest';
  readonly user: string;
  readonly realm: string;
  readonly nonce: string;
  readonly uri: string;
  /** Lower-case hexadecimal. */
  readonly response: string;
  readonly opaque: string | undefined;
  readonly algorithm: DigestAlgorithm;
  /** Undefined is the form of RFC 2069, without nonce count. */
  readonly count: NonceCount | undefined;
}

/** What `qop=auth` adds to a response. */
export interface NonceCount {
  /** Eight hexadecimal digits, counted up with every use of the nonce. */
  readonly nc: string;
  readonly cnonce: string;
}

/** What a client showed in `Authorization`. */
export type AuthorizationHeader =
  | { readonly type: 'basic'; readonly user: string; readonly password: string }
  | { readonly type: 'bearer'; readonly token: string }
  | DigestAuthorization;

/** What goes into a Digest response. */
export interface DigestInput {
  readonly algorithm: DigestAlgorithm;
  readonly user: string;
  readonly realm: string;
  readonly password: string;
  readonly nonce: string;
  readonly method: string;
  readonly uri: string;
  readonly count?: NonceCount | undefined;
}

const HASH_NAMES: Readonly<Record<DigestAlgorithm, string>> = { MD5: 'md5', 'SHA-256': 'sha256' };
const HEX_LENGTHS: Readonly<Record<DigestAlgorithm, number>> = { MD5: 32, 'SHA-256': 64 };

/**
 * Reads one or several `WWW-Authenticate` values; a challenge we cannot answer becomes `unsupported`.
 * @throws MediaError invalid-argument `malformed-authorization`.
 */
export function parseAuthenticateHeader(header: string | readonly string[]): AuthChallenge[] {
  const values = typeof header === 'string' ? [header] : header;
  return values.flatMap((value) => parseAuthHeader(value, 'WWW-Authenticate').map(toChallenge));
}

/**
 * The strongest challenge that we can answer: Digest SHA-256, Digest MD5, Basic.
 * @throws MediaError unsupported `unsupported-auth-challenge`, naming what was offered.
 */
export function selectChallenge(
  challenges: readonly AuthChallenge[],
): Exclude<AuthChallenge, { type: 'unsupported' }> {
  const digests = challenges.filter((challenge) => challenge.type === 'digest');
  const best =
    digests.find((challenge) => challenge.algorithm === 'SHA-256') ??
    digests[0] ??
    challenges.find((challenge) => challenge.type === 'basic');
  if (best !== undefined) return best;
  const reasons = challenges.map((item) => (item.type === 'unsupported' ? item.reason : ''));
  throw new MediaError(
    'unsupported',
    'unsupported-auth-challenge',
    `no challenge in WWW-Authenticate can be answered: ${reasons.join(', ') || 'none was sent'}`,
  );
}

/**
 * Reads an `Authorization` value with Basic, Bearer or Digest.
 * @throws MediaError invalid-argument `malformed-authorization` or
 * `unsupported-auth-scheme` (-sess algorithms, userhash, qop=auth-int, other schemes).
 */
export function parseAuthorizationHeader(header: string): AuthorizationHeader {
  const [, scheme = '', rest = ''] = /^\s*([^\s,="]+)\s*(.*)$/su.exec(header) ?? [];
  switch (scheme.toLowerCase()) {
    case 'basic':
      return parseBasic(rest.trim());
    case 'bearer':
      return parseBearer(rest.trim());
    case 'digest':
      return parseDigestAuthorization(header);
    case '':
      throw malformed('has no scheme');
    default:
      throw unsupported(`scheme '${scheme.slice(0, 32)}'`);
  }
}

/** The `response` of RFC 7616 section 3.4.1, or of RFC 2069 when `count` is absent; lower-case hex. */
export function computeDigestResponse(input: DigestInput): string {
  const hash = (text: string): string =>
    createHash(HASH_NAMES[input.algorithm]).update(text).digest('hex');
  const ha1 = hash(`${input.user}:${input.realm}:${input.password}`);
  const ha2 = hash(`${input.method}:${input.uri}`);
  if (input.count === undefined) return hash(`${ha1}:${input.nonce}:${ha2}`);
  return hash(`${ha1}:${input.nonce}:${input.count.nc}:${input.count.cnonce}:auth:${ha2}`);
}

/**
 * Whether the client's response was made with `password`, in constant time. The caller checks that
 * realm, nonce and uri are those of its own challenge and request.
 */
export function verifyDigestResponse(
  authorization: DigestAuthorization,
  { password, method }: { readonly password: string; readonly method: string },
): boolean {
  const expected = Buffer.from(computeDigestResponse({ ...authorization, password, method }));
  const actual = Buffer.from(authorization.response);
  return expected.length === actual.length && timingSafeEqual(expected, actual);
}

/** What formatDigestAuthorization() needs. */
export interface DigestAnswer {
  readonly challenge: DigestChallenge;
  readonly user: string;
  readonly password: string;
  readonly method: string;
  readonly uri: string;
  /** Uses of this nonce so far, this one included. Default 1. */
  readonly nonceCount?: number;
  /** Default 16 random bytes in hex. */
  readonly cnonce?: string;
}

/** The `Authorization` value that answers a Digest challenge. */
export function formatDigestAuthorization(answer: DigestAnswer): string {
  const { challenge, user, password, method, uri } = answer;
  const { realm, nonce, opaque, algorithm } = challenge;
  const count = challenge.qop === undefined ? undefined : nextCount(answer);
  const response = computeDigestResponse({
    ...{ algorithm, user, realm, password, nonce, method, uri, count },
  });
  const parameters = [
    `username=${quote(user)}`,
    `realm=${quote(realm)}`,
    `nonce=${quote(nonce)}`,
    `uri=${quote(uri)}`,
    `response="${response}"`,
  ];
  if (challenge.hasAlgorithm) parameters.push(`algorithm=${algorithm}`);
  if (opaque !== undefined) parameters.push(`opaque=${quote(opaque)}`);
  if (count !== undefined)
    parameters.push('qop=auth', `nc=${count.nc}`, `cnonce=${quote(count.cnonce)}`);
  return `Digest ${parameters.join(', ')}`;
}

/** The `Authorization` value for a Basic challenge (RFC 7617, UTF-8). */
export function formatBasicAuthorization(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}

/** The `WWW-Authenticate` value of a server; without `qop` any client of RFC 2069 can answer. */
export function createDigestChallenge(challenge: {
  readonly realm: string;
  readonly nonce: string;
  readonly algorithm: DigestAlgorithm;
  readonly qop?: 'auth';
  readonly opaque?: string;
  readonly stale?: boolean;
}): string {
  const parameters = [`realm=${quote(challenge.realm)}`, `nonce=${quote(challenge.nonce)}`];
  if (challenge.opaque !== undefined) parameters.push(`opaque=${quote(challenge.opaque)}`);
  if (challenge.qop !== undefined) parameters.push(`qop="${challenge.qop}"`);
  if (challenge.stale === true) parameters.push('stale=true');
  parameters.push(`algorithm=${challenge.algorithm}`);
  return `Digest ${parameters.join(', ')}`;
}

function toChallenge(item: AuthHeaderItem): AuthChallenge {
  const realm = item.parameters.get('realm') ?? '';
  if (item.scheme === 'basic') return { type: 'basic', realm };
  if (item.scheme !== 'digest') return { type: 'unsupported', reason: `scheme '${item.scheme}'` };
  const algorithmText = item.parameters.get('algorithm');
  const algorithm = parseAlgorithm(algorithmText);
  if (algorithm === undefined) {
    return { type: 'unsupported', reason: `Digest algorithm '${algorithmText ?? ''}'` };
  }
  const qops = item.parameters.get('qop')?.toLowerCase().split(',') ?? [];
  const hasAuth = qops.some((qop) => qop.trim() === 'auth');
  if (!hasAuth && qops.some((qop) => qop.trim() !== '')) {
    return { type: 'unsupported', reason: `Digest qop '${qops.join(',')}'` };
  }
  return {
    type: 'digest',
    realm,
    nonce: item.parameters.get('nonce') ?? '',
    opaque: item.parameters.get('opaque'),
    algorithm,
    hasAlgorithm: algorithmText !== undefined,
    qop: hasAuth ? 'auth' : undefined,
    stale: item.parameters.get('stale')?.toLowerCase() === 'true',
  };
}

function parseAlgorithm(text: string | undefined): DigestAlgorithm | undefined {
  switch (text?.toUpperCase()) {
    case undefined:
    case 'MD5':
      return 'MD5';
    case 'SHA-256':
      return 'SHA-256';
    default:
      return undefined;
  }
}

function parseBasic(token: string): AuthorizationHeader {
  if (!/^[A-Za-z0-9+/_-]+={0,2}$/u.test(token)) throw malformed('has Basic without base64');
  const decoded = Buffer.from(token, 'base64').toString('utf8');
  const colon = decoded.indexOf(':');
  if (colon < 0) throw malformed("has Basic credentials without ':'");
  return { type: 'basic', user: decoded.slice(0, colon), password: decoded.slice(colon + 1) };
}

function parseBearer(token: string): AuthorizationHeader {
  if (token === '' || /\s/u.test(token)) throw malformed('has Bearer without a token');
  return { type: 'bearer', token };
}

function parseDigestAuthorization(header: string): DigestAuthorization {
  const [item, ...others] = parseAuthHeader(header, 'Authorization');
  if (item === undefined || others.length > 0) throw malformed('has more than one scheme');
  const { parameters } = item;
  const algorithmText = parameters.get('algorithm');
  const algorithm = parseAlgorithm(algorithmText);
  if (algorithm === undefined) throw unsupported(`Digest algorithm '${algorithmText ?? ''}'`);
  if (parameters.get('userhash')?.toLowerCase() === 'true') throw unsupported('Digest userhash');
  const response = required(parameters, 'response').toLowerCase();
  if (response.length !== HEX_LENGTHS[algorithm] || !/^[0-9a-f]+$/u.test(response)) {
    throw malformed(`has a Digest response that is not ${HEX_LENGTHS[algorithm]} hex digits`);
  }
  return {
    type: 'digest',
    user: required(parameters, 'username'),
    realm: required(parameters, 'realm'),
    nonce: required(parameters, 'nonce'),
    uri: required(parameters, 'uri'),
    response,
    opaque: parameters.get('opaque'),
    algorithm,
    count: parseCount(parameters),
  };
}

function parseCount(parameters: ReadonlyMap<string, string>): NonceCount | undefined {
  const qop = parameters.get('qop')?.toLowerCase();
  if (qop === undefined || qop === '') return undefined;
  if (qop !== 'auth') throw unsupported(`Digest qop '${qop}'`);
  const nc = required(parameters, 'nc');
  if (!/^[0-9a-f]{8}$/iu.test(nc)) throw malformed('has a Digest nc that is not 8 hex digits');
  return { nc, cnonce: required(parameters, 'cnonce') };
}

function required(parameters: ReadonlyMap<string, string>, name: string): string {
  const value = parameters.get(name);
  if (value === undefined) throw malformed(`has Digest without '${name}'`);
  return value;
}

function nextCount(answer: DigestAnswer): NonceCount {
  return {
    nc: (answer.nonceCount ?? 1).toString(16).padStart(8, '0'),
    cnonce: answer.cnonce ?? randomBytes(16).toString('hex'),
  };
}

function quote(value: string): string {
  if (/\p{Cc}/u.test(value)) {
    throw new MediaError(
      'invalid-argument',
      'malformed-authorization',
      'credentials for Digest hold a control character',
    );
  }
  return `"${value.replace(/["\\]/gu, '\\$&')}"`;
}

function malformed(problem: string): MediaError {
  return new MediaError(
    'invalid-argument',
    'malformed-authorization',
    `Authorization header ${problem}`,
  );
}

function unsupported(what: string): MediaError {
  return new MediaError(
    'invalid-argument',
    'unsupported-auth-scheme',
    `Authorization header uses ${what.slice(0, 64)}, which is not supported`,
  );
}
