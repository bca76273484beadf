// Little-endian base-128 numbers of AV1, AV1 bitstream specification section 4.10.5.

const MAX_BYTES = 8;

/** Bytes of the number at `offset`, 1..8, or 0 when it does not end before `end`. */
export function leb128Length(bytes: Uint8Array, offset: number, end: number): number {
  const limit = Math.min(end - offset, MAX_BYTES);
  for (let index = 0; index < limit; index++) {
    if (((bytes[offset + index] ?? 0) & 0x80) === 0) return index + 1;
  }
  return 0;
}

/** The number at `offset`, or -1 when it does not end before `end` or exceeds 32 bits. */
export function readLeb128(bytes: Uint8Array, offset: number, end: number): number {
  const length = leb128Length(bytes, offset, end);
  if (length === 0) return -1;
  let value = 0;
  for (let index = length - 1; index >= 0; index--) {
    value = value * 128 + ((bytes[offset + index] ?? 0) & 0x7f);
  }
  return value > 0xffffffff ? -1 : value;
}

/** Writes the shortest form at `offset`; returns the bytes written (1..5). */
export function writeLeb128(bytes: Uint8Array, offset: number, value: number): number {
  let rest = value;
  let index = offset;
  while (rest >= 0x80) {
    bytes[index] = (rest % 0x80) | 0x80;
    rest = Math.floor(rest / 0x80);
    index++;
  }
  bytes[index] = rest;
  return index + 1 - offset;
}
