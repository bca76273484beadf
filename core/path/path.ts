// One name: at most one source or publisher, zero or one stream, and the readers attached to it.
import type { Logger } from '../base/logger.ts';
import { MediaError } from '../base/media-error.ts';
import type { TrackDescription } from '../codec/codec.ts';
import type { PathConfig } from '../config/config.ts';
import type { SourceWriter } from '../stream/source-writer.ts';
import type { Stream } from '../stream/stream.ts';
import type { StreamWriter, StreamWriterOptions } from '../stream/stream-writer.ts';
import {
  noStream,
  pathChanged,
  pathHasPublisher,
  pathHasSource,
  tooManyReaders,
} from './path-failures.ts';
import { hasOtherSlate, startTimeoutMs } from './restart-keys.ts';
import type { Slate } from './slate.ts';
import type {
  CreateSource,
  PathChange,
  PathComponents,
  PathOptions,
  PathReader,
} from './path-options.ts';
import { PathStream } from './path-stream.ts';
import type { PathSource } from './path-source.ts';
import { PathTraffic } from './path-traffic.ts';
import { StreamWaiters } from './stream-waiters.ts';

/** Whoever pushes a stream into a path. */
export interface Publisher {
  readonly id: string;
  /** As the Control API names it, e.g. `rtspSession`. */
  readonly type: string;
  /** The path no longer takes this publisher; called at most once, the publisher then closes itself. */
  onPathClosed(reason: MediaError): void;
}

/** Who publishes what. */
export interface PublishOptions {
  readonly publisher: Publisher;
  readonly tracks: readonly TrackDescription[];
  readonly writer?: StreamWriterOptions;
}

/** The right to write into a path; `close` gives it back. */
export interface PublishLease {
  readonly path: string;
  readonly stream: Stream;
  readonly writer: SourceWriter;
  close(): void;
}

/** The right to read a path; `close` gives it back and tells how much the reader was sent. */
export interface ReadLease {
  readonly path: string;
  readonly stream: Stream;
  close(sentBytes?: number): void;
}

/** Longest wait for the clips of a slate to be read; it takes far less. */
const SLATE_START_MS = 5000;

/** Who feeds a path, as the Control API shows it. */
export interface PathOrigin {
  readonly type: string;
  /** Of the session; empty for sources. */
  readonly id: string;
  /** Place in the list of sources, 0 = preferred; absent when there is no list. */
  readonly index?: number;
}

/** A path by name. All its changes happen in the order of the calls; nothing waits while it holds state. */
export class Path {
  readonly name: string;
  readonly traffic = new PathTraffic();

  readonly #logger: Logger;
  readonly #options: PathOptions;
  readonly #readers = new Set<PathReader>();
  readonly #waiters: StreamWaiters;
  readonly #stream: PathStream;
  #confName: string;
  #config: PathConfig;
  #source: PathSource | undefined;
  /** The end of the sources that were replaced. */
  #retired: Promise<void> | undefined;
  #publisher: { readonly publisher: Publisher; readonly writer: StreamWriter } | undefined;
  #closedReason: MediaError | undefined;

  constructor(components: PathComponents, options: PathOptions) {
    this.name = options.name;
    this.#confName = options.confName;
    this.#config = components.config;
    this.#waiters = new StreamWaiters(components.clock);
    this.#logger = components.logger;
    this.#source = components.source;
    this.#options = options;
    const { clock, logger } = components;
    this.#stream = new PathStream(
      { clock, logger },
      {
        pathName: options.name,
        hasReaders: () => this.#readers.size > 0,
        isPulled: () => this.#source !== undefined,
        holdMs: () => this.#config.publisherHoldTime,
        onEnded: (stream) => this.traffic.addStream(stream),
        onWritten: () => this.#waiters.wake(),
        onTransition: (transition) => this.#options.onTransition?.(transition),
        onGone: () => this.#checkIdle(),
      },
    );
  }

  /** Key of `paths` that the path belongs to. */
  get confName(): string {
    return this.#confName;
  }

  /** As it is now; a reload may change it. */
  get config(): PathConfig {
    return this.#config;
  }

  /** URLs of the sources, groups filled in; may hold credentials. Empty when the path waits for publishers. */
  get sourceUrls(): readonly string[] {
    return this.#source?.urls ?? [];
  }

  /** Whether the source that runs now is one of these, so that it can go on. */
  canKeepSource(urls: readonly string[]): boolean {
    return this.#source?.canKeep(urls) ?? urls.length === 0;
  }

  get stream(): Stream | undefined {
    return this.#stream.current;
  }

  get readers(): ReadonlySet<PathReader> {
    return this.#readers;
  }

  /** Who feeds the path now. */
  get origin(): PathOrigin | undefined {
    if (this.#publisher) {
      const { type, id } = this.#publisher.publisher;
      return { type, id };
    }
    if (!this.#source) return undefined;
    const { type, index } = this.#source;
    return { type, id: '', ...(index === undefined ? {} : { index }) };
  }

  /** Date ms since when the stream can be read; undefined while it can't. */
  get availableAt(): number | undefined {
    return this.#stream.availableAt;
  }

  /** Date ms since when a source is writing; undefined while none is. */
  get onlineAt(): number | undefined {
    return this.#stream.onlineAt;
  }

  /** Why the source of the path failed last. */
  get lastFailure(): MediaError | undefined {
    return this.#source?.lastFailure;
  }

  get isIdle(): boolean {
    return !this.stream && !this.#publisher && this.#readers.size + this.#waiters.size === 0;
  }

  /** Shows the slate of an always-available path, and starts pulling when there is a source that is not on demand. */
  start(): void {
    this.#stream.setSlate(this.#createSlate());
    this.#source?.start(this);
  }

  /**
   * Puts another entry in place. What is running goes on; with `createSource` another source, or
   * none, takes over. Readers stay in any case, as they do when a camera restarts.
   */
  reconfigure({ confName, config, createSource, sources }: PathChange): void {
    const isSlateNew = hasOtherSlate(this.#config, config);
    this.#confName = confName;
    this.#config = config;
    if (isSlateNew) this.#stream.setSlate(this.#createSlate());
    if (createSource) this.#replaceSource(createSource);
    else this.#source?.reconfigure({ config, entries: sources }, this);
    this.#checkDemand();
    this.#checkIdle();
  }

  /** Sends the publisher away; readers wait for it or its successor. */
  dropPublisher(reason: MediaError): void {
    const current = this.#publisher;
    if (!current) return;
    this.#publisher = undefined;
    this.closeWriter(current.writer);
    current.publisher.onPathClosed(reason);
  }

  /**
   * Makes `options.publisher` the one who feeds this path.
   * @throws MediaError `already-exists` when another publishes and `overridePublisher` is off;
   * `invalid-argument` when the path pulls its stream.
   */
  publish(options: PublishOptions): PublishLease {
    this.#assertOpen();
    if (this.#source) throw pathHasSource(this.name);
    this.#stream.check(options.tracks);
    this.#replacePublisher();
    const writer = this.openWriter(options.tracks, options.writer);
    const entry = { publisher: options.publisher, writer };
    this.#publisher = entry;
    const { stream } = this;
    if (!stream) throw new MediaError('internal', 'internal', 'a writer without a stream');
    return {
      path: this.name,
      stream,
      writer,
      close: () => {
        if (this.#publisher === entry) this.#publisher = undefined;
        this.closeWriter(writer);
      },
    };
  }

  /** As PathStream.openWriter. Used by sources and publish(). */
  openWriter(
    tracks: readonly TrackDescription[],
    options?: StreamWriterOptions,
    replaced?: StreamWriter,
  ): StreamWriter {
    this.#assertOpen();
    return this.#stream.openWriter(tracks, options, replaced);
  }

  /** As PathStream.closeWriter. */
  closeWriter(writer: StreamWriter): void {
    this.#stream.closeWriter(writer);
  }

  /**
   * The stream of this path as soon as it is online: at once, or after the source was started on
   * demand, or when a publisher comes back within the hold time. `query` goes to runOnDemand.
   * @throws MediaError `not-found` when nothing comes, `deadline-exceeded` when a source on demand is too slow.
   */
  async waitForStream(signal?: AbortSignal, query = ''): Promise<Stream> {
    this.#assertOpen();
    if (this.stream?.isOnline === true) return this.stream;
    const isOnDemand = this.#source?.isOnDemand ?? this.#config.runOnDemand !== '';
    const waitMs = isOnDemand ? startTimeoutMs(this.#config) : this.#patienceMs();
    if (waitMs <= 0) return this.#streamNow(isOnDemand);
    try {
      await this.#waiters.wait(waitMs, () => this.#demand(query), signal);
    } finally {
      this.#checkDemand();
    }
    signal?.throwIfAborted();
    return this.#streamNow(isOnDemand);
  }

  /**
   * Counts a reader in. The stream must be the one of `waitForStream`.
   * @throws MediaError `resource-exhausted` when `maxReaders` is reached, `not-found` when the stream is gone.
   */
  read(reader: PathReader): ReadLease {
    this.#assertOpen();
    const { stream } = this;
    if (!stream) throw this.#noStream(false);
    const limit = this.#config.maxReaders;
    if (limit > 0 && this.#readers.size >= limit) throw tooManyReaders(this.name, limit);
    this.#readers.add(reader);
    this.#demand('');
    this.#options.onReader?.(reader, 'added');
    return {
      path: this.name,
      stream,
      close: (sentBytes = 0) => {
        if (!this.#readers.delete(reader)) return;
        this.traffic.addReader(sentBytes);
        this.#options.onReader?.(reader, 'removed');
        this.#afterReaderLeft();
      },
    };
  }

  /** Ends everything on this path. Idempotent. */
  async close(reason: MediaError): Promise<void> {
    if (this.#closedReason) return;
    this.#closedReason = reason;
    this.#waiters.wake();
    const publisher = this.#publisher?.publisher;
    this.#publisher = undefined;
    this.#stream.close(reason);
    publisher?.onPathClosed(reason);
    await Promise.all([this.#source?.stop(), this.#retired]);
  }

  #replacePublisher(): void {
    const current = this.#publisher;
    if (!current) return;
    if (!this.#config.overridePublisher) throw pathHasPublisher(this.name);
    this.#logger.info('closing existing publisher');
    this.#publisher = undefined;
    current.writer.close();
    current.publisher.onPathClosed(
      new MediaError('canceled', 'publisher-replaced', 'another publisher took over the path'),
    );
  }

  #replaceSource(create: CreateSource): void {
    const old = this.#source;
    const stopped = old?.retire().catch(() => undefined);
    if (stopped) this.#retired = Promise.all([this.#retired, stopped]).then(() => undefined);
    if (this.#hasClosed()) return;
    const source = create(stopped);
    this.#source = source;
    if (!source) {
      this.#stream.hold();
      return;
    }
    this.#stream.keep();
    this.dropPublisher(pathChanged(this.name, 'it has a source now'));
    if (this.#hasClosed()) return;
    source.start(this);
    if (this.#readers.size > 0 || this.#waiters.size > 0) source.demand(this);
  }

  /** How long a reader waits for a stream that comes by itself. */
  #patienceMs(): number {
    const { alwaysAvailable, publisherHoldTime } = this.#config;
    if (alwaysAvailable) return Math.max(SLATE_START_MS, publisherHoldTime);
    return (this.stream ?? this.#source) ? publisherHoldTime : 0;
  }

  #createSlate(): Slate | undefined {
    if (!this.#config.alwaysAvailable) return undefined;
    return this.#options.createSlate?.(this.#config, this.#logger);
  }

  /** What a wait came to. */
  #streamNow(isOnDemand: boolean): Stream {
    this.#assertOpen();
    if (this.stream?.isOnline === true) return this.stream;
    this.#checkIdle();
    throw this.#noStream(isOnDemand);
  }

  #afterReaderLeft(): void {
    this.#checkDemand();
    if (this.#readers.size > 0 || !this.#stream.endUnwritten()) this.#checkIdle();
  }

  #demand(query: string): void {
    this.#source?.demand(this);
    this.#options.onDemand?.({ isWanted: true, query });
  }

  #checkDemand(): void {
    if (this.#readers.size + this.#waiters.size > 0) return;
    this.#source?.release();
    this.#options.onDemand?.({ isWanted: false, query: '' });
  }

  #checkIdle(): void {
    if (this.isIdle && !this.#closedReason) this.#options.onIdle();
  }

  /** A dynamic path closes as soon as nobody uses it, also in the middle of a change. */
  #hasClosed(): boolean {
    return this.#closedReason !== undefined;
  }

  #assertOpen(): void {
    if (this.#closedReason) throw this.#closedReason;
  }

  #noStream(isOnDemand: boolean): MediaError {
    return noStream(this.name, { isOnDemand, cause: this.#source?.lastFailure });
  }
}
