// Which headers pass the device proxy, in each direction.
import type { IncomingHttpHeaders } from 'node:http';

/** Of the connection (RFC 9110 section 7.6.1), ours to make, or secrets between client and us. */
const NOT_SENT: ReadonlySet<string> = new Set([
  ...['connection', 'keep-alive', 'te', 'trailer', 'transfer-encoding', 'upgrade', 'expect'],
  ...['host', 'content-length', 'http2-settings', 'via', 'forwarded', 'max-forwards', 'alt-used'],
  ...['authorization', 'cookie', 'cookie2', 'origin', 'referer', 'x-request-id', 'x-real-ip'],
  ...['x-api-key', 'x-access-token', 'x-http-method-override'],
]);
const NOT_SENT_PREFIXES = [
  ...['proxy-', 'sec-', 'x-forwarded-', 'x-auth-', 'x-original-', 'access-control-', 'cf-'],
];

/** How a client logs in to the device: as `Authorization`, which is otherwise ours. */
const DEVICE_LOGIN = 'x-device-authorization';

/** What a device may say; the rest could set cookies, ask for passwords or switch off protection. */
const RETURNED = [
  ...['content-type', 'content-length', 'content-encoding', 'content-language', 'content-range'],
  ...['accept-ranges', 'etag', 'last-modified', 'expires', 'cache-control', 'retry-after'],
] as const;

/**
 * Pages of a device must not act as pages of ours: no script runs, nothing else is loaded, and the
 * document has an origin of its own.
 */
const PROTECTION = {
  'Content-Security-Policy':
    "sandbox; default-src 'none'; img-src 'self' data:; media-src 'self'; style-src 'self' 'unsafe-inline'",
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'SAMEORIGIN',
  'Cache-Control': 'no-store',
} as const;

type Headers = Readonly<Record<string, string>>;

/** Headers of the request to the device. */
export function toDeviceHeaders(incoming: IncomingHttpHeaders): Headers {
  const connection = (incoming.connection ?? '').toLowerCase().split(',');
  const listed = new Set(connection.map((name) => name.trim()));
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(incoming)) {
    const isOurs = NOT_SENT.has(name) || NOT_SENT_PREFIXES.some((start) => name.startsWith(start));
    if (isOurs || listed.has(name) || name === DEVICE_LOGIN || value === undefined) continue;
    headers[name] = typeof value === 'string' ? value : value.join(', ');
  }
  const login = incoming[DEVICE_LOGIN];
  if (typeof login === 'string') headers['authorization'] = login;
  return headers;
}

/** Headers of our answer. */
export function fromDeviceHeaders(incoming: IncomingHttpHeaders): Headers {
  const headers: Record<string, string> = { ...PROTECTION };
  for (const name of RETURNED) {
    const value = incoming[name];
    if (value !== undefined) headers[titleCase(name)] = value;
  }
  return headers;
}

/** One spelling per header, so that a value of the device replaces ours instead of standing beside. */
function titleCase(name: string): string {
  return name.replace(/(?:^|-)[a-z]/gu, (start) => start.toUpperCase());
}
