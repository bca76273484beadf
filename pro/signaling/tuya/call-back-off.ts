// Devices that can't be reached are not called at each attempt of their path: clouds count calls.
import type { Clock } from '../../../core/base/clock.ts';
import { MediaError } from '../../../core/base/media-error.ts';

interface Failed {
  readonly count: number;
  readonly failure: MediaError;
  /** Monotonic. */
  readonly untilMs: number;
}

const MIN_PAUSE_MS = 1000;
const MAX_PAUSE_MS = 60_000;
/** Whose pictures came for so long is called again soon; above the time-out of a silent peer. */
const LONG_CALL_MS = 30_000;
/** Names of paths, and so of devices, may be made of what readers ask for. */
const MAX_DEVICES = 1000;
/** A timer that fires early by a fraction must not cost another round. */
const SLACK_MS = 50;

/** Pauses of 1 s, growing to 60 s, for each device. */
export class CallBackOff {
  readonly #clock: Clock;
  /** By device, the one that failed last at the end. */
  readonly #failed = new Map<string, Failed>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @throws MediaError the last failure, while the pause after it lasts. */
  check(device: string): void {
    const failed = this.#failed.get(device);
    const leftMs = (failed?.untilMs ?? 0) - this.#clock.monotonicMs();
    if (!failed || leftMs <= SLACK_MS) return;
    const { failure } = failed;
    const text = `${failure.message}; called again in ${Math.ceil(leftMs / 1000)} s`;
    throw new MediaError(failure.kind, failure.code, text, { cause: failure });
  }

  /** A call ended that had a stream for `ranMs`, or 0. */
  note(device: string, failure: MediaError, ranMs: number): void {
    const count = ranMs > LONG_CALL_MS ? 0 : (this.#failed.get(device)?.count ?? 0);
    const pauseMs = Math.min(MIN_PAUSE_MS * 2 ** count, MAX_PAUSE_MS);
    const untilMs = this.#clock.monotonicMs() + pauseMs;
    this.#failed.delete(device);
    const [oldest] = this.#failed.keys();
    if (this.#failed.size >= MAX_DEVICES && oldest !== undefined) this.#failed.delete(oldest);
    this.#failed.set(device, { count: Math.min(count + 1, 10), failure, untilMs });
  }
}
