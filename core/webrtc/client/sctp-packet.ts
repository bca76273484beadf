// SCTP packets as they stand in a DTLS record (RFC 9260 section 3, RFC 8261).
//
//  0        2        4                 8                 12
//  +--------+--------+-----------------+-----------------+--------
//  | source | dest.  | verification tag| CRC32c          | chunks
//  +--------+--------+-----------------+-----------------+--------
//  chunk:   0        1        2        4
//  +--------+--------+-----------------+--------
//  |  type  | flags  | length          | value, padded to a multiple of four
//  +--------+--------+-----------------+--------
import { readUint16, readUint32, writeUint16, writeUint32 } from '../../base/bytes.ts';
import { crc32c } from './crc32c.ts';

/** Chunk types: RFC 9260 section 3.2, RFC 6525 (re-config), RFC 3758 (forward TSN). */
export const sctpChunkType = {
  data: 0,
  init: 1,
  initAck: 2,
  sack: 3,
  heartbeat: 4,
  heartbeatAck: 5,
  abort: 6,
  shutdown: 7,
  shutdownAck: 8,
  error: 9,
  cookieEcho: 10,
  cookieAck: 11,
  shutdownComplete: 14,
  reconfig: 130,
  forwardTsn: 192,
} as const;

/** Parameter types: RFC 9260 section 3.3.3, RFC 3758, RFC 5061, RFC 6525. */
export const sctpParameterType = {
  cookie: 7,
  outgoingReset: 13,
  reconfigResponse: 16,
  supportedExtensions: 0x8008,
  forwardTsn: 0xc000,
} as const;

const HEADER_BYTES = 12;
const CHECKSUM_OFFSET = 8;
const CHUNK_HEADER_BYTES = 4;
const PARAMETER_HEADER_BYTES = 4;
const MAX_CHUNKS = 64;
const MAX_PARAMETERS = 64;

/** One chunk of a packet, its value a view on the packet. */
export interface SctpChunk {
  readonly type: number;
  readonly flags: number;
  readonly value: Uint8Array;
}

/** A packet whose checksum is right. */
export interface SctpPacket {
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly verificationTag: number;
  readonly chunks: readonly SctpChunk[];
}

/** A parameter of a chunk, its value a view. */
export interface SctpParameter {
  readonly type: number;
  readonly value: Uint8Array;
}

/** Where a packet goes. */
export interface SctpAddress {
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly verificationTag: number;
}

/** Undefined for what is no packet: too short, a wrong checksum, or a chunk that ends outside. */
export function parseSctpPacket(bytes: Uint8Array): SctpPacket | undefined {
  if (bytes.length < HEADER_BYTES + CHUNK_HEADER_BYTES) return undefined;
  if (readChecksum(bytes) !== crc32c(bytes, CHECKSUM_OFFSET)) return undefined;
  const chunks: SctpChunk[] = [];
  let offset = HEADER_BYTES;
  while (offset + CHUNK_HEADER_BYTES <= bytes.length) {
    const length = readUint16(bytes, offset + 2);
    if (length < CHUNK_HEADER_BYTES || offset + length > bytes.length) return undefined;
    if (chunks.length === MAX_CHUNKS) return undefined;
    chunks.push({
      type: bytes[offset] ?? 0,
      flags: bytes[offset + 1] ?? 0,
      value: bytes.subarray(offset + CHUNK_HEADER_BYTES, offset + length),
    });
    offset += padded(length);
  }
  return {
    sourcePort: readUint16(bytes, 0),
    destinationPort: readUint16(bytes, 2),
    verificationTag: readUint32(bytes, 4),
    chunks,
  };
}

/** The parameters in `bytes`, up to the first that does not parse. */
export function parseSctpParameters(bytes: Uint8Array): SctpParameter[] {
  const parameters: SctpParameter[] = [];
  let offset = 0;
  while (offset + PARAMETER_HEADER_BYTES <= bytes.length && parameters.length < MAX_PARAMETERS) {
    const length = readUint16(bytes, offset + 2);
    if (length < PARAMETER_HEADER_BYTES || offset + length > bytes.length) break;
    const value = bytes.subarray(offset + PARAMETER_HEADER_BYTES, offset + length);
    parameters.push({ type: readUint16(bytes, offset), value });
    offset += padded(length);
  }
  return parameters;
}

/** Writes a packet; SCTP's checksum is the only field in little-endian order. */
export function writeSctpPacket(address: SctpAddress, chunks: readonly SctpChunk[]): Uint8Array {
  const size = chunks.reduce(
    (sum, { value }) => sum + padded(CHUNK_HEADER_BYTES + value.length),
    0,
  );
  const bytes = new Uint8Array(HEADER_BYTES + size);
  writeUint16(bytes, 0, address.sourcePort);
  writeUint16(bytes, 2, address.destinationPort);
  writeUint32(bytes, 4, address.verificationTag);
  let offset = HEADER_BYTES;
  for (const { type, flags, value } of chunks) {
    bytes[offset] = type;
    bytes[offset + 1] = flags;
    writeUint16(bytes, offset + 2, CHUNK_HEADER_BYTES + value.length);
    bytes.set(value, offset + CHUNK_HEADER_BYTES);
    offset += padded(CHUNK_HEADER_BYTES + value.length);
  }
  const checksum = crc32c(bytes, CHECKSUM_OFFSET);
  for (let index = 0; index < 4; index++) {
    bytes[CHECKSUM_OFFSET + index] = (checksum >>> (8 * index)) & 0xff;
  }
  return bytes;
}

/** Parameters as they stand in a chunk, the last one padded too. */
export function writeSctpParameters(parameters: readonly SctpParameter[]): Uint8Array {
  const parts = parameters.map(({ type, value }) => {
    const bytes = new Uint8Array(padded(PARAMETER_HEADER_BYTES + value.length));
    writeUint16(bytes, 0, type);
    writeUint16(bytes, 2, PARAMETER_HEADER_BYTES + value.length);
    bytes.set(value, PARAMETER_HEADER_BYTES);
    return bytes;
  });
  return Buffer.concat(parts);
}

/** Distance from `from` to `to` on the circle of 32-bit numbers, negative when `to` is behind. */
export function tsnDistance(from: number, to: number): number {
  return (to - from) | 0;
}

/** `tsn` moved on by `count`. */
export function tsnAfter(tsn: number, count: number): number {
  return (tsn + count) >>> 0;
}

function padded(length: number): number {
  return (length + 3) & ~3;
}

function readChecksum(bytes: Uint8Array): number {
  const [a = 0, b = 0, c = 0, d = 0] = bytes.subarray(CHECKSUM_OFFSET, CHECKSUM_OFFSET + 4);
  return (a | (b << 8) | (c << 16) | (d << 24)) >>> 0;
}
