// Byte streams of NAL units with start codes, ITU-T H.264 and H.265 annex B.

const START_CODE_BYTES = 4;

/**
 * Cuts a byte stream at its start codes (`00 00 01`, with any zeros before and after). Returns
 * views on `bytes`, without start codes and trailing zeros. Bytes before the first start code
 * count as a NAL unit, so that a bare NAL unit comes back as it is.
 */
export function splitAnnexB(bytes: Uint8Array): Uint8Array[] {
  const nals: Uint8Array[] = [];
  let start = 0;
  while (start < bytes.length) {
    const code = findStartCode(bytes, start, bytes.length);
    const end = trimTrailingZeros(bytes, start, code);
    if (end > start) nals.push(bytes.subarray(start, end));
    start = code + 3;
  }
  return nals;
}

/** Joins NAL units with four-byte start codes. */
export function joinAnnexB(nals: readonly Uint8Array[]): Uint8Array {
  const sizeBytes = nals.reduce((sum, nal) => sum + START_CODE_BYTES + nal.length, 0);
  const bytes = new Uint8Array(sizeBytes);
  let offset = 0;
  for (const nal of nals) {
    bytes[offset + 3] = 1;
    bytes.set(nal, offset + START_CODE_BYTES);
    offset += START_CODE_BYTES + nal.length;
  }
  return bytes;
}

/** Offset of the next `00 00 01` in `[start, end)`, or `end`. */
export function findStartCode(bytes: Uint8Array, start: number, end: number): number {
  let index = start + 2;
  while (index < end) {
    const byte = bytes[index] ?? 0;
    if (byte > 1) index += 3;
    else if (byte === 0) index += 1;
    else if (bytes[index - 1] === 0 && bytes[index - 2] === 0) return index - 2;
    else index += 3;
  }
  return end;
}

/** End of `[start, end)` without the zero bytes at its end: no NAL unit ends with one. */
export function trimTrailingZeros(bytes: Uint8Array, start: number, end: number): number {
  let last = end;
  while (last > start && bytes[last - 1] === 0) last--;
  return last;
}
