// Finds boxes in a file (ISO/IEC 14496-12 section 4.2) with few reads, whatever the file claims.
import { readUint32 } from '../base/bytes.ts';
import type { RandomAccess } from './random-access.ts';

/** Where a box is. */
export interface BoxLocation {
  /** Four Latin-1 characters. */
  readonly type: string;
  readonly position: number;
  /** Behind the header. */
  readonly bodyPosition: number;
  /** Of a box at the top of a file that was cut off: behind the end of the file. */
  readonly endPosition: number;
}

const WINDOW_BYTES = 4096;
const HEADER_BYTES = 8;
const LONG_HEADER_BYTES = 16;
const SIZE_IS_LONG = 1;
const SIZE_TO_END = 0;
const MAX_CHILDREN = 80;
const TWO_POW_32 = 2 ** 32;

/** Reads at least 4 KiB at once and answers from there while it can. */
export class BoxFile {
  readonly #file: RandomAccess;
  #window: Uint8Array = new Uint8Array(0);
  #windowPosition = 0;

  constructor(file: RandomAccess) {
    this.#file = file;
  }

  get sizeBytes(): number {
    return this.#file.sizeBytes;
  }

  /** `length` bytes, fewer at the end of the file. Callers bound `length`. */
  async bytes(position: number, length: number): Promise<Uint8Array> {
    const offset = position - this.#windowPosition;
    if (offset < 0 || offset + length > this.#window.length) {
      this.#window = await this.#file.read(position, Math.max(length, WINDOW_BYTES));
      this.#windowPosition = position;
      return this.#window.subarray(0, length);
    }
    return this.#window.subarray(offset, offset + length);
  }

  /** The box that begins at `position`; undefined when there is none before `end`. */
  async boxAt(position: number, end = this.sizeBytes): Promise<BoxLocation | undefined> {
    if (position + HEADER_BYTES > end) return undefined;
    const header = await this.bytes(position, Math.min(LONG_HEADER_BYTES, end - position));
    if (header.length < HEADER_BYTES) return undefined;
    const type = String.fromCharCode(...header.subarray(4, 8));
    const shortSize = readUint32(header, 0);
    const isLong = shortSize === SIZE_IS_LONG;
    if (isLong && header.length < LONG_HEADER_BYTES) return undefined;
    const headerBytes = isLong ? LONG_HEADER_BYTES : HEADER_BYTES;
    let size = isLong ? readUint32(header, 8) * TWO_POW_32 + readUint32(header, 12) : shortSize;
    if (shortSize === SIZE_TO_END) size = end - position;
    if (size < headerBytes || !Number.isSafeInteger(position + size)) return undefined;
    return { type, position, bodyPosition: position + headerBytes, endPosition: position + size };
  }

  /**
   * Boxes inside `[start, end)`, at most 80. Stops before one that reaches past the end.
   */
  async children(start: number, end: number): Promise<BoxLocation[]> {
    const boxes: BoxLocation[] = [];
    let position = start;
    while (boxes.length < MAX_CHILDREN) {
      const box = await this.boxAt(position, end);
      if (box === undefined || box.endPosition > end) break;
      boxes.push(box);
      position = box.endPosition;
    }
    return boxes;
  }
}
