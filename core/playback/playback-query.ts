// The query of /list and /get, checked.
import { MediaError } from '../base/media-error.ts';
import { parseDuration } from '../config/duration.ts';
import { pathNameFault } from '../config/path-name.ts';

/** Kind of answer of /get. */
export type PlaybackFormat = 'fmp4' | 'mp4';

/** What /list is asked for. */
export interface ListQuery {
  readonly pathName: string;
  /** Date ms. */
  readonly startAt: number | undefined;
  /** Date ms. */
  readonly endAt: number | undefined;
}

/** What /get is asked for. */
export interface GetQuery {
  readonly pathName: string;
  /** Date ms, with a fraction when the request is finer. */
  readonly startAt: number;
  readonly durationMs: number;
  readonly format: PlaybackFormat;
}

const RFC3339 = /^(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?([Zz]|[+-]\d\d:\d\d)$/u;
const SECONDS = /^\d{1,9}(?:\.\d{1,9})?$/u;
const MAX_SHOWN = 60;

/** @throws MediaError invalid-argument naming the parameter. */
export function readListQuery(query: URLSearchParams): ListQuery {
  const pathName = readPath(query);
  const time = (name: string): number | undefined =>
    query.has(name) ? readTime(query, name) : undefined;
  const [startAt, endAt] = [time('start'), time('end')];
  if (startAt !== undefined && endAt !== undefined && endAt < startAt) {
    throw invalid('end', query.get('end') ?? '', "is before 'start'");
  }
  return { pathName, startAt, endAt };
}

/** @throws MediaError invalid-argument naming the parameter. */
export function readGetQuery(query: URLSearchParams): GetQuery {
  const pathName = readPath(query);
  const startAt = readTime(query, 'start');
  const durationMs = readDuration(query.get('duration') ?? '');
  const format = query.get('format') ?? '';
  if (format !== '' && format !== 'fmp4' && format !== 'mp4') {
    throw invalid('format', format, "must be 'fmp4' or 'mp4'");
  }
  return { pathName, startAt, durationMs, format: format === 'mp4' ? 'mp4' : 'fmp4' };
}

function readPath(query: URLSearchParams): string {
  const name = query.get('path') ?? '';
  const fault = pathNameFault(name);
  if (fault !== undefined) throw invalid('path', name, fault);
  return name;
}

function readTime(query: URLSearchParams, name: string): number {
  // A plus that was not encoded arrives as a space.
  const text = (query.get(name) ?? '').replace(/ (\d\d:\d\d)$/u, '+$1');
  const [, day, time, fraction = '', zone = ''] = RFC3339.exec(text) ?? [];
  const seconds = Date.parse(`${day ?? ''}T${time ?? ''}${zone.toUpperCase()}`);
  if (Number.isNaN(seconds)) throw invalid(name, text, 'must be a time as RFC 3339 writes it');
  return seconds + Number(`0.${fraction}0`) * 1000;
}

/** Seconds, as older players send them, or a duration like `1m30s`. */
function readDuration(text: string): number {
  const durationMs = SECONDS.test(text) ? Number(text) * 1000 : readGoDuration(text);
  if (durationMs > 0) return durationMs;
  throw invalid('duration', text, 'must be above 0');
}

function readGoDuration(text: string): number {
  try {
    return parseDuration(text);
  } catch {
    throw invalid('duration', text, "must be seconds or a duration like '1m30s'");
  }
}

function invalid(name: string, value: string, fault: string): MediaError {
  const shown = value.length > MAX_SHOWN ? `${value.slice(0, MAX_SHOWN)}…` : value;
  const message = `query parameter '${name}' ('${shown}') ${fault}`;
  return new MediaError('invalid-argument', 'bad-playback-query', message);
}
