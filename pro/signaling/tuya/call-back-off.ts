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
/** Who was on the line for so long is called again soon. */
const LONG_CALL_MS = 10_000;
/** A timer that fires early by a fraction must not cost another round. */
const SLACK_MS = 50;

/** Pauses of 1 s, growing to 60 s, for each device. */
export class CallBackOff {
  readonly #clock: Clock;
  /** By device; those that are configured, so their number is bounded. */
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

  /** A call ended after `ranMs`. */
  note(device: string, failure: MediaError, ranMs: number): void {
    // A device that does not answer costs the whole time-out: that is no long call.
    const wasLong = ranMs > LONG_CALL_MS && failure.code !== 'tuya-answer-timeout';
    const count = wasLong ? 0 : (this.#failed.get(device)?.count ?? 0);
    const pauseMs = Math.min(MIN_PAUSE_MS * 2 ** count, MAX_PAUSE_MS);
    const untilMs = this.#clock.monotonicMs() + pauseMs;
    this.#failed.set(device, { count: Math.min(count + 1, 10), failure, untilMs });
  }
}
