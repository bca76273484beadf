// Cuts a TCP byte stream into RFC 4571 frames: two bytes of length, then the packet.

/** Receives each frame; `frame` is valid during the call only. */
export type FrameListener = (frame: Uint8Array) => void;

/** Whole frames inside one chunk are handed out without a copy; a split frame is copied once. */
export class FrameReader {
  readonly #maxFrameBytes: number;
  readonly #listener: FrameListener;
  /** First length byte when a chunk ended between the two, else -1. */
  #lengthHigh = -1;
  #partial: Uint8Array | undefined;
  #partialBytes = 0;

  constructor(maxFrameBytes: number, listener: FrameListener) {
    this.#maxFrameBytes = maxFrameBytes;
    this.#listener = listener;
  }

  /** Takes the next bytes of the stream. Returns false when a frame is too long: close then. */
  push(chunk: Uint8Array): boolean {
    let offset = this.#continuePartial(chunk);
    while (offset < chunk.length) {
      const first = chunk[offset] ?? 0;
      if (this.#lengthHigh < 0 && offset + 1 >= chunk.length) {
        this.#lengthHigh = first;
        return true;
      }
      const isHeaderSplit = this.#lengthHigh >= 0;
      const length = isHeaderSplit
        ? (this.#lengthHigh << 8) | first
        : (first << 8) | (chunk[offset + 1] ?? 0);
      this.#lengthHigh = -1;
      offset += isHeaderSplit ? 1 : 2;
      if (length > this.#maxFrameBytes) return false;
      offset = this.#readFrame(chunk, offset, length);
    }
    return true;
  }

  #readFrame(chunk: Uint8Array, offset: number, length: number): number {
    const end = offset + length;
    if (end <= chunk.length) {
      // A frame of length zero is legal and means nothing (RFC 4571 §2).
      if (length > 0) this.#listener(chunk.subarray(offset, end));
      return end;
    }
    this.#partial = new Uint8Array(length);
    this.#partial.set(chunk.subarray(offset));
    this.#partialBytes = chunk.length - offset;
    return chunk.length;
  }

  #continuePartial(chunk: Uint8Array): number {
    const partial = this.#partial;
    if (partial === undefined) return 0;
    const taken = Math.min(partial.length - this.#partialBytes, chunk.length);
    partial.set(chunk.subarray(0, taken), this.#partialBytes);
    this.#partialBytes += taken;
    if (this.#partialBytes === partial.length) {
      this.#partial = undefined;
      this.#listener(partial);
    }
    return taken;
  }
}
