// Keeps one source running: repeats its runs for ever with jittered back-off and quiet logs.
import { delay, type Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import { MediaError, toMediaError } from '../base/media-error.ts';
import { redactUrls } from '../base/url-redaction.ts';
import type { Source, SourceContext } from './source.ts';

const FIRST_DELAY_MS = 1000;
/** A camera that comes back is seen within this time plus its own start-up. */
const MAX_DELAY_MS = 4000;
/** Cameras lock out clients that keep on showing a wrong password. */
const MAX_REFUSED_DELAY_MS = 10_000;
const LOG_PERIOD_MS = 10_000;
/** How long a source that is being stopped may hold up its successor. */
const MAX_WAIT_BEFORE_MS = 3000;

/** What the runner works with. */
export interface SourceRunnerComponents {
  readonly clock: Clock;
  readonly logger: Logger;
  /** 0..1; Math.random in production. */
  readonly random: () => number;
}

/** What the runner repeats. */
export interface SourceRunnerOptions {
  readonly source: Source;
  /** What the first attempt waits for, at most some seconds. */
  readonly after?: Promise<void> | undefined;
  /** Makes the context of one run; called for each attempt. */
  readonly createContext: (signal: AbortSignal) => SourceContext;
  /** A run ended; readers wait for the next one. */
  readonly onRunEnded: (failure: MediaError) => void;
}

/** Runs a source until `stop()`. */
export class SourceRunner {
  readonly #components: SourceRunnerComponents;
  readonly #options: SourceRunnerOptions;
  readonly #abort = new AbortController();
  #finished: Promise<void> | undefined;
  #lastFailure: MediaError | undefined;
  #lastLogMs = Number.NEGATIVE_INFINITY;
  #unloggedFailures = 0;

  constructor(components: SourceRunnerComponents, options: SourceRunnerOptions) {
    this.#components = components;
    this.#options = options;
  }

  /** Why the newest run ended; undefined before a failure. */
  get lastFailure(): MediaError | undefined {
    return this.#lastFailure;
  }

  start(): void {
    this.#finished ??= this.#loop();
  }

  /** Ends the current run and waits for it. Idempotent. */
  async stop(): Promise<void> {
    this.#abort.abort(new MediaError('canceled', 'source-stopped', 'the source was stopped'));
    await this.#finished;
  }

  async #loop(): Promise<void> {
    const { clock, random } = this.#components;
    const signal = this.#abort.signal;
    let failuresInRow = 0;
    if (this.#options.after) await this.#waitFor(this.#options.after);
    while (!signal.aborted) {
      const startedMs = clock.monotonicMs();
      const failure = await this.#runOnce(signal);
      this.#options.onRunEnded(failure);
      if (isAborted(signal)) return;
      this.#lastFailure = failure;
      this.#log(failure);
      const ranMs = clock.monotonicMs() - startedMs;
      failuresInRow = ranMs > LOG_PERIOD_MS ? 1 : failuresInRow + 1;
      try {
        await delay(clock, retryDelayMs(failure, failuresInRow, random()), signal);
      } catch {
        return;
      }
    }
  }

  async #waitFor(event: Promise<void>): Promise<void> {
    const timeout = new AbortController();
    const signal = AbortSignal.any([this.#abort.signal, timeout.signal]);
    const tooLong = delay(this.#components.clock, MAX_WAIT_BEFORE_MS, signal);
    await Promise.race([event, tooLong]).catch(() => undefined);
    timeout.abort();
    await tooLong.catch(() => undefined);
  }

  async #runOnce(signal: AbortSignal): Promise<MediaError> {
    try {
      await this.#options.source.run(this.#options.createContext(signal));
      return new MediaError('unavailable', 'source-ended', 'the source ended the stream');
    } catch (thrown) {
      return toMediaError(thrown);
    }
  }

  #log(failure: MediaError): void {
    const nowMs = this.#components.clock.monotonicMs();
    if (nowMs - this.#lastLogMs < LOG_PERIOD_MS) {
      this.#unloggedFailures++;
      return;
    }
    this.#lastLogMs = nowMs;
    const repeated = this.#unloggedFailures > 0 ? ` (${this.#unloggedFailures} more before)` : '';
    this.#unloggedFailures = 0;
    this.#components.logger.warn(`source failed: ${redactUrls(failure.message)}${repeated}`);
  }
}

/** Delay before the next attempt: doubling, with 50 to 100 % of the step at random. */
export function retryDelayMs(failure: MediaError, failuresInRow: number, random: number): number {
  const isRefused = failure.kind === 'unauthenticated' || failure.kind === 'permission-denied';
  const cap = isRefused ? MAX_REFUSED_DELAY_MS : MAX_DELAY_MS;
  const step = Math.min(cap, FIRST_DELAY_MS * 2 ** Math.min(failuresInRow, 8));
  return Math.max(FIRST_DELAY_MS, step / 2 + (step / 2) * random);
}

/** Read through a function so that the compiler forgets what it knew before an await. */
function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}
