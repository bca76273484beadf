// The source side of a path that pulls: always on, or only while somebody wants the stream.
import type { Clock, Timer } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import type { MediaError } from '../base/media-error.ts';
import type { TrackDescription } from '../codec/codec.ts';
import type { PathConfig } from '../config/config.ts';
import type { StreamWriter, StreamWriterOptions } from '../stream/stream-writer.ts';
import { SourceRunner } from './source-runner.ts';
import type { SourceEntry } from './source-run.ts';

/** What a source needs of its path. */
export interface SourcePath {
  readonly name: string;
  openWriter(
    tracks: readonly TrackDescription[],
    options?: StreamWriterOptions,
    replaced?: StreamWriter,
  ): StreamWriter;
  closeWriter(writer: StreamWriter): void;
}

/** What the source side of a path works with. */
export interface PathSourceComponents {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly random: () => number;
}

/** What one path pulls. */
export interface PathSourceOptions {
  readonly config: PathConfig;
  /** The preferred one first; at least one. */
  readonly entries: readonly SourceEntry[];
  /** The end of the source before this one: many cameras serve one client at a time. */
  readonly after?: Promise<void> | undefined;
}

/** Owns the runner of a pulled path. */
export class PathSource {
  readonly #components: PathSourceComponents;
  /** The end of what ran before: of another source, or of this one the last time. */
  #after: Promise<void> | undefined;
  #config: PathConfig;
  #entries: readonly SourceEntry[];
  #runner: SourceRunner | undefined;
  #linger: Timer | undefined;
  #lastFailure: MediaError | undefined;

  constructor(components: PathSourceComponents, options: PathSourceOptions) {
    this.#components = components;
    this.#after = options.after;
    this.#config = options.config;
    this.#entries = options.entries;
  }

  /** Of the source that runs or was tried last. */
  get type(): string {
    return this.#active?.type ?? '';
  }

  /** Place of the source that runs or was tried last, 0 = preferred; undefined when there is one only. */
  get index(): number | undefined {
    if (this.#entries.length < 2) return undefined;
    return Math.max(
      0,
      this.#entries.findIndex(({ url }) => url === this.#active?.url),
    );
  }

  /** Pulls only while somebody reads or waits. */
  get isOnDemand(): boolean {
    return this.#config.sourceOnDemand;
  }

  /** URLs with groups filled in; may hold credentials. */
  get urls(): readonly string[] {
    return this.#entries.map(({ url }) => url);
  }

  get lastFailure(): MediaError | undefined {
    return this.#runner?.lastFailure ?? this.#lastFailure;
  }

  /** Whether another list of sources would change nothing for the one that runs. */
  canKeep(urls: readonly string[]): boolean {
    const running = this.#runner?.entry;
    return !running || urls.includes(running.url);
  }

  /** Starts pulling unless the source is on demand. */
  start(path: SourcePath): void {
    if (!this.isOnDemand) this.#run(path);
  }

  /** Somebody reads or waits. */
  demand(path: SourcePath): void {
    this.#linger?.cancel();
    this.#linger = undefined;
    if (this.isOnDemand) this.#run(path);
  }

  /** Nobody reads or waits any more; an on-demand source ends after its linger time. */
  release(): void {
    if (!this.isOnDemand || !this.#runner || this.#linger) return;
    this.#linger = this.#components.clock.after(this.#config.sourceOnDemandCloseAfter, () => {
      this.#linger = undefined;
      void this.stop();
    });
  }

  /**
   * Puts settings and sources in place that need no new connection. A source that is no longer on demand
   * starts; one that has become so goes on until the path releases it.
   */
  reconfigure(
    { config, entries }: Pick<PathSourceOptions, 'config' | 'entries'>,
    path: SourcePath,
  ): void {
    this.#config = config;
    this.#entries = entries;
    if (!this.isOnDemand) this.demand(path);
    this.start(path);
  }

  /** Stops, and closes the writer at once so that another source can take the path over. */
  retire(): Promise<void> {
    const runner = this.#runner;
    const stopped = this.stop();
    runner?.releaseWriter();
    return stopped;
  }

  /** Idempotent. */
  async stop(): Promise<void> {
    this.#linger?.cancel();
    this.#linger = undefined;
    const runner = this.#runner;
    if (runner) {
      this.#lastFailure = runner.lastFailure;
      this.#runner = undefined;
      const after = Promise.all([this.#after, runner.stop()]).then(() => {
        if (this.#after === after) this.#after = undefined;
      });
      this.#after = after;
    }
    await this.#after;
  }

  get #active(): SourceEntry | undefined {
    return this.#runner?.entry ?? this.#entries[0];
  }

  #run(path: SourcePath): void {
    if (this.#runner) return;
    const { clock, logger, random } = this.#components;
    const runner = new SourceRunner(
      { clock, logger, random },
      {
        entries: () => this.#entries,
        after: this.#after,
        createContext: ({ url }, run) => ({
          ...{ pathName: path.name, config: this.#config, url, logger },
          ...run,
        }),
        openWriter: (tracks, options, replaced) => path.openWriter(tracks, options, replaced),
        closeWriter: (writer) => path.closeWriter(writer),
      },
    );
    this.#runner = runner;
    runner.start();
  }
}
