// Those who wait for the stream of a path.
import { delay, type Clock } from '../base/clock.ts';

/** A set of waits that end together, each with a time limit of its own. */
export class StreamWaiters {
  readonly #clock: Clock;
  readonly #waiters = new Set<() => void>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#waiters.size;
  }

  /** Ends every wait. */
  wake(): void {
    for (const wake of [...this.#waiters]) wake();
  }

  /** Resolves when woken, after `waitMs`, or when aborted; `onWaiting` runs once the wait counts. */
  async wait(
    waitMs: number,
    onWaiting: () => void,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const arrival = Promise.withResolvers<undefined>();
    const wake = (): void => arrival.resolve(undefined);
    const timeout = new AbortController();
    const either = signal ? AbortSignal.any([signal, timeout.signal]) : timeout.signal;
    this.#waiters.add(wake);
    try {
      onWaiting();
      const tooLong = delay(this.#clock, waitMs, either).catch(() => undefined);
      await Promise.race([arrival.promise, tooLong]);
    } finally {
      timeout.abort();
      this.#waiters.delete(wake);
    }
  }
}
