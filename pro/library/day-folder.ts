// The folder of a day: YYYYMMDD by the local time of the server.
import { MediaError } from '../../core/base/media-error.ts';

const DAY_FOLDER = /^(\d{4})(\d{2})(\d{2})$/u;
const DASHED = /^(\d{4})-(\d{2})-(\d{2})$/u;
/** RFC 3339 section 5.6; JavaScript would read other texts, too, each in its own way. */
const RFC3339 =
  /^(\d{4})-(\d{2})-(\d{2})[Tt ](?:[01]\d|2[0-3]):[0-5]\d:(?:[0-5]\d|60)(?:\.\d{1,9})?(?:[Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/u;
const MAX_SHOWN = 60;

/** Name of the folder for what begins at `at` (Date ms). */
export function dayFolderOf(at: number): string {
  const date = new Date(at);
  const year = String(date.getFullYear()).padStart(4, '0');
  return `${year}${two(date.getMonth() + 1)}${two(date.getDate())}`;
}

/** Date ms of the local midnight that begins the day; undefined for any other name, e.g. 20250230. */
export function startOfDayFolder(folder: string): number | undefined {
  const parts = DAY_FOLDER.exec(folder);
  return parts ? localMidnight(parts) : undefined;
}

/**
 * The folder that a client means: `2025-01-16`, `20250116`, or a time of RFC 3339, whose day is
 * that of the server's clock.
 * @throws MediaError invalid-argument `bad-date`.
 */
export function parseDay(text: string): string {
  const parts = DAY_FOLDER.exec(text) ?? DASHED.exec(text);
  if (parts && localMidnight(parts) !== undefined) return parts.slice(1).join('');
  const time = RFC3339.exec(text);
  // A leap second is not in Date's calendar; its day is the one of the second before.
  const at = time && localMidnight(time) !== undefined ? Date.parse(readable(text)) : NaN;
  if (Number.isFinite(at)) return dayFolderOf(at);
  const shown = JSON.stringify(text.slice(0, MAX_SHOWN).toWellFormed());
  const message = `date ${shown} must be like 2025-01-16, 20250116 or 2025-01-16T08:00:00Z`;
  throw new MediaError('invalid-argument', 'bad-date', message);
}

function readable(text: string): string {
  return text
    .toUpperCase()
    .replace(' ', 'T')
    .replace(/:60(?=[.Z+-])/u, ':59');
}

function localMidnight(parts: RegExpExecArray): number | undefined {
  const [year = 0, month = 0, day = 0] = parts.slice(1, 4).map(Number);
  const date = new Date(2000, 0, 1);
  date.setFullYear(year, month - 1, day);
  const isReal = date.getMonth() === month - 1 && date.getDate() === day;
  return isReal ? date.getTime() : undefined;
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}
