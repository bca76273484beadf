// CRC32c, the checksum of SCTP packets (RFC 9260 appendix A).

/** Castagnoli's polynomial, bits reversed. */
const POLYNOMIAL = 0x82f63b78;
const TABLE = makeTable();

/** The checksum of `bytes`, with the four bytes at `hole` taken as zero; none when it is negative. */
export function crc32c(bytes: Uint8Array, hole = -1): number {
  let crc = 0xffffffff;
  for (let index = 0; index < bytes.length; index++) {
    const byte = index >= hole && index < hole + 4 && hole >= 0 ? 0 : (bytes[index] ?? 0);
    crc = (TABLE[(crc ^ byte) & 0xff] ?? 0) ^ (crc >>> 8);
  }
  return ~crc >>> 0;
}

function makeTable(): Uint32Array {
  const table = new Uint32Array(256);
  for (let index = 0; index < table.length; index++) {
    let value = index;
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ POLYNOMIAL : value >>> 1;
    table[index] = value >>> 0;
  }
  return table;
}
