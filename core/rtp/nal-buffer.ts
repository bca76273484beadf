// A few NAL units copied into one fixed piece of memory, to be sent a little later.
import { copyBytes } from './copy-bytes.ts';

const MAX_NALS = 32;

/** Bounded by bytes and number; `add` tells when there is no room. */
export class NalBuffer {
  readonly bytes: Uint8Array;
  readonly #ends = new Uint32Array(MAX_NALS);
  #count = 0;

  constructor(sizeBytes: number) {
    this.bytes = new Uint8Array(sizeBytes);
  }

  get count(): number {
    return this.#count;
  }

  startOf(index: number): number {
    return index === 0 ? 0 : this.endOf(index - 1);
  }

  endOf(index: number): number {
    return this.#ends[index] ?? 0;
  }

  /** Copies `[start, end)`; false when it does not fit. */
  add(bytes: Uint8Array, start: number, end: number): boolean {
    const to = this.startOf(this.#count);
    if (this.#count === MAX_NALS || to + end - start > this.bytes.length) return false;
    copyBytes.call(bytes, this.bytes, to, start, end);
    this.#ends[this.#count] = to + end - start;
    this.#count++;
    return true;
  }

  clear(): void {
    this.#count = 0;
  }
}
