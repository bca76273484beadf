// The receiving half of an SCTP association: which DATA chunks came, what to acknowledge, and whole
// messages. Everything is delivered in the order of transmission numbers, which is stricter than
// unordered channels ask for and the same for the one ordered channel that a peer of ours has.
import { readUint16, readUint32, writeUint16, writeUint32 } from '../../base/bytes.ts';
import { tsnAfter, tsnDistance } from './sctp-packet.ts';

/** Gets whole messages; the bytes may be kept. */
export type SctpMessageHandler = (streamId: number, protocol: number, bytes: Uint8Array) => void;

/**
 * Told to the peer as receiver window: bytes that wait for a missing chunk. Ten Mbit/s over 200 ms;
 * more and a burst of the peer overflows our socket.
 */
export const RECEIVE_WINDOW_BYTES = 256 * 1024;
/** Longest message taken; told in `a=max-message-size`. */
export const MAX_MESSAGE_BYTES = 256 * 1024;
/** Chunks ahead of the first missing one; a power of two. */
const WINDOW_CHUNKS = 4096;
/** Pieces of one message; who cuts finer wants our memory. */
const MAX_PARTS = 4096;
const MAX_GAPS = 64;
const DATA_HEADER_BYTES = 12;
const SACK_BYTES = 12;
const FLAG_END = 1;
const FLAG_BEGIN = 2;

interface InboundChunk {
  readonly flags: number;
  readonly streamId: number;
  readonly protocol: number;
  readonly bytes: Uint8Array;
}

/** Counters of what was not taken. */
export interface SctpInboundStats {
  duplicates: number;
  /** Chunks ahead of the window or beyond the memory, dropped: the peer sends them again. */
  overflows: number;
  /** Messages that were too long or incomplete. */
  droppedMessages: number;
}

/** Begins with the first transmission number that the peer announced. */
export class SctpInbound {
  readonly stats: SctpInboundStats = { duplicates: 0, overflows: 0, droppedMessages: 0 };
  readonly #onMessage: SctpMessageHandler;
  /** Chunks ahead of the first missing one, each at its number modulo the window. */
  readonly #ahead = new Array<InboundChunk | undefined>(WINDOW_CHUNKS).fill(undefined);
  #cumulative: number;
  /** Distance from the cumulative number to the highest one that came. */
  #reach = 0;
  #aheadBytes = 0;
  #parts: Uint8Array[] = [];
  #partsBytes = 0;
  #isSkipping = false;
  #stream = 0;

  constructor(initialTsn: number, onMessage: SctpMessageHandler) {
    this.#cumulative = tsnAfter(initialTsn, -1);
    this.#onMessage = onMessage;
  }

  get hasGap(): boolean {
    return this.#reach > 0;
  }

  /** Everything up to this number came or was given up. */
  get cumulativeTsn(): number {
    return this.#cumulative;
  }

  /** Takes the value of a DATA chunk; false when it is malformed (no user data). */
  receive(flags: number, value: Uint8Array): boolean {
    if (value.length <= DATA_HEADER_BYTES) return false;
    const distance = tsnDistance(this.#cumulative, readUint32(value, 0));
    const slot = readUint32(value, 0) % WINDOW_CHUNKS;
    if (distance <= 0 || (distance < WINDOW_CHUNKS && this.#ahead[slot] !== undefined)) {
      this.stats.duplicates++;
      return true;
    }
    const length = value.length - DATA_HEADER_BYTES;
    const isTooMuch = distance > 1 && this.#aheadBytes + length > RECEIVE_WINDOW_BYTES;
    if (distance >= WINDOW_CHUNKS || isTooMuch) {
      this.stats.overflows++;
      return true;
    }
    const bytes = value.subarray(DATA_HEADER_BYTES);
    const chunk = {
      flags,
      streamId: readUint16(value, 4),
      protocol: readUint32(value, 8),
      // A small chunk that waits must not keep the whole record alive.
      bytes: distance > 1 || (flags & (FLAG_BEGIN | FLAG_END)) !== 3 ? bytes.slice() : bytes,
    };
    if (distance > 1) {
      this.#ahead[slot] = chunk;
      this.#aheadBytes += length;
      this.#reach = Math.max(this.#reach, distance);
      return true;
    }
    this.#step(chunk);
    this.#drain();
    return true;
  }

  /** RFC 3758 section 3.6: the peer gives up everything up to its number. */
  forward(value: Uint8Array): void {
    if (value.length < 4) return;
    const distance = tsnDistance(this.#cumulative, readUint32(value, 0));
    if (distance <= 0) return;
    if (distance >= WINDOW_CHUNKS) {
      this.#leap(readUint32(value, 0));
      return;
    }
    // What came is delivered, unless a part of it is missing.
    for (let step = 0; step < distance; step++) {
      this.#step(this.#reach > 0 ? this.#take() : undefined);
    }
    this.#drain();
  }

  /** The value of a SACK chunk, RFC 9260 section 3.3.4. */
  sack(): Uint8Array {
    const gaps: number[] = [];
    for (let at = 2; at <= this.#reach && gaps.length < MAX_GAPS * 2; at++) {
      if (this.#ahead[tsnAfter(this.#cumulative, at) % WINDOW_CHUNKS] === undefined) continue;
      const isNext = gaps.length > 0 && gaps.at(-1) === at - 1;
      if (isNext) gaps[gaps.length - 1] = at;
      else gaps.push(at, at);
    }
    const value = new Uint8Array(SACK_BYTES + gaps.length * 2);
    writeUint32(value, 0, this.#cumulative);
    // Parts of a message are not counted: the window would close before a long one is whole.
    writeUint32(value, 4, Math.max(0, RECEIVE_WINDOW_BYTES - this.#aheadBytes));
    writeUint16(value, 8, gaps.length / 2);
    gaps.forEach((gap, index) => writeUint16(value, SACK_BYTES + index * 2, gap));
    return value;
  }

  #leap(tsn: number): void {
    this.#ahead.fill(undefined);
    this.#aheadBytes = 0;
    this.#reach = 0;
    this.#cumulative = tsnAfter(tsn, -1);
    this.#step(undefined);
  }

  #drain(): void {
    while (this.#reach > 0) {
      const chunk = this.#take();
      if (chunk === undefined) return;
      this.#step(chunk);
    }
  }

  /** Takes out the chunk that follows the cumulative number, if it came. */
  #take(): InboundChunk | undefined {
    const slot = tsnAfter(this.#cumulative, 1) % WINDOW_CHUNKS;
    const chunk = this.#ahead[slot];
    if (chunk === undefined) return undefined;
    this.#ahead[slot] = undefined;
    this.#aheadBytes -= chunk.bytes.length;
    return chunk;
  }

  /** Moves on by one number; without a chunk it was given up. */
  #step(chunk: InboundChunk | undefined): void {
    this.#cumulative = tsnAfter(this.#cumulative, 1);
    if (this.#reach > 0) this.#reach--;
    if (chunk === undefined) {
      this.#dropParts();
      this.#isSkipping = true;
      return;
    }
    this.#assemble(chunk);
  }

  #assemble({ flags, streamId, protocol, bytes }: InboundChunk): void {
    if (flags & FLAG_BEGIN) {
      this.#dropParts();
      this.#isSkipping = false;
      this.#stream = streamId;
    } else if (this.#isSkipping || this.#parts.length === 0 || streamId !== this.#stream) {
      this.#dropParts();
      this.#isSkipping = true;
      return;
    }
    this.#parts.push(bytes);
    this.#partsBytes += bytes.length;
    if (this.#partsBytes > MAX_MESSAGE_BYTES || this.#parts.length > MAX_PARTS) {
      this.#dropParts();
      this.#isSkipping = true;
      return;
    }
    if (!(flags & FLAG_END)) return;
    const parts = this.#parts;
    this.#parts = [];
    this.#partsBytes = 0;
    const [first] = parts;
    const message = parts.length === 1 && first ? first : Buffer.concat(parts);
    this.#onMessage(streamId, protocol, message);
  }

  #dropParts(): void {
    if (this.#parts.length === 0) return;
    this.stats.droppedMessages++;
    this.#parts = [];
    this.#partsBytes = 0;
  }
}
