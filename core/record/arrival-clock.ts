// When media of one track came, as a straight line through the earliest arrivals: delay only adds.

/** Arrivals later than predicted move the line by this share, to follow clock drift. */
const DRIFT_SHARE = 1 / 512;
/** An arrival this much before or after its prediction is a new timeline, not jitter. */
const RESET_MS = 3000;

/** Predicts arrival times from media times. */
export class ArrivalClock {
  #offsetMs: number | undefined;

  /** Monotonic time at which media time 0 would have come; undefined before the first sample. */
  get offsetMs(): number | undefined {
    return this.#offsetMs;
  }

  /** Notes that a sample of `mediaMs` came at `arrivalMs` (monotonic). */
  note(mediaMs: number, arrivalMs: number): void {
    const seenMs = arrivalMs - mediaMs;
    const knownMs = this.#offsetMs;
    if (knownMs === undefined) {
      this.#offsetMs = seenMs;
      return;
    }
    const lateMs = seenMs - knownMs;
    if (Math.abs(lateMs) > RESET_MS) this.#offsetMs = seenMs;
    else this.#offsetMs = knownMs + (lateMs < 0 ? lateMs : lateMs * DRIFT_SHARE);
  }

  reset(): void {
    this.#offsetMs = undefined;
  }
}
