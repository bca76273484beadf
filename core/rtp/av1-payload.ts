// Reads AV1 RTP payloads: the aggregation header and its OBU elements, AV1 RTP format section 4.
import { readUint8 } from '../base/bytes.ts';
import { leb128Length, readLeb128 } from '../codec/leb128.ts';

/** Bits of the aggregation header: `|Z|Y| W |N|-|-|-|`. */
export const Av1Bit = {
  /** The first element continues one of the packet before. */
  continuation: 0x80,
  /** The last element goes on in the next packet. */
  continues: 0x40,
  /** First packet of a coded video sequence. */
  newSequence: 0x08,
} as const;

const MAX_ELEMENTS = 64;

/** Reusable view on a payload: offsets of its OBU elements. */
export class Av1Payload {
  header = 0;
  count = 0;
  readonly #starts = new Uint32Array(MAX_ELEMENTS);
  readonly #ends = new Uint32Array(MAX_ELEMENTS);

  get isContinuation(): boolean {
    return (this.header & Av1Bit.continuation) !== 0;
  }

  get continues(): boolean {
    return (this.header & Av1Bit.continues) !== 0;
  }

  startOf(index: number): number {
    return this.#starts[index] ?? 0;
  }

  endOf(index: number): number {
    return this.#ends[index] ?? 0;
  }

  /** False when lengths do not add up, or there are more than 64 elements or none. */
  parse(bytes: Uint8Array, start: number, end: number): boolean {
    this.header = readUint8(bytes, start);
    this.count = 0;
    // With W = 0 every element has a length, otherwise all but the last.
    const expected = (this.header >> 4) & 3;
    let offset = start + 1;
    while (offset < end) {
      if (this.count === MAX_ELEMENTS) return false;
      let length = end - offset;
      if (expected === 0 || this.count + 1 < expected) {
        length = readLeb128(bytes, offset, end);
        if (length < 0) return false;
        offset += leb128Length(bytes, offset, end);
      }
      if (offset + length > end) return false;
      this.#starts[this.count] = offset;
      this.#ends[this.count] = offset + length;
      this.count++;
      offset += length;
    }
    return this.count > 0 && (expected === 0 || this.count === expected);
  }
}
