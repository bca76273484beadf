// Notices when the event loop stood still, so that times measured by it can be put right.
import type { Clock, Timer } from '../base/clock.ts';

const PERIOD_MS = 5;
/** A timer may come late by a millisecond or two; that is no stall. */
const TOLERANCE_MS = 2;

/** The newest stall of an event loop; watches while somebody needs it. */
export class LoopWatch {
  readonly #clock: Clock;
  #users = 0;
  #timer: Timer | undefined;
  #lastBeatMs = 0;
  /** Between these two (monotonic ms) nothing was read from the sockets; equal before the first stall. */
  stallStartMs = 0;
  stallEndMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Watches until the returned function is called as often as this one. */
  acquire(): () => void {
    if (this.#users++ === 0) {
      this.#lastBeatMs = this.#clock.monotonicMs();
      this.#timer = this.#clock.every(PERIOD_MS, () => this.#beat());
    }
    let isReleased = false;
    return () => {
      if (isReleased) return;
      isReleased = true;
      if (--this.#users === 0) this.#timer?.cancel();
    };
  }

  /**
   * Call before a time of arrival is taken: sockets are read before the timers that are due, so it
   * may be the first to see that the loop stood still. `nowMs` is monotonic.
   */
  observe(nowMs: number): void {
    if (nowMs - this.#lastBeatMs <= PERIOD_MS + TOLERANCE_MS) return;
    this.stallStartMs = this.#lastBeatMs;
    this.stallEndMs = nowMs;
  }

  #beat(): void {
    const nowMs = this.#clock.monotonicMs();
    this.observe(nowMs);
    this.#lastBeatMs = nowMs;
  }
}
