// How late the event loop is: everything in this process waits that long.
import type { Clock, Timer } from '../base/clock.ts';
import { Histogram } from '../base/histogram.ts';
import type { MetricFamily } from '../base/metric-family.ts';

const PERIOD_MS = 100;
const BOUNDS_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];

/** Measures ten times a second by how much a timer comes too late. */
export class EventLoopMonitor implements Disposable {
  readonly #clock: Clock;
  readonly #histogram = new Histogram({
    name: 'event_loop_delay_seconds',
    help: 'How much later than planned the event loop runs a timer.',
    bounds: BOUNDS_SECONDS,
  });
  #timer: Timer | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get family(): MetricFamily {
    return this.#histogram.family;
  }

  start(): void {
    if (!this.#timer) this.#plan();
  }

  /** Idempotent. */
  close(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #plan(): void {
    const dueMs = this.#clock.monotonicMs() + PERIOD_MS;
    this.#timer = this.#clock.after(PERIOD_MS, () => {
      // Timers of Node.js count whole milliseconds and may come a fraction too early.
      this.#histogram.observe(Math.max(0, this.#clock.monotonicMs() - dueMs) / 1000);
      this.#plan();
    });
  }
}
