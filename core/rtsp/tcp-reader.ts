// One RTSP reader over TCP: takes shared batches while it keeps up, reads the rings itself while it does not.
import type { Stream } from '../stream/stream.ts';
import { INTERLEAVED_HEADER_BYTES } from '../stream/track-ring.ts';
import { copyRun, measureRun, type RunSize } from './ring-batch.ts';
import { StreamCursor } from './stream-cursor.ts';
import { OutboundTracks } from './outbound-tracks.ts';

/** Where the bytes go; an RtspConnection. */
export interface TcpSink {
  /** Bytes written but not yet taken by the system. */
  readonly queuedBytes: number;
  /** `bytes` must not change afterwards. */
  write(bytes: Uint8Array): void;
}

/** What a reader over TCP needs. */
export interface TcpReaderOptions {
  readonly sink: TcpSink;
  readonly stream: Stream;
  /** Interleaved RTP channel of each track, -1 for tracks that are not read. */
  readonly channels: readonly number[];
}

/** One buffer of frames on one channel, shared by all readers that want it. */
export interface Batch {
  readonly bytes: Buffer;
  readonly packets: number;
  readonly octets: number;
}

/** Most that is copied at once for a reader that catches up. */
const CHUNK_BYTES = 64 * 1024;
/** What is left of a frame that was begun is still sent before frames are dropped, up to this size. */
const MAX_REST_BYTES = 256 * 1024;

/**
 * A live reader has everything up to the fan-out's heads. One whose queue is full stops being live:
 * then nothing is queued for it, its cursor waits in the rings, and it is fed as fast as it takes.
 * When it lags more than a second it is moved to the next key frame.
 */
export class TcpReader {
  readonly cursor: StreamCursor;
  readonly outbound: OutboundTracks;
  /** Bytes that may be queued before the reader stops being live. */
  maxQueuedBytes: number;

  readonly #sink: TcpSink;
  readonly #stream: Stream;
  readonly #channels: readonly number[];
  readonly #size: RunSize = { packets: 0, octets: 0, bytes: 0 };
  #isLive = false;

  constructor(options: TcpReaderOptions, maxQueuedBytes: number) {
    this.#sink = options.sink;
    this.#stream = options.stream;
    this.#channels = options.channels;
    this.maxQueuedBytes = maxQueuedBytes;
    this.cursor = new StreamCursor(
      options.stream.tracks,
      options.channels.map((channel) => channel >= 0),
    );
    this.outbound = new OutboundTracks(options.stream.tracks.length);
  }

  get isLive(): boolean {
    return this.#isLive;
  }

  get isCongested(): boolean {
    return this.#sink.queuedBytes > this.maxQueuedBytes;
  }

  /** Interleaved RTP channel of a track, -1 when it is not read. */
  channelOf(trackIndex: number): number {
    return this.#channels[trackIndex] ?? -1;
  }

  /** Takes the newest packets of a track as they are shared with others. Only while live. */
  writeBatch(trackIndex: number, batch: Batch): void {
    this.outbound.count(trackIndex, batch.packets, batch.octets);
    this.#sink.write(batch.bytes);
  }

  /** Stops being live; the cursor stands at `next`, one position per track. */
  fallBehind(next: readonly number[]): void {
    this.#isLive = false;
    for (let index = 0; index < next.length; index++) this.cursor.moveTo(index, next[index] ?? 0);
  }

  /** Sends what lies between the cursor and `heads`, as much as the queue takes. */
  feed(heads: readonly number[], nowMs: number): void {
    if (this.#isLive) return;
    const cursor = this.cursor;
    if (cursor.isTooLate(heads, nowMs)) this.#skip(heads, nowMs);
    let isWaiting = false;
    for (const { index } of this.#stream.tracks) {
      if (this.channelOf(index) < 0) continue;
      cursor.awaitKeyFrame(index, heads, cursor.discardedPackets > 0);
      isWaiting ||= cursor.isWaiting(index);
    }
    while (!this.isCongested) {
      const chunk = this.#takeChunk(heads);
      if (chunk === undefined) {
        this.#isLive = !isWaiting;
        if (this.#isLive) cursor.noteCaughtUp();
        return;
      }
      this.#sink.write(chunk);
    }
  }

  #skip(heads: readonly number[], nowMs: number): void {
    for (const track of this.#stream.tracks) {
      const channel = this.channelOf(track.index);
      const end = this.cursor.endOfBegunUnit(track.index, heads);
      const next = this.cursor.nextOf(track.index);
      if (channel < 0 || end <= next) continue;
      measureRun(track.ring, next, { to: end, size: this.#size });
      const { packets, octets, bytes } = this.#size;
      if (bytes === 0 || bytes > MAX_REST_BYTES) continue;
      this.outbound.count(track.index, packets, octets);
      this.#sink.write(copyRun(track.ring, next, { to: end, bytes, channel }));
      this.cursor.moveTo(track.index, end);
    }
    this.cursor.skip(heads, nowMs);
    for (const track of this.#stream.tracks) {
      if (this.cursor.isWaiting(track.index)) this.#stream.requestKeyFrame(track);
    }
  }

  /** The next packets of all tracks, in the order in which they came. */
  #takeChunk(heads: readonly number[]): Buffer | undefined {
    let chunk: Buffer | undefined;
    let length = 0;
    for (;;) {
      const trackIndex = this.cursor.earliest(heads);
      const ring = this.#stream.tracks[trackIndex]?.ring;
      if (ring === undefined) break;
      const slot = ring.slotOf(this.cursor.nextOf(trackIndex));
      const packetBytes = ring.lengths[slot] ?? 0;
      if (packetBytes > 0) {
        const frameBytes = packetBytes + INTERLEAVED_HEADER_BYTES;
        chunk ??= Buffer.allocUnsafe(Math.max(CHUNK_BYTES, frameBytes));
        if (length + frameBytes > chunk.length) break;
        const start = (ring.offsets[slot] ?? 0) - INTERLEAVED_HEADER_BYTES;
        ring.bytes.copy(chunk, length, start, start + frameBytes);
        chunk[length + 1] = this.channelOf(trackIndex);
        length += frameBytes;
        this.outbound.countPacket(trackIndex, packetBytes);
      }
      this.cursor.advance(trackIndex);
    }
    return length === 0 ? undefined : chunk?.subarray(0, length);
  }
}
