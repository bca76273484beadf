// Keeps NACK storms from becoming packet storms: bytes per second, and a pause per packet.

/** Recently repeated packets remembered per viewer, by the low bits of the sequence number. */
const MEMORY = 128;

/** What retransmissions may cost. */
export interface RetransmissionLimits {
  /** Retransmitted bytes allowed per second and viewer, averaged. */
  readonly bytesPerSecond: number;
  /** Retransmitted bytes allowed at once and viewer. */
  readonly burstBytes: number;
  /** The same packet is not repeated within this time: a browser asks again each round trip. */
  readonly minRepeatMs: number;
}

/** A token bucket and a small direct-mapped memory per viewer, in rows of typed arrays. */
export class RetransmissionLimiter {
  readonly #limits: RetransmissionLimits;
  #tokens: Float64Array;
  #refilledMs: Float64Array;
  #sequences: Int32Array;
  #repeatedMs: Float64Array;

  constructor(capacity: number, limits: RetransmissionLimits) {
    this.#limits = limits;
    this.#tokens = new Float64Array(capacity);
    this.#refilledMs = new Float64Array(capacity);
    this.#sequences = new Int32Array(capacity * MEMORY);
    this.#repeatedMs = new Float64Array(capacity * MEMORY);
  }

  grow(capacity: number): void {
    const grown = new RetransmissionLimiter(capacity, this.#limits);
    grown.#tokens.set(this.#tokens);
    grown.#refilledMs.set(this.#refilledMs);
    grown.#sequences.set(this.#sequences);
    grown.#repeatedMs.set(this.#repeatedMs);
    this.#tokens = grown.#tokens;
    this.#refilledMs = grown.#refilledMs;
    this.#sequences = grown.#sequences;
    this.#repeatedMs = grown.#repeatedMs;
  }

  /** Gives a row that gets a new viewer its full allowance. */
  reset(row: number, nowMs: number): void {
    this.#tokens[row] = this.#limits.burstBytes;
    this.#refilledMs[row] = nowMs;
    this.#sequences.fill(-1, row * MEMORY, (row + 1) * MEMORY);
  }

  /** Adds the allowance of the time since the last call; once per NACK. */
  refill(row: number, nowMs: number): void {
    const elapsedMs = Math.max(0, nowMs - (this.#refilledMs[row] ?? nowMs));
    const earned = (elapsedMs * this.#limits.bytesPerSecond) / 1000;
    this.#tokens[row] = Math.min(this.#limits.burstBytes, (this.#tokens[row] ?? 0) + earned);
    this.#refilledMs[row] = nowMs;
  }

  /** Whether the packet was repeated a moment ago. */
  isRecent(row: number, sequenceNumber: number, nowMs: number): boolean {
    const at = row * MEMORY + (sequenceNumber & (MEMORY - 1));
    if (this.#sequences[at] !== sequenceNumber) return false;
    return nowMs - (this.#repeatedMs[at] ?? 0) < this.#limits.minRepeatMs;
  }

  hasAllowance(row: number): boolean {
    return (this.#tokens[row] ?? 0) > 0;
  }

  /** Notes that a packet was repeated. */
  spend(row: number, sizeBytes: number): void {
    this.#tokens[row] = (this.#tokens[row] ?? 0) - sizeBytes;
  }

  remember(row: number, sequenceNumber: number, nowMs: number): void {
    const at = row * MEMORY + (sequenceNumber & (MEMORY - 1));
    this.#sequences[at] = sequenceNumber;
    this.#repeatedMs[at] = nowMs;
  }
}
