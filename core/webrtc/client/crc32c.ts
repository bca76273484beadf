// CRC32c, the checksum of SCTP packets (RFC 9260 appendix A).

/** Castagnoli's polynomial, bits reversed. */
const POLYNOMIAL = 0x82f63b78;
const HOLE_BYTES = 4;
const TABLE = makeTable();

/** The checksum of `bytes`, with the four bytes at `hole` taken as zero; none when it is left out. */
export function crc32c(bytes: Uint8Array, hole = bytes.length): number {
  let crc = add(0xffffffff, bytes, 0, hole);
  if (hole < bytes.length) {
    for (let count = 0; count < HOLE_BYTES; count++) crc = (TABLE[crc & 0xff] ?? 0) ^ (crc >>> 8);
    crc = add(crc, bytes, hole + HOLE_BYTES, bytes.length);
  }
  return ~crc >>> 0;
}

function add(start: number, bytes: Uint8Array, from: number, to: number): number {
  let crc = start;
  for (let index = from; index < to; index++) {
    crc = (TABLE[(crc ^ (bytes[index] ?? 0)) & 0xff] ?? 0) ^ (crc >>> 8);
  }
  return crc;
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
