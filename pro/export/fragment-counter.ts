// Counts the fragments of an MP4 while it comes out of a pipe: how far an encoder is.
import { readUint32 } from '../../core/base/bytes.ts';

const HEADER_BYTES = 8;
const MOOF = 0x6d6f6f66;

/** Walks over boxes that come in pieces of any length. */
export class FragmentCounter {
  fragmentCount = 0;
  readonly #header = new Uint8Array(HEADER_BYTES);
  #headerUsed = 0;
  /** Bytes of the current box that are still to come. */
  #skip = 0;

  /** Takes the next bytes; they are not kept. */
  push(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) {
      const skipped = Math.min(this.#skip, bytes.length - at);
      this.#skip -= skipped;
      at += skipped;
      const taken = bytes.subarray(at, at + HEADER_BYTES - this.#headerUsed);
      if (taken.length === 0) return;
      this.#header.set(taken, this.#headerUsed);
      this.#headerUsed += taken.length;
      at += taken.length;
      if (this.#headerUsed === HEADER_BYTES) this.#endHeader();
    }
  }

  #endHeader(): void {
    this.#headerUsed = 0;
    if (readUint32(this.#header, 4) === MOOF) this.fragmentCount++;
    const size = readUint32(this.#header, 0);
    // Sizes of 64 bits, or none, don't come out of a fragmenting writer.
    this.#skip = size < HEADER_BYTES ? Infinity : size - HEADER_BYTES;
  }
}
