// Makes a JPEG file of the packets of one Motion JPEG frame, RFC 2435.
import { readUint16, readUint24, readUint8 } from '../../core/base/bytes.ts';
import type { RtpPacket } from '../../core/rtp/rtp-packet.ts';

/**
 * ```
 * | Type-specific |          Fragment Offset (24 bits)            |
 * |      Type     |       Q       |     Width     |     Height    |
 * ```
 */
const MAIN_HEADER_BYTES = 8;
const RESTART_HEADER_BYTES = 4;
const TABLE_HEADER_BYTES = 4;
const TABLE_BYTES = 64;
/** From here on the tables stand in the packet. */
const FIRST_OWN_Q = 128;
const FIRST_RESTART_TYPE = 64;
const MAX_FRAME_BYTES = 12 * 1024 * 1024;
/** ITU-T T.81 tables K.1 and K.2, in zigzag order. */
const LUMA_TABLE = [
  16, 11, 12, 14, 12, 10, 16, 14, 13, 14, 18, 17, 16, 19, 24, 40, 26, 24, 22, 22, 24, 49, 35, 37,
  29, 40, 58, 51, 61, 60, 57, 51, 56, 55, 64, 72, 92, 78, 64, 68, 87, 69, 55, 56, 80, 109, 81, 87,
  95, 98, 103, 104, 103, 62, 77, 113, 121, 112, 100, 120, 92, 101, 103, 99,
];
const CHROMA_TABLE = [
  17,
  18,
  18,
  24,
  21,
  24,
  47,
  26,
  26,
  47,
  99,
  66,
  56,
  66,
  99,
  ...Array.from({ length: 49 }, () => 99),
];
/** Segment of the Huffman tables K.3 to K.6 of ITU-T T.81, which every frame uses. */
const HUFFMAN_TABLES = Buffer.from(
  '/8QBogAAAQUBAQEBAQEAAAAAAAAAAAECAwQFBgcICQoLAQADAQEBAQEBAQEBAAAAAAAAAQIDBAUGBwgJCgsQAAIBAwMC' +
    'BAMFBQQEAAABfQECAwAEEQUSITFBBhNRYQcicRQygZGhCCNCscEVUtHwJDNicoIJChYXGBkaJSYnKCkqNDU2Nzg5' +
    'OkNERUZHSElKU1RVVldYWVpjZGVmZ2hpanN0dXZ3eHl6g4SFhoeIiYqSk5SVlpeYmZqio6Slpqeoqaqys7S1tre4' +
    'ubrCw8TFxsfIycrS09TV1tfY2drh4uPk5ebn6Onq8fLz9PX29/j5+hEAAgECBAQDBAcFBAQAAQJ3AAECAxEEBSEx' +
    'BhJBUQdhcRMiMoEIFEKRobHBCSMzUvAVYnLRChYkNOEl8RcYGRomJygpKjU2Nzg5OkNERUZHSElKU1RVVldYWVpj' +
    'ZGVmZ2hpanN0dXZ3eHl6goOEhYaHiImKkpOUlZaXmJmaoqOkpaanqKmqsrO0tba3uLm6wsPExcbHyMnK0tPU1dbX' +
    '2Nna4uPk5ebn6Onq8vP09fb3+Pn6',
  'base64',
);
const SCAN_HEADER = Buffer.from('ffda000c03010002110311003f00', 'hex');
const END_OF_IMAGE = Buffer.from('ffd9', 'hex');

/** Takes the packets of one frame in order. */
export class JpegFrameBuilder {
  /** Whether the frame has ended, whole or not. */
  isOver = false;
  /** The JPEG file as the only unit, once the frame ended whole. */
  units: readonly Uint8Array[] | undefined;
  #head: Buffer | undefined;
  readonly #pieces: Buffer[] = [];
  #sizeBytes = 0;

  push(packet: RtpPacket): void {
    const { bytes, payloadStart, payloadEnd } = packet;
    if (this.isOver) return;
    const start = this.#readHeaders(bytes, payloadStart, payloadEnd);
    if (start === undefined || this.#sizeBytes + payloadEnd - start > MAX_FRAME_BYTES) {
      this.isOver = true;
      return;
    }
    this.#pieces.push(Buffer.from(bytes.subarray(start, payloadEnd)));
    this.#sizeBytes += payloadEnd - start;
    if (packet.isMarked) this.flush();
  }

  /** Ends the frame. */
  flush(): readonly Uint8Array[] | undefined {
    if (!this.isOver && this.#head) {
      this.units = [Buffer.concat([this.#head, ...this.#pieces, END_OF_IMAGE])];
    }
    this.isOver = true;
    return this.units;
  }

  /** Returns where the scan data starts; undefined when the packet doesn't fit. */
  #readHeaders(bytes: Uint8Array, start: number, end: number): number | undefined {
    if (end - start < MAIN_HEADER_BYTES) return undefined;
    const fragmentOffset = readUint24(bytes, start + 1);
    const type = readUint8(bytes, start + 4);
    const q = readUint8(bytes, start + 5);
    if (fragmentOffset !== this.#sizeBytes) return undefined;
    let position = start + MAIN_HEADER_BYTES;
    let restartInterval = 0;
    if (type >= FIRST_RESTART_TYPE) {
      if (end - position < RESTART_HEADER_BYTES) return undefined;
      restartInterval = readUint16(bytes, position);
      position += RESTART_HEADER_BYTES;
    }
    if (fragmentOffset > 0) return this.#head ? position : undefined;
    const tables = q < FIRST_OWN_Q ? standardTables(q) : readTables(bytes, position, end);
    if (!tables) return undefined;
    if (q >= FIRST_OWN_Q) position += TABLE_HEADER_BYTES + tables.length * TABLE_BYTES;
    this.#head = jpegHead({
      isHalfHeight: type % FIRST_RESTART_TYPE === 1,
      widthPixels: readUint8(bytes, start + 6) * 8,
      heightPixels: readUint8(bytes, start + 7) * 8,
      restartInterval,
      tables,
    });
    return this.#head && type % FIRST_RESTART_TYPE <= 1 && type < FIRST_OWN_Q
      ? position
      : undefined;
  }
}

/** RFC 2435 section 4.2. */
function standardTables(q: number): Buffer[] | undefined {
  if (q < 1 || q > 99) return undefined;
  const scale = q < 50 ? Math.floor(5000 / q) : 200 - 2 * q;
  return [LUMA_TABLE, CHROMA_TABLE].map((table) =>
    Buffer.from(
      table.map((value) => Math.min(255, Math.max(1, Math.floor((value * scale + 50) / 100)))),
    ),
  );
}

/** RFC 2435 section 3.1.8; tables of 8 bits that come with each frame. */
function readTables(bytes: Uint8Array, start: number, end: number): Buffer[] | undefined {
  if (end - start < TABLE_HEADER_BYTES || readUint8(bytes, start + 1) !== 0) return undefined;
  const length = readUint16(bytes, start + 2);
  const first = start + TABLE_HEADER_BYTES;
  if (first + length > end || (length !== TABLE_BYTES && length !== 2 * TABLE_BYTES)) {
    return undefined;
  }
  const tables: Buffer[] = [];
  for (let offset = 0; offset < length; offset += TABLE_BYTES) {
    tables.push(Buffer.from(bytes.subarray(first + offset, first + offset + TABLE_BYTES)));
  }
  return tables;
}

interface JpegHeadOptions {
  /** 4:2:0 instead of 4:2:2. */
  readonly isHalfHeight: boolean;
  readonly widthPixels: number;
  readonly heightPixels: number;
  readonly restartInterval: number;
  readonly tables: readonly Buffer[];
}

/** RFC 2435 appendix B; undefined for a picture without size. */
function jpegHead(options: JpegHeadOptions): Buffer | undefined {
  const { isHalfHeight, widthPixels, heightPixels, restartInterval, tables } = options;
  if (widthPixels === 0 || heightPixels === 0) return undefined;
  const quantization = tables.map((table, index) =>
    Buffer.concat([Buffer.from([0xff, 0xdb, 0, 3 + TABLE_BYTES, index]), table]),
  );
  const chromaTable = tables.length - 1;
  const frame = Buffer.from([
    ...[0xff, 0xc0, 0, 17, 8, heightPixels >> 8, heightPixels & 0xff],
    ...[widthPixels >> 8, widthPixels & 0xff, 3],
    ...[1, isHalfHeight ? 0x22 : 0x21, 0, 2, 0x11, chromaTable, 3, 0x11, chromaTable],
  ]);
  const restart =
    restartInterval === 0
      ? Buffer.alloc(0)
      : Buffer.from([0xff, 0xdd, 0, 4, restartInterval >> 8, restartInterval & 0xff]);
  const start = Buffer.from([0xff, 0xd8]);
  return Buffer.concat([start, ...quantization, restart, frame, HUFFMAN_TABLES, SCAN_HEADER]);
}
