// Writes bits, most significant first; used for small configuration records.

/** A growing list of bits; the counterpart of BitReader. */
export class BitWriter {
  readonly #bytes: number[] = [];
  #freeBits = 0;

  /** Appends the `count` low bits of `value`, 0..32. */
  writeBits(value: number, count: number): void {
    for (let index = count - 1; index >= 0; index--) {
      if (this.#freeBits === 0) {
        this.#bytes.push(0);
        this.#freeBits = 8;
      }
      this.#freeBits--;
      const bit = Math.floor(value / 2 ** index) % 2;
      const last = this.#bytes.length - 1;
      this.#bytes[last] = (this.#bytes[last] ?? 0) | (bit << this.#freeBits);
    }
  }

  /** The bytes written so far; the last one is filled up with zero bits. */
  toBytes(): Uint8Array {
    return Uint8Array.from(this.#bytes);
  }
}
