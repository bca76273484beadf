// Grows with the largest access unit seen, and hands out copies of what it collected.

const INITIAL_BYTES = 64 * 1024;
const MAX_BYTES = 16 * 1024 * 1024;
const MAX_UNITS = 4096;

/** Collects units (NAL units, frames, OBUs) of one access unit in pieces. */
export class UnitBuffer {
  #bytes = new Uint8Array(INITIAL_BYTES);
  #length = 0;
  readonly #starts: number[] = [];
  /** Whether something did not fit: the access unit is larger than 16 MiB or has over 4096 units. */
  isOverflown = false;

  get count(): number {
    return this.#starts.length;
  }

  /** Starts a unit. */
  begin(): void {
    if (this.#starts.length === MAX_UNITS) this.isOverflown = true;
    else this.#starts.push(this.#length);
  }

  /** Adds one byte to the unit begun. */
  appendByte(value: number): void {
    if (!this.#makeRoom(1)) return;
    this.#bytes[this.#length] = value;
    this.#length++;
  }

  /** Adds `[start, end)` to the unit begun. */
  append(bytes: Uint8Array, start: number, end: number): void {
    if (!this.#makeRoom(end - start)) return;
    this.#bytes.set(bytes.subarray(start, end), this.#length);
    this.#length += end - start;
  }

  /** A copy of the units collected. */
  copyUnits(): Uint8Array[] {
    const copy = this.#bytes.slice(0, this.#length);
    return this.#starts.map((start, index) =>
      copy.subarray(start, this.#starts[index + 1] ?? this.#length),
    );
  }

  clear(): void {
    this.#length = 0;
    this.#starts.length = 0;
    this.isOverflown = false;
  }

  #makeRoom(count: number): boolean {
    const needed = this.#length + count;
    if (needed > MAX_BYTES) this.isOverflown = true;
    if (this.isOverflown) return false;
    if (needed > this.#bytes.length) {
      const grown = new Uint8Array(Math.min(MAX_BYTES, Math.max(needed, this.#bytes.length * 2)));
      grown.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = grown;
    }
    return true;
  }
}
