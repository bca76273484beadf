// Counts events per key over the time just passed.
import type { Clock } from '../../../core/base/clock.ts';

/** Lets `limit` events of a key through in any span of `windowMs`. Keys must be few: none is dropped. */
export class SlidingWindow {
  readonly #clock: Clock;
  readonly #limit: number;
  readonly #windowMs: number;
  readonly #times = new Map<string, number[]>();

  constructor(clock: Clock, options: { readonly requests: number; readonly windowMs: number }) {
    this.#clock = clock;
    this.#limit = options.requests;
    this.#windowMs = options.windowMs;
  }

  /** Counts one event; else tells in how many milliseconds the next one is let through. */
  take(key: string): number | undefined {
    const now = this.#clock.monotonicMs();
    const times = (this.#times.get(key) ?? []).filter((at) => at > now - this.#windowMs);
    this.#times.set(key, times);
    const [oldest = now] = times;
    if (times.length >= this.#limit) return oldest + this.#windowMs - now;
    times.push(now);
    return undefined;
  }
}
