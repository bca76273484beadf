// Sizes of mediamtx.yml ("50M", "512KiB") <-> bytes; every unit is a power of 1024.
import { MediaError } from '../base/media-error.ts';

const UNITS = ['B', 'K', 'M', 'G', 'T', 'P'] as const;
const SIZE = /^(\d{1,19}(?:\.\d{1,9})?)\s?(?:([KMGTP])(?:I?B)?|B)?$/iu;

/**
 * Reads a size in bytes; a fraction of a byte is dropped.
 * @throws MediaError `invalid-argument` when the text is not a size or exceeds 2^53 bytes.
 */
export function parseSize(text: string): number {
  const match = SIZE.exec(text);
  const power = Math.max(
    0,
    UNITS.findIndex((unit) => unit === match?.[2]?.toUpperCase()),
  );
  const sizeBytes = Math.floor(Number(match?.[1] ?? NaN) * 1024 ** power);
  if (!Number.isSafeInteger(sizeBytes)) {
    throw new MediaError(
      'invalid-argument',
      'config-invalid-size',
      `invalid size '${text.slice(0, 64)}': write a number with a unit (B, K, M, G, T), for example 50M`,
    );
  }
  return sizeBytes;
}

/** Writes bytes with the largest unit that keeps the number whole: 52428800 is "50M". */
export function formatSize(sizeBytes: number): string {
  let amount = sizeBytes;
  let power = 0;
  while (amount > 0 && amount % 1024 === 0 && power < UNITS.length - 1) {
    amount /= 1024;
    power++;
  }
  return `${amount}${UNITS[power] ?? 'B'}`;
}
