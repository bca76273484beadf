// The pen of a stream: a source writes RTP packets through it and wakes the readers once per read.
import type { Clock } from '../base/clock.ts';
import { RtpPacket } from '../rtp/rtp-packet.ts';
import type { Codec } from '../codec/codec.ts';
import type { StreamClock } from './stream-clock.ts';
import type { Track } from './track.ts';

/** What a source can do for its readers. */
export interface StreamWriterOptions {
  /** Asks the source for a key frame of a track; absent when it cannot (RTSP cameras). */
  readonly onKeyFrameRequest?: (trackIndex: number) => void;
}

/** What a writer needs of its stream. */
export interface WritableStream {
  readonly tracks: readonly Track[];
  readonly clock: StreamClock;
  publish(track: Track, gotKeyFrame: boolean): void;
  publishCodec(track: Track): void;
  detach(writer: StreamWriter): void;
}

/** What a writer works with. */
export interface StreamWriterComponents {
  readonly stream: WritableStream;
  readonly clock: Clock;
}

/**
 * Writes packets into a stream. A source calls `writeRtp` for each packet of one read, then
 * `publish` once. Packets of a track must come in sequence order (a reorder buffer sits before
 * this for UDP and WebRTC); holes are noticed here.
 */
export class StreamWriter {
  readonly stream: WritableStream;
  readonly #clock: Clock;
  readonly #onKeyFrameRequest: ((trackIndex: number) => void) | undefined;
  readonly #packet = new RtpPacket();
  readonly #heads: number[];
  readonly #keyFrames: number[];
  readonly #codecs: Codec[];
  #hasNew = false;
  #isClosed = false;

  constructor(components: StreamWriterComponents, options: StreamWriterOptions) {
    this.stream = components.stream;
    this.#clock = components.clock;
    this.#onKeyFrameRequest = options.onKeyFrameRequest;
    this.#heads = this.stream.tracks.map((track) => track.ring.head);
    this.#keyFrames = this.stream.tracks.map((track) => track.ring.newestKeyFrame);
    this.#codecs = this.stream.tracks.map((track) => track.codec);
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Whether the source can be asked for key frames. */
  get canAskForKeyFrame(): boolean {
    return this.#onKeyFrameRequest !== undefined;
  }

  /**
   * Takes one RTP packet; the bytes are copied, the caller may reuse them at once. Returns false
   * when it was dropped (not RTP, unknown track, late, not understood); the track counts why.
   */
  writeRtp(trackIndex: number, bytes: Uint8Array): boolean {
    const track = this.stream.tracks[trackIndex];
    if (track === undefined || this.#isClosed) return false;
    const packet = this.#packet;
    if (!packet.parse(bytes)) {
      track.stats.packetsInError++;
      return false;
    }
    const nowMs = this.#clock.monotonicMs();
    track.ring.nowMs = nowMs;
    this.#hasNew = true;
    const isUsed = track.accept(packet);
    // Few audio formats mark their packets, and each of them is whole.
    if (isUsed && (packet.isMarked || track.kind === 'audio')) {
      this.stream.clock.noteArrival(
        trackIndex,
        packet.timestampTicks + track.ring.timestampOffsetTicks,
        nowMs,
      );
    }
    return isUsed;
  }

  /**
   * Keeps the clock mapping of the source's sender report: `ntpMs` is its wall time in
   * milliseconds (any epoch), `timestampTicks` the RTP timestamp of the same instant.
   */
  writeSenderReport(trackIndex: number, ntpMs: number, timestampTicks: number): void {
    const track = this.stream.tracks[trackIndex];
    if (track === undefined || this.#isClosed || track.ring.packetsWritten === 0) return;
    // Where a publisher that came back goes on is known with its first packet; a report may come before.
    if (track.sourceSsrc === -1) return;
    this.stream.clock.noteSenderReport(trackIndex, {
      ntpMs,
      timestampTicks: (timestampTicks + track.ring.timestampOffsetTicks) >>> 0,
      arrivalMs: this.#clock.monotonicMs(),
    });
  }

  /** Wakes the readers of every track that got packets since the last call. */
  publish(): void {
    if (!this.#hasNew || this.#isClosed) return;
    this.#hasNew = false;
    const tracks = this.stream.tracks;
    for (let index = 0; index < tracks.length; index++) {
      const track = tracks[index];
      if (track === undefined || track.ring.head === this.#heads[index]) continue;
      const codec = track.codec;
      if (codec !== this.#codecs[index]) {
        this.#codecs[index] = codec;
        this.stream.publishCodec(track);
      }
      const keyFrame = track.ring.newestKeyFrame;
      const gotKeyFrame = keyFrame >= 0 && keyFrame !== this.#keyFrames[index];
      this.#keyFrames[index] = keyFrame;
      this.#heads[index] = track.ring.head;
      this.stream.publish(track, gotKeyFrame);
    }
  }

  /** Passes a key frame wish on to the source. Called by the stream. */
  askForKeyFrame(trackIndex: number): void {
    if (!this.#isClosed) this.#onKeyFrameRequest?.(trackIndex);
  }

  /** Lets go of the stream. Idempotent; the stream itself stays open. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.stream.detach(this);
  }
}
