// Keeps to the number of things per second that the service allows: fragments, and connections.

const PERIOD_MS = 1000;

/** At most so many in any second of monotonic time. */
export class Pace {
  readonly #times: number[];
  #oldest = 0;

  constructor(perSecond: number) {
    this.#times = Array.from({ length: perSecond }, () => Number.NEGATIVE_INFINITY);
  }

  /** How long the next one has to wait; 0 when it may go now. */
  waitMs(nowMs: number): number {
    const oldest = this.#times[this.#oldest] ?? Number.NEGATIVE_INFINITY;
    return Math.max(0, oldest + PERIOD_MS - nowMs);
  }

  /** One went. */
  note(nowMs: number): void {
    this.#times[this.#oldest] = nowMs;
    this.#oldest = (this.#oldest + 1) % this.#times.length;
  }
}
