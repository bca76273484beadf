// Writes ISO base media file format boxes (ISO/IEC 14496-12 section 4.2) into one growing buffer.
import type { Uint32Table } from './uint32-table.ts';

const TWO_POW_32 = 2 ** 32;

/** Numbers are big endian; a box that was opened gets its size when it is closed. */
export class BoxWriter {
  #bytes: Uint8Array<ArrayBuffer>;
  #view: DataView;
  #length = 0;
  readonly #openBoxes: number[] = [];

  /** With the exact size as capacity nothing is copied. */
  constructor(capacityBytes = 1024) {
    this.#bytes = new Uint8Array(capacityBytes);
    this.#view = new DataView(this.#bytes.buffer);
  }

  /** Bytes written so far. */
  get length(): number {
    return this.#length;
  }

  /** Starts a box; `type` has four Latin-1 characters. */
  open(type: string): this {
    this.#openBoxes.push(this.#length);
    return this.uint32(0).latin1(type);
  }

  /** Starts a box with version and flags. */
  openFull(type: string, version: number, flags: number): this {
    return this.open(type).uint32(version * 0x1000000 + flags);
  }

  /** Ends the box opened last. */
  close(): this {
    const start = this.#openBoxes.pop() ?? 0;
    this.#view.setUint32(start, this.#length - start);
    return this;
  }

  uint8(value: number): this {
    this.#reserve(1);
    this.#view.setUint8(this.#length, value);
    this.#length += 1;
    return this;
  }

  uint16(value: number): this {
    this.#reserve(2);
    this.#view.setUint16(this.#length, value);
    this.#length += 2;
    return this;
  }

  /** Also writes negative numbers, as two's complement. */
  uint32(value: number): this {
    this.#reserve(4);
    this.#view.setUint32(this.#length, value);
    this.#length += 4;
    return this;
  }

  /** A safe integer; negative ones become two's complement. */
  uint64(value: number): this {
    return this.uint32(Math.floor(value / TWO_POW_32)).uint32(value);
  }

  /** Overwrites four bytes written before. */
  patchUint32(position: number, value: number): void {
    this.#view.setUint32(position, value);
  }

  zeros(count: number): this {
    this.#reserve(count);
    // The buffer is not reused, so what was not written yet is zero.
    this.#length += count;
    return this;
  }

  latin1(text: string): this {
    this.#reserve(text.length);
    for (let index = 0; index < text.length; index++) {
      this.#view.setUint8(this.#length + index, text.charCodeAt(index));
    }
    this.#length += text.length;
    return this;
  }

  bytes(bytes: Uint8Array): this {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
    return this;
  }

  table(table: Uint32Table): this {
    this.#reserve(table.sizeBytes);
    table.copyTo(this.#bytes, this.#length);
    this.#length += table.sizeBytes;
    return this;
  }

  /** A view on what was written; the writer must not be used afterwards. */
  toBytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  #reserve(count: number): void {
    const needed = this.#length + count;
    if (needed <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }
}
