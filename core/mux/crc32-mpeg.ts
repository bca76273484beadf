// The checksum of MPEG-TS tables, ISO/IEC 13818-1 annex A.

const POLYNOMIAL = 0x04c11db7;

/** CRC-32/MPEG-2 of `[start, end)`; for tables of a few dozen bytes. */
export function crc32Mpeg(bytes: Uint8Array, start: number, end: number): number {
  let crc = 0xffffffff;
  for (let index = start; index < end; index++) {
    crc ^= (bytes[index] ?? 0) << 24;
    for (let bit = 0; bit < 8; bit++) crc = crc < 0 ? (crc << 1) ^ POLYNOMIAL : crc << 1;
  }
  return crc >>> 0;
}
