// Durations of mediamtx.yml: Go syntax with days ("1d12h", "1m30s", "200ms") <-> milliseconds.
import { MediaError } from '../base/media-error.ts';

const UNIT_MS: ReadonlyMap<string, number> = new Map([
  ['ns', 1e-6],
  ['us', 1e-3],
  ['µs', 1e-3],
  ['μs', 1e-3],
  ['ms', 1],
  ['s', 1000],
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
]);

// Go keeps durations in 64-bit nanoseconds; a longer text than this cannot be one.
const MAX_TEXT_LENGTH = 64;
const MAX_MS = 2 ** 63 / 1e6;
const COMPONENT = /(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h|d)/gy;

/**
 * Reads a duration; an empty text and "0" are zero. Returns milliseconds, with a fraction when the
 * text is finer.
 * @throws MediaError `invalid-argument` when the text is not a duration or exceeds 292 years.
 */
export function parseDuration(text: string): number {
  if (text.length > MAX_TEXT_LENGTH) throw invalid(text.slice(0, MAX_TEXT_LENGTH) + '...');
  if (text === '') return 0;
  const isNegative = text.startsWith('-');
  const body = isNegative || text.startsWith('+') ? text.slice(1) : text;
  if (body === '0') return 0;
  let totalMs = 0;
  let end = 0;
  for (const [component, amount, unit] of body.matchAll(COMPONENT)) {
    totalMs += Number(amount) * (UNIT_MS.get(unit ?? '') ?? NaN);
    end += component.length;
  }
  if (end === 0 || end !== body.length || !(totalMs < MAX_MS)) throw invalid(text);
  return isNegative && totalMs > 0 ? -totalMs : totalMs;
}

/** Writes milliseconds in the shortest usual form: 604800000 is "7d", 90000 is "1m30s", 0 is "". */
export function formatDuration(durationMs: number): string {
  const sign = durationMs < 0 ? '-' : '';
  let wholeMs = Math.trunc(Math.abs(durationMs));
  let nanoseconds = Math.round((Math.abs(durationMs) - wholeMs) * 1e6);
  if (nanoseconds === 1_000_000) {
    wholeMs += 1;
    nanoseconds = 0;
  }
  if (wholeMs === 0 && nanoseconds === 0) return '';
  if (wholeMs < 1000) return sign + formatBelowSecond(wholeMs, nanoseconds);
  const days = Math.floor(wholeMs / 86_400_000);
  const hours = Math.floor(wholeMs / 3_600_000) % 24;
  const minutes = Math.floor(wholeMs / 60_000) % 60;
  const seconds = decimal(
    Math.floor(wholeMs / 1000) % 60,
    (wholeMs % 1000) * 1_000_000 + nanoseconds,
    9,
  );
  return (
    sign +
    (days > 0 ? `${days}d` : '') +
    (hours > 0 ? `${hours}h` : '') +
    (minutes > 0 ? `${minutes}m` : '') +
    (seconds === '0' ? '' : `${seconds}s`)
  );
}

function formatBelowSecond(milliseconds: number, nanoseconds: number): string {
  if (milliseconds > 0) return `${decimal(milliseconds, nanoseconds, 6)}ms`;
  if (nanoseconds >= 1000) {
    return `${decimal(Math.floor(nanoseconds / 1000), nanoseconds % 1000, 3)}us`;
  }
  return `${nanoseconds}ns`;
}

function decimal(whole: number, fraction: number, digits: number): string {
  if (fraction === 0) return String(whole);
  return `${whole}.${String(fraction).padStart(digits, '0').replace(/0+$/u, '')}`;
}

function invalid(text: string): MediaError {
  return new MediaError(
    'invalid-argument',
    'config-invalid-duration',
    `invalid duration '${text}': write a number with a unit (ns, us, ms, s, m, h, d), for example 10s or 1h30m`,
  );
}
