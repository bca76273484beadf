// Keeps to the number of things per second that the service allows: fragments, and connections.

const PERIOD_MS = 1000;

/** So many per second of monotonic time, evenly: what is late on the way must not arrive as a crowd. */
export class Pace {
  readonly #stepMs: number;
  #nextMs = Number.NEGATIVE_INFINITY;

  constructor(perSecond: number) {
    this.#stepMs = PERIOD_MS / perSecond;
  }

  /** How long the next one has to wait; 0 when it may go now. */
  waitMs(nowMs: number): number {
    return Math.max(0, this.#nextMs - nowMs);
  }

  /** One went. */
  note(nowMs: number): void {
    this.#nextMs = nowMs + this.#stepMs;
  }
}
