// Takes numbered frames out of a NUT stream with one track, as it comes through ffmpeg's pipe.
import {
  broken,
  NutCursor,
  NutFlag,
  readNutMainHeader,
  type NutFrameCode,
  type NutMainHeader,
} from './nut-main-header.ts';

/** A frame and its timestamp in whole milliseconds. */
export interface NutFrame {
  readonly timeMs: number;
  /** Belongs to the receiver. */
  readonly data: Buffer;
}

const FILE_ID = Buffer.from('nut/multimedia container\0', 'latin1');
const MAIN_START_CODE = 0x4e4d7a561f5f04adn;
const STREAM_START_CODE = 0x4e5311405bf2f9dbn;
const SYNCPOINT_START_CODE = 0x4e4be4adeeca4569n;
const START_CODE_BYTE = 0x4e;
const START_CODE_BYTES = 8;
const CHECKSUM_BYTES = 4;
/** Beyond this a packet header has a checksum of its own. */
const LONG_PACKET_BYTES = 4096;
/** Headers of ffmpeg are below 1 KiB. */
const MAX_PACKET_BYTES = 64 * 1024;

interface OpenFrame {
  readonly timeMs: number;
  readonly data: Buffer;
  filledBytes: number;
}

/** Incremental reader of what our own ffmpeg writes; frames larger than `maxFrameBytes` end it. */
export class NutFrameReader {
  readonly #maxFrameBytes: number;
  readonly #onFrame: (frame: NutFrame) => void;
  #pending: Buffer = Buffer.alloc(0);
  #hasFileId = false;
  #main: NutMainHeader | undefined;
  #tickMs = 1;
  #msbPtsShift = 0;
  #lastPts = 0;
  #frame: OpenFrame | undefined;

  constructor(maxFrameBytes: number, onFrame: (frame: NutFrame) => void) {
    this.#maxFrameBytes = maxFrameBytes;
    this.#onFrame = onFrame;
  }

  /** @throws MediaError internal `decoder-output-broken`; the stream can't be read on then. */
  push(chunk: Buffer): void {
    let rest = this.#fillFrame(chunk);
    if (rest.length === 0) return;
    if (this.#pending.length > 0) rest = Buffer.concat([this.#pending, rest]);
    for (let used = this.#step(rest); used > 0; used = this.#step(rest)) {
      rest = this.#fillFrame(rest.subarray(used));
    }
    if (rest.length > 2 * MAX_PACKET_BYTES) throw broken('a header does not end');
    this.#pending = Buffer.from(rest);
  }

  /** Moves data into the open frame; returns what lies behind it. */
  #fillFrame(bytes: Buffer): Buffer {
    const frame = this.#frame;
    if (!frame) return bytes;
    const used = bytes.copy(frame.data, frame.filledBytes);
    frame.filledBytes += used;
    if (frame.filledBytes === frame.data.length) {
      this.#frame = undefined;
      this.#onFrame({ timeMs: frame.timeMs, data: frame.data });
    }
    return bytes.subarray(used);
  }

  /** Reads one header; returns its length, or 0 while it is incomplete. */
  #step(bytes: Buffer): number {
    if (this.#frame || bytes.length === 0) return 0;
    if (!this.#hasFileId) return this.#readFileId(bytes);
    if (bytes[0] === START_CODE_BYTE) return this.#readPacket(bytes);
    return this.#readFrameHeader(bytes);
  }

  #readFileId(bytes: Buffer): number {
    if (bytes.length < FILE_ID.length) return 0;
    if (!bytes.subarray(0, FILE_ID.length).equals(FILE_ID)) throw broken('it is not NUT');
    this.#hasFileId = true;
    return FILE_ID.length;
  }

  #readPacket(bytes: Buffer): number {
    if (bytes.length < START_CODE_BYTES) return 0;
    const cursor = new NutCursor(bytes, START_CODE_BYTES);
    const length = cursor.readNumber();
    if (length === undefined) return 0;
    if (length > MAX_PACKET_BYTES || length < CHECKSUM_BYTES) {
      throw broken(`a header of ${length} bytes`);
    }
    const start = cursor.position + (length > LONG_PACKET_BYTES ? CHECKSUM_BYTES : 0);
    const end = start + length;
    if (bytes.length < end) return 0;
    const content = bytes.subarray(start, end - CHECKSUM_BYTES);
    this.#takePacket(bytes.readBigUInt64BE(0), content);
    return end;
  }

  #takePacket(startCode: bigint, content: Buffer): void {
    if (startCode === MAIN_START_CODE) {
      this.#main = readNutMainHeader(content);
    } else if (startCode === STREAM_START_CODE) {
      const cursor = new NutCursor(content, 0);
      cursor.need(); // stream
      cursor.need(); // class
      cursor.needBytes(cursor.need()); // fourcc
      this.#tickMs = this.#main?.tickMs[cursor.need()] ?? 1;
      this.#msbPtsShift = cursor.need();
    } else if (startCode === SYNCPOINT_START_CODE) {
      // One time base: its number is not mixed into the timestamp.
      this.#lastPts = new NutCursor(content, 0).need();
    }
  }

  #readFrameHeader(bytes: Buffer): number {
    const main = this.#main;
    const code = main?.frameCodes[bytes[0] ?? 0];
    if (!main || !code || (code.flags & NutFlag.invalid) !== 0) throw broken('no frame follows');
    const cursor = new NutCursor(bytes, 1);
    const header = readFrameFields(cursor, code);
    if (header === undefined || cursor.position > bytes.length) return 0;
    const elided = main.elisionHeaders[header.headerIndex] ?? Buffer.alloc(0);
    if (header.sizeBytes > this.#maxFrameBytes || header.sizeBytes < elided.length) {
      throw broken(`a frame of ${header.sizeBytes} bytes`);
    }
    const pts = this.#fullPts(header.codedPts, code.ptsDelta);
    this.#lastPts = pts;
    const data = Buffer.allocUnsafe(header.sizeBytes);
    const timeMs = Math.round(pts * this.#tickMs);
    this.#frame = { timeMs, data, filledBytes: elided.copy(data) };
    return cursor.position;
  }

  /** NUT specification, section "frame": short timestamps carry only the low bits. */
  #fullPts(codedPts: number | undefined, ptsDelta: number): number {
    if (codedPts === undefined) return this.#lastPts + ptsDelta;
    const range = 2 ** this.#msbPtsShift;
    if (codedPts >= range) return codedPts - range;
    const base = this.#lastPts - range / 2;
    return base + ((((codedPts - base) % range) + range) % range);
  }
}

interface FrameFields {
  readonly codedPts: number | undefined;
  readonly sizeBytes: number;
  readonly headerIndex: number;
}

/** Undefined while the header is incomplete. */
function readFrameFields(cursor: NutCursor, code: NutFrameCode): FrameFields | undefined {
  let flags = code.flags;
  if ((flags & NutFlag.coded) !== 0) {
    const coded = cursor.readNumber();
    if (coded === undefined) return undefined;
    flags ^= coded;
  }
  if ((flags & (NutFlag.sideData | NutFlag.invalid)) !== 0) throw broken(`frame flags ${flags}`);
  const numbers: (number | undefined)[] = [];
  const readIf = (flag: number): number | undefined => {
    if ((flags & flag) === 0) return 0;
    const value = cursor.readNumber();
    numbers.push(value);
    return value;
  };
  readIf(NutFlag.streamId);
  const codedPts = readIf(NutFlag.codedPts);
  const sizeMsb = readIf(NutFlag.sizeMsb) ?? 0;
  readIf(NutFlag.matchTime);
  const codedIndex = readIf(NutFlag.headerIndex) ?? 0;
  const codedCount = readIf(NutFlag.reserved) ?? 0;
  const reservedCount = (flags & NutFlag.reserved) === 0 ? code.reservedCount : codedCount;
  if (reservedCount > 16) throw broken(`${reservedCount} reserved fields`);
  for (let index = 0; index < reservedCount; index++) numbers.push(cursor.readNumber());
  if ((flags & NutFlag.checksum) !== 0) cursor.position += CHECKSUM_BYTES;
  if (numbers.includes(undefined)) return undefined;
  return {
    codedPts: (flags & NutFlag.codedPts) === 0 ? undefined : codedPts,
    sizeBytes: code.sizeMultiplier * sizeMsb + code.sizeLsb,
    headerIndex: (flags & NutFlag.headerIndex) === 0 ? code.headerIndex : codedIndex,
  };
}
