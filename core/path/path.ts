// One name: at most one source or publisher, zero or one stream, and the readers attached to it.
import { delay, type Clock, type Timer } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import { MediaError } from '../base/media-error.ts';
import { redactUrls } from '../base/url-redaction.ts';
import type { TrackDescription } from '../codec/codec.ts';
import type { PathConfig } from '../config/config.ts';
import { Stream } from '../stream/stream.ts';
import type { StreamWriter, StreamWriterOptions } from '../stream/stream-writer.ts';
import type { PathSource } from './path-source.ts';
import { PathTraffic } from './path-traffic.ts';

/** Whoever pushes a stream into a path. */
export interface Publisher {
  readonly id: string;
  /** As the Control API names it, e.g. `rtspSession`. */
  readonly type: string;
  /** The path no longer takes this publisher; called at most once, the publisher then closes itself. */
  onPathClosed(reason: MediaError): void;
}

/** Whoever reads a path; counted against `maxReaders` and listed in the API. */
export interface PathReader {
  readonly id: string;
  readonly type: string;
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

/** What a path works with. */
export interface PathComponents {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly config: PathConfig;
  /** Present when the path pulls its stream. */
  readonly source?: PathSource;
}

/**
 * What happens to the stream of a path: it can be read from `available` to `unavailable`; within,
 * a source writes it from `online` to `offline` (a camera that restarts goes offline and online).
 */
export type PathTransition = 'available' | 'online' | 'offline' | 'unavailable';

/** Names of a path and what to do when nobody needs it. */
export interface PathOptions {
  readonly name: string;
  readonly confName: string;
  /** Told after each change, in order. Must not throw. */
  readonly onTransition?: (path: Path, transition: PathTransition) => void;
  /** Nobody publishes, reads or waits any more. */
  readonly onIdle: () => void;
}

/** A path by name. All its changes happen in the order of the calls; nothing waits while it holds state. */
export class Path {
  readonly name: string;
  readonly confName: string;
  readonly config: PathConfig;
  readonly traffic = new PathTraffic();

  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #source: PathSource | undefined;
  readonly #onIdle: () => void;
  readonly #onTransition: ((path: Path, transition: PathTransition) => void) | undefined;
  readonly #readers = new Set<PathReader>();
  readonly #waiters = new Set<() => void>();
  #publisher: { readonly publisher: Publisher; readonly writer: StreamWriter } | undefined;
  #stream: Stream | undefined;
  #availableAt: number | undefined;
  #onlineAt: number | undefined;
  #hold: Timer | undefined;
  #closedReason: MediaError | undefined;

  constructor(components: PathComponents, options: PathOptions) {
    this.name = options.name;
    this.confName = options.confName;
    this.config = components.config;
    this.#clock = components.clock;
    this.#logger = components.logger;
    this.#source = components.source;
    this.#onIdle = options.onIdle;
    this.#onTransition = options.onTransition;
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
    return (
      !this.#stream && !this.#publisher && this.#readers.size === 0 && this.#waiters.size === 0
    );
  }

  /** Starts pulling when the path has a source that is not on demand. */
  start(): void {
    this.#source?.start(this);
  }

  /**
   * Makes `options.publisher` the one who feeds this path.
   * @throws MediaError `already-exists` when another publishes and `overridePublisher` is off;
   * `invalid-argument` when the path pulls its stream.
   */
  publish(options: PublishOptions): PublishLease {
    this.#assertOpen();
    if (this.#source) {
      throw new MediaError(
        'invalid-argument',
        'path-has-source',
        `path '${this.name}' pulls its stream from a source and can't be published to`,
      );
    }
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
    this.#hold = undefined;
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
    for (const wake of [...this.#waiters]) wake();
    if (!wasAvailable) this.#onTransition?.(this, 'available');
    this.#onTransition?.(this, 'online');
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
    this.#onTransition?.(this, 'offline');
    if (this.#readers.size === 0) {
      this.#endStream(streamEnded(this.name, 'its publisher left'));
    } else if (!this.#source) {
      this.#holdStream();
    }
  }

  /**
   * The stream of this path as soon as it is online: at once, or after the source was started on
   * demand, or when a publisher comes back within the hold time.
   * @throws MediaError `not-found` when nothing comes, `deadline-exceeded` when a source on demand is too slow.
   */
  async waitForStream(signal?: AbortSignal): Promise<Stream> {
    this.#assertOpen();
    if (this.#stream?.isOnline) return this.#stream;
    const isOnDemand = this.#source?.isOnDemand === true;
    const waitMs = isOnDemand ? this.config.sourceOnDemandStartTimeout : this.#holdTimeLeftMs();
    if (waitMs <= 0) return this.#streamNow(isOnDemand);
    const arrival = Promise.withResolvers<undefined>();
    const wake = (): void => arrival.resolve(undefined);
    const timeout = new AbortController();
    const either = signal ? AbortSignal.any([signal, timeout.signal]) : timeout.signal;
    this.#waiters.add(wake);
    try {
      this.#source?.demand(this);
      await Promise.race([
        arrival.promise,
        delay(this.#clock, waitMs, either).catch(() => undefined),
      ]);
    } finally {
      timeout.abort();
      this.#waiters.delete(wake);
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
    const limit = this.config.maxReaders;
    if (limit > 0 && this.#readers.size >= limit) {
      throw new MediaError(
        'resource-exhausted',
        'max-readers',
        `maximum reader count (${limit}) of path '${this.name}' is reached`,
      );
    }
    this.#readers.add(reader);
    this.#source?.demand(this);
    return {
      path: this.name,
      stream,
      close: (sentBytes = 0) => {
        if (!this.#readers.delete(reader)) return;
        this.traffic.addReader(sentBytes);
        this.#afterReaderLeft();
      },
    };
  }

  /** Ends everything on this path. Idempotent. */
  async close(reason: MediaError): Promise<void> {
    if (this.#closedReason) return;
    this.#closedReason = reason;
    this.#hold?.cancel();
    for (const wake of [...this.#waiters]) wake();
    const publisher = this.#publisher?.publisher;
    this.#publisher = undefined;
    this.#endStream(reason);
    publisher?.onPathClosed(reason);
    await this.#source?.stop();
  }

  #replacePublisher(): void {
    const current = this.#publisher;
    if (!current) return;
    if (!this.config.overridePublisher) {
      throw new MediaError(
        'already-exists',
        'path-has-publisher',
        `someone is already publishing to path '${this.name}'`,
      );
    }
    this.#logger.info('closing existing publisher');
    this.#publisher = undefined;
    current.writer.close();
    current.publisher.onPathClosed(
      new MediaError('canceled', 'publisher-replaced', 'another publisher took over the path'),
    );
  }

  #holdStream(): void {
    const holdMs = this.config.publisherHoldTime;
    const reason = streamEnded(this.name, 'its publisher left');
    if (holdMs <= 0) {
      this.#endStream(reason);
      return;
    }
    this.#hold?.cancel();
    this.#hold = this.#clock.after(holdMs, () => {
      this.#hold = undefined;
      if (this.#stream && !this.#stream.isOnline) this.#endStream(reason);
    });
  }

  #holdTimeLeftMs(): number {
    return this.#stream || this.#source ? this.config.publisherHoldTime : 0;
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
      if (wasOnline) this.#onTransition?.(this, 'offline');
      this.#onTransition?.(this, 'unavailable');
    }
    this.#checkIdle();
  }

  #afterReaderLeft(): void {
    this.#checkDemand();
    if (this.#readers.size === 0 && this.#stream && !this.#stream.isOnline) {
      this.#hold?.cancel();
      this.#hold = undefined;
      this.#endStream(streamEnded(this.name, 'its publisher left'));
    } else {
      this.#checkIdle();
    }
  }

  #checkDemand(): void {
    if (this.#readers.size === 0 && this.#waiters.size === 0) this.#source?.release();
  }

  #checkIdle(): void {
    if (this.isIdle && !this.#closedReason) this.#onIdle();
  }

  #assertOpen(): void {
    if (this.#closedReason) throw this.#closedReason;
  }

  /** Says why: what the source failed with is what an operator looks for. */
  #noStream(isOnDemand: boolean): MediaError {
    const cause = this.#source?.lastFailure;
    const why = cause ? `: ${redactUrls(cause.message)}` : '';
    const options = cause ? { cause } : {};
    if (isOnDemand) {
      const message = `source of path '${this.name}' has timed out${why}`;
      return new MediaError('deadline-exceeded', 'source-timed-out', message, options);
    }
    const message = `no stream is available on path '${this.name}'${why}`;
    return new MediaError('not-found', 'no-stream', message, options);
  }
}

function streamEnded(name: string, why: string): MediaError {
  return new MediaError(
    'unavailable',
    'stream-ended',
    `the stream of path '${name}' ended: ${why}`,
  );
}
