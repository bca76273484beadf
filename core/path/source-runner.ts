// Keeps a path fed from a list of sources: repeats runs for ever, the preferred source first, with
// jittered back-off after every source failed, and quiet logs.
import { delay, type Clock, type Timer } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import { MediaError, toMediaError } from '../base/media-error.ts';
import { redactUrls } from '../base/url-redaction.ts';
import type { TrackDescription } from '../codec/codec.ts';
import type { StreamWriter, StreamWriterOptions } from '../stream/stream-writer.ts';
import { SourceRun, type SourceEntry, type SourceRunComponents } from './source-run.ts';
import { SourceTrial, type ReadySource } from './source-trial.ts';

const FIRST_DELAY_MS = 1000;
/** A camera that comes back is seen within this time plus its own start-up. */
const MAX_DELAY_MS = 4000;
/** Cameras lock out clients that keep on showing a wrong password. */
const MAX_REFUSED_DELAY_MS = 10_000;
const LOG_PERIOD_MS = 10_000;
/** How long a source that is being stopped may hold up its successor. */
const MAX_WAIT_BEFORE_MS = 3000;
/** How often better sources are tried while a lower one runs. */
const TRIAL_PERIOD_MS = 30_000;
/** How long a source may wait for its peer while others could feed the path; less than viewers wait. */
const MAX_WAITING_MS = 8000;
/** How long a source may take to begin while nobody knows yet whether others are faster. */
const MAX_START_MS = 5000;
/** A source that took over and ended sooner than this is tried less often: each time costs readers a break. */
const STABLE_AFTER_MS = 60_000;
const MAX_TRIAL_PERIOD_MS = 240_000;

/** What the runner works with. */
export interface SourceRunnerComponents {
  readonly clock: Clock;
  readonly logger: Logger;
  /** 0..1; Math.random in production. */
  readonly random: () => number;
}

/** What the runner repeats. */
export interface SourceRunnerOptions {
  /** The preferred one first; read at each choice, never empty. */
  readonly entries: () => readonly SourceEntry[];
  /** What the first attempt waits for, at most some seconds. */
  readonly after?: Promise<void> | undefined;
  readonly createContext: SourceRunComponents['createContext'];
  /** The writer of the path; `replaced` is that of the source which gives way to this one. */
  readonly openWriter: (
    tracks: readonly TrackDescription[],
    options: StreamWriterOptions | undefined,
    replaced: StreamWriter | undefined,
  ) => StreamWriter;
  /** A run ended; readers wait for the next one. */
  readonly closeWriter: (writer: StreamWriter) => void;
}

/** Runs sources until `stop()`. */
export class SourceRunner {
  readonly #components: SourceRunnerComponents;
  readonly #options: SourceRunnerOptions;
  readonly #abort = new AbortController();
  #finished: Promise<void> | undefined;
  #current: SourceRun | undefined;
  #currentSinceMs = 0;
  #trial: SourceTrial | undefined;
  #trialTimer: Timer | undefined;
  /** Ends a run without a stream where others could feed the path. */
  #startLimit: Timer | undefined;
  #isWaiting = false;
  #trialPeriodMs = TRIAL_PERIOD_MS;
  /** Trials, and sources that gave way, which have not ended yet. */
  readonly #endings = new Set<Promise<void>>();
  /** The source that fed the path last. */
  #activeUrl: string | undefined;
  #lastFailure: MediaError | undefined;
  #lastLogMs = Number.NEGATIVE_INFINITY;
  #unloggedFailures = 0;

  constructor(components: SourceRunnerComponents, options: SourceRunnerOptions) {
    this.#components = components;
    this.#options = options;
  }

  /** Why the newest run ended, or has no stream yet; undefined before a failure. */
  get lastFailure(): MediaError | undefined {
    return this.#lastFailure;
  }

  /** The source that is running or was tried last. */
  get entry(): SourceEntry | undefined {
    return this.#current?.entry;
  }

  start(): void {
    this.#finished ??= this.#loop();
  }

  /** Closes the writer of the present run at once. Idempotent. */
  releaseWriter(): void {
    const run = this.#current;
    const writer = run?.writer;
    if (run) run.writer = undefined;
    if (writer) this.#options.closeWriter(writer);
  }

  /** Ends the current run and waits for it. Idempotent. */
  async stop(): Promise<void> {
    this.#abort.abort();
    this.#endWatches();
    this.#current?.stop();
    await this.#finished;
    await Promise.all(this.#endings);
  }

  async #loop(): Promise<void> {
    const { random, clock } = this.#components;
    const { signal } = this.#abort;
    let failedRounds = 0;
    let failures: MediaError[] = [];
    if (this.#options.after) await this.#waitFor(this.#options.after);
    for (let entry = this.#options.entries()[0]; entry && !isAborted(signal);) {
      this.#begin(entry);
      // Later rounds leave everybody the time that it takes.
      if (failedRounds === 0) this.#limitStart(entry, MAX_START_MS, startTimeout());
      const { failure, wasLong } = await this.#untilEnd();
      this.releaseWriter();
      if (isAborted(signal)) return;
      this.#lastFailure = failure;
      this.#log(failure);
      if (wasLong) {
        failures = [];
        failedRounds = 0;
      }
      failures.push(failure);
      entry = this.#after(this.#current?.entry);
      if (failures.length < this.#options.entries().length) continue;
      const worst = failures.find(isRefused) ?? failure;
      failures = [];
      failedRounds++;
      try {
        await delay(clock, retryDelayMs(worst, failedRounds, random()), signal);
      } catch {
        return;
      }
      entry = this.#options.entries()[0];
    }
  }

  #begin(entry: SourceEntry): void {
    this.#currentSinceMs = this.#components.clock.monotonicMs();
    this.#current = new SourceRun(
      {
        createContext: (chosen, run) => ({
          ...this.#options.createContext(chosen, run),
          onWaiting: (reason) => this.#onWaiting(chosen, reason),
        }),
        openWriter: this.#openWriter,
      },
      entry,
    );
    this.#planTrials();
  }

  /** Where others could feed the path, a source that waits for long has failed. */
  #onWaiting(entry: SourceEntry, reason: MediaError): void {
    this.#lastFailure = reason;
    if (this.#abort.signal.aborted) return;
    if (this.#isWaiting) return;
    this.#isWaiting = true;
    this.#limitStart(entry, MAX_WAITING_MS, reason);
  }

  #limitStart(entry: SourceEntry, limitMs: number, reason: MediaError): void {
    this.#startLimit?.cancel();
    this.#startLimit = this.#components.clock.after(limitMs, () => {
      const run = this.#current;
      if (run?.entry !== entry || run.writer || this.#options.entries().length < 2) return;
      run.giveUp(reason);
    });
  }

  /** Waits for the end of the run, or of those that took over from it: then there was media for long. */
  async #untilEnd(): Promise<{ readonly failure: MediaError; readonly wasLong: boolean }> {
    for (let hasTakenOver = false; ; hasTakenOver = true) {
      const run = this.#current;
      if (!run) return { failure: toMediaError(this.#abort.signal.reason), wasLong: false };
      const failure = await run.finished;
      if (run !== this.#current) continue;
      this.#endWatches();
      const ranMs = this.#components.clock.monotonicMs() - this.#currentSinceMs;
      if (hasTakenOver) this.#noteTakenOver(ranMs);
      return { failure, wasLong: hasTakenOver || ranMs > LOG_PERIOD_MS };
    }
  }

  #noteTakenOver(ranMs: number): void {
    const isStable = ranMs >= STABLE_AFTER_MS;
    this.#trialPeriodMs = isStable
      ? TRIAL_PERIOD_MS
      : Math.min(MAX_TRIAL_PERIOD_MS, this.#trialPeriodMs * 2);
  }

  /** The one that follows in the list; the first one behind the last. */
  #after(entry: SourceEntry | undefined): SourceEntry | undefined {
    const entries = this.#options.entries();
    return entries[(this.#placeOf(entry) + 1) % entries.length];
  }

  #placeOf(entry: SourceEntry | undefined): number {
    return this.#options.entries().findIndex(({ url }) => url === entry?.url);
  }

  readonly #openWriter: SourceRunComponents['openWriter'] = (run, tracks, options) => {
    const replaced = run.writer;
    run.writer = undefined;
    return this.#adopt(run, this.#options.openWriter(tracks, options, replaced));
  };

  #adopt(run: SourceRun, writer: StreamWriter): StreamWriter {
    run.writer = writer;
    this.#startLimit?.cancel();
    const { url } = run.entry;
    const entries = this.#options.entries();
    const isSwitch =
      this.#activeUrl !== undefined ? this.#activeUrl !== url : entries[0]?.url !== url;
    this.#activeUrl = url;
    if (isSwitch) {
      const place = `source ${this.#placeOf(run.entry) + 1} of ${entries.length}`;
      this.#components.logger.info(`${place} feeds the path now: ${redactUrls(url)}`);
    }
    return writer;
  }

  #planTrials(): void {
    this.#trialTimer?.cancel();
    this.#trialTimer = this.#components.clock.every(this.#trialPeriodMs, () => this.#tryBetter());
  }

  #endWatches(): void {
    this.#startLimit?.cancel();
    this.#startLimit = undefined;
    this.#isWaiting = false;
    this.#trialTimer?.cancel();
    this.#trialTimer = undefined;
    this.#trial?.stop();
    this.#trial = undefined;
  }

  #tryBetter(): void {
    const place = this.#placeOf(this.#current?.entry);
    if (place <= 0 || this.#trial || this.#abort.signal.aborted) return;
    const { clock } = this.#components;
    const { createContext } = this.#options;
    const trial = new SourceTrial(
      {
        ...{ clock, createContext, openWriter: this.#openWriter },
        takeOver: (ready) => this.#takeOver(ready),
      },
      this.#options.entries().slice(0, place),
    );
    this.#trial = trial;
    this.#await(
      trial.finished.then(() => {
        if (this.#trial === trial) this.#trial = undefined;
      }),
    );
  }

  /** Readers see the next picture of another camera, and nothing else. */
  #takeOver({ run, standby, tracks, options }: ReadySource): boolean {
    const old = this.#current;
    if (this.#abort.signal.aborted || !old) return false;
    // A reload may have removed the entry, or moved it behind the one that runs.
    const place = this.#placeOf(run.entry);
    if (place < 0 || place >= this.#placeOf(old.entry)) return false;
    const replaced = old.writer;
    old.writer = undefined;
    try {
      const writer = this.#options.openWriter(tracks, options, replaced);
      this.#current = run;
      this.#currentSinceMs = this.#components.clock.monotonicMs();
      standby.takeOver(this.#adopt(run, writer));
    } catch (thrown) {
      if (replaced?.isClosed === false) old.writer = replaced;
      this.#components.logger.warn(`a source can't take over: ${toMediaError(thrown).message}`);
      return false;
    }
    old.stop();
    this.#await(old.finished);
    return true;
  }

  /** Lets stop() wait for it too. */
  #await(end: Promise<unknown>): void {
    const ending = end.then(() => void this.#endings.delete(ending));
    this.#endings.add(ending);
  }

  async #waitFor(event: Promise<void>): Promise<void> {
    const timeout = new AbortController();
    const signal = AbortSignal.any([this.#abort.signal, timeout.signal]);
    const tooLong = delay(this.#components.clock, MAX_WAIT_BEFORE_MS, signal);
    await Promise.race([event, tooLong]).catch(() => undefined);
    timeout.abort();
    await tooLong.catch(() => undefined);
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

function startTimeout(): MediaError {
  const message = `no stream within ${MAX_START_MS / 1000} s; the next source is tried`;
  return new MediaError('deadline-exceeded', 'source-start-timeout', message);
}

/** Delay before the next attempt: doubling, with 50 to 100 % of the step at random. */
export function retryDelayMs(failure: MediaError, failuresInRow: number, random: number): number {
  const cap = isRefused(failure) ? MAX_REFUSED_DELAY_MS : MAX_DELAY_MS;
  const step = Math.min(cap, FIRST_DELAY_MS * 2 ** Math.min(failuresInRow, 8));
  return Math.max(FIRST_DELAY_MS, step / 2 + (step / 2) * random);
}

function isRefused({ kind }: MediaError): boolean {
  return kind === 'unauthenticated' || kind === 'permission-denied';
}

/** Read through a function so that the compiler forgets what it knew before an await. */
function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}
