// Cuts bytes that arrive in pieces of one size into packets of another, each behind the same prefix.
import { copyBytes } from './copy-bytes.ts';
import type { PayloadWriter } from './payload-writer.ts';
import { MAX_NORMALIZED_PAYLOAD_BYTES } from './track-normalizer.ts';

/** Longest prefix (payload descriptor or fragmentation header) that is cut, in bytes. */
export const MAX_PREFIX_BYTES = 256;

/**
 * Writes the run of bytes between `begin` and `finish` without waiting for all of it: a full
 * packet leaves as soon as it is known that another follows. What is left of a piece is joined
 * with the next one, so that cutting 1460-byte pieces into 1188 takes 1.25 packets for each and
 * not 2. A piece that fits and has nothing to be joined with is passed on at once.
 */
export class PieceWriter {
  /** Written by the caller before `begin`, without the bits below. */
  readonly prefix = new Uint8Array(MAX_PREFIX_BYTES);
  /** Bits set in the first packet only. Set before `begin`. */
  firstBits = 0;
  /** Bits set in the last packet only. Set before `begin`. */
  lastBits = 0;
  readonly #writer: PayloadWriter;
  readonly #flagIndex: number;
  readonly #maxPayloadBytes: number;
  readonly #carry: Uint8Array;
  #carryLength = 0;
  #prefixLength = 0;
  #restPrefixLength = 0;
  #isOpen = false;
  #isFirst = false;

  /** `flagIndex` is the byte of the prefix that has the bits of the first and last packet. */
  constructor(
    writer: PayloadWriter,
    flagIndex: number,
    maxPayloadBytes: number = MAX_NORMALIZED_PAYLOAD_BYTES,
  ) {
    this.#writer = writer;
    this.#flagIndex = flagIndex;
    this.#maxPayloadBytes = maxPayloadBytes;
    this.#carry = new Uint8Array(maxPayloadBytes);
  }

  /** Whether a run was begun and not finished. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Whether bytes wait to be joined with the next piece. */
  get hasCarry(): boolean {
    return this.#carryLength > 0;
  }

  /** Prefix bytes that the packets behind the first one carry. */
  get restPrefixLength(): number {
    return this.#restPrefixLength;
  }

  /**
   * Starts a run with `prefixLength` bytes of `prefix`; packets behind the first one carry only
   * the first `restPrefixLength` of them.
   */
  begin(prefixLength: number, restPrefixLength: number): void {
    this.#prefixLength = prefixLength;
    this.#restPrefixLength = restPrefixLength;
    this.#carryLength = 0;
    this.#isOpen = true;
    this.#isFirst = true;
  }

  /** Adds a piece that more pieces follow. */
  append(bytes: Uint8Array, start: number, end: number): void {
    const canPass = this.#carryLength === 0;
    const rest = this.#cut(bytes, start, end);
    if (canPass && rest === start) {
      if (end > start) this.#emit(bytes, start, end);
      return;
    }
    copyBytes.call(bytes, this.#carry, this.#carryLength, rest, end);
    this.#carryLength += end - rest;
  }

  /** Adds the last piece and ends the run. */
  finish(bytes: Uint8Array, start: number, end: number): void {
    const rest = this.#cut(bytes, start, end);
    this.#write(bytes, rest, end, true);
    this.#isOpen = false;
  }

  /** Ends a run whose last piece never came: what waits is written without the bits of the last packet. */
  flush(): void {
    if (this.#isOpen && this.#carryLength > 0) this.#emit(this.#carry, 0, 0);
    this.#isOpen = false;
  }

  /** Ends a damaged run: what waits is dropped. */
  discard(): void {
    this.#carryLength = 0;
    this.#isOpen = false;
  }

  /** Writes full packets while more than one is needed; returns where the rest starts. */
  #cut(bytes: Uint8Array, start: number, end: number): number {
    let from = start;
    let room = this.#room();
    while (end - from > room) {
      this.#emit(bytes, from, from + room);
      from += room;
      room = this.#room();
    }
    return from;
  }

  #room(): number {
    return this.#maxPayloadBytes - this.#prefixLength - this.#carryLength;
  }

  #emit(bytes: Uint8Array, start: number, end: number): void {
    this.#write(bytes, start, end, false);
  }

  #write(bytes: Uint8Array, start: number, end: number, isLast: boolean): void {
    const writer = this.#writer;
    const bits = (this.#isFirst ? this.firstBits : 0) | (isLast ? this.lastBits : 0);
    const before = this.prefix[this.#flagIndex] ?? 0;
    writer.reserve(this.#prefixLength + this.#carryLength + end - start);
    this.prefix[this.#flagIndex] = before | bits;
    writer.put(this.prefix, 0, this.#prefixLength);
    this.prefix[this.#flagIndex] = before;
    if (this.#carryLength > 0) writer.put(this.#carry, 0, this.#carryLength);
    writer.put(bytes, start, end);
    writer.commit(isLast);
    this.#carryLength = 0;
    this.#isFirst = false;
    this.#prefixLength = this.#restPrefixLength;
  }
}
