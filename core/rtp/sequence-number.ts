// Arithmetic on 16-bit RTP sequence numbers: distances across the wrap and extended numbers.

/** Signed distance from `from` to `to`, both 16 bits: -32768..32767, positive when `to` is newer. */
export function sequenceDistance(from: number, to: number): number {
  return ((to - from) << 16) >> 16;
}

/** Whether the 16-bit number `candidate` comes after `reference`, seen across the wrap (RFC 1982). */
export function isNewerSequence(candidate: number, reference: number): boolean {
  return sequenceDistance(reference, candidate) > 0;
}

/** Signed distance between two 32-bit RTP timestamps in ticks: -2^31..2^31-1, wrap included. */
export function tickDistance(from: number, to: number): number {
  return (to - from) | 0;
}

/**
 * Extends 16-bit sequence numbers to numbers that never wrap. Each number is placed nearest to
 * the highest one seen, so late packets get their old extended number back. Starts in the second
 * cycle (65536 + first number): numbers that precede the first packet stay positive.
 */
export class SequenceUnwrapper {
  #highest = -1;

  /** Highest extended number so far; -1 before the first. */
  get highest(): number {
    return this.#highest;
  }

  /** Extended number of `sequenceNumber` (16 bits); remembers it when it is the highest. */
  unwrap(sequenceNumber: number): number {
    const extended = this.peek(sequenceNumber);
    if (extended > this.#highest) this.#highest = extended;
    return extended;
  }

  /** As `unwrap()`, but remembers nothing. */
  peek(sequenceNumber: number): number {
    if (this.#highest < 0) return 0x10000 + (sequenceNumber & 0xffff);
    return this.#highest + sequenceDistance(this.#highest, sequenceNumber);
  }

  /** Forgets everything: the next number starts a new count. */
  reset(): void {
    this.#highest = -1;
  }
}
