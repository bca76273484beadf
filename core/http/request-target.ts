// Takes the URL of a request apart, decoding each path segment exactly once.
import { MediaError } from '../base/media-error.ts';

/** A request's path and query. */
export interface RequestTarget {
  /** Decoded; the last one is empty after a trailing slash. Only `%2F` puts a slash into one. */
  readonly segments: readonly string[];
  /** The segments joined, starting with a slash. Holds backslashes only where they are allowed. */
  readonly path: string;
  /** Without the question mark, not decoded. */
  readonly rawQuery: string;
  /** Path and query, not decoded, without scheme and host. */
  readonly rawTarget: string;
}

const ABSOLUTE_FORM = /^https?:\/\/[^/?#\\]*/iu;
const FORBIDDEN = /[\p{Cc}\\]/u;
const BAD_CHARACTER = 'holds a control character or a backslash';
const CONTROL = /\p{Cc}/u;

/**
 * Reads a request target (RFC 9112 section 3.2).
 * @throws MediaError invalid-argument `url-too-long` or `malformed-url`, naming what is wrong: bad
 * percent-encoding, dot segments, empty segments, control characters, backslashes (with
 * `allowsBackslash` only those that are not encoded).
 */
export function parseRequestTarget(
  url: string,
  maxChars: number,
  { allowsBackslash = false }: { readonly allowsBackslash?: boolean } = {},
): RequestTarget {
  if (url.length > maxChars) {
    throw new MediaError(
      'invalid-argument',
      'url-too-long',
      `URL has ${url.length} characters, more than ${maxChars}`,
    );
  }
  const local = url.replace(ABSOLUTE_FORM, '');
  const mark = local.indexOf('?');
  const rawPath = mark < 0 ? local : local.slice(0, mark);
  const rawQuery = mark < 0 ? '' : local.slice(mark + 1);
  if (!rawPath.startsWith('/') && rawPath !== '') throw malformed('does not start with a slash');
  if (rawPath.includes('#')) throw malformed('holds a fragment');
  if (rawPath.includes('\\')) throw malformed(BAD_CHARACTER);
  const forbidden = allowsBackslash ? CONTROL : FORBIDDEN;
  const segments = rawPath
    .slice(1)
    .split('/')
    .map((raw) => decodeSegment(raw, forbidden));
  if (segments.slice(0, -1).includes('')) throw malformed('has an empty segment');
  return { segments, path: `/${segments.join('/')}`, rawQuery, rawTarget: local };
}

/** @throws MediaError invalid-argument for a path with a backslash, as parseRequestTarget() does. */
export function refuseBackslash({ path }: RequestTarget): void {
  if (path.includes('\\')) throw malformed(BAD_CHARACTER);
}

function decodeSegment(raw: string, forbidden: RegExp): string {
  const segment = percentDecode(raw);
  if (forbidden.test(segment)) throw malformed(BAD_CHARACTER);
  // "a%2F..%2Fb" is three names; a trailing or double slash inside would be an empty one.
  const names = segment.split('/');
  if (names.includes('.') || names.includes('..')) throw malformed('has a dot segment');
  if (names.length > 1 && names.includes('')) throw malformed('has an empty segment');
  return segment;
}

function percentDecode(raw: string): string {
  try {
    return decodeURIComponent(raw);
  } catch (cause) {
    throw malformed('has a malformed percent-encoding', cause);
  }
}

function malformed(problem: string, cause?: unknown): MediaError {
  return new MediaError('invalid-argument', 'malformed-url', `URL path ${problem}`, { cause });
}
