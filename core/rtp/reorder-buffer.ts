// Puts the packets of one UDP stream back in order, within bounds of packets and time.
import { sequenceDistance } from './sequence-number.ts';

/** Gets the packets in order. Called inside `push()` and `poll()`; must not call those. */
export interface ReorderHandler {
  /** The next packet; `packet` is valid only during the call. */
  onPacket(packet: Uint8Array, extendedSequence: number): void;
  /** So many packets were given up before the next `onPacket`. */
  onLoss(lostCount: number): void;
  /** The sequence numbers started anew: the source restarted. */
  onRestart(): void;
}

/** Bounds of a reorder buffer. */
export interface ReorderBufferOptions {
  /** Packets that can be held, a power of two, 64..512. */
  readonly capacityPackets?: number;
  /** How long a gap is waited for, in milliseconds. */
  readonly holdMs?: number;
  /** Longest packet that can be held; longer ones pass in order but are dropped out of order. */
  readonly slotBytes?: number;
}

/** A jump ahead of more than this needs a second packet to be believed (RFC 3550 appendix A.1). */
const MAX_DROPOUT = 3000;
const DEFAULT_CAPACITY = 128;
const DEFAULT_HOLD_MS = 100;
const DEFAULT_SLOT_BYTES = 1536;

/**
 * Bounded reorder buffer. Packets in order pass without a copy; early ones are copied into a slab
 * that was allocated once. A gap is given up when the packet behind it has waited `holdMs`, or
 * when a packet comes that no longer fits. All times are monotonic milliseconds.
 */
export class ReorderBuffer {
  /** May be changed at any time, e.g. with the round-trip time. */
  holdMs: number;
  /** Packets that never came in time. */
  lostCount = 0;
  /** Second copies of held packets. */
  duplicateCount = 0;
  /** Packets that came after they were passed or given up. */
  lateCount = 0;
  /** Packets dropped because they were out of order and longer than a slot. */
  oversizedCount = 0;
  restartCount = 0;
  readonly capacityPackets: number;
  readonly #handler: ReorderHandler;
  readonly #slotBytes: number;
  /** One slot more than the capacity, for the packet that may begin a restart. */
  readonly #slab: Uint8Array;
  /** 0 for an empty slot. */
  readonly #lengths: Uint16Array;
  /** Arrival of a held packet, or when it was noticed that a packet is missing. */
  readonly #times: Float64Array;
  #next = -1;
  #highest = -1;
  #unreportedLoss = 0;
  #suspectSequence = -1;
  #suspectLength = 0;

  constructor(handler: ReorderHandler, options: ReorderBufferOptions = {}) {
    const asked = options.capacityPackets ?? DEFAULT_CAPACITY;
    this.capacityPackets = 2 ** Math.ceil(Math.log2(Math.max(64, Math.min(512, asked))));
    this.holdMs = options.holdMs ?? DEFAULT_HOLD_MS;
    this.#handler = handler;
    this.#slotBytes = Math.max(1, Math.min(0xffff, options.slotBytes ?? DEFAULT_SLOT_BYTES));
    this.#slab = new Uint8Array((this.capacityPackets + 1) * this.#slotBytes);
    this.#lengths = new Uint16Array(this.capacityPackets);
    this.#times = new Float64Array(this.capacityPackets);
  }

  /** Extended number of the packet that comes next; -1 before the first. */
  get nextSequence(): number {
    return this.#next;
  }

  /** Highest extended number received; `nextSequence - 1` when nothing is held. */
  get highestSequence(): number {
    return this.#highest;
  }

  /** When `poll()` will give up the current gap; undefined when nothing waits. */
  get deadlineMs(): number | undefined {
    const held = this.#firstHeld();
    return held < 0 ? undefined : (this.#times[held & this.#mask] ?? 0) + this.holdMs;
  }

  get #mask(): number {
    return this.capacityPackets - 1;
  }

  /** When it was noticed that this extended number is missing; undefined when it is not missing. */
  missingSinceMs(extendedSequence: number): number | undefined {
    if (extendedSequence < this.#next || extendedSequence >= this.#highest) return undefined;
    const slot = extendedSequence & this.#mask;
    return this.#lengths[slot] === 0 ? this.#times[slot] : undefined;
  }

  /** Takes a whole RTP packet with its 16-bit sequence number; empty packets are ignored. */
  push(packet: Uint8Array, sequenceNumber: number, nowMs: number): void {
    if (packet.length === 0) return;
    if (this.#next < 0) {
      this.#next = 0x10000 + (sequenceNumber & 0xffff);
      this.#highest = this.#next - 1;
    }
    const ahead = sequenceDistance(this.#next, sequenceNumber);
    if (ahead > MAX_DROPOUT || ahead < -this.capacityPackets) {
      this.#pushSuspect(packet, sequenceNumber & 0xffff);
      return;
    }
    this.#suspectSequence = -1;
    if (ahead < 0) this.lateCount++;
    else this.#pushExpected(packet, this.#next + ahead, nowMs);
    if (this.#highest >= this.#next) this.poll(nowMs);
  }

  /** Gives up gaps that were waited for long enough. Call it at `deadlineMs` or every few ms. */
  poll(nowMs: number): void {
    for (let held = this.#firstHeld(); held >= 0; held = this.#firstHeld()) {
      const arrivedMs = this.#times[held & this.#mask] ?? 0;
      if (nowMs - arrivedMs < this.holdMs) return;
      this.#advanceTo(held);
      this.#drain();
    }
  }

  /** Passes on everything held, giving up every gap; use it at the end of a stream. */
  flush(): void {
    this.#advanceTo(this.#highest + 1);
  }

  /** Forgets held packets and numbers: the next packet is the first (new SSRC, new session). */
  reset(): void {
    this.#lengths.fill(0);
    this.#next = -1;
    this.#highest = -1;
    this.#unreportedLoss = 0;
    this.#suspectSequence = -1;
  }

  #pushExpected(packet: Uint8Array, sequence: number, nowMs: number): void {
    if (sequence === this.#next) {
      if (this.#highest < sequence) this.#highest = sequence;
      this.#pass(packet);
      this.#drain();
      return;
    }
    if (packet.length > this.#slotBytes) {
      this.oversizedCount++;
      return;
    }
    this.#advanceTo(sequence - this.capacityPackets + 1);
    this.#drain();
    const slot = sequence & this.#mask;
    if (sequence <= this.#highest && this.#lengths[slot] !== 0) {
      this.duplicateCount++;
      return;
    }
    for (let missing = this.#highest + 1; missing < sequence; missing++) {
      this.#times[missing & this.#mask] = nowMs;
    }
    this.#highest = Math.max(this.#highest, sequence);
    this.#slab.set(packet, slot * this.#slotBytes);
    this.#lengths[slot] = packet.length;
    this.#times[slot] = nowMs;
  }

  /**
   * A number far off the expected one is either a stray packet or a restarted source; the one
   * after it decides. The suspect is kept, since a restart begins with a key frame.
   */
  #pushSuspect(packet: Uint8Array, sequence: number): void {
    const start = this.capacityPackets * this.#slotBytes;
    if (sequence !== this.#suspectSequence) {
      this.#suspectSequence = (sequence + 1) & 0xffff;
      this.#suspectLength = packet.length <= this.#slotBytes ? packet.length : 0;
      if (this.#suspectLength > 0) this.#slab.set(packet, start);
      return;
    }
    this.flush();
    this.restartCount++;
    this.#unreportedLoss = 0;
    this.#handler.onRestart();
    // One cycle further: extended numbers never go back. Room for the suspect before this packet.
    this.#next = (Math.floor(this.#next / 0x10000) + 2) * 0x10000 + sequence - 1;
    this.#highest = this.#next;
    this.#suspectSequence = -1;
    if (this.#suspectLength > 0)
      this.#pass(this.#slab.subarray(start, start + this.#suspectLength));
    else this.#next++;
    this.#highest = this.#next;
    this.#pass(packet);
  }

  /** Extended number of the first held packet, or -1. */
  #firstHeld(): number {
    for (let sequence = this.#next; sequence <= this.#highest; sequence++) {
      if (this.#lengths[sequence & this.#mask] !== 0) return sequence;
    }
    return -1;
  }

  /** Passes what is held before `target` and counts the rest as lost. */
  #advanceTo(target: number): void {
    while (this.#next < target) {
      if (this.#next > this.#highest) {
        this.#giveUp(target - this.#next);
      } else if (this.#lengths[this.#next & this.#mask] === 0) {
        this.#giveUp(1);
      } else {
        this.#passHeld();
      }
    }
    if (this.#highest < this.#next - 1) this.#highest = this.#next - 1;
  }

  #drain(): void {
    while (this.#next <= this.#highest && this.#lengths[this.#next & this.#mask] !== 0) {
      this.#passHeld();
    }
  }

  #giveUp(count: number): void {
    this.lostCount += count;
    this.#unreportedLoss += count;
    this.#next += count;
  }

  #passHeld(): void {
    const slot = this.#next & this.#mask;
    const start = slot * this.#slotBytes;
    const length = this.#lengths[slot] ?? 0;
    this.#lengths[slot] = 0;
    this.#pass(this.#slab.subarray(start, start + length));
  }

  #pass(packet: Uint8Array): void {
    const sequence = this.#next;
    this.#next = sequence + 1;
    if (this.#unreportedLoss > 0) {
      const lost = this.#unreportedLoss;
      this.#unreportedLoss = 0;
      this.#handler.onLoss(lost);
    }
    this.#handler.onPacket(packet, sequence);
  }
}
