// One name: at most one source or publisher, zero or one stream, and the readers attached to it.
import type { Clock, Timer } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import { MediaError } from '../base/media-error.ts';
import type { TrackDescription } from '../codec/codec.ts';
import type { PathConfig } from '../config/config.ts';
import { Stream } from '../stream/stream.ts';
import type { StreamWriter, StreamWriterOptions } from '../stream/stream-writer.ts';
import {
  noStream,
  pathChanged,
  pathHasPublisher,
  pathHasSource,
  streamEnded,
  tooManyReaders,
} from './path-failures.ts';
import { startTimeoutMs } from './restart-keys.ts';
import type {
  CreateSource,
  PathChange,
  PathComponents,
  PathOptions,
  PathReader,
} from './path-options.ts';
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
  readonly writer: StreamWriter;
  close(): void;
}

/** The right to read a path; `close` gives it back and tells how much the reader was sent. */
export interface ReadLease {
  readonly path: string;
  readonly stream: Stream;
  close(sentBytes?: number): void;
}

/** A path by name. All its changes happen in the order of the calls; nothing waits while it holds state. */
export class Path {
  readonly name: string;
  readonly traffic = new PathTraffic();

  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #options: PathOptions;
  readonly #readers = new Set<PathReader>();
  readonly #waiters: StreamWaiters;
  #confName: string;
  #config: PathConfig;
  #source: PathSource | undefined;
  /** The end of the sources that were replaced. */
  #retired: Promise<void> | undefined;
  #publisher: { readonly publisher: Publisher; readonly writer: StreamWriter } | undefined;
  #stream: Stream | undefined;
  #availableAt: number | undefined;
  #onlineAt: number | undefined;
  #hold: Timer | undefined;
  #closedReason: MediaError | undefined;

  constructor(components: PathComponents, options: PathOptions) {
    this.name = options.name;
    this.#confName = options.confName;
    this.#config = components.config;
    this.#clock = components.clock;
    this.#waiters = new StreamWaiters(components.clock);
    this.#logger = components.logger;
    this.#source = components.source;
    this.#options = options;
  }

  /** Key of `paths` that the path belongs to. */
  get confName(): string {
    return this.#confName;
  }

  /** As it is now; a reload may change it. */
  get config(): PathConfig {
    return this.#config;
  }

  /** URL of the source, groups filled in; may hold credentials. */
  get sourceUrl(): string | undefined {
    return this.#source?.url;
  }

  get stream(): Stream | undefined {
    return this.#stream;
  }

  get readers(): ReadonlySet<PathReader> {
    return this.#readers;
  }

  /** Who feeds the path now. */
  get origin(): { readonly type: string; readonly id: string } | undefined {
    if (this.#publisher) {
      const { type, id } = this.#publisher.publisher;
      return { type, id };
    }
    return this.#source ? { type: this.#source.type, id: '' } : undefined;
  }

  /** Date ms since when the stream can be read; undefined while it can't. */
  get availableAt(): number | undefined {
    return this.#availableAt;
  }

  /** Date ms since when a source is writing; undefined while none is. */
  get onlineAt(): number | undefined {
    return this.#onlineAt;
  }

  /** Why the source of the path failed last. */
  get lastFailure(): MediaError | undefined {
    return this.#source?.lastFailure;
  }

  get isIdle(): boolean {
    return !this.#stream && !this.#publisher && this.#readers.size + this.#waiters.size === 0;
  }

  /** Starts pulling when the path has a source that is not on demand. */
  start(): void {
    this.#source?.start(this);
  }

  /**
   * Puts another entry in place. What is running goes on; with `createSource` another source, or
   * none, takes over. Readers stay in any case, as they do when a camera restarts.
   */
  reconfigure({ confName, config, createSource }: PathChange): void {
    this.#confName = confName;
    this.#config = config;
    if (createSource) this.#replaceSource(createSource);
    else this.#source?.reconfigure(config, this);
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
    this.#replacePublisher();
    const writer = this.openWriter(options.tracks, options.writer);
    const entry = { publisher: options.publisher, writer };
    this.#publisher = entry;
    const stream = this.#stream;
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

  /** Continues the current stream when the tracks are the same, else begins a new one. Used by sources and publish(). */
  openWriter(tracks: readonly TrackDescription[], options?: StreamWriterOptions): StreamWriter {
    this.#assertOpen();
    this.#hold?.cancel();
    if (this.#stream && !this.#stream.canAttach(tracks)) {
      this.#endStream(streamEnded(this.name, 'the new source has other tracks'));
    }
    const stream = this.#stream ?? new Stream(tracks, { clock: this.#clock, logger: this.#logger });
    const writer = stream.attach(tracks, options);
    this.#stream = stream;
    const now = this.#clock.nowMs();
    const wasAvailable = this.#availableAt !== undefined;
    this.#availableAt ??= now;
    this.#onlineAt = now;
    const codecs = tracks.map((track) => track.codec.name).join(', ');
    this.#logger.info(
      `stream is available and online, ${tracks.length} ${tracks.length === 1 ? 'track' : 'tracks'} (${codecs})`,
    );
    this.#waiters.wake();
    if (!wasAvailable) this.#options.onTransition?.('available');
    this.#options.onTransition?.('online');
    return writer;
  }

  /** The source is done with its writer: readers are held for a while, or for ever when the path pulls. */
  closeWriter(writer: StreamWriter): void {
    const stream = this.#stream;
    const wasOpen = !writer.isClosed;
    writer.close();
    if (!stream || stream.isOnline || !wasOpen) return;
    this.#onlineAt = undefined;
    this.#logger.info('stream is offline');
    this.#options.onTransition?.('offline');
    if (this.#readers.size === 0) {
      this.#endStream(streamEnded(this.name, 'its publisher left'));
    } else if (!this.#source) {
      this.#holdStream();
    }
  }

  /**
   * The stream of this path as soon as it is online: at once, or after the source was started on
   * demand, or when a publisher comes back within the hold time. `query` goes to runOnDemand.
   * @throws MediaError `not-found` when nothing comes, `deadline-exceeded` when a source on demand is too slow.
   */
  async waitForStream(signal?: AbortSignal, query = ''): Promise<Stream> {
    this.#assertOpen();
    if (this.#stream?.isOnline) return this.#stream;
    const isOnDemand = this.#source?.isOnDemand ?? this.#config.runOnDemand !== '';
    const holdMs = this.#stream || this.#source ? this.#config.publisherHoldTime : 0;
    const waitMs = isOnDemand ? startTimeoutMs(this.#config) : holdMs;
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
    const stream = this.#stream;
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
    this.#hold?.cancel();
    this.#waiters.wake();
    const publisher = this.#publisher?.publisher;
    this.#publisher = undefined;
    this.#endStream(reason);
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
    const stopped = old?.retire(this).catch(() => undefined);
    if (stopped) this.#retired = Promise.all([this.#retired, stopped]).then(() => undefined);
    if (this.#hasClosed()) return;
    const source = create(stopped);
    this.#source = source;
    if (!source) {
      if (this.#stream && !this.#stream.isOnline) this.#holdStream();
      return;
    }
    this.#hold?.cancel();
    this.dropPublisher(pathChanged(this.name, 'it has a source now'));
    if (this.#hasClosed()) return;
    source.start(this);
    if (this.#readers.size > 0 || this.#waiters.size > 0) source.demand(this);
  }

  #holdStream(): void {
    const holdMs = this.#config.publisherHoldTime;
    const reason = streamEnded(this.name, 'its publisher left');
    if (holdMs <= 0) {
      this.#endStream(reason);
      return;
    }
    this.#hold?.cancel();
    this.#hold = this.#clock.after(holdMs, () => {
      if (this.#stream && !this.#stream.isOnline) this.#endStream(reason);
    });
  }

  /** What a wait came to. */
  #streamNow(isOnDemand: boolean): Stream {
    this.#assertOpen();
    if (this.#stream?.isOnline) return this.#stream;
    this.#checkIdle();
    throw this.#noStream(isOnDemand);
  }

  #endStream(reason: MediaError): void {
    const stream = this.#stream;
    const wasOnline = this.#onlineAt !== undefined;
    this.#stream = undefined;
    this.#availableAt = undefined;
    this.#onlineAt = undefined;
    if (stream) {
      this.traffic.addStream(stream);
      stream.close(reason);
      this.#logger.info(`stream is not available: ${reason.message}`);
      if (wasOnline) this.#options.onTransition?.('offline');
      this.#options.onTransition?.('unavailable');
    }
    this.#checkIdle();
  }

  #afterReaderLeft(): void {
    this.#checkDemand();
    if (this.#readers.size === 0 && this.#stream && !this.#stream.isOnline) {
      this.#hold?.cancel();
      this.#endStream(streamEnded(this.name, 'its publisher left'));
    } else {
      this.#checkIdle();
    }
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
