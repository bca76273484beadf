// The stream of a path: who writes it, what it shows while nobody does, when it ends.
import type { Clock, Timer } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import type { MediaError } from '../base/media-error.ts';
import type { TrackDescription } from '../codec/codec.ts';
import { Stream } from '../stream/stream.ts';
import type { StreamWriter, StreamWriterOptions } from '../stream/stream-writer.ts';
import { pathChanged, streamEnded } from './path-failures.ts';
import type { PathTransition } from './path-options.ts';
import { PathSlate } from './path-slate.ts';
import { checkSlateTracks, hasSameTracks } from './slate-tracks.ts';
import type { Slate } from './slate.ts';

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
  #slate: PathSlate | undefined;

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

  /** Shows `slate` whenever nobody writes; undefined takes it away. Readers of one that was shown are sent away. */
  setSlate(slate: Slate | undefined): void {
    const wasShown = this.#slate?.isShown === true;
    this.#slate?.close();
    this.#slate = undefined;
    if (wasShown) this.end(pathChanged(this.#options.pathName, 'it has another slate, or none'));
    if (!slate) return;
    this.#slate = new PathSlate(
      { ...this.#components, slate },
      { onReady: () => this.#showSlate(), onFailed: () => undefined },
    );
    this.#slate.start();
  }

  /** @throws MediaError `invalid-argument` when the path is always available, with other tracks. */
  check(tracks: readonly TrackDescription[]): void {
    const expected = this.#slate?.tracks;
    if (expected) checkSlateTracks(this.#options.pathName, expected, tracks);
  }

  /**
   * Continues the current stream when the tracks are the same, else begins a new one. A source that
   * takes over from a running one gives its writer as `replaced`.
   * @throws MediaError as check().
   */
  openWriter(
    tracks: readonly TrackDescription[],
    options?: StreamWriterOptions,
    replaced?: StreamWriter,
  ): StreamWriter {
    this.check(tracks);
    this.keep();
    this.#slate?.hide();
    if (replaced && this.#stream?.canAttach(tracks) === true) {
      replaced.close();
      return this.#stream.attach(tracks, options);
    }
    if (replaced) this.closeWriter(replaced);
    if (this.#stream && !this.#stream.canAttach(tracks)) {
      this.end(this.#ended('the new source has other tracks'));
    }
    const writer = this.#attach(tracks, options);
    this.#goOnline(tracks);
    return writer;
  }

  /** A writer is done: readers are held for a while, or for ever when the path pulls. */
  closeWriter(writer: StreamWriter): void {
    const stream = this.#stream;
    writer.close();
    // A source may have closed it before: what counts is whether the end was told.
    if (!stream || stream.isOnline || this.#onlineAt === undefined) return;
    this.#onlineAt = undefined;
    this.#components.logger.info('stream is offline');
    this.#options.onTransition('offline');
    if (this.#showSlate()) return;
    if (!this.#options.hasReaders()) this.end(this.#ended('its publisher left'));
    else if (!this.#options.isPulled()) this.hold();
  }

  /** Lets the readers of a stream that nobody writes wait for the hold time. */
  hold(): void {
    if (!this.#stream || this.#stream.isOnline || this.#showSlate()) return;
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

  /** Ends everything. Idempotent. */
  close(reason: MediaError): void {
    this.keep();
    this.#slate?.close();
    this.#slate = undefined;
    this.end(reason);
  }

  /** Ends the stream, and tells its readers why. */
  end(reason: MediaError): void {
    this.#slate?.hide();
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

  /** True when the path has a slate and nobody else writes. */
  #showSlate(): boolean {
    const slate = this.#slate;
    const tracks = slate?.tracks;
    if (!slate || !tracks) return false;
    if (this.#stream?.isOnline === true) {
      if (hasSameTracks(tracks, this.#stream.tracks)) return false;
      const message = 'alwaysAvailable: the source has other tracks, its readers will be sent away';
      this.#components.logger.warn(message);
      return false;
    }
    if (this.#stream && !this.#stream.canAttach(tracks)) {
      this.end(this.#ended('the slate has other tracks'));
    }
    slate.show(this.#attach(tracks));
    const wasAvailable = this.#availableAt !== undefined;
    this.#availableAt ??= this.#components.clock.nowMs();
    this.#options.onWritten();
    if (wasAvailable) return true;
    this.#components.logger.info(`stream is available, ${describeTracks(tracks)}`);
    this.#options.onTransition('available');
    return true;
  }

  #attach(tracks: readonly TrackDescription[], options?: StreamWriterOptions): StreamWriter {
    const { clock, logger } = this.#components;
    const stream = this.#stream ?? new Stream(tracks, { clock, logger });
    const writer = stream.attach(tracks, options);
    this.#stream = stream;
    return writer;
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
