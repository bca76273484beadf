// RTSP URLs as clients write them: path names, queries, and which track a control URL means.
import { MediaError } from '../base/media-error.ts';

/** A URL taken apart, credentials left out. */
export interface RtspUrl {
  readonly scheme: 'rtsp' | 'rtsps';
  /** `host`, `host:port` or `[v6]:port` as written. */
  readonly authority: string;
  /** As written, empty or beginning with `/`. */
  readonly rawPath: string;
  /** What follows `?`, as written; FFmpeg puts the control attribute at its end. */
  readonly query: string;
}

/** What a URL asks for: a path, and one of its tracks when it ends with our control attribute. */
export interface RtspTarget {
  /** Percent-decoded, without slashes at its ends. */
  readonly pathName: string;
  readonly query: string;
  /** The N of `trackID=N`. */
  readonly trackIndex: number | undefined;
}

const URL_PATTERN = /^(rtsps?):\/\/([^/?#]*)([^?#]*)(?:\?([^#]*))?(?:#.*)?$/iu;
const TRACK_SUFFIX = /\/trackID=(\d{1,3})\/?$/iu;

/** @throws MediaError `invalid-argument` when `text` is not an rtsp:// or rtsps:// URL. */
export function parseRtspUrl(text: string): RtspUrl {
  const match = URL_PATTERN.exec(text);
  const authority = (match?.[2] ?? '').replace(/^.*@/u, '');
  if (!match || authority === '') {
    throw new MediaError('invalid-argument', 'rtsp-invalid-url', 'URL is not rtsp://host/path');
  }
  return {
    scheme: match[1]?.toLowerCase() === 'rtsps' ? 'rtsps' : 'rtsp',
    authority,
    rawPath: match[3] ?? '',
    query: match[4] ?? '',
  };
}

/** @throws MediaError `invalid-argument` when the path has a broken percent escape. */
export function targetOf(url: RtspUrl): RtspTarget {
  const inQuery = TRACK_SUFFIX.exec(url.query);
  const inPath = TRACK_SUFFIX.exec(url.rawPath);
  const rawPath = inPath ? url.rawPath.slice(0, inPath.index) : url.rawPath;
  const query = inQuery ? url.query.slice(0, inQuery.index) : url.query;
  const digits = inPath?.[1] ?? inQuery?.[1];
  return {
    pathName: decodePathName(rawPath),
    // Content-Base ends with a slash, also where a client has put the query before it.
    query: query.endsWith('/') ? query.slice(0, -1) : query,
    trackIndex: digits === undefined ? undefined : Number(digits),
  };
}

/** The URL that relative control attributes are appended to: no query, a slash at its end. */
export function controlBaseOf(url: RtspUrl, target: RtspTarget): string {
  const path = target.pathName.split('/').map(encodeURIComponent).join('/');
  return `${url.scheme}://${url.authority}/${path}/`;
}

/**
 * Which of `controls` (the `a=control` values of an announced description) a SETUP URL means: its
 * position, or -1. Absolute and relative controls, a query before or behind, and a slash at the end
 * are understood; a host that differs (NAT, proxies) does not matter.
 */
export function findControl(url: RtspUrl, controls: readonly (string | undefined)[]): number {
  const wanted = [
    withQuery(url.rawPath, url.query),
    // FFmpeg: rtsp://host/path?query/streamid=0
    url.query === '' ? '' : url.query,
    url.rawPath,
  ].map(trimSlashes);
  let best = -1;
  let bestLength = 0;
  for (const [index, control] of controls.entries()) {
    if (control === undefined || control === '' || control === '*') continue;
    const key = trimSlashes(withoutHost(control));
    const isMatch = wanted.some((text) => text === key || text.endsWith(`/${key}`));
    if (isMatch && key.length > bestLength) {
      best = index;
      bestLength = key.length;
    }
  }
  return best;
}

function decodePathName(rawPath: string): string {
  try {
    return decodeURIComponent(trimSlashes(rawPath));
  } catch (cause) {
    const message = 'URL has a broken percent escape';
    throw new MediaError('invalid-argument', 'rtsp-invalid-url', message, { cause });
  }
}

function withQuery(path: string, query: string): string {
  return query === '' ? path : `${path}?${query}`;
}

function withoutHost(control: string): string {
  const match = URL_PATTERN.exec(control);
  return match ? withQuery(match[3] ?? '', match[4] ?? '') : control;
}

function trimSlashes(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && text[start] === '/') start++;
  while (end > start && text[end - 1] === '/') end--;
  return text.slice(start, end);
}
