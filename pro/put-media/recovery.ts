// Decides what follows a problem: how long to wait, what to ask anew, when to give up.
import type { PutMediaProblem } from './put-media-problem.ts';

/** Bounds on troubles without a confirmed fragment between them. */
export interface RecoveryOptions {
  /** 0..1; spreads retries. */
  readonly random: () => number;
  /** Longest trouble; meanwhile the buffer keeps what comes. */
  readonly maxTroubleMs: number;
  /** The same before anything was ever confirmed. */
  readonly maxStartTroubleMs: number;
}

/** What to do next. */
export interface RecoveryStep {
  readonly isOver: boolean;
  readonly waitMs: number;
  readonly forgetsEndpoint: boolean;
  readonly forgetsCredentials: boolean;
  readonly preparesStream: boolean;
}

const FIRST_WAIT_MS = 100;
const FIRST_BACK_OFF_MS = 1000;
const MAX_WAIT_MS = 10_000;
/** Refused fragments in a row: then it is not about the fragments. */
const MAX_DROPS = 5;
/** Fresh endpoints, credentials or descriptions in a row: they do not help. */
const MAX_REPEATS = 3;
/** A host that fails this often may have been replaced. */
const FAILURES_PER_ENDPOINT = 3;

/** Counts what happened since the last confirmed fragment. */
export class Recovery {
  readonly #options: RecoveryOptions;
  #hasProgressed = false;
  #sinceMs: number | undefined;
  #failures = 0;
  #drops = 0;
  #repeats = 0;

  constructor(options: RecoveryOptions) {
    this.#options = options;
  }

  /** Problems since the last confirmed fragment. */
  get failures(): number {
    return this.#failures;
  }

  /** A fragment was confirmed: all is well. */
  progress(): void {
    this.#hasProgressed = true;
    this.#sinceMs = undefined;
    this.#failures = 0;
    this.#drops = 0;
    this.#repeats = 0;
  }

  /** What follows `problem` at `nowMs` (monotonic). */
  next({ action, error }: PutMediaProblem, nowMs: number): RecoveryStep {
    this.#failures++;
    this.#sinceMs ??= nowMs;
    if (action === 'drop-fragment') this.#drops++;
    if (action === 'refresh' || action === 'create-stream') this.#repeats++;
    const { maxTroubleMs, maxStartTroubleMs } = this.#options;
    const maxMs = this.#hasProgressed ? maxTroubleMs : maxStartTroubleMs;
    const isTooLong = nowMs - this.#sinceMs >= maxMs;
    const isTooOften = this.#drops >= MAX_DROPS || this.#repeats > MAX_REPEATS;
    const isOver = action === 'give-up' || isTooLong || isTooOften;
    const isAnew = action === 'refresh' || action === 'create-stream';
    return {
      isOver,
      waitMs: isOver ? 0 : this.#waitMs(action === 'back-off'),
      forgetsEndpoint: isOver || isAnew || this.#failures % FAILURES_PER_ENDPOINT === 0,
      forgetsCredentials: action === 'refresh' || error.kind === 'unauthenticated',
      preparesStream: action === 'create-stream',
    };
  }

  /** Full jitter, but never at once. */
  #waitMs(isSlow: boolean): number {
    const firstMs = isSlow ? FIRST_BACK_OFF_MS : FIRST_WAIT_MS;
    const stepMs = Math.min(MAX_WAIT_MS, firstMs * 2 ** Math.min(this.#failures, 10));
    return Math.max(firstMs, stepMs * this.#options.random());
  }
}
