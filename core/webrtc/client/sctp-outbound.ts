// The sending half of an SCTP association: fragments, congestion window, retransmission and giving
// up (RFC 9260 sections 6 and 7, RFC 3758). It has no timers: the association asks and tells.
import { readUint16, readUint32, writeUint16, writeUint32 } from '../../base/bytes.ts';
import { tsnAfter, tsnDistance } from './sctp-packet.ts';

/** A whole message on its way. */
export interface OutboundMessage {
  readonly streamId: number;
  readonly protocol: number;
  readonly bytes: Uint8Array;
  readonly isOrdered: boolean;
  /** Retransmissions of a piece after which the message is given up; undefined for never. */
  readonly maxRetransmits: number | undefined;
}

/** One piece of a message. */
interface OutboundChunk {
  readonly message: OpenMessage;
  /** Value of the DATA chunk, the number filled in when it is sent first. */
  readonly value: Uint8Array;
  readonly flags: number;
  tsn: number;
  sentCount: number;
  sentMs: number;
  misses: number;
  isAcked: boolean;
  /** Lost, and due to be sent again. */
  isLost: boolean;
}

interface OpenMessage {
  readonly streamId: number;
  readonly sequence: number;
  readonly isOrdered: boolean;
  readonly maxRetransmits: number;
  isAbandoned: boolean;
}

/** What goes into a DATA chunk. */
export interface DueChunk {
  readonly flags: number;
  readonly value: Uint8Array;
}

/** User data per chunk: with all headers, nonce and tag a datagram of 1200 bytes. */
export const MAX_PIECE_BYTES = 1132;
/** Bytes that wait to be sent or acknowledged. */
const MAX_BUFFERED_BYTES = 4 * 1024 * 1024;
/** Below what a socket holds by default (212,992 bytes, counted twice) while its owner is busy. */
const MAX_CONGESTION_WINDOW_BYTES = 64 * 1024;
/** What a message costs beside its bytes, so that many small ones are bounded too. */
const MESSAGE_COST_BYTES = 64;
const DATA_HEADER_BYTES = 12;
const SACK_BYTES = 12;
const MISSES_UNTIL_LOST = 3;
const MIN_RTO_MS = 400;
const MAX_RTO_MS = 10_000;
const INITIAL_RTO_MS = 1000;
const FLAG_END = 1;
const FLAG_BEGIN = 2;
const FLAG_UNORDERED = 4;
const MAX_SKIPPED_STREAMS = 64;

/** Queue, window and round-trip times of one association. */
export class SctpOutbound {
  readonly #initialTsn: number;
  readonly #sequences = new Map<number, number>();
  /** Pieces not sent yet; those before the head are gone. */
  #waiting: OutboundChunk[] = [];
  #head = 0;
  /** Pieces sent and not below the cumulative number yet, in order. */
  #flight: OutboundChunk[] = [];
  #flightBytes = 0;
  #bufferedBytes = 0;
  #nextTsn: number;
  #ackedTsn: number;
  #peerWindowBytes = 0;
  #canGiveUp = false;
  #congestionBytes = 4 * (MAX_PIECE_BYTES + DATA_HEADER_BYTES);
  #thresholdBytes = MAX_CONGESTION_WINDOW_BYTES;
  #partialBytes = 0;
  #recoveryTsn: number | undefined;
  #smoothedMs: number | undefined;
  #variationMs = 0;
  #rtoMs = INITIAL_RTO_MS;

  constructor(initialTsn: number) {
    this.#initialTsn = initialTsn >>> 0;
    this.#nextTsn = this.#initialTsn;
    this.#ackedTsn = tsnAfter(initialTsn, -1);
  }

  /** The number of our first chunk. */
  get initialTsn(): number {
    return this.#initialTsn;
  }

  /** The number of the newest chunk that was sent. */
  get lastTsn(): number {
    return tsnAfter(this.#nextTsn, -1);
  }

  /** Time-out of retransmission; grows with each one. */
  get rtoMs(): number {
    return this.#rtoMs;
  }

  /** Whether something waits for an acknowledgement. */
  get isWaiting(): boolean {
    return this.#flight.length > 0;
  }

  get bufferedBytes(): number {
    return this.#bufferedBytes;
  }

  /** What the peer announced; `canGiveUp` when it knows FORWARD-TSN. */
  begin(peerWindowBytes: number, canGiveUp: boolean): void {
    this.#peerWindowBytes = peerWindowBytes;
    this.#canGiveUp = canGiveUp;
  }

  /** Queues a message; false when it does not fit the memory. The bytes are copied. */
  push(message: OutboundMessage): boolean {
    const { bytes, streamId, isOrdered, maxRetransmits } = message;
    const cost = bytes.length + MESSAGE_COST_BYTES;
    if (bytes.length === 0 || this.#bufferedBytes + cost > MAX_BUFFERED_BYTES) return false;
    const sequence = this.#sequences.get(streamId) ?? 0;
    if (isOrdered) this.#sequences.set(streamId, (sequence + 1) & 0xffff);
    const open: OpenMessage = {
      ...{ streamId, sequence: isOrdered ? sequence : 0, isOrdered },
      maxRetransmits: maxRetransmits ?? Infinity,
      isAbandoned: false,
    };
    for (let offset = 0; offset < bytes.length; offset += MAX_PIECE_BYTES) {
      this.#waiting.push(pieceOf(message, open, offset));
    }
    this.#bufferedBytes += cost;
    return true;
  }

  /** The next chunk that may be sent now; call it until it returns undefined. */
  next(nowMs: number): DueChunk | undefined {
    const chunk = this.#nextLost() ?? this.#nextWaiting();
    if (chunk === undefined) return undefined;
    chunk.sentCount++;
    chunk.sentMs = nowMs;
    chunk.misses = 0;
    chunk.isLost = false;
    this.#flightBytes += chunk.value.length;
    return chunk;
  }

  /**
   * Takes the value of a SACK chunk; undefined when it is malformed or old, else whether it
   * acknowledged something new.
   */
  acknowledge(value: Uint8Array, nowMs: number): boolean | undefined {
    if (value.length < SACK_BYTES) return undefined;
    const cumulative = readUint32(value, 0);
    const step = tsnDistance(this.#ackedTsn, cumulative);
    if (step < 0 || tsnDistance(cumulative, this.lastTsn) < 0) return undefined;
    const wasFull = this.#flightBytes >= this.#congestionBytes;
    const advancedBytes = this.#ackCumulative(cumulative, nowMs);
    const gapBytes = this.#ackGaps(cumulative, value);
    this.#peerWindowBytes = readUint32(value, 4);
    const { length } = this.#flight;
    const recovery = this.#recoveryTsn;
    if (recovery !== undefined && tsnDistance(recovery, cumulative) >= 0) {
      this.#recoveryTsn = undefined;
    }
    if (advancedBytes > 0 && wasFull && this.#recoveryTsn === undefined) {
      this.#grow(advancedBytes + gapBytes);
    }
    if (length === 0) this.#partialBytes = 0;
    // A step over what was given up says that the peer is there, too.
    return step > 0 || gapBytes > 0;
  }

  /** The time-out passed: everything in flight is lost, the window starts small again. */
  onTimeout(): void {
    this.#rtoMs = Math.min(this.#rtoMs * 2, MAX_RTO_MS);
    this.#thresholdBytes = Math.max(this.#congestionBytes / 2, 4 * MAX_PIECE_BYTES);
    this.#congestionBytes = MAX_PIECE_BYTES + DATA_HEADER_BYTES;
    this.#partialBytes = 0;
    this.#recoveryTsn = undefined;
    for (const chunk of this.#flight) this.#lose(chunk);
    this.#landAbandoned();
  }

  /**
   * The value of a FORWARD-TSN chunk (RFC 3758 section 3.2) when messages at the front were given
   * up; undefined when there is none.
   */
  forwardTsn(): Uint8Array | undefined {
    let point: number | undefined;
    const skipped = new Map<number, number>();
    for (const { message, tsn, isAcked } of this.#flight) {
      if (!message.isAbandoned && !isAcked) break;
      if (!message.isAbandoned) continue;
      point = tsn;
      if (message.isOrdered) skipped.set(message.streamId, message.sequence);
      if (skipped.size >= MAX_SKIPPED_STREAMS) break;
    }
    if (point === undefined) return undefined;
    const value = new Uint8Array(4 + skipped.size * 4);
    writeUint32(value, 0, point);
    let offset = 4;
    for (const [streamId, sequence] of skipped) {
      writeUint16(value, offset, streamId);
      writeUint16(value, offset + 2, sequence);
      offset += 4;
    }
    return value;
  }

  /** The peer reset this stream: its numbers begin anew (RFC 6525 section 5.2.7). */
  resetStream(streamId: number): void {
    this.#sequences.delete(streamId);
  }

  #nextLost(): OutboundChunk | undefined {
    if (this.#flightBytes >= this.#congestionBytes) return undefined;
    return this.#flight.find((chunk) => chunk.isLost && !chunk.isAcked);
  }

  #nextWaiting(): OutboundChunk | undefined {
    for (;;) {
      const chunk = this.#waiting[this.#head];
      if (chunk === undefined) return undefined;
      // A full or closed window of the peer is probed by one chunk (RFC 9260 section 6.1, A).
      const isFull = this.#flightBytes >= Math.min(this.#congestionBytes, this.#peerWindowBytes);
      if (isFull && this.#flight.length > 0 && !chunk.message.isAbandoned) return undefined;
      this.#shift();
      if (chunk.message.isAbandoned) {
        this.#forget(chunk);
        continue;
      }
      chunk.tsn = this.#nextTsn;
      writeUint32(chunk.value, 0, chunk.tsn);
      this.#nextTsn = tsnAfter(this.#nextTsn, 1);
      this.#flight.push(chunk);
      return chunk;
    }
  }

  #shift(): void {
    this.#head++;
    if (this.#head * 2 < this.#waiting.length) return;
    this.#waiting = this.#waiting.slice(this.#head);
    this.#head = 0;
  }

  #ackCumulative(cumulative: number, nowMs: number): number {
    let count = 0;
    let ackedBytes = 0;
    for (const chunk of this.#flight) {
      if (tsnDistance(chunk.tsn, cumulative) < 0) break;
      count++;
      if (!chunk.isAcked) ackedBytes += chunk.value.length;
      // Karn: only what was sent once tells the time.
      if (chunk.tsn === cumulative && chunk.sentCount === 1 && !chunk.isAcked) {
        this.#measure(nowMs - chunk.sentMs);
      }
      this.#land(chunk);
      this.#forget(chunk);
    }
    if (count > 0) this.#flight.splice(0, count);
    this.#ackedTsn = cumulative;
    return ackedBytes;
  }

  /** Gap blocks count from the cumulative number and have to ascend. */
  #ackGaps(cumulative: number, value: Uint8Array): number {
    const blocks = Math.min(readUint16(value, 8), Math.floor((value.length - SACK_BYTES) / 4));
    let ackedBytes = 0;
    let block = 0;
    let highest = 0;
    for (const chunk of this.#flight) {
      const distance = tsnDistance(cumulative, chunk.tsn);
      while (block < blocks && readUint16(value, SACK_BYTES + block * 4 + 2) < distance) block++;
      if (block >= blocks) break;
      if (readUint16(value, SACK_BYTES + block * 4) > distance) continue;
      if (!chunk.isAcked) {
        ackedBytes += chunk.value.length;
        highest = distance;
      }
      this.#land(chunk);
    }
    if (highest > 0) this.#countMisses(cumulative, highest);
    return ackedBytes;
  }

  /** RFC 9260 section 7.2.4: three later acknowledgements mean lost; once, then the time-out. */
  #countMisses(cumulative: number, highest: number): void {
    let hasLoss = false;
    for (const chunk of this.#flight) {
      if (tsnDistance(cumulative, chunk.tsn) >= highest) break;
      if (chunk.isAcked || chunk.isLost || chunk.sentCount > 1) continue;
      chunk.misses++;
      if (chunk.misses < MISSES_UNTIL_LOST) continue;
      this.#lose(chunk);
      hasLoss = true;
    }
    if (hasLoss) this.#landAbandoned();
    if (!hasLoss || this.#recoveryTsn !== undefined) return;
    this.#thresholdBytes = Math.max(this.#congestionBytes / 2, 4 * MAX_PIECE_BYTES);
    this.#congestionBytes = this.#thresholdBytes;
    this.#partialBytes = 0;
    this.#recoveryTsn = this.lastTsn;
  }

  #lose(chunk: OutboundChunk): void {
    if (chunk.isAcked || chunk.isLost) return;
    this.#flightBytes -= chunk.value.length;
    chunk.isLost = true;
    const { message } = chunk;
    if (!this.#canGiveUp || chunk.sentCount <= message.maxRetransmits) return;
    message.isAbandoned = true;
  }

  /** Pieces of messages that were given up count as acknowledged. */
  #landAbandoned(): void {
    for (const chunk of this.#flight) if (chunk.message.isAbandoned) this.#land(chunk);
  }

  /** Takes a chunk out of what counts as being on its way. */
  #land(chunk: OutboundChunk): void {
    if (!chunk.isAcked && !chunk.isLost) this.#flightBytes -= chunk.value.length;
    chunk.isAcked = true;
    chunk.isLost = false;
  }

  #forget({ flags, value }: OutboundChunk): void {
    const cost = flags & FLAG_END ? MESSAGE_COST_BYTES : 0;
    this.#bufferedBytes -= value.length - DATA_HEADER_BYTES + cost;
  }

  #grow(ackedBytes: number): void {
    const piece = MAX_PIECE_BYTES + DATA_HEADER_BYTES;
    if (this.#congestionBytes <= this.#thresholdBytes) {
      this.#congestionBytes += Math.min(ackedBytes, piece);
    } else {
      this.#partialBytes += ackedBytes;
      if (this.#partialBytes < this.#congestionBytes) return;
      this.#partialBytes -= this.#congestionBytes;
      this.#congestionBytes += piece;
    }
    this.#congestionBytes = Math.min(this.#congestionBytes, MAX_CONGESTION_WINDOW_BYTES);
  }

  /** RFC 9260 section 6.3.1. */
  #measure(roundTripMs: number): void {
    if (this.#smoothedMs === undefined) {
      this.#smoothedMs = roundTripMs;
      this.#variationMs = roundTripMs / 2;
    } else {
      const deviation = Math.abs(this.#smoothedMs - roundTripMs);
      this.#variationMs = 0.75 * this.#variationMs + 0.25 * deviation;
      this.#smoothedMs = 0.875 * this.#smoothedMs + 0.125 * roundTripMs;
    }
    const rtoMs = this.#smoothedMs + 4 * this.#variationMs;
    this.#rtoMs = Math.min(MAX_RTO_MS, Math.max(MIN_RTO_MS, rtoMs));
  }
}

function pieceOf(message: OutboundMessage, open: OpenMessage, offset: number): OutboundChunk {
  const end = Math.min(offset + MAX_PIECE_BYTES, message.bytes.length);
  const value = new Uint8Array(DATA_HEADER_BYTES + end - offset);
  writeUint16(value, 4, open.streamId);
  writeUint16(value, 6, open.sequence);
  writeUint32(value, 8, message.protocol);
  value.set(message.bytes.subarray(offset, end), DATA_HEADER_BYTES);
  const flags =
    (offset === 0 ? FLAG_BEGIN : 0) |
    (end === message.bytes.length ? FLAG_END : 0) |
    (open.isOrdered ? 0 : FLAG_UNORDERED);
  return {
    ...{ message: open, value, flags, tsn: 0, sentCount: 0, sentMs: 0, misses: 0 },
    ...{ isAcked: false, isLost: false },
  };
}
