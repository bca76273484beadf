// Wall times of fragments: from the media's own times, always growing, whatever is done to the machine's clock.
import type { Clock } from '../../core/base/clock.ts';

/** Fragments follow each other by media time, unless arrivals say it is earlier or later by more. */
const MAX_DRIFT_MS = 1000;

/**
 * The wall clock is read once, and monotonic time counted from there: somebody who sets the clock
 * of the machine moves no fragment.
 */
export class WallTimeline {
  readonly #wallOffsetMs: number;
  /** Wall time of media time 0; undefined where the next fragment continues nothing. */
  #epochMs: number | undefined;
  /** No fragment may begin before it. */
  #earliestMs = 0;

  constructor(clock: Clock) {
    this.#wallOffsetMs = clock.nowMs() - clock.monotonicMs();
  }

  /**
   * Date ms of a fragment that begins at `mediaMs`; media time 0 seems to have come at the monotonic
   * time `arrivalOffsetMs`. Later than all fragments before.
   */
  begin(mediaMs: number, arrivalOffsetMs: number): number {
    const seenMs = arrivalOffsetMs + this.#wallOffsetMs;
    const isNear = this.#epochMs !== undefined && Math.abs(seenMs - this.#epochMs) <= MAX_DRIFT_MS;
    const epochMs = isNear && this.#epochMs !== undefined ? this.#epochMs : seenMs;
    this.#epochMs = epochMs;
    return Math.max(this.#earliestMs, Math.round(mediaMs + epochMs));
  }

  /** Notes a fragment that was handed out. */
  end(fragment: { readonly timecodeMs: number; readonly durationMs: number }): void {
    this.#earliestMs = fragment.timecodeMs + Math.max(1, fragment.durationMs - 1);
  }

  /** What comes next has another timeline. */
  cut(): void {
    this.#epochMs = undefined;
  }
}
