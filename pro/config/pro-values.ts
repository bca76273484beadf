// The value types of config.yml that mediamtx.yml does not have: seconds, sizes as numbers, URLs.
import { z } from 'zod';
import { toMediaError } from '../../core/base/media-error.ts';
import { formatDuration, parseDuration } from '../../core/config/duration.ts';
import { formatSize, parseSize } from '../../core/config/size.ts';
import { count } from '../../core/config/value-schemas.ts';

// Node's timers hold 31 bits of milliseconds; a longer time-out would fire at once.
const MAX_TIMER_MS = 2 ** 31 - 1;
const BARE_NUMBER = /^\d{1,15}(?:\.\d{1,9})?$/u;

const numberOrText = z.custom<string | number>(
  (value) => typeof value === 'string' || typeof value === 'number',
  { error: 'must be a number or text' },
);

/** Milliseconds that a timer can run: text with a unit ("1m30s"), or a bare number of seconds. */
export const time = timeOfAtLeast(0);

/** Like `time`, but not zero. */
export const period = timeOfAtLeast(1);

/** Bytes: text with a unit ("50M") or a bare number. */
export const bytes = z.codec(numberOrText, z.int().min(0, 'must not be negative'), {
  decode: (value, context) => guarded(context, value, () => toBytes(value)),
  encode: (sizeBytes) => formatSize(sizeBytes),
});

/** A whole number from 1. */
export const positive = count.min(1);

/** A whole number of percent, -100 to 100. */
export const adjustment = z.int().min(-100).max(100);

/** An http:// or https:// URL, or empty. May hold a password or token, so texts never show it. */
export const httpUrl = z.string().superRefine((value, context) => {
  if (value === '' || isHttpUrl(value)) return;
  context.addIssue({ code: 'custom', message: 'must be an http:// or https:// URL' });
});

/**
 * Like `httpUrl`, for the base of a service that gets its login from other keys: user, password, query
 * and fragment are refused, because they would never be sent. `instead` says what to use.
 */
export function serviceUrl(instead: string): z.ZodString {
  return httpUrl.superRefine((value, context) => {
    if (!isHttpUrl(value)) return;
    const { username, password, search, hash } = new URL(value);
    if (username !== '' || password !== '') {
      const message = `must not hold a user or password, they would not be sent: ${instead}`;
      context.addIssue({ code: 'custom', message });
    } else if (search !== '' || hash !== '') {
      const message = "must not hold '?' or '#': requests go to paths below this URL";
      context.addIssue({ code: 'custom', message });
    }
  });
}

/** Whether `text` is what `serviceUrl` takes, not empty. */
export function isServiceUrl(text: string): boolean {
  if (!isHttpUrl(text)) return false;
  const { username, password, search, hash } = new URL(text);
  return [username, password, search, hash].every((part) => part === '');
}

/** Web origins: "*" or scheme://host[:port]. */
export const origins = z
  .array(
    z.string().superRefine((value, context) => {
      if (value === '*' || /^https?:\/\/[^/\s?#@]{1,255}$/u.test(value)) return;
      const message = "must be '*' or an origin like https://example.com";
      context.addIssue({ code: 'custom', message });
    }),
  )
  .max(1000)
  .readonly();

/** Whether `text` is an absolute HTTP URL. */
export function isHttpUrl(text: string): boolean {
  if (!/^https?:\/\/[^/\s]/iu.test(text) || /\s/u.test(text)) return false;
  return URL.canParse(text);
}

function timeOfAtLeast(minMs: number): z.ZodCodec<typeof numberOrText, z.ZodNumber> {
  const lowest = minMs === 0 ? 'must not be negative' : 'must be longer than zero';
  const output = z
    .number()
    .min(minMs, lowest)
    .max(MAX_TIMER_MS, `must not be longer than ${formatDuration(MAX_TIMER_MS)}`);
  return z.codec(numberOrText, output, {
    decode: (value, context) => guarded(context, value, () => toMs(value)),
    encode: (durationMs) => (durationMs === 0 ? '0s' : formatDuration(durationMs)),
  });
}

function toMs(value: string | number): number {
  if (typeof value === 'number') return value * 1000;
  return BARE_NUMBER.test(value) ? Number(value) * 1000 : parseDuration(value);
}

function toBytes(value: string | number): number {
  return typeof value === 'number' ? value : parseSize(value);
}

function guarded(context: z.core.ParsePayload, input: string | number, read: () => number): number {
  try {
    return read();
  } catch (failure) {
    context.issues.push({ code: 'custom', input, message: toMediaError(failure).message });
    return z.NEVER;
  }
}
