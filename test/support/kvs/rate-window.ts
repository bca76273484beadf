// Counts events of the last second.

/** A limit per second, by a sliding window. */
export class RateWindow {
  readonly #limit: number;
  #times: number[] = [];

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Notes an event at `now`, ms; false, and not noted, when the limit is reached. */
  take(now: number): boolean {
    if (this.waitMs(now) > 0) return false;
    this.#times.push(now);
    return true;
  }

  /** How long until one more is within the limit; ms. */
  waitMs(now: number): number {
    this.#times = this.#times.filter((time) => time > now - 1000);
    if (this.#times.length < this.#limit) return 0;
    return (this.#times[this.#times.length - this.#limit] ?? now) + 1000 - now;
  }
}
