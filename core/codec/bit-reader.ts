// Reads bits and Exp-Golomb codes from hostile bytes: never throws, never loops, never reads past the end.

/**
 * Bit cursor, most significant bit first. Past the end it yields zeros and sets `isOverrun`; check
 * that once after parsing. With `skipsEmulationPrevention` the 0x03 of `00 00 03` is left out, as
 * inside NAL units (ITU-T H.264 section 7.4.1, H.265 section 7.4.2). Reusable through `reset()`.
 */
export class BitReader {
  isOverrun = false;
  readonly #skipsEmulationPrevention: boolean;
  #bytes: Uint8Array = new Uint8Array(0);
  #next = 0;
  #end = 0;
  #current = 0;
  #currentBits = 0;
  #zeroBytes = 0;
  #loadedBytes = 0;

  constructor(options: { readonly skipsEmulationPrevention: boolean }) {
    this.#skipsEmulationPrevention = options.skipsEmulationPrevention;
  }

  /** Bits not read yet, emulation prevention bytes included. */
  get bitsLeft(): number {
    return (this.#end - this.#next) * 8 + this.#currentBits;
  }

  /** Bits read since `reset`, emulation prevention bytes left out. */
  get bitsRead(): number {
    return this.#loadedBytes * 8 - this.#currentBits;
  }

  /** Starts reading `bytes` at byte `start`, up to byte `end`. */
  reset(bytes: Uint8Array, start = 0, end = bytes.length): void {
    this.#bytes = bytes;
    this.#next = start;
    this.#end = Math.min(end, bytes.length);
    this.#current = 0;
    this.#currentBits = 0;
    this.#zeroBytes = 0;
    this.#loadedBytes = 0;
    this.isOverrun = false;
  }

  readBit(): number {
    if (this.#currentBits === 0 && !this.#loadByte()) return 0;
    this.#currentBits--;
    return (this.#current >> this.#currentBits) & 1;
  }

  readFlag(): boolean {
    return this.readBit() === 1;
  }

  /** An unsigned number of `count` bits, 0..48. */
  readBits(count: number): number {
    let value = 0;
    for (let index = 0; index < count; index++) value = value * 2 + this.readBit();
    return value;
  }

  /** Leaves out `count` bits; stops at the end. */
  skipBits(count: number): void {
    for (let index = 0; index < count && !this.isOverrun; index++) this.readBit();
  }

  /** Moves to the next byte boundary. */
  alignToByte(): void {
    this.#currentBits = 0;
  }

  /** Unsigned Exp-Golomb code, ue(v): 0..2^32-2. Longer codes count as an overrun. */
  readUe(): number {
    let zeros = 0;
    while (this.readBit() === 0) {
      zeros++;
      if (zeros > 32 || this.isOverrun) {
        this.isOverrun = true;
        return 0;
      }
    }
    return 2 ** zeros - 1 + this.readBits(zeros);
  }

  /** Signed Exp-Golomb code, se(v). */
  readSe(): number {
    const code = this.readUe();
    return code % 2 === 1 ? (code + 1) / 2 : -code / 2;
  }

  #loadByte(): boolean {
    if (
      this.#skipsEmulationPrevention &&
      this.#zeroBytes >= 2 &&
      this.#next < this.#end &&
      this.#bytes[this.#next] === 3
    ) {
      this.#next++;
      this.#zeroBytes = 0;
    }
    if (this.#next >= this.#end) {
      this.isOverrun = true;
      return false;
    }
    this.#current = this.#bytes[this.#next] ?? 0;
    this.#zeroBytes = this.#current === 0 ? this.#zeroBytes + 1 : 0;
    this.#next++;
    this.#loadedBytes++;
    this.#currentBits = 8;
    return true;
  }
}
