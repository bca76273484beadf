// Looks whether a better source is back while another one feeds the path: a real connection, up to a key frame.
import { delay, type Clock } from '../base/clock.ts';
import { MediaError } from '../base/media-error.ts';
import type { TrackDescription } from '../codec/codec.ts';
import type { StreamWriterOptions } from '../stream/stream-writer.ts';
import { SourceRun, type SourceEntry, type SourceRunComponents } from './source-run.ts';
import { StandbyWriter } from '../stream/standby-writer.ts';

/** A source that has media ready and may take over. */
export interface ReadySource {
  readonly run: SourceRun;
  readonly standby: StandbyWriter;
  readonly tracks: readonly TrackDescription[];
  readonly options: StreamWriterOptions | undefined;
}

/** What a trial works with. */
export interface SourceTrialComponents {
  readonly clock: Clock;
  readonly createContext: SourceRunComponents['createContext'];
  /** Takes the source over and returns true, synchronously; with false it is closed. Must not throw. */
  readonly takeOver: (ready: ReadySource) => boolean;
  /** For a source that begins anew after it took over. */
  readonly openWriter: SourceRunComponents['openWriter'];
}

/** Longest wait for a key frame, the connection included; cameras with longer groups of pictures are not rare. */
const MAX_TRIAL_MS = 25_000;

/** Tries entries one after the other until one is taken over. Begins when it is made. */
export class SourceTrial {
  /** Ends without rejecting. */
  readonly finished: Promise<void>;
  readonly #components: SourceTrialComponents;
  readonly #abort = new AbortController();
  #run: SourceRun | undefined;
  #hasTakenOver = false;

  constructor(components: SourceTrialComponents, entries: readonly SourceEntry[]) {
    this.#components = components;
    this.finished = this.#tryAll(entries);
  }

  /** Stops what is being tried; what was taken over goes on. Idempotent. */
  stop(): void {
    this.#abort.abort(new MediaError('canceled', 'source-stopped', 'the trial was stopped'));
    if (!this.#hasTakenOver) this.#run?.stop();
  }

  async #tryAll(entries: readonly SourceEntry[]): Promise<void> {
    for (const entry of entries) {
      if (this.#hasTakenOver || this.#abort.signal.aborted) return;
      await this.#try(entry);
    }
  }

  async #try(entry: SourceEntry): Promise<void> {
    const { clock, createContext, takeOver, openWriter } = this.#components;
    const decided = Promise.withResolvers<undefined>();
    let standby: StandbyWriter | undefined;
    const run = new SourceRun(
      {
        createContext,
        openWriter: (own, tracks, options) => {
          if (this.#hasTakenOver) return openWriter(own, tracks, options);
          standby?.close();
          const writer = new StandbyWriter(
            {
              clock,
              onReady: () => {
                // A reload may have come in between.
                if (own.isStopped || this.#hasTakenOver) return;
                this.#hasTakenOver = takeOver({ run: own, standby: writer, tracks, options });
                decided.resolve(undefined);
                if (!this.#hasTakenOver) own.stop();
              },
            },
            tracks,
            options,
          );
          standby = writer;
          return writer;
        },
      },
      entry,
    );
    this.#run = run;
    const timeout = new AbortController();
    const signal = AbortSignal.any([this.#abort.signal, timeout.signal]);
    const tooLong = delay(clock, MAX_TRIAL_MS, signal).catch(() => undefined);
    await Promise.race([decided.promise, run.finished, tooLong]);
    timeout.abort();
    if (this.#hasTakenOver) return;
    run.stop();
    standby?.close();
    await run.finished;
  }
}
