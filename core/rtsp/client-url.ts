// URLs of RTSP sources as operators write them: credentials with any character, host, port, request URL.
import { MediaError } from '../base/media-error.ts';

/** User and password of a source; never logged. */
export interface SourceCredentials {
  readonly user: string;
  readonly password: string;
}

/** A source URL taken apart. */
export interface SourceUrl {
  readonly scheme: 'rtsp' | 'rtsps';
  /** Name or address, IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
  /** What goes into request lines: without credentials, with a path, in visible ASCII. */
  readonly requestUrl: string;
  readonly credentials: SourceCredentials | undefined;
}

const SCHEME = /^(rtsps?):\/\//iu;
const HOST_AND_PORT = /^(?:\[([^[\]]+)\]|([^:[\]@\\]+))(?::(\d{1,5}))?$/u;
const DEFAULT_PORTS = { rtsp: 554, rtsps: 322 } as const;

/**
 * Reads the URL of a source. The last `@` before the first `/` ends the credentials, so that
 * passwords may hold `@`, `:`, `#` and `?` as they are; percent escapes in them are decoded.
 * @throws MediaError `invalid-argument` without a word of the URL: any part may be a password.
 */
export function parseSourceUrl(text: string): SourceUrl {
  const trimmed = text.trim();
  const scheme = SCHEME.exec(trimmed)?.[1]?.toLowerCase() === 'rtsps' ? 'rtsps' : 'rtsp';
  const start = SCHEME.exec(trimmed)?.[0].length;
  if (start === undefined) throw invalid('begins with neither rtsp:// nor rtsps://');
  const slash = trimmed.indexOf('/', start);
  const authority = slash < 0 ? trimmed.slice(start) : trimmed.slice(start, slash);
  const at = authority.lastIndexOf('@');
  const afterAt = authority.slice(at + 1);
  // Without a path, `?` or `#` ends the host.
  const hostEnd = afterAt.search(/[?#]/u);
  const hostAndPort = hostEnd < 0 ? afterAt : afterAt.slice(0, hostEnd);
  const [, v6, name, portText] = HOST_AND_PORT.exec(hostAndPort) ?? [];
  const host = v6 === undefined ? name : decodeEscapes(v6);
  const port = portText === undefined ? DEFAULT_PORTS[scheme] : Number(portText);
  if (host === undefined || /\s/u.test(host)) throw invalid('has no valid host');
  if (port < 1 || port > 65_535) throw invalid('has no valid port');
  const rest =
    (hostEnd < 0 ? '' : afterAt.slice(hostEnd)) + (slash < 0 ? '' : trimmed.slice(slash));
  const path = visible(rest.split('#', 1)[0] ?? '');
  return {
    scheme,
    host,
    port,
    requestUrl: `${scheme}://${visible(hostAndPort)}${path.startsWith('/') ? '' : '/'}${path}`,
    credentials: at < 0 ? undefined : credentialsOf(authority.slice(0, at)),
  };
}

/** `host:port` for log lines and errors. */
export function placeOf(url: SourceUrl): string {
  return `${url.host.includes(':') ? `[${url.host}]` : url.host}:${url.port}`;
}

function credentialsOf(text: string): SourceCredentials | undefined {
  if (text === '') return undefined;
  const colon = text.indexOf(':');
  return {
    user: decodeEscapes(colon < 0 ? text : text.slice(0, colon)),
    password: colon < 0 ? '' : decodeEscapes(text.slice(colon + 1)),
  };
}

/** Decodes percent escapes; a text with a broken one was not meant to be escaped ("100%sure"). */
function decodeEscapes(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function visible(text: string): string {
  return text.replace(/[^\u0021-\u007e]/gu, (char) => encodeURIComponent(char.toWellFormed()));
}

function invalid(problem: string): MediaError {
  return new MediaError('invalid-argument', 'rtsp-source-url', `the source URL ${problem}`);
}
