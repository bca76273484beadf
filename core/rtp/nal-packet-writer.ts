// Writes NAL units as RTP payloads: alone, several in one aggregate, or cut into fragments.
import type { Codec } from '../codec/codec.ts';
import type { NalFormat } from './nal-format.ts';
import type { PayloadWriter } from './payload-writer.ts';
import { PieceWriter } from './piece-writer.ts';
import { MAX_NORMALIZED_PAYLOAD_BYTES } from './track-normalizer.ts';

const MAX_QUEUED = 64;
const LENGTH_BYTES = 2;
const S_BIT = 0x80;
const E_BIT = 0x40;
const EMPTY = new Uint8Array(0);

/**
 * Writes through a PayloadWriter, without allocating. `queue` collects NAL units (by reference, so
 * their bytes must stay until the flush) that `flush` packs greedily.
 */
export class NalPacketWriter<C extends Codec> {
  readonly #format: NalFormat<C>;
  readonly #writer: PayloadWriter;
  readonly #pieces: PieceWriter;
  readonly #maxPayloadBytes: number;
  readonly #queued: Uint8Array[] = new Array<Uint8Array>(MAX_QUEUED).fill(EMPTY);
  readonly #starts = new Uint32Array(MAX_QUEUED);
  readonly #ends = new Uint32Array(MAX_QUEUED);
  #count = 0;

  constructor(
    format: NalFormat<C>,
    writer: PayloadWriter,
    maxPayloadBytes: number = MAX_NORMALIZED_PAYLOAD_BYTES,
  ) {
    this.#format = format;
    this.#writer = writer;
    this.#maxPayloadBytes = maxPayloadBytes;
    this.#pieces = new PieceWriter(writer, format.fragmentPrefixBytes - 1, maxPayloadBytes);
    this.#pieces.firstBits = S_BIT;
    this.#pieces.lastBits = E_BIT;
  }

  /** Whether NAL units wait for `flush`. */
  get hasQueued(): boolean {
    return this.#count > 0;
  }

  /** Writes one NAL unit, in fragments when it does not fit. */
  writeNal(bytes: Uint8Array, start: number, end: number): void {
    if (end - start <= this.#maxPayloadBytes) {
      this.#writer.write(bytes, start, end);
      return;
    }
    this.beginNal(this.#format.readHeader(bytes, start));
    this.finishNal(bytes, start + this.#format.headerBytes, end);
  }

  /** Starts a NAL unit that arrives in pieces; `header` is that of the NAL unit itself. */
  beginNal(header: number): void {
    this.#format.writeFragmentPrefix(this.#pieces.prefix, header);
    const prefixBytes = this.#format.fragmentPrefixBytes;
    this.#pieces.begin(prefixBytes, prefixBytes);
  }

  /** Adds a piece that more pieces follow. */
  appendNal(bytes: Uint8Array, start: number, end: number): void {
    this.#pieces.append(bytes, start, end);
  }

  /** Adds the last piece. */
  finishNal(bytes: Uint8Array, start: number, end: number): void {
    this.#pieces.finish(bytes, start, end);
  }

  /** Gives up the NAL unit begun: it was damaged. */
  discardNal(): void {
    this.#pieces.discard();
  }

  /** Adds a NAL unit to the next aggregate. */
  queue(bytes: Uint8Array, start: number, end: number): void {
    if (this.#count === MAX_QUEUED) this.flush(false);
    this.#queued[this.#count] = bytes;
    this.#starts[this.#count] = start;
    this.#ends[this.#count] = end;
    this.#count++;
  }

  /** Writes what was queued. With `isEnding`, its last packet ends the access unit. */
  flush(isEnding: boolean): void {
    let from = 0;
    while (from < this.#count) {
      const to = this.#groupEnd(from);
      this.#writer.isEnding = isEnding && to === this.#count;
      if (to === from + 1) this.#writeQueued(from);
      else this.#writeAggregate(from, to);
      from = to;
    }
    this.#queued.fill(EMPTY, 0, this.#count);
    this.#count = 0;
  }

  /** End of the longest run of queued NAL units from `from` on that fits one aggregate; at least one. */
  #groupEnd(from: number): number {
    let sizeBytes = this.#format.headerBytes;
    let to = from;
    while (to < this.#count) {
      sizeBytes += LENGTH_BYTES + this.#lengthOf(to);
      if (sizeBytes > this.#maxPayloadBytes) break;
      to++;
    }
    return Math.max(to, from + 1);
  }

  #lengthOf(index: number): number {
    return (this.#ends[index] ?? 0) - (this.#starts[index] ?? 0);
  }

  #writeQueued(index: number): void {
    const bytes = this.#queued[index] ?? EMPTY;
    this.writeNal(bytes, this.#starts[index] ?? 0, this.#ends[index] ?? 0);
  }

  #writeAggregate(from: number, to: number): void {
    const writer = this.#writer;
    const format = this.#format;
    let merged = this.#headerOf(from);
    let sizeBytes = format.headerBytes;
    for (let index = from; index < to; index++) {
      merged = format.mergeHeaders(merged, this.#headerOf(index));
      sizeBytes += LENGTH_BYTES + this.#lengthOf(index);
    }
    writer.reserve(sizeBytes);
    const header = format.aggregateHeader(merged);
    if (format.headerBytes === 1) writer.putByte(header);
    else writer.putUint16(header);
    for (let index = from; index < to; index++) {
      writer.putUint16(this.#lengthOf(index));
      writer.put(this.#queued[index] ?? EMPTY, this.#starts[index] ?? 0, this.#ends[index] ?? 0);
    }
    writer.commit(true);
  }

  #headerOf(index: number): number {
    return this.#format.readHeader(this.#queued[index] ?? EMPTY, this.#starts[index] ?? 0);
  }
}
