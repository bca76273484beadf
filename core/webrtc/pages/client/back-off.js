// How long to wait before the next attempt.
// @ts-check

/** Doubles from attempt to attempt; viewers of one server spread, so that they do not all come at once. */
export class BackOff {
  #attempts = 0;
  #minMs;
  #maxMs;
  #random;

  /** @param {{ minMs: number, maxMs: number, random?: () => number }} options */
  constructor({ minMs, maxMs, random = Math.random }) {
    this.#minMs = minMs;
    this.#maxMs = maxMs;
    this.#random = random;
  }

  /**
   * The next wait: 75 to 125 % of min, 2 min, 4 min... up to max.
   * @returns {number}
   */
  nextMs() {
    const fullMs = Math.min(this.#maxMs, this.#minMs * 2 ** this.#attempts);
    this.#attempts += 1;
    return Math.round(Math.min(this.#maxMs, fullMs * (0.75 + this.#random() / 2)));
  }

  /** After a success. */
  reset() {
    this.#attempts = 0;
  }
}
