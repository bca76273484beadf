// The stream of a path: who writes it, how long it waits for the next writer, when it ends.
import type { Clock, Timer } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import type { MediaError } from '../base/media-error.ts';
import type { TrackDescription } from '../codec/codec.ts';
import { Stream } from '../stream/stream.ts';
import type { StreamWriter, StreamWriterOptions } from '../stream/stream-writer.ts';
import { streamEnded } from './path-failures.ts';
import type { PathTransition } from './path-options.ts';

/** What a path's stream works with. */
export interface PathStreamComponents {
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What it asks of its path, and tells it. */
export interface PathStreamOptions {
  readonly pathName: string;
  readonly hasReaders: () => boolean;
  /** Whether a source brings the stream back by itself, however long that takes. */
  readonly isPulled: () => boolean;
  /** How long readers wait for a publisher. */
  readonly holdMs: () => number;
  /** A stream ended; its counters are not asked any more. */
  readonly onEnded: (stream: Stream) => void;
  /** There is a stream that is being written. */
  readonly onWritten: () => void;
  readonly onTransition: (transition: PathTransition) => void;
  /** There is no stream any more. */
  readonly onGone: () => void;
}

/** At most one stream at a time. */
export class PathStream {
  readonly #components: PathStreamComponents;
  readonly #options: PathStreamOptions;
  #stream: Stream | undefined;
  #availableAt: number | undefined;
  #onlineAt: number | undefined;
  #hold: Timer | undefined;

  constructor(components: PathStreamComponents, options: PathStreamOptions) {
    this.#components = components;
    this.#options = options;
  }

  get current(): Stream | undefined {
    return this.#stream;
  }

  /** Date ms since when it can be read. */
  get availableAt(): number | undefined {
    return this.#availableAt;
  }

  /** Date ms since when a source is writing. */
  get onlineAt(): number | undefined {
    return this.#onlineAt;
  }

  /**
   * Continues the current stream when the tracks are the same, else begins a new one. A source that
   * takes over from a running one gives its writer as `replaced`.
   */
  openWriter(
    tracks: readonly TrackDescription[],
    options?: StreamWriterOptions,
    replaced?: StreamWriter,
  ): StreamWriter {
    this.keep();
    if (replaced && this.#stream?.canAttach(tracks) === true) {
      replaced.close();
      return this.#stream.attach(tracks, options);
    }
    if (replaced) this.closeWriter(replaced);
    if (this.#stream && !this.#stream.canAttach(tracks)) {
      this.end(this.#ended('the new source has other tracks'));
    }
    const { clock, logger } = this.#components;
    const stream = this.#stream ?? new Stream(tracks, { clock, logger });
    const writer = stream.attach(tracks, options);
    this.#stream = stream;
    this.#goOnline(tracks);
    return writer;
  }

  /** A writer is done: readers are held for a while, or for ever when the path pulls. */
  closeWriter(writer: StreamWriter): void {
    const stream = this.#stream;
    const wasOpen = !writer.isClosed;
    writer.close();
    if (!stream || stream.isOnline || !wasOpen) return;
    this.#onlineAt = undefined;
    this.#components.logger.info('stream is offline');
    this.#options.onTransition('offline');
    if (!this.#options.hasReaders()) this.end(this.#ended('its publisher left'));
    else if (!this.#options.isPulled()) this.hold();
  }

  /** Lets the readers of a stream that nobody writes wait for the hold time. */
  hold(): void {
    if (!this.#stream || this.#stream.isOnline) return;
    const holdMs = this.#options.holdMs();
    const reason = this.#ended('its publisher left');
    if (holdMs <= 0) {
      this.end(reason);
      return;
    }
    this.keep();
    this.#hold = this.#components.clock.after(holdMs, () => {
      if (this.#stream && !this.#stream.isOnline) this.end(reason);
    });
  }

  /** Ends the wait of hold(); the stream stays. */
  keep(): void {
    this.#hold?.cancel();
  }

  /** Ends a stream that nobody writes; true when there was one. */
  endUnwritten(): boolean {
    if (!this.#stream || this.#stream.isOnline) return false;
    this.keep();
    this.end(this.#ended('its publisher left'));
    return true;
  }

  /** Ends the stream, and tells its readers why. */
  end(reason: MediaError): void {
    const stream = this.#stream;
    const wasOnline = this.#onlineAt !== undefined;
    this.#stream = undefined;
    this.#availableAt = undefined;
    this.#onlineAt = undefined;
    if (stream) {
      this.#options.onEnded(stream);
      stream.close(reason);
      this.#components.logger.info(`stream is not available: ${reason.message}`);
      if (wasOnline) this.#options.onTransition('offline');
      this.#options.onTransition('unavailable');
    }
    this.#options.onGone();
  }

  #goOnline(tracks: readonly TrackDescription[]): void {
    const { clock, logger } = this.#components;
    const now = clock.nowMs();
    const wasAvailable = this.#availableAt !== undefined;
    this.#availableAt ??= now;
    this.#onlineAt = now;
    logger.info(`stream is available and online, ${describeTracks(tracks)}`);
    this.#options.onWritten();
    if (!wasAvailable) this.#options.onTransition('available');
    this.#options.onTransition('online');
  }

  #ended(why: string): MediaError {
    return streamEnded(this.#options.pathName, why);
  }
}

/** E.g. `2 tracks (H264, Opus)`. */
function describeTracks(tracks: readonly TrackDescription[]): string {
  const codecs = tracks.map((track) => track.codec.name).join(', ');
  return `${tracks.length} ${tracks.length === 1 ? 'track' : 'tracks'} (${codecs})`;
}
