// URLs of WHEP sources and WHIP targets as operators write them, turned into HTTP.
import { MediaError } from '../../base/media-error.ts';

/** Where signalling goes, taken apart. */
export interface SignalingUrl {
  /** http:// or https:// URL without credentials. */
  readonly url: URL;
  /** `Authorization` of user and password; undefined when the URL has none. */
  readonly basic: string | undefined;
}

const SCHEMES: Readonly<Record<string, string>> = {
  whep: 'http',
  wheps: 'https',
  whip: 'http',
  whips: 'https',
};
// The last `@` before a slash ends the credentials: passwords hold `@`, `#` and `?` as they are.
const PATTERN = /^(whe?ps?|whips?):\/\/(?:([^/]*)@)?([^/@]+)(\/.*)?$/isu;

/** @throws MediaError `invalid-argument` without a word of the URL: any part may be a password. */
export function parseSignalingUrl(text: string): SignalingUrl {
  const [, scheme = '', credentials, host = '', path = '/'] = PATTERN.exec(text.trim()) ?? [];
  const http = SCHEMES[scheme.toLowerCase()];
  const target = `${http ?? ''}://${host}${path}`;
  if (http === undefined || !URL.canParse(target)) {
    const message = 'the URL is none of whep://, wheps://, whip:// and whips:// with a host';
    throw new MediaError('invalid-argument', 'signaling-url', message);
  }
  const url = new URL(target);
  url.hash = '';
  return { url, basic: credentials === undefined ? undefined : basicOf(credentials) };
}

function basicOf(credentials: string): string {
  const colon = credentials.indexOf(':');
  const user = colon < 0 ? credentials : credentials.slice(0, colon);
  const password = colon < 0 ? '' : credentials.slice(colon + 1);
  const text = `${decodeEscapes(user)}:${decodeEscapes(password)}`;
  return `Basic ${Buffer.from(text).toString('base64')}`;
}

/** A text with a broken escape was not meant to be escaped ("100%sure"). */
function decodeEscapes(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
