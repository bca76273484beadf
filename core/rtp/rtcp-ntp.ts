// NTP timestamps of RTCP (RFC 3550 section 4): 32 bits of seconds since 1900, 32 bits of fraction.

const UNIX_EPOCH_NTP_SECONDS = 2_208_988_800;
const TWO_32 = 4_294_967_296;

/**
 * Whole NTP units of 2^-32 s would not fit a double together with the seconds, so both halves are
 * computed apart. A fraction that rounds up to a full second carries into the seconds.
 */
function roundedFraction(unixMs: number): number {
  const millisecond = unixMs - Math.floor(unixMs / 1000) * 1000;
  return Math.round((millisecond * TWO_32) / 1000);
}

/** Seconds half of the NTP time of `unixMs`, modulo 2^32 (era 1 starts in February 2036). */
export function ntpSecondsOf(unixMs: number): number {
  const carry = roundedFraction(unixMs) >= TWO_32 ? 1 : 0;
  const seconds = Math.floor(unixMs / 1000) + UNIX_EPOCH_NTP_SECONDS + carry;
  return seconds - Math.floor(seconds / TWO_32) * TWO_32;
}

/** Fraction half of the NTP time of `unixMs`, in units of 2^-32 s. */
export function ntpFractionOf(unixMs: number): number {
  return roundedFraction(unixMs) >>> 0;
}

/**
 * Unix time in milliseconds of an NTP time. Seconds below 2^31 belong to era 1 (2036..2104), as in
 * RFC 4330 section 3.
 */
export function unixMsFromNtp(seconds: number, fraction: number): number {
  const era = seconds < 0x80000000 ? TWO_32 : 0;
  return (seconds + era - UNIX_EPOCH_NTP_SECONDS) * 1000 + (fraction / TWO_32) * 1000;
}

/** The middle 32 bits of an NTP time, in units of 2^-16 s: the LSR of a report block. */
export function ntpMiddle(seconds: number, fraction: number): number {
  return (((seconds & 0xffff) << 16) | (fraction >>> 16)) >>> 0;
}

/**
 * Round-trip time in milliseconds from a report block (RFC 3550 section 6.4.1): `arrival` and
 * `lastSenderReport` are NTP middle bits, `delay` is the DLSR, all in 2^-16 s. Undefined when the
 * receiver has seen no report, or when its numbers give a time below zero or above 60 s.
 */
export function roundTripMs(
  arrival: number,
  lastSenderReport: number,
  delay: number,
): number | undefined {
  if (lastSenderReport === 0) return undefined;
  const units = (arrival - lastSenderReport - delay) >>> 0;
  // A slightly negative result (clocks of different grain) is as good as zero.
  if (units > TWO_32 - 0x10000) return 0;
  const roundTrip = (units * 1000) / 0x10000;
  return roundTrip <= MAX_ROUND_TRIP_MS ? roundTrip : undefined;
}

const MAX_ROUND_TRIP_MS = 60_000;
