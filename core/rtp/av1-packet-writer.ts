// Packs AV1 OBU elements into RTP payloads, AV1 RTP format section 4.
import { writeLeb128 } from '../codec/leb128.ts';
import { Av1Bit } from './av1-payload.ts';
import { copyBytes } from './copy-bytes.ts';
import type { PayloadWriter } from './payload-writer.ts';
import { MAX_NORMALIZED_PAYLOAD_BYTES } from './track-normalizer.ts';

const MAX_ELEMENTS = 3;
/** A new element needs the length of the one before (2 bytes) and content. */
const MIN_ROOM_BYTES = 4;

/**
 * Collects elements in one packet until it is full; an element that does not fit goes on in the
 * next packet. The count of elements (W) is always written, so the last one needs no length.
 */
export class Av1PacketWriter {
  /** Whether the next packet is the first of a coded video sequence; taken by it. */
  isNewSequence = false;
  readonly #writer: PayloadWriter;
  readonly #packet = new Uint8Array(MAX_NORMALIZED_PAYLOAD_BYTES);
  #length = 1;
  #count = 0;
  #lastElement = 1;
  #isContinuation = false;

  constructor(writer: PayloadWriter) {
    this.#writer = writer;
  }

  /** Whether elements wait for `flush`. */
  get isOpen(): boolean {
    return this.#count > 0;
  }

  /** Starts an element. */
  begin(): void {
    if (this.#count === MAX_ELEMENTS || this.#packet.length - this.#length < MIN_ROOM_BYTES) {
      this.#write(false, false);
    }
    if (this.#count > 0) this.#closeElement();
    this.#count++;
    this.#lastElement = this.#length;
  }

  /** Starts a packet with the rest of an element that was written without this writer. */
  resume(): void {
    this.#count = 1;
    this.#isContinuation = true;
  }

  /** Adds bytes to the element begun. */
  append(bytes: Uint8Array, start: number, end: number): void {
    let from = start;
    while (from < end) {
      if (this.#length === this.#packet.length) {
        this.#write(true, false);
        this.resume();
      }
      const to = Math.min(end, from + this.#packet.length - this.#length);
      copyBytes.call(bytes, this.#packet, this.#length, from, to);
      this.#length += to - from;
      from = to;
    }
  }

  /** Writes what was collected. */
  flush(): void {
    this.#write(false, true);
  }

  /** Forgets what was collected. */
  discard(): void {
    this.#count = 0;
    this.#length = 1;
    this.#lastElement = 1;
    this.#isContinuation = false;
  }

  #write(continues: boolean, isFinal: boolean): void {
    if (this.#count === 0) return;
    this.#packet[0] =
      (this.#isContinuation ? Av1Bit.continuation : 0) |
      (continues ? Av1Bit.continues : 0) |
      (this.#count << 4) |
      (this.isNewSequence ? Av1Bit.newSequence : 0);
    this.isNewSequence = false;
    this.#writer.reserve(this.#length);
    this.#writer.put(this.#packet, 0, this.#length);
    this.#writer.commit(isFinal);
    this.discard();
  }

  /** Puts the length in front of the last element, now that another follows. */
  #closeElement(): void {
    const start = this.#lastElement;
    const sizeBytes = this.#length - start;
    const lengthBytes = sizeBytes < 0x80 ? 1 : 2;
    this.#packet.copyWithin(start + lengthBytes, start, this.#length);
    writeLeb128(this.#packet, start, sizeBytes);
    this.#length += lengthBytes;
  }
}
