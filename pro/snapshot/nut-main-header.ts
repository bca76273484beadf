// The main header of a NUT stream: what the one-byte frame codes stand for.
import { MediaError } from '../../core/base/media-error.ts';

/** Flags of a frame, NUT specification, section "frame". */
export const NutFlag = {
  codedPts: 8,
  streamId: 16,
  sizeMsb: 32,
  checksum: 64,
  reserved: 128,
  sideData: 256,
  headerIndex: 1024,
  matchTime: 2048,
  coded: 4096,
  invalid: 8192,
} as const;

/** What a frame code stands for. */
export interface NutFrameCode {
  readonly flags: number;
  readonly ptsDelta: number;
  readonly sizeMultiplier: number;
  readonly sizeLsb: number;
  readonly reservedCount: number;
  readonly headerIndex: number;
}

/** What is needed of the header to read frames. */
export interface NutMainHeader {
  /** Milliseconds of a tick, by time base index. */
  readonly tickMs: readonly number[];
  /** 256 entries. */
  readonly frameCodes: readonly NutFrameCode[];
  /** Bytes that were left out at the start of frames, by header index; the first is empty. */
  readonly elisionHeaders: readonly Buffer[];
}

const FRAME_CODES = 256;
/** The code that begins a start code ('N') is no frame. */
const START_CODE_BYTE = 0x4e;
const NO_FRAME: NutFrameCode = {
  flags: NutFlag.invalid,
  ptsDelta: 0,
  sizeMultiplier: 1,
  sizeLsb: 0,
  reservedCount: 0,
  headerIndex: 0,
};

/** Reads the variable-length numbers of NUT. */
export class NutCursor {
  position: number;
  readonly #bytes: Buffer;

  constructor(bytes: Buffer, position: number) {
    this.#bytes = bytes;
    this.position = position;
  }

  /** A number of 7 bits per byte, most significant first; undefined when the bytes end. @throws MediaError when it is too large. */
  readNumber(): number | undefined {
    let value = 0;
    for (let index = this.position; index < this.#bytes.length; index++) {
      const byte = this.#bytes[index] ?? 0;
      value = value * 128 + (byte & 0x7f);
      if (value > Number.MAX_SAFE_INTEGER) throw broken('a number is too large');
      if (byte >= 0x80) continue;
      this.position = index + 1;
      return value;
    }
    return undefined;
  }

  /** A number that must be there. @throws MediaError. */
  need(): number {
    const value = this.readNumber();
    if (value === undefined) throw broken('a header ends early');
    return value;
  }

  /** A signed number that must be there: even codes are negative or zero. @throws MediaError. */
  needSigned(): number {
    const value = this.need() + 1;
    return value % 2 === 1 ? -((value - 1) / 2) : value / 2;
  }

  /** @throws MediaError. */
  needBytes(count: number): Buffer {
    const bytes = this.#bytes.subarray(this.position, this.position + count);
    if (bytes.length < count) throw broken('a header ends early');
    this.position += count;
    return bytes;
  }
}

/** @throws MediaError internal `decoder-output-broken`. */
export function readNutMainHeader(content: Buffer): NutMainHeader {
  const cursor = new NutCursor(content, 0);
  if (cursor.need() > 3) cursor.need(); // version, minor version
  cursor.need(); // stream count
  cursor.need(); // max distance
  const timeBases = cursor.need();
  const tickMs: number[] = [];
  for (let index = 0; index < timeBases; index++) {
    tickMs.push((cursor.need() * 1000) / cursor.need());
  }
  const frameCodes = readFrameCodes(cursor);
  const elisionHeaders = [Buffer.alloc(0)];
  const count = cursor.need();
  for (let index = 0; index < count; index++) {
    elisionHeaders.push(Buffer.from(cursor.needBytes(cursor.need())));
  }
  return { tickMs, frameCodes, elisionHeaders };
}

function readFrameCodes(cursor: NutCursor): NutFrameCode[] {
  const codes: NutFrameCode[] = [];
  let ptsDelta = 0;
  let sizeMultiplier = 1;
  let headerIndex = 0;
  while (codes.length < FRAME_CODES) {
    const flags = cursor.need();
    const fields = cursor.need();
    if (fields > 0) ptsDelta = cursor.needSigned();
    if (fields > 1) sizeMultiplier = cursor.need();
    if (fields > 2) cursor.need(); // stream: there is one
    const firstSize = fields > 3 ? cursor.need() : 0;
    const reservedCount = fields > 4 ? cursor.need() : 0;
    const count = fields > 5 ? cursor.need() : sizeMultiplier - firstSize;
    if (fields > 6) cursor.needSigned(); // match time
    if (fields > 7) headerIndex = cursor.need();
    if (count <= 0 || count > FRAME_CODES) throw broken(`${count} frame codes in a row`);
    for (let index = 0; index < count && codes.length < FRAME_CODES;) {
      if (codes.length === START_CODE_BYTE) {
        codes.push(NO_FRAME);
        continue;
      }
      const sizeLsb = firstSize + index++;
      codes.push({ flags, ptsDelta, sizeMultiplier, sizeLsb, reservedCount, headerIndex });
    }
  }
  return codes;
}

/** The stream can't be read on from here. */
export function broken(why: string): MediaError {
  return new MediaError('internal', 'decoder-output-broken', `output of ffmpeg: ${why}`);
}
