// Hands each burst of packets to all TCP readers of a stream: one buffer per track and channel, shared by all.
import type { Clock } from '../base/clock.ts';
import type { MediaError } from '../base/media-error.ts';
import type { Stream } from '../stream/stream.ts';
import type { StreamReader } from '../stream/stream-reader.ts';
import type { Track } from '../stream/track.ts';
import { copyRun, measureRun, type RunSize } from './ring-batch.ts';
import { TcpReader, type Batch, type TcpReaderOptions } from './tcp-reader.ts';

/** A reader of the fan-out, told when the stream ends. */
export interface FanoutMember {
  readonly reader: TcpReader;
  readonly onStreamClosed: (reason: MediaError) => void;
}

/** Bounds of what may be queued for a live reader: about one second of stream, within these. */
const MIN_QUEUED_BYTES = 64 * 1024;
const MAX_QUEUED_BYTES = 512 * 1024;
const RATE_PERIOD_MS = 1000;

/** The readers over TCP of one stream. */
export class TcpFanout implements StreamReader {
  readonly #stream: Stream;
  readonly #clock: Clock;
  readonly #members: FanoutMember[] = [];
  /** Per track: everything below has been given to live readers. */
  readonly #heads: number[];
  readonly #batches: (Batch | undefined)[] = new Array<Batch | undefined>(256).fill(undefined);
  readonly #usedChannels: number[] = [];
  readonly #size: RunSize = { packets: 0, octets: 0, bytes: 0 };
  #maxQueuedBytes = MAX_QUEUED_BYTES;
  #ratedAtMs = 0;
  #ratedBytes = 0;

  constructor(stream: Stream, clock: Clock) {
    this.#stream = stream;
    this.#clock = clock;
    this.#heads = stream.tracks.map((track) => track.ring.head);
    this.#ratedAtMs = clock.monotonicMs();
    this.#ratedBytes = bytesWritten(stream);
  }

  get memberCount(): number {
    return this.#members.length;
  }

  /** Position up to which live readers have got a track. */
  headOf(trackIndex: number): number {
    return this.#heads[trackIndex] ?? 0;
  }

  /** A reader of this stream; it gets nothing before `add()`. */
  createReader(options: Omit<TcpReaderOptions, 'stream'>): TcpReader {
    return new TcpReader({ ...options, stream: this.#stream }, this.#maxQueuedBytes);
  }

  /** Puts a reader at the newest key frame that it has not had, ready for `add()` in the same turn. */
  prepare(reader: TcpReader): void {
    if (this.#members.length === 0) this.#catchUp();
    reader.cursor.start(this.#heads, this.#clock.monotonicMs());
  }

  /** Starts sending to a prepared reader. @throws MediaError when the stream has ended. */
  add(member: FanoutMember): void {
    if (this.#members.length === 0) {
      this.#catchUp();
      this.#stream.addReader(this);
    }
    this.#members.push(member);
    this.feed(member.reader);
    for (const track of this.#stream.tracks) {
      if (member.reader.cursor.isWaiting(track.index)) this.#stream.requestKeyFrame(track);
    }
  }

  /** Stops sending; the reader can be prepared and added again. Idempotent. */
  remove(member: FanoutMember): void {
    const index = this.#members.indexOf(member);
    if (index < 0) return;
    if (member.reader.isLive) member.reader.fallBehind(this.#heads);
    this.#members.splice(index, 1);
    if (this.#members.length === 0) this.#stream.removeReader(this);
  }

  /** Continues a reader that is behind: its socket has room again. */
  feed(reader: TcpReader): void {
    reader.feed(this.#heads, this.#clock.monotonicMs());
  }

  onPublish(track: Track): void {
    const { index, ring } = track;
    const from = Math.max(this.#heads[index] ?? 0, ring.tail);
    const to = ring.head;
    if (ring.nowMs - this.#ratedAtMs > RATE_PERIOD_MS) this.#measureRate(ring.nowMs);
    const members = this.#members;
    for (let position = members.length - 1; position >= 0; position--) {
      const reader = members[position]?.reader;
      if (reader === undefined || !reader.isLive) continue;
      const channel = reader.channelOf(index);
      if (channel < 0) continue;
      if (reader.isCongested) {
        // The heads still tell where this reader stands.
        reader.fallBehind(this.#heads);
        continue;
      }
      const batch = this.#batches[channel] ?? this.#createBatch(track, from, { to, channel });
      if (batch.packets > 0) reader.writeBatch(index, batch);
    }
    this.#heads[index] = to;
    this.#forgetBatches();
    this.#feedBehind(ring.nowMs);
  }

  onStreamClosed(reason: MediaError): void {
    for (const member of this.#members.splice(0)) member.onStreamClosed(reason);
  }

  #feedBehind(nowMs: number): void {
    const members = this.#members;
    for (let position = members.length - 1; position >= 0; position--) {
      const reader = members[position]?.reader;
      if (reader !== undefined && !reader.isLive) reader.feed(this.#heads, nowMs);
    }
  }

  #createBatch(
    track: Track,
    from: number,
    { to, channel }: { readonly to: number; readonly channel: number },
  ): Batch {
    measureRun(track.ring, from, { to, size: this.#size });
    const { packets, octets, bytes } = this.#size;
    const batch = { bytes: copyRun(track.ring, from, { to, bytes, channel }), packets, octets };
    this.#batches[channel] = batch;
    this.#usedChannels.push(channel);
    return batch;
  }

  #forgetBatches(): void {
    const used = this.#usedChannels;
    for (let index = 0; index < used.length; index++) this.#batches[used[index] ?? 0] = undefined;
    used.length = 0;
  }

  /** One second of stream is what a live reader may have queued. */
  #measureRate(nowMs: number): void {
    const bytes = bytesWritten(this.#stream);
    const perSecond = ((bytes - this.#ratedBytes) * 1000) / (nowMs - this.#ratedAtMs);
    this.#ratedAtMs = nowMs;
    this.#ratedBytes = bytes;
    this.#maxQueuedBytes = Math.max(MIN_QUEUED_BYTES, Math.min(MAX_QUEUED_BYTES, perSecond));
    for (const { reader } of this.#members) reader.maxQueuedBytes = this.#maxQueuedBytes;
  }

  /** While nobody read, the heads stood still. */
  #catchUp(): void {
    for (const track of this.#stream.tracks) this.#heads[track.index] = track.ring.head;
  }
}

function bytesWritten(stream: Stream): number {
  return stream.tracks.reduce((sum, track) => sum + track.ring.bytesWritten, 0);
}
