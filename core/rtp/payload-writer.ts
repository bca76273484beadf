// Writes payloads into a PacketSink with a cursor, and keeps the facts that go with the next packet.
import { copyBytes } from './copy-bytes.ts';
import type { PacketSink } from './packet-sink.ts';
import { PacketFlag } from './packet-sink.ts';

const EMPTY = new Uint8Array(0);

/** Sink of a writer that is not attached: nothing reaches it. */
const NO_SINK: PacketSink = {
  bytes: EMPTY,
  reserve: () => 0,
  commit: () => undefined,
  leaveGap: () => undefined,
};

/**
 * One packet at a time: `reserve`, `put...`, `commit`. Nothing here allocates. `flags` and
 * `isEnding` wait for the packet that they belong to.
 */
export class PayloadWriter {
  /** RTP timestamp of the packets written next, in the source's domain. */
  timestampTicks = 0;
  /** PacketFlag bits of the next packet; taken by it. */
  flags = 0;
  /** Whether the next final packet is the last of its access unit; taken by it. */
  isEnding = false;
  #sink = NO_SINK;
  #target: Uint8Array = EMPTY;
  #cursor = 0;
  #hasGap = false;

  /** Chooses the sink for what follows; packets are never left half written between calls. */
  attach(sink: PacketSink): void {
    this.#sink = sink;
  }

  reserve(length: number): void {
    this.#cursor = this.#sink.reserve(length);
    this.#target = this.#sink.bytes;
  }

  putByte(value: number): void {
    this.#target[this.#cursor] = value;
    this.#cursor++;
  }

  putUint16(value: number): void {
    this.#target[this.#cursor] = value >>> 8;
    this.#target[this.#cursor + 1] = value;
    this.#cursor += 2;
  }

  /** Copies `[start, end)`; both must lie inside `bytes`. */
  put(bytes: Uint8Array, start: number, end: number): void {
    copyBytes.call(bytes, this.#target, this.#cursor, start, end);
    this.#cursor += end - start;
  }

  /** Finishes the packet. `isFinal` is false for pieces that more pieces follow. */
  commit(isFinal: boolean): void {
    const isLast = isFinal && this.isEnding;
    const flags = isLast ? this.flags | PacketFlag.accessUnitEnd : this.flags;
    this.#sink.commit(this.timestampTicks, isLast, flags);
    this.flags = 0;
    if (isLast) this.isEnding = false;
    this.#hasGap = false;
  }

  /** Copies a whole payload. */
  write(bytes: Uint8Array, start: number, end: number): void {
    this.reserve(end - start);
    this.put(bytes, start, end);
    this.commit(true);
  }

  /** Leaves one hole, however often it is called before the next packet. */
  leaveGap(): void {
    if (this.#hasGap) return;
    this.#hasGap = true;
    this.#sink.leaveGap();
  }
}
