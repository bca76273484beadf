// Signatures of Tuya's open API: the three kinds that clients and clouds of different age use.
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

/**
 * `hmac`: HMAC-SHA256 over the request, what projects since June 2021 use; `hmac-legacy`:
 * HMAC-SHA256 over who and when; `md5`: MD5 over who, when and the secret.
 */
export type OpenApiSignMethod = 'hmac' | 'hmac-legacy' | 'md5';

/** Access ID and secret of a cloud project. */
export interface OpenApiCredentials {
  readonly clientId: string;
  readonly secret: string;
}

/** The parts of a request that are signed. */
export interface OpenApiCall {
  readonly method: string;
  /** Path with query, without scheme and host. */
  readonly target: string;
  /** The bytes as they are sent, or as they were received. */
  readonly body: Uint8Array;
  /** Milliseconds since 1970 as they stand in the header `t`. */
  readonly t: string;
  /** Of the header `nonce`; empty without one. */
  readonly nonce: string;
  /** Empty for the requests of tokens. */
  readonly accessToken: string;
  /** Those that `Signature-Headers` names, in its order. */
  readonly signedHeaders: readonly (readonly [name: string, value: string])[];
}

const SIGNATURES: Readonly<Record<OpenApiSignMethod, RegExp>> = {
  hmac: /^[0-9a-f]{64}$/iu,
  'hmac-legacy': /^[0-9a-f]{64}$/iu,
  md5: /^[0-9a-f]{32}$/iu,
};
const KINDS = ['hmac', 'hmac-legacy', 'md5'] as const;

/** The value of the header `sign`, upper-case hexadecimal. */
export function signOpenApi(
  method: OpenApiSignMethod,
  credentials: OpenApiCredentials,
  call: OpenApiCall,
): string {
  return sign(method, credentials, { call, url: sortedTarget(call.target) });
}

/** The value of the header `sign_method`. */
export function signMethodHeader(method: OpenApiSignMethod): string {
  return method === 'md5' ? 'MD5' : 'HMAC-SHA256';
}

/**
 * Which kind of signature it is; undefined when it is none of `credentials` over this request.
 * Takes the same time for every wrong one of a length.
 */
export function verifyOpenApi(
  credentials: OpenApiCredentials,
  call: OpenApiCall,
  signature: string,
): OpenApiSignMethod | undefined {
  // Clients sort or keep the query, and sign it as sent or with its escapes undone.
  const sorted = sortedTarget(call.target);
  const urls = new Set([sorted, unescaped(sorted), call.target, unescaped(call.target)]);
  let found: OpenApiSignMethod | undefined;
  for (const kind of KINDS) {
    if (!SIGNATURES[kind].test(signature)) continue;
    const given = Buffer.from(signature, 'hex');
    for (const url of kind === 'hmac' ? urls : ['']) {
      const expected = Buffer.from(sign(kind, credentials, { call, url }), 'hex');
      if (timingSafeEqual(expected, given)) found ??= kind;
    }
  }
  return found;
}

function sign(
  method: OpenApiSignMethod,
  { clientId, secret }: OpenApiCredentials,
  { call, url }: { readonly call: OpenApiCall; readonly url: string },
): string {
  const { accessToken, t, nonce } = call;
  switch (method) {
    case 'hmac':
      return hmac(secret, clientId + accessToken + t + nonce + stringToSign(call, url));
    case 'hmac-legacy':
      return hmac(secret, clientId + accessToken + t);
    case 'md5':
      return createHash('md5')
        .update(clientId + accessToken + secret + t)
        .digest('hex')
        .toUpperCase();
  }
}

function stringToSign({ method, body, signedHeaders }: OpenApiCall, url: string): string {
  const hash = createHash('sha256').update(body).digest('hex');
  const headers = signedHeaders.map(([name, value]) => `${name}:${value}\n`).join('');
  return [method.toUpperCase(), hash, headers, url].join('\n');
}

function hmac(secret: string, text: string): string {
  return createHmac('sha256', secret).update(text).digest('hex').toUpperCase();
}

/** The target with its parameters in the order of their names, each spelled as it was. */
function sortedTarget(target: string): string {
  const mark = target.indexOf('?');
  if (mark < 0) return target;
  const pairs = target
    .slice(mark + 1)
    .split('&')
    .filter((pair) => pair !== '');
  if (pairs.length === 0) return target.slice(0, mark);
  const named = pairs.map((pair) => ({ pair, name: pair.split('=', 1)[0] ?? '' }));
  named.sort((one, other) => (one.name < other.name ? -1 : one.name > other.name ? 1 : 0));
  return `${target.slice(0, mark)}?${named.map(({ pair }) => pair).join('&')}`;
}

function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
