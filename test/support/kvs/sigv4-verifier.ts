// Verifies AWS Signature Version 4, in headers and in URLs, as the "Create a signed AWS API request" pages say.
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { KvsFault } from './kvs-fault.ts';

/** A key that the double knows. */
export interface KvsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Of a temporary key: each request must carry it. */
  readonly sessionToken?: string;
  /** Date ms after which the key answers ExpiredTokenException. */
  readonly expiresAt?: number;
}

/** What of a request is signed. */
export interface SignedRequest {
  readonly method: string;
  /** Path and query as they stand in the request line. */
  readonly target: string;
  readonly headers: IncomingHttpHeaders;
}

export interface SigV4VerifierOptions {
  readonly region: string;
  readonly service?: string;
  readonly now?: () => number;
  /** How far a clock may be off, ms; 5 min as at AWS. */
  readonly maxSkewMs?: number;
}

interface Scope {
  readonly accessKeyId: string;
  readonly date: string;
  readonly region: string;
  readonly service: string;
}

interface Claim {
  readonly scope: Scope;
  readonly amzDate: string;
  readonly signature: string;
  readonly canonicalRequest: string;
  readonly sessionToken: string | undefined;
}

const ALGORITHM = 'AWS4-HMAC-SHA256';
/** SHA-256 of nothing: what URLs and PutMedia are signed over. */
export const EMPTY_PAYLOAD_HASH = sha256Hex('');
const MAX_URL_EXPIRES_S = 604_800;
const DEFAULT_SKEW_MS = 300_000;

/** Knows the keys and the one scope that requests may name. */
export class SigV4Verifier {
  readonly #keys: Map<string, KvsCredentials>;
  readonly #region: string;
  readonly #service: string;
  readonly #now: () => number;
  readonly #maxSkewMs: number;

  constructor(keys: Map<string, KvsCredentials>, options: SigV4VerifierOptions) {
    this.#keys = keys;
    this.#region = options.region;
    this.#service = options.service ?? 'kinesisvideo';
    this.#now = options.now ?? Date.now;
    this.#maxSkewMs = options.maxSkewMs ?? DEFAULT_SKEW_MS;
  }

  /** Returns the access key id. @throws KvsFault when the Authorization header does not hold. */
  verifyHeaders(request: SignedRequest, payloadHash: string): string {
    const { headers } = request;
    const authorization = headers.authorization ?? '';
    if (authorization === '') {
      throw new KvsFault('MissingAuthenticationTokenException', 'Missing Authentication Token');
    }
    const { credential, signedHeaders, signature } = parseAuthorization(authorization);
    const amzDate = single(headers['x-amz-date']) ?? '';
    this.#checkSkew(parseAmzDate(amzDate));
    for (const name of Object.keys(headers)) {
      if ((name.startsWith('x-amz-') || name === 'host') && !signedHeaders.includes(name)) {
        throw invalidSignature(`Header ${name} is present in the request and was not signed`);
      }
    }
    const { path, query } = splitTarget(request.target);
    const canonicalRequest = [
      request.method,
      canonicalPath(path),
      canonicalQuery(query),
      canonicalHeaders(headers, signedHeaders),
      signedHeaders.join(';'),
      payloadHash,
    ].join('\n');
    const sessionToken = single(headers['x-amz-security-token']);
    const scope = parseCredential(credential);
    return this.#check({ scope, amzDate, signature, canonicalRequest, sessionToken });
  }

  /** Returns the access key id. @throws KvsFault when the query's signature does not hold. */
  verifyUrl(request: SignedRequest): string {
    const { path, query } = splitTarget(request.target);
    const value = (name: string): string => query.find(([key]) => key === name)?.[1] ?? '';
    const names = query.map(([key]) => key);
    if (new Set(names).size !== names.length) throw incomplete('a query parameter stands twice');
    if (value('X-Amz-Signature') === '') {
      throw new KvsFault('MissingAuthenticationTokenException', 'Missing Authentication Token');
    }
    if (value('X-Amz-Algorithm') !== ALGORITHM) throw incomplete('X-Amz-Algorithm');
    if (value('X-Amz-SignedHeaders') !== 'host') throw incomplete('X-Amz-SignedHeaders');
    this.#checkExpiry(parseAmzDate(value('X-Amz-Date')), value('X-Amz-Expires'));
    const canonicalRequest = [
      request.method,
      canonicalPath(path),
      canonicalQuery(query.filter(([key]) => key !== 'X-Amz-Signature')),
      canonicalHeaders(request.headers, ['host']),
      'host',
      EMPTY_PAYLOAD_HASH,
    ].join('\n');
    return this.#check({
      scope: parseCredential(value('X-Amz-Credential')),
      amzDate: value('X-Amz-Date'),
      signature: value('X-Amz-Signature'),
      canonicalRequest,
      sessionToken: names.includes('X-Amz-Security-Token')
        ? value('X-Amz-Security-Token')
        : undefined,
    });
  }

  #check(claim: Claim): string {
    const { scope, amzDate, signature, canonicalRequest, sessionToken } = claim;
    const key = this.#keys.get(scope.accessKeyId);
    if (key === undefined || key.sessionToken !== sessionToken) {
      throw new KvsFault(
        'UnrecognizedClientException',
        'The security token included in the request is invalid.',
      );
    }
    if (key.expiresAt !== undefined && key.expiresAt <= this.#now()) {
      throw new KvsFault(
        'ExpiredTokenException',
        'The security token included in the request is expired',
      );
    }
    this.#checkScope(scope, amzDate);
    const stringToSign = [
      ALGORITHM,
      amzDate,
      `${scope.date}/${scope.region}/${scope.service}/aws4_request`,
      sha256Hex(canonicalRequest),
    ].join('\n');
    const expected = sign(key.secretAccessKey, scope, stringToSign);
    if (!isSameText(expected, signature)) {
      throw invalidSignature(
        'The request signature we calculated does not match the signature you provided. ' +
          `The canonical string for this request should have been '${canonicalRequest}'`,
      );
    }
    return scope.accessKeyId;
  }

  #checkScope({ date, region, service }: Scope, amzDate: string): void {
    if (region !== this.#region) {
      throw invalidSignature(`Credential should be scoped to a valid region, not ${region}`);
    }
    if (service !== this.#service) {
      throw invalidSignature(`Credential should be scoped to correct service: ${this.#service}`);
    }
    if (date !== amzDate.slice(0, 8)) {
      throw invalidSignature(`Date in Credential scope ${date} is not that of ${amzDate}`);
    }
  }

  #checkSkew(signedAt: number): void {
    const now = this.#now();
    if (signedAt < now - this.#maxSkewMs) {
      throw invalidSignature(
        `Signature expired: ${iso(signedAt)} is now earlier than ${iso(now - this.#maxSkewMs)}`,
      );
    }
    this.#checkFuture(signedAt);
  }

  #checkFuture(signedAt: number): void {
    const latest = this.#now() + this.#maxSkewMs;
    if (signedAt <= latest) return;
    throw invalidSignature(
      `Signature not yet current: ${iso(signedAt)} is still later than ${iso(latest)}`,
    );
  }

  #checkExpiry(signedAt: number, expires: string): void {
    const seconds = /^\d{1,6}$/u.test(expires) ? Number(expires) : 0;
    if (seconds < 1 || seconds > MAX_URL_EXPIRES_S) throw incomplete(`X-Amz-Expires "${expires}"`);
    if (signedAt + seconds * 1000 < this.#now()) {
      throw invalidSignature(`Signature expired: ${iso(signedAt)} + ${seconds} s`);
    }
    this.#checkFuture(signedAt);
  }
}

/** Lower-case hex. */
export function sha256Hex(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}

function sign(secret: string, { date, region, service }: Scope, text: string): string {
  const parts = [date, region, service, 'aws4_request'];
  let key = Buffer.from(`AWS4${secret}`);
  for (const part of parts) key = createHmac('sha256', key).update(part).digest();
  return createHmac('sha256', key).update(text).digest('hex');
}

function isSameText(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}

function parseAuthorization(header: string): {
  credential: string;
  signedHeaders: readonly string[];
  signature: string;
} {
  const [algorithm, ...rest] = header.split(' ');
  if (algorithm !== ALGORITHM) throw incomplete(`algorithm "${algorithm ?? ''}"`);
  const fields = new Map<string, string>();
  for (const part of rest.join(' ').split(',')) {
    const [name = '', ...value] = part.trim().split('=');
    fields.set(name, value.join('='));
  }
  const [credential, list, signature] = ['Credential', 'SignedHeaders', 'Signature'].map((name) => {
    const value = fields.get(name) ?? '';
    if (value === '') throw incomplete(`Authorization header requires '${name}' parameter`);
    return value;
  });
  const signedHeaders = (list ?? '').split(';');
  const sorted = [...signedHeaders].sort();
  if (sorted.join(';') !== list || list !== list.toLowerCase()) {
    throw incomplete('SignedHeaders are not sorted lower-case names');
  }
  return { credential: credential ?? '', signedHeaders, signature: signature ?? '' };
}

function parseCredential(credential: string): Scope {
  const [accessKeyId = '', date = '', region = '', service = '', end, ...more] =
    credential.split('/');
  if (end !== 'aws4_request' || more.length > 0) {
    throw incomplete('Credential must be <key>/<date>/<region>/<service>/aws4_request');
  }
  return { accessKeyId, date, region, service };
}

function parseAmzDate(text: string): number {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/u.exec(text);
  if (match === null) throw incomplete(`X-Amz-Date "${text}" is no ISO 8601 basic time`);
  const [year, month, day, hour, minute, second] = match.slice(1).map(Number);
  return Date.UTC(year ?? 0, (month ?? 1) - 1, day, hour, minute, second);
}

function splitTarget(target: string): { path: string; query: readonly [string, string][] } {
  const mark = target.indexOf('?');
  if (mark < 0) return { path: target, query: [] };
  const pairs = target
    .slice(mark + 1)
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair): [string, string] => {
      const [name = '', ...value] = pair.split('=');
      return [decode(name), decode(value.join('='))];
    });
  return { path: target.slice(0, mark), query: pairs };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw incomplete(`"${text}" is not URL encoded`);
  }
}

/** RFC 3986: all but letters, digits and `-._~`. */
function encode(text: string): string {
  const hex = (char: string): string => `%${char.charCodeAt(0).toString(16).toUpperCase()}`;
  return encodeURIComponent(text).replace(/[!'()*]/gu, hex);
}

/** Every service but S3 encodes the path once more. */
function canonicalPath(path: string): string {
  return path === '' ? '/' : path.split('/').map(encode).join('/');
}

function canonicalQuery(query: readonly [string, string][]): string {
  const pairs = query.map(([name, value]): [string, string] => [encode(name), encode(value)]);
  pairs.sort(([a, x], [b, y]) => compare(a, b) || compare(x, y));
  return pairs.map(([name, value]) => `${name}=${value}`).join('&');
}

/** By code point, whatever the locale. */
function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function canonicalHeaders(headers: IncomingHttpHeaders, names: readonly string[]): string {
  const lines = names.map((name) => {
    const value = headers[name];
    if (value === undefined) throw invalidSignature(`Signed header ${name} is not in the request`);
    const text = typeof value === 'string' ? value : value.join(',');
    return `${name}:${text.trim().replace(/ +/gu, ' ')}\n`;
  });
  return lines.join('');
}

function single(value: string | string[] | undefined): string | undefined {
  return typeof value === 'string' ? value : value?.[0];
}

function iso(ms: number): string {
  return new Date(ms).toISOString().replace(/[-:]|\.\d{3}/gu, '');
}

function incomplete(message: string): KvsFault {
  return new KvsFault('IncompleteSignatureException', message);
}

function invalidSignature(message: string): KvsFault {
  return new KvsFault('InvalidSignatureException', message);
}
