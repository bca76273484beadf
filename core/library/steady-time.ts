// Wall time for decisions that nobody can take back: a clock that is set wrong must not delete everything.
import type { Clock } from '../base/clock.ts';

const TOLERATED_STEP_MS = 3_600_000;
const PROBATION_MS = 86_400_000;

/**
 * Goes with the wall clock, but believes a jump ahead of more than an hour only after a day: until
 * then it counts on from where it was. A jump back is believed at once, for it makes nothing older.
 */
export class SteadyTime {
  readonly #clock: Clock;
  /** Wall time less monotonic time, as it is believed. */
  #offsetMs: number;
  #jumpSeenMs: number | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#offsetMs = clock.nowMs() - clock.monotonicMs();
  }

  /** How far the wall clock is ahead of what is believed; 0 while it is believed. Milliseconds. */
  get doubtMs(): number {
    this.#look();
    return this.#jumpSeenMs === undefined ? 0 : this.#clock.nowMs() - this.#believedAt();
  }

  /** Date ms. */
  nowAt(): number {
    this.#look();
    return this.#believedAt();
  }

  #believedAt(): number {
    return this.#clock.monotonicMs() + this.#offsetMs;
  }

  #look(): void {
    const monotonicMs = this.#clock.monotonicMs();
    const offsetMs = this.#clock.nowMs() - monotonicMs;
    if (offsetMs - this.#offsetMs > TOLERATED_STEP_MS) {
      this.#jumpSeenMs ??= monotonicMs;
      if (monotonicMs - this.#jumpSeenMs < PROBATION_MS) return;
    }
    this.#offsetMs = offsetMs;
    this.#jumpSeenMs = undefined;
  }
}
