// One RTSP reader over UDP: walks the rings with its own cursor and paces what it sends.
import type { Clock, Timer } from '../base/clock.ts';
import type { MediaError } from '../base/media-error.ts';
import type { Stream } from '../stream/stream.ts';
import type { StreamReader } from '../stream/stream-reader.ts';
import type { Track } from '../stream/track.ts';
import { OutboundTracks } from './outbound-tracks.ts';
import { StreamCursor } from './stream-cursor.ts';
import type { UdpPeer } from './udp-ports.ts';

/** What a reader over UDP needs. */
export interface UdpReaderOptions {
  readonly stream: Stream;
  readonly clock: Clock;
  /** By track of the stream; undefined for tracks that are not read. */
  readonly peers: readonly (UdpPeer | undefined)[];
  readonly onStreamClosed: (reason: MediaError) => void;
}

/** Datagrams sent in one turn; more would overflow small receive buffers at every key frame. */
const BURST_PACKETS = 64;
/** Pause between two turns while there is more to send. */
const PACE_MS = 5;

/** Datagrams are never queued: what the socket does not take now waits in the ring. */
export class UdpReader implements StreamReader {
  readonly cursor: StreamCursor;
  readonly outbound: OutboundTracks;

  readonly #stream: Stream;
  readonly #clock: Clock;
  readonly #peers: readonly (UdpPeer | undefined)[];
  readonly #heads: number[];
  readonly #onStreamClosed: (reason: MediaError) => void;
  readonly #continue = (): void => {
    this.#timer = undefined;
    this.#feed();
  };
  #timer: Timer | undefined;
  #isStarted = false;

  constructor(options: UdpReaderOptions) {
    const { stream, peers } = options;
    this.#stream = stream;
    this.#clock = options.clock;
    this.#peers = peers;
    this.#onStreamClosed = options.onStreamClosed;
    this.#heads = stream.tracks.map((track) => track.ring.head);
    this.cursor = new StreamCursor(
      stream.tracks,
      stream.tracks.map((_track, index) => peers[index] !== undefined),
    );
    this.outbound = new OutboundTracks(stream.tracks.length);
  }

  /** Puts the cursor at the newest key frame that was not sent, ready for `start()` in the same turn. */
  prepare(): void {
    for (const { index, ring } of this.#stream.tracks) this.#heads[index] = ring.head;
    this.cursor.start(this.#heads, this.#clock.monotonicMs());
  }

  /** @throws MediaError when the stream has ended. */
  start(): void {
    if (this.#isStarted) return;
    this.#stream.addReader(this);
    this.#isStarted = true;
    for (const track of this.#stream.tracks) {
      const isChosen = this.#peers[track.index] !== undefined;
      if (isChosen && this.cursor.isWaiting(track.index)) this.#stream.requestKeyFrame(track);
    }
    this.#feed();
  }

  /** Stops sending; may be prepared and started again. Idempotent. */
  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    if (!this.#isStarted) return;
    this.#isStarted = false;
    this.#stream.removeReader(this);
  }

  onPublish(track: Track): void {
    this.#heads[track.index] = track.ring.head;
    if (!this.#timer) this.#feed();
  }

  onStreamClosed(reason: MediaError): void {
    this.#isStarted = false;
    this.stop();
    this.#onStreamClosed(reason);
  }

  #feed(): void {
    const cursor = this.cursor;
    const heads = this.#heads;
    const tracks = this.#stream.tracks;
    for (let index = 0; index < tracks.length; index++) {
      cursor.awaitKeyFrame(index, heads, cursor.discardedPackets > 0);
    }
    if (cursor.isTooLate(heads, this.#clock.monotonicMs())) this.#skip();
    for (let sent = 0; sent < BURST_PACKETS;) {
      const trackIndex = cursor.earliest(heads);
      const ring = tracks[trackIndex]?.ring;
      if (ring === undefined) {
        cursor.noteCaughtUp();
        return;
      }
      const slot = ring.slotOf(cursor.nextOf(trackIndex));
      const length = ring.lengths[slot] ?? 0;
      if (length > 0) {
        const peer = this.#peers[trackIndex];
        if (peer?.sendRtp(ring.bytes, ring.offsets[slot] ?? 0, length) !== true) break;
        this.outbound.countPacket(trackIndex, length);
        sent++;
      }
      cursor.advance(trackIndex);
    }
    this.#timer ??= this.#clock.after(PACE_MS, this.#continue);
  }

  #skip(): void {
    this.cursor.skip(this.#heads, this.#clock.monotonicMs());
    for (const track of this.#stream.tracks) {
      if (this.cursor.isWaiting(track.index)) this.#stream.requestKeyFrame(track);
    }
  }
}
