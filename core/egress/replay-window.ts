// Which packet indexes were already received: a sliding bitmap (RFC 3711 section 3.3.2).

/** Remembers the newest index and which of the indexes just below it came in. */
export class ReplayWindow {
  /** Highest accepted index; -1 before the first. */
  highest = -1;
  readonly #bits: Uint32Array;
  readonly #size: number;

  /** @param sizeBits a power of two, at least 64 (RFC 3711 section 3.3.2). */
  constructor(sizeBits: number) {
    this.#size = sizeBits;
    this.#bits = new Uint32Array(sizeBits / 32);
  }

  /** Whether `index` was neither accepted before nor is too old to tell. */
  isFresh(index: number): boolean {
    if (index > this.highest) return true;
    if (this.highest - index >= this.#size) return false;
    const bit = index % this.#size;
    return ((this.#bits[bit >> 5] ?? 0) & (1 << (bit & 31))) === 0;
  }

  /** Marks a fresh, authenticated index as received. */
  accept(index: number): void {
    if (index - this.highest >= this.#size) this.#bits.fill(0);
    else {
      for (let skipped = this.highest + 1; skipped < index; skipped++) this.#clear(skipped);
    }
    if (index > this.highest) this.highest = index;
    const bit = index % this.#size;
    this.#bits[bit >> 5] = (this.#bits[bit >> 5] ?? 0) | (1 << (bit & 31));
  }

  #clear(index: number): void {
    const bit = index % this.#size;
    this.#bits[bit >> 5] = (this.#bits[bit >> 5] ?? 0) & ~(1 << (bit & 31));
  }
}
