// The source side of a path that pulls: always on, or only while somebody wants the stream.
import type { Clock, Timer } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import type { MediaError } from '../base/media-error.ts';
import type { TrackDescription } from '../codec/codec.ts';
import type { PathConfig } from '../config/config.ts';
import type { StreamWriter, StreamWriterOptions } from '../stream/stream-writer.ts';
import { SourceRunner } from './source-runner.ts';
import type { SourceFactory } from './source.ts';

/** What a source needs of its path. */
export interface SourcePath {
  readonly name: string;
  openWriter(tracks: readonly TrackDescription[], options?: StreamWriterOptions): StreamWriter;
  closeWriter(writer: StreamWriter): void;
}

/** What the source side of a path works with. */
export interface PathSourceComponents {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly random: () => number;
  readonly factory: SourceFactory;
}

/** What one path pulls. */
export interface PathSourceOptions {
  readonly config: PathConfig;
  /** URL with groups filled in; may hold credentials. */
  readonly url: string;
  /** The end of the source before this one: many cameras serve one client at a time. */
  readonly after?: Promise<void> | undefined;
}

/** Owns the runner of a pulled path. */
export class PathSource {
  readonly type: string;
  readonly #components: PathSourceComponents;
  readonly #options: PathSourceOptions;
  #config: PathConfig;
  #runner: SourceRunner | undefined;
  #writer: StreamWriter | undefined;
  #linger: Timer | undefined;
  #lastFailure: MediaError | undefined;

  constructor(components: PathSourceComponents, options: PathSourceOptions) {
    this.#components = components;
    this.#options = options;
    this.type = components.factory.type;
    this.#config = options.config;
  }

  /** Pulls only while somebody reads or waits. */
  get isOnDemand(): boolean {
    return this.#config.sourceOnDemand;
  }

  /** URL with groups filled in; may hold credentials. */
  get url(): string {
    return this.#options.url;
  }

  get lastFailure(): MediaError | undefined {
    return this.#runner?.lastFailure ?? this.#lastFailure;
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
   * Puts settings in place that need no new connection. A source that is no longer on demand
   * starts; one that has become so goes on until the path releases it.
   */
  reconfigure(config: PathConfig, path: SourcePath): void {
    this.#config = config;
    if (!this.isOnDemand) this.demand(path);
    this.start(path);
  }

  /** Stops, and closes the writer at once so that another source can take the path over. */
  retire(path: SourcePath): Promise<void> {
    const stopped = this.stop();
    this.#closeWriter(path);
    return stopped;
  }

  /** Idempotent. */
  async stop(): Promise<void> {
    this.#linger?.cancel();
    this.#linger = undefined;
    const runner = this.#runner;
    if (!runner) return;
    this.#lastFailure = runner.lastFailure;
    this.#runner = undefined;
    await runner.stop();
  }

  #run(path: SourcePath): void {
    if (this.#runner) return;
    const { clock, logger, random, factory } = this.#components;
    const source = factory.create();
    const closeWriter = (): void => this.#closeWriter(path);
    const runner = new SourceRunner(
      { clock, logger, random },
      {
        source,
        after: this.#options.after,
        createContext: (signal) => ({
          pathName: path.name,
          config: this.#config,
          url: this.#options.url,
          logger,
          signal,
          publish: (tracks, options) => {
            signal.throwIfAborted();
            closeWriter();
            const writer = path.openWriter(tracks, options);
            this.#writer = writer;
            return writer;
          },
        }),
        onRunEnded: closeWriter,
      },
    );
    this.#runner = runner;
    runner.start();
  }

  #closeWriter(path: SourcePath): void {
    const writer = this.#writer;
    this.#writer = undefined;
    if (writer) path.closeWriter(writer);
  }
}
