// The hub of one path: tracks written by one source, walked by any number of readers.
import { randomBytes } from 'node:crypto';
import type { Clock } from '../base/clock.ts';
import { delay, systemClock } from '../base/clock.ts';
import { MediaError, toMediaError } from '../base/media-error.ts';
import { silentLogger, type Logger } from '../base/logger.ts';
import type { TrackDescription } from '../codec/codec.ts';
import { createNormalizer } from '../rtp/create-normalizer.ts';
import { KeyFrameRequest } from './key-frame-request.ts';
import { isSameFormat } from './same-format.ts';
import { StreamClock } from './stream-clock.ts';
import type { StreamReader } from './stream-reader.ts';
import { StreamWriter, type StreamWriterOptions } from './stream-writer.ts';
import { Track } from './track.ts';
import { TrackRing } from './track-ring.ts';

/** Settings of a stream; every one has a default. */
export interface StreamOptions {
  readonly clock?: Clock;
  readonly logger?: Logger;
  /** History each ring keeps, in milliseconds, as long as the byte limit allows. */
  readonly minHistoryMs?: number;
  /** Upper limit of one video ring in bytes; audio and data tracks get an eighth. */
  readonly maxRingBytes?: number;
}

const DEFAULT_MIN_HISTORY_MS = 5000;
const DEFAULT_MAX_RING_BYTES = 32 * 1024 * 1024;
const PARAMETER_SET_POLL_MS = 20;

/**
 * A stream of one path. It outlives its publisher for the hold time of the path, so that readers
 * stay attached while a camera restarts: the next publisher with the same tracks gets a writer
 * from `attach` and continues the timelines.
 */
export class Stream {
  readonly tracks: readonly Track[];
  readonly clock: StreamClock;

  readonly #time: Clock;
  readonly #logger: Logger;
  readonly #readers: StreamReader[] = [];
  readonly #keyFrameRequests: (KeyFrameRequest | undefined)[];
  #writer: StreamWriter | undefined;
  /** Whether a source had the writer before, even one that sent nothing: the next may differ in details. */
  #hadWriter = false;
  #closedReason: MediaError | undefined;

  constructor(descriptions: readonly TrackDescription[], options: StreamOptions = {}) {
    this.#time = options.clock ?? systemClock;
    this.#logger = options.logger ?? silentLogger;
    this.tracks = descriptions.map((description, index) =>
      createTrack(description, index, options),
    );
    this.clock = new StreamClock(this.tracks);
    this.#keyFrameRequests = this.tracks.map((track) =>
      track.kind === 'video'
        ? new KeyFrameRequest(this.#time, () => this.#writer?.askForKeyFrame(track.index))
        : undefined,
    );
  }

  /** Readers attached now. */
  get readerCount(): number {
    return this.#readers.length;
  }

  /** Whether a source is writing now (false while the path waits for a publisher to come back). */
  get isOnline(): boolean {
    return this.#writer !== undefined;
  }

  get closedReason(): MediaError | undefined {
    return this.#closedReason;
  }

  /** Whether every H264 and H265 track knows its parameter sets, so that an SDP can carry them. */
  get hasParameterSets(): boolean {
    return this.tracks.every(({ codec }) =>
      codec.name === 'H264' || codec.name === 'H265'
        ? codec.sps !== undefined && codec.pps !== undefined
        : true,
    );
  }

  /**
   * Waits until `hasParameterSets`, or `timeoutMs` passed; resolves to whether they are known.
   * Browsers send them only inside the media.
   */
  async waitForParameterSets(timeoutMs: number, signal?: AbortSignal): Promise<boolean> {
    const deadlineMs = this.#time.monotonicMs() + timeoutMs;
    while (!this.hasParameterSets && !this.#closedReason) {
      if (this.#time.monotonicMs() >= deadlineMs) return false;
      for (const track of this.tracks) if (track.kind === 'video') this.requestKeyFrame(track);
      await delay(this.#time, PARAMETER_SET_POLL_MS, signal);
    }
    return this.hasParameterSets;
  }

  /** Whether a source with these tracks can continue this stream without readers noticing. */
  canAttach(descriptions: readonly TrackDescription[]): boolean {
    return (
      descriptions.length === this.tracks.length &&
      descriptions.every((description, index) => {
        const track = this.tracks[index];
        return track !== undefined && isSameFormat(track, description);
      })
    );
  }

  /**
   * Gives the one writer of this stream to a source.
   * @throws MediaError `failed-precondition` when the tracks differ, a writer exists, or the stream is closed.
   */
  attach(
    descriptions: readonly TrackDescription[],
    options: StreamWriterOptions = {},
  ): StreamWriter {
    if (this.#closedReason) throw this.#closedReason;
    if (this.#writer) {
      throw new MediaError('failed-precondition', 'stream-has-writer', 'stream is being written');
    }
    if (!this.canAttach(descriptions)) {
      throw new MediaError(
        'failed-precondition',
        'stream-tracks-differ',
        'the tracks of the source differ from those of the stream',
      );
    }
    if (this.#hadWriter) this.#restartTracks(descriptions);
    this.#hadWriter = true;
    const writer = new StreamWriter({ stream: this, clock: this.#time }, options);
    this.#writer = writer;
    return writer;
  }

  /** Called by the writer when its source is done; the stream stays for its readers. */
  detach(writer: StreamWriter): void {
    if (this.#writer === writer) this.#writer = undefined;
  }

  addReader(reader: StreamReader): void {
    if (this.#closedReason) throw this.#closedReason;
    this.#readers.push(reader);
  }

  /** Idempotent. */
  removeReader(reader: StreamReader): void {
    const index = this.#readers.indexOf(reader);
    if (index >= 0) this.#readers.splice(index, 1);
  }

  /** Asks the source for a key frame of a video track; coalesced, at most one per second and track. */
  requestKeyFrame(track: Track): void {
    this.#keyFrameRequests[track.index]?.request();
  }

  /** Wakes every reader for a track that got packets. Called by the writer once per read. */
  publish(track: Track, gotKeyFrame: boolean): void {
    if (gotKeyFrame) this.#keyFrameRequests[track.index]?.satisfied();
    const readers = this.#readers;
    for (let index = readers.length - 1; index >= 0; index--) {
      const reader = readers[index];
      if (reader === undefined) continue;
      try {
        reader.onPublish(track);
      } catch (thrown) {
        this.#dropReader(reader, thrown);
      }
    }
  }

  /** Tells readers that a track's codec parameters changed. Called by the writer. */
  publishCodec(track: Track): void {
    for (const reader of [...this.#readers]) {
      try {
        reader.onCodecChanged?.(track);
      } catch (thrown) {
        this.#dropReader(reader, thrown);
      }
    }
  }

  /** Ends the stream for good and tells every reader why. Idempotent. */
  close(reason: MediaError): void {
    if (this.#closedReason) return;
    this.#closedReason = reason;
    this.#writer?.close();
    for (const request of this.#keyFrameRequests) request?.close();
    for (const reader of this.#readers.splice(0)) {
      try {
        reader.onStreamClosed(reason);
      } catch (thrown) {
        this.#logger.error(`closing a reader failed: ${toMediaError(thrown).message}`);
      }
    }
  }

  #restartTracks(descriptions: readonly TrackDescription[]): void {
    this.clock.restart();
    for (const [index, track] of this.tracks.entries()) {
      const description = descriptions[index];
      if (description) track.restart(description);
    }
  }

  #dropReader(reader: StreamReader, thrown: unknown): void {
    this.removeReader(reader);
    const failure = toMediaError(thrown);
    this.#logger.error(`reader failed and was removed: ${failure.message}`);
    reader.onStreamClosed(failure);
  }
}

function createTrack(description: TrackDescription, index: number, options: StreamOptions): Track {
  const isVideo = description.kind === 'video';
  const random = randomBytes(6);
  const maxRingBytes = options.maxRingBytes ?? DEFAULT_MAX_RING_BYTES;
  const ring = new TrackRing({
    payloadType: description.payloadType,
    ssrc: random.readUInt32BE(0),
    interleavedChannel: (index * 2) & 0xff,
    firstSequence: random.readUInt16BE(4) & 0x7fff,
    initialBytes: isVideo ? 512 * 1024 : 128 * 1024,
    maxBytes: isVideo ? maxRingBytes : maxRingBytes / 8,
    initialPackets: isVideo ? 1024 : 512,
    minHistoryMs: options.minHistoryMs ?? DEFAULT_MIN_HISTORY_MS,
  });
  return new Track({ index, description, normalizer: createNormalizer(description.codec), ring });
}
