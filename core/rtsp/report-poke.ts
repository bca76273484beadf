// How often a publisher over TCP may be sent a report out of turn.
import type { Clock } from '../base/clock.ts';

/** Reports in one go, and how fast the allowance comes back. */
const BURST = 32;
const PER_MS = 0.4;

/**
 * FFmpeg and others leave Nagle's algorithm on: the last packets of a frame wait until ours
 * acknowledges the first ones, which takes a system that delays its acknowledgements 40 ms. A
 * report sent at once carries the acknowledgement. This is the token bucket that keeps a peer that
 * sends single bytes from making us send a report for each.
 */
export class ReportPoke {
  readonly #clock: Clock;
  #tokens = BURST;
  #updatedMs: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#updatedMs = clock.monotonicMs();
  }

  /** Whether a report may be sent now; counts it. */
  take(): boolean {
    const nowMs = this.#clock.monotonicMs();
    this.#tokens = Math.min(BURST, this.#tokens + (nowMs - this.#updatedMs) * PER_MS);
    this.#updatedMs = nowMs;
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }
}
