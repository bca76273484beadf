// Decides which missing packets to ask for now: when first, how often again, and when to stop.
import type { ReorderBuffer } from './reorder-buffer.ts';

/** Timing of requests; defaults suit round trips up to 100 ms. */
export interface NackScheduleOptions {
  /** Requests per missing packet at most. */
  readonly maxTries?: number;
  /** A packet missing for longer is no longer asked for, in milliseconds. */
  readonly maxAgeMs?: number;
  /** Wait before the first request: the packet may only be out of order. */
  readonly firstDelayMs?: number;
  /** Shortest time between two requests for one packet. */
  readonly minIntervalMs?: number;
}

const DEFAULT_MAX_TRIES = 10;
const DEFAULT_MAX_AGE_MS = 1000;
const DEFAULT_FIRST_DELAY_MS = 10;
const DEFAULT_MIN_INTERVAL_MS = 20;
const DEFAULT_ROUND_TRIP_MS = 100;

/**
 * NACK timing over the gaps of a ReorderBuffer (RFC 4585 section 6.2.1 leaves it to the receiver).
 * A repetition waits for a round trip, else every try would be spent before the first answer.
 */
export class NackSchedule {
  /** Round-trip time to the sender in milliseconds; set it when it is measured. */
  roundTripMs = DEFAULT_ROUND_TRIP_MS;
  /** Sequence numbers that were asked for, repetitions included. */
  requestCount = 0;
  readonly #buffer: ReorderBuffer;
  readonly #maxTries: number;
  readonly #maxAgeMs: number;
  readonly #firstDelayMs: number;
  readonly #minIntervalMs: number;
  /** Which extended number the state in a slot belongs to. */
  readonly #owners: Float64Array;
  readonly #tries: Uint8Array;
  readonly #requestedAtMs: Float64Array;

  constructor(buffer: ReorderBuffer, options: NackScheduleOptions = {}) {
    this.#buffer = buffer;
    this.#maxTries = Math.min(255, options.maxTries ?? DEFAULT_MAX_TRIES);
    this.#maxAgeMs = options.maxAgeMs ?? DEFAULT_MAX_AGE_MS;
    this.#firstDelayMs = options.firstDelayMs ?? DEFAULT_FIRST_DELAY_MS;
    this.#minIntervalMs = options.minIntervalMs ?? DEFAULT_MIN_INTERVAL_MS;
    this.#owners = new Float64Array(buffer.capacityPackets).fill(-1);
    this.#tries = new Uint8Array(buffer.capacityPackets);
    this.#requestedAtMs = new Float64Array(buffer.capacityPackets);
  }

  /**
   * Writes the 16-bit numbers to ask for at `nowMs` (monotonic) into `sequenceNumbers`, ascending,
   * and returns how many; they count as asked for. Fits `writeNack()`.
   */
  collect(nowMs: number, sequenceNumbers: Uint16Array): number {
    let count = 0;
    const end = this.#buffer.highestSequence;
    for (let sequence = this.#buffer.nextSequence; sequence < end; sequence++) {
      if (count === sequenceNumbers.length) break;
      const sinceMs = this.#buffer.missingSinceMs(sequence);
      if (sinceMs !== undefined && this.#isDue(sequence, nowMs, sinceMs)) {
        sequenceNumbers[count++] = sequence & 0xffff;
      }
    }
    this.requestCount += count;
    return count;
  }

  #isDue(sequence: number, nowMs: number, sinceMs: number): boolean {
    const ageMs = nowMs - sinceMs;
    if (ageMs > this.#maxAgeMs || ageMs < this.#firstDelayMs) return false;
    const slot = sequence & (this.#buffer.capacityPackets - 1);
    if (this.#owners[slot] !== sequence) {
      this.#owners[slot] = sequence;
      this.#tries[slot] = 0;
    }
    const tries = this.#tries[slot] ?? 0;
    if (tries >= this.#maxTries) return false;
    const intervalMs = Math.max(this.#minIntervalMs, this.roundTripMs);
    if (tries > 0 && nowMs - (this.#requestedAtMs[slot] ?? 0) < intervalMs) return false;
    this.#tries[slot] = tries + 1;
    this.#requestedAtMs[slot] = nowMs;
    return true;
  }
}
