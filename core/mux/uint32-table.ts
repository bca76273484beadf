// A growing list of 32-bit numbers, kept big endian as the file will have them.

const BLOCK_BYTES = 4096;

/** Grows by blocks of 4 KiB: no slack worth mentioning, no copies while a file is recorded. */
export class Uint32Table {
  readonly #blocks: Uint8Array[] = [];
  #view: DataView | undefined;
  #usedBytes = BLOCK_BYTES;

  /** Numbers in the list. */
  get length(): number {
    return this.sizeBytes / 4;
  }

  get sizeBytes(): number {
    // Without any block the last one counts as full.
    return this.#blocks.length * BLOCK_BYTES - (BLOCK_BYTES - this.#usedBytes);
  }

  /** Appends the low 32 bits of an integer, also of a negative one. */
  push(value: number): void {
    let view = this.#view;
    if (view === undefined || this.#usedBytes === BLOCK_BYTES) {
      const block = new Uint8Array(BLOCK_BYTES);
      view = new DataView(block.buffer);
      this.#blocks.push(block);
      this.#view = view;
      this.#usedBytes = 0;
    }
    view.setUint32(this.#usedBytes, value);
    this.#usedBytes += 4;
  }

  /** Writes the whole list at `offset`; there must be room for `sizeBytes`. */
  copyTo(target: Uint8Array, offset: number): void {
    let position = offset;
    const end = offset + this.sizeBytes;
    for (const block of this.#blocks) {
      const count = Math.min(BLOCK_BYTES, end - position);
      target.set(block.subarray(0, count), position);
      position += count;
    }
  }
}
