// The value types of mediamtx.yml as zod schemas; codecs decode the yml form and encode it back.
import { z } from 'zod';
import { IpSet } from '../base/ip-address.ts';
import type { ListenAddress } from '../base/listen-address.ts';
import { toMediaError } from '../base/media-error.ts';
import { formatDuration, parseDuration } from './duration.ts';
import { formatListenAddress, parseOptionalAddress } from './listen-address.ts';
import { formatSize, parseSize } from './size.ts';
import { meaning } from './text-meaning.ts';

// Node's timers hold 31 bits of milliseconds; a longer time-out would fire at once.
const MAX_TIMER_MS = 2 ** 31 - 1;
const DURATION = 'a duration with its unit, such as 10s';

/** Any text. */
export const text = z.string();

/** Text that is never shown: passwords, tokens, pass phrases. */
export const secretText = z.string().meta({ secret: true });

/** yes or no. */
export const flag = z.boolean();

/** Any number. */
export const decimal = z.number();

/** A whole number. */
export const integer = z.int();

/** A whole number that is zero or more. */
export const count = z.int().min(0).max(0xffffffff);

/** A UDP or TCP port. */
export const port = z.int().min(0).max(65_535);

/** Milliseconds; may be negative, and longer than a timer can run. */
export const duration = meaning(DURATION, parsed(parseDuration, formatDuration, z.number()));

/** Milliseconds that a timer can run: 0 to 24 days. */
export const timerDuration = meaning(
  DURATION,
  parsed(
    parseDuration,
    formatDuration,
    z
      .number()
      .min(0, 'must not be negative')
      .max(MAX_TIMER_MS, `must not be longer than ${formatDuration(MAX_TIMER_MS)}`),
  ),
);

/** Like `timerDuration`; negative values are left to a rule with its own message. */
export const signedTimerDuration = meaning(
  DURATION,
  parsed(
    parseDuration,
    formatDuration,
    z.number().max(MAX_TIMER_MS, `must not be longer than ${formatDuration(MAX_TIMER_MS)}`),
  ),
);

/** Bytes. */
export const size = meaning(
  'a size with its unit, such as 50M',
  parsed(parseSize, formatSize, z.number()),
);

/** Host and port, undefined when empty (off). */
export const address = meaning(
  "an address such as ':8554' or '127.0.0.1:8554'",
  parsed(parseOptionalAddress, formatListenAddress, z.custom<ListenAddress | undefined>()),
);

const ipRange = meaning(
  'an IP address or network',
  parsed(checkIpRange, (text) => text, z.string()),
);

/** Checked IP addresses and networks, to be given to `IpSet`. */
export const ipRanges = listOf(ipRange);

/** Any texts. */
export const texts = listOf(z.string());

/** Whether plain and encrypted listeners run: no = plain, strict = encrypted, optional = both. */
export const encryption = z.codec(
  z.union([z.boolean(), z.enum(['no', 'optional', 'strict', 'yes', 'true', 'false'])]),
  z.enum(['no', 'optional', 'strict']),
  {
    decode: (value) => {
      if (value === 'optional') return 'optional';
      return value === false || value === 'no' || value === 'false' ? 'no' : 'strict';
    },
    encode: (value) => value,
  },
);

/** One of several words. */
export function oneOf<const T extends readonly [string, ...string[]]>(
  ...words: T
): z.ZodEnum<{ [K in T[number]]: K }> {
  return z.enum(words);
}

/** A list; it may be empty but not null. */
export function listOf<S extends z.ZodType>(item: S): z.ZodReadonly<z.ZodArray<S>> {
  return z.array(item).max(100_000).readonly();
}

/** Actions of the permission system. */
export const action = oneOf('publish', 'read', 'playback', 'api', 'metrics', 'pprof');

/** What a user may do: `path` empty = every path, `~...` = regular expression, else exact. */
export const permission = z.strictObject({ action, path: text.default('') }).readonly();

/** Reads yml text with `decode` (which throws MediaError) and writes it with `encode`. */
export function parsed<S extends z.ZodType>(
  decode: (text: string) => z.input<S>,
  encode: (value: z.input<S>) => string,
  output: S,
): z.ZodCodec<z.ZodString, S> {
  return z.codec(z.string(), output, {
    decode: (input, context) => {
      try {
        return decode(input);
      } catch (failure) {
        context.issues.push({ code: 'custom', input, message: toMediaError(failure).message });
        return z.NEVER;
      }
    },
    encode: (value) => encode(value),
  });
}

function checkIpRange(range: string): string {
  new IpSet([range], 'write for example 192.168.1.7 or 192.168.0.0/16');
  return range;
}
