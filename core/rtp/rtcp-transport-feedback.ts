// Collects arrival times by transport-wide sequence number and writes the feedback a sender's rate control needs.
import { writeUint16, writeUint24, writeUint32 } from '../base/bytes.ts';
import { RtcpFeedback, RtcpType } from './rtcp-reports.ts';
import { SequenceUnwrapper } from './sequence-number.ts';

/** Arrivals kept, a power of two: at 1000 packets/s two seconds. */
const WINDOW = 2048;
const MASK = WINDOW - 1;
const HEADER_BYTES = 20;
/** Deltas count in 250 us (section 3.1.5). */
const TICKS_PER_MS = 4;
/** The reference time counts in 64 ms (section 3.1). */
const TICKS_PER_REFERENCE = 64 * TICKS_PER_MS;
const NOT_RECEIVED = 0;
const SMALL_DELTA = 1;
const LARGE_DELTA = 2;
const MAX_RUN = 0x1fff;
const ONE_BIT_STATUSES = 14;
const TWO_BIT_STATUSES = 7;

/**
 * Builder of transport-wide congestion control feedback
 * (draft-holmer-rmcat-transport-wide-cc-extensions-01 section 3.1). One object serves the whole
 * transport: record every packet of it, padding and retransmissions too, whatever its SSRC.
 *
 * ```
 * |V=2|P|  FMT=15 |    PT=205     |           length              |
 * |                     SSRC of packet sender                     |
 * |                      SSRC of media source                     |
 * |      base sequence number     |      packet status count      |
 * |                 reference time                | fb pkt. count |
 * |          packet chunk         |         packet chunk  ...     |
 * |  recv delta   |  recv delta   | ...           | zero padding  |
 * ```
 */
export class TransportFeedbackBuilder {
  readonly #unwrapper = new SequenceUnwrapper();
  /** Arrival in 250 us ticks plus one; 0 when the packet did not arrive. */
  readonly #arrivals = new Float64Array(WINDOW);
  readonly #statuses = new Uint8Array(WINDOW);
  readonly #deltas = new Int16Array(WINDOW);
  /** First extended sequence number that the next feedback reports. */
  #base = -1;
  #feedbackCount = 0;

  /** Whether packets arrived that no feedback reported yet. */
  get hasPending(): boolean {
    return this.#base >= 0 && this.#base <= this.#unwrapper.highest;
  }

  /** Notes the arrival (monotonic milliseconds) of a packet with this 16-bit transport sequence. */
  record(sequenceNumber: number, arrivalMs: number): void {
    const previous = this.#unwrapper.highest;
    const sequence = this.#unwrapper.unwrap(sequenceNumber);
    if (previous < 0) this.#base = sequence;
    if (sequence <= previous - WINDOW) return;
    const firstNew = Math.max(previous + 1, sequence - MASK);
    for (let fresh = firstNew; previous >= 0 && fresh < sequence; fresh++) {
      this.#arrivals[fresh & MASK] = 0;
    }
    // A second copy must not move the arrival that was already reported.
    if (sequence <= previous && (this.#arrivals[sequence & MASK] ?? 0) !== 0) return;
    this.#arrivals[sequence & MASK] = Math.floor(arrivalMs * TICKS_PER_MS) + 1;
    // A late packet opens the reported range again; an overrun window gives up its oldest part.
    this.#base = Math.max(Math.min(this.#base, sequence), this.#unwrapper.highest - MASK);
  }

  /**
   * Writes one feedback packet for what is pending and returns the offset behind it; unchanged
   * when nothing is pending or the buffer is too small. Call again while `hasPending`: a time gap
   * too long for a delta, or a full buffer, splits the report.
   */
  write(
    buffer: Uint8Array,
    offset: number,
    addressing: { readonly senderSsrc: number; readonly mediaSsrc: number },
  ): number {
    if (!this.hasPending) return offset;
    const room = buffer.length - offset - HEADER_BYTES;
    const reference = this.#referenceTime();
    const count = this.#measure(reference, room);
    if (count === 0) return offset;
    const chunksEnd = this.#writeChunks(buffer, offset + HEADER_BYTES, count);
    let end = this.#writeDeltas(buffer, chunksEnd, count);
    while ((end - offset) % 4 !== 0) buffer[end++] = 0;
    buffer[offset] = 0x80 | RtcpFeedback.transportWide;
    buffer[offset + 1] = RtcpType.transportFeedback;
    writeUint16(buffer, offset + 2, (end - offset) / 4 - 1);
    writeUint32(buffer, offset + 4, addressing.senderSsrc);
    writeUint32(buffer, offset + 8, addressing.mediaSsrc);
    writeUint16(buffer, offset + 12, this.#base & 0xffff);
    writeUint16(buffer, offset + 14, count);
    writeUint24(buffer, offset + 16, reference & 0xffffff);
    buffer[offset + 19] = this.#feedbackCount;
    this.#feedbackCount = (this.#feedbackCount + 1) & 0xff;
    this.#base += count;
    return end;
  }

  /** 64 ms units of the first packet that arrived; the rest of its time goes into its delta. */
  #referenceTime(): number {
    let sequence = this.#base;
    while (this.#arrivals[sequence & MASK] === 0) sequence++;
    return Math.floor(((this.#arrivals[sequence & MASK] ?? 1) - 1) / TICKS_PER_REFERENCE);
  }

  /** Fills statuses and deltas from the base on; returns how many packets fit in `room` bytes. */
  #measure(reference: number, room: number): number {
    let previous = reference * TICKS_PER_REFERENCE;
    let deltaBytes = 0;
    let count = 0;
    // Every chunk but the last covers at least seven statuses; up to three bytes of padding follow.
    for (let sequence = this.#base; sequence <= this.#unwrapper.highest; sequence++) {
      const arrival = this.#arrivals[sequence & MASK] ?? 0;
      let status = NOT_RECEIVED;
      if (arrival !== 0) {
        const delta = arrival - 1 - previous;
        if (delta < -0x8000 || delta > 0x7fff) break;
        status = delta >= 0 && delta <= 0xff ? SMALL_DELTA : LARGE_DELTA;
        previous = arrival - 1;
        this.#deltas[count] = delta;
      }
      const chunkBytes = 2 * Math.ceil((count + 1) / TWO_BIT_STATUSES);
      if (chunkBytes + deltaBytes + status + 3 > room) break;
      deltaBytes += status;
      this.#statuses[count++] = status;
    }
    return this.#withoutTrailingLoss(count);
  }

  /**
   * A split report ends with a packet that arrived; a run of losses before the split is left to
   * the next report, unless nothing else is in it.
   */
  #withoutTrailingLoss(count: number): number {
    let trimmed = count;
    while (trimmed > 0 && this.#statuses[trimmed - 1] === NOT_RECEIVED) trimmed--;
    return trimmed === 0 ? count : trimmed;
  }

  #writeChunks(buffer: Uint8Array, start: number, count: number): number {
    let offset = start;
    let index = 0;
    while (index < count) {
      const run = this.#runLength(index, count);
      const vector = Math.min(ONE_BIT_STATUSES, count - index);
      if (run >= TWO_BIT_STATUSES || run === count - index) {
        writeUint16(buffer, offset, ((this.#statuses[index] ?? 0) << 13) | run);
        index += run;
      } else if (this.#hasNoLargeDelta(index, vector)) {
        writeUint16(buffer, offset, 0x8000 | this.#vectorBits(index, vector, 1));
        index += vector;
      } else {
        const length = Math.min(TWO_BIT_STATUSES, count - index);
        writeUint16(buffer, offset, 0xc000 | this.#vectorBits(index, length, 2));
        index += length;
      }
      offset += 2;
    }
    return offset;
  }

  #runLength(start: number, count: number): number {
    const limit = Math.min(count, start + MAX_RUN);
    let end = start + 1;
    while (end < limit && this.#statuses[end] === this.#statuses[start]) end++;
    return end - start;
  }

  #hasNoLargeDelta(start: number, length: number): boolean {
    for (let index = start; index < start + length; index++) {
      if (this.#statuses[index] === LARGE_DELTA) return false;
    }
    return true;
  }

  /** Statuses from the most significant of 14 bits down, `width` bits each. */
  #vectorBits(start: number, length: number, width: number): number {
    let bits = 0;
    for (let index = 0; index < length; index++) {
      bits |= (this.#statuses[start + index] ?? 0) << (ONE_BIT_STATUSES - (index + 1) * width);
    }
    return bits;
  }

  #writeDeltas(buffer: Uint8Array, start: number, count: number): number {
    let offset = start;
    for (let index = 0; index < count; index++) {
      const status = this.#statuses[index];
      const delta = this.#deltas[index] ?? 0;
      if (status === SMALL_DELTA) buffer[offset++] = delta;
      if (status === LARGE_DELTA) {
        writeUint16(buffer, offset, delta & 0xffff);
        offset += 2;
      }
    }
    return offset;
  }
}
