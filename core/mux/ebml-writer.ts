// Writes EBML elements (RFC 8794): identifier, size, data; numbers are big endian.
import { BoxWriter } from './box-writer.ts';

/** Four-byte sizes: their marker, and what they can say (RFC 8794 section 4). */
const SIZE_MARKER = 0x10000000;
const MAX_SIZE = 0x0ffffffe;
const UNKNOWN_SIZE = Uint8Array.of(0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff);

/**
 * One growing buffer; a master element that was opened gets its size when it is closed. Elements
 * of up to 256 MiB.
 */
export class EbmlWriter {
  readonly #output: BoxWriter;
  readonly #openSizes: number[] = [];

  constructor(capacityBytes = 512) {
    this.#output = new BoxWriter(capacityBytes);
  }

  /** Starts a master element. */
  open(id: number): this {
    this.#writeId(id);
    this.#openSizes.push(this.#output.length);
    this.#output.uint32(SIZE_MARKER);
    return this;
  }

  /** Ends the master element opened last. */
  close(): this {
    const sizeAt = this.#openSizes.pop() ?? 0;
    const size = this.#output.length - sizeAt - 4;
    this.#output.patchUint32(sizeAt, SIZE_MARKER + Math.min(size, MAX_SIZE));
    return this;
  }

  /** Starts an element that lasts as long as its file (RFC 8794 section 6.2). It isn't closed. */
  openUnknownSize(id: number): this {
    this.#writeId(id);
    this.#output.bytes(UNKNOWN_SIZE);
    return this;
  }

  /** An unsigned integer, at most a safe one, in as few bytes as it needs. */
  uint(id: number, value: number): this {
    const bytes: number[] = [];
    for (let rest = value; bytes.length === 0 || rest > 0; rest = Math.floor(rest / 256)) {
      bytes.unshift(rest % 256);
    }
    return this.binary(id, Uint8Array.from(bytes));
  }

  /** A floating point number of 64 bits. */
  float(id: number, value: number): this {
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setFloat64(0, value);
    return this.binary(id, bytes);
  }

  /** UTF-8 text. */
  text(id: number, value: string): this {
    return this.binary(id, new TextEncoder().encode(value.toWellFormed()));
  }

  binary(id: number, bytes: Uint8Array): this {
    this.#writeId(id);
    this.#output.uint32(SIZE_MARKER + bytes.length).bytes(bytes);
    return this;
  }

  /** A view on what was written; the writer must not be used afterwards. */
  toBytes(): Uint8Array {
    return this.#output.toBytes();
  }

  /** Identifiers carry their length in their first bits already. */
  #writeId(id: number): void {
    if (id > 0xffffff) this.#output.uint32(id);
    else if (id > 0xffff) this.#output.uint8(id >>> 16).uint16(id & 0xffff);
    else if (id > 0xff) this.#output.uint16(id);
    else this.#output.uint8(id);
  }
}
