// The place of one reader in a stream: what it gets next of each track, and what it must skip.
import type { Track } from '../stream/track.ts';
import type { TrackRing } from '../stream/track-ring.ts';
import { PacketFlag } from '../rtp/packet-sink.ts';

/** Reaching further behind than this means to jump to the newest key frame. */
export const MAX_LAG_MS = 1000;

/**
 * A cursor over the tracks that a reader has chosen. All positions are extended sequence numbers of
 * the tracks' rings. `heads` given to its methods end what may be taken, one number per track of
 * the stream.
 */
export class StreamCursor {
  /** Packets and whole frames that were skipped because the reader was too slow. */
  discardedPackets = 0;
  discardedFrames = 0;

  readonly #tracks: readonly Track[];
  readonly #isChosen: readonly boolean[];
  readonly #next: number[];
  readonly #isWaiting: boolean[];
  #maxLagMs = MAX_LAG_MS;
  #hasStarted = false;

  constructor(tracks: readonly Track[], isChosen: readonly boolean[]) {
    this.#tracks = tracks;
    this.#isChosen = isChosen;
    this.#next = tracks.map((track) => track.ring.head);
    this.#isWaiting = tracks.map(() => false);
  }

  /** Next packet of a track. */
  nextOf(trackIndex: number): number {
    return this.#next[trackIndex] ?? 0;
  }

  /** Whether a track gives nothing until its next key frame. */
  isWaiting(trackIndex: number): boolean {
    return this.#isWaiting[trackIndex] === true;
  }

  /** Puts the cursor on one packet of a track. */
  moveTo(trackIndex: number, sequence: number): void {
    this.#next[trackIndex] = sequence;
    this.#isWaiting[trackIndex] = false;
  }

  /** Puts the cursor behind a packet that was taken. */
  advance(trackIndex: number): void {
    this.#next[trackIndex] = this.nextOf(trackIndex) + 1;
  }

  /**
   * Begins at the newest key frame of each video track and at the audio that came with it. A video
   * track that holds none waits for the next one. A cursor that was used before never goes back.
   */
  start(heads: readonly number[], nowMs: number): void {
    if (!this.#hasStarted) {
      for (const { index, ring } of this.#tracks) this.#next[index] = ring.tail;
    }
    this.#hasStarted = true;
    this.#seek(heads, nowMs, false);
    let oldestMs = nowMs;
    for (let index = 0; index < this.#tracks.length; index++) {
      if (this.nextOf(index) < (heads[index] ?? 0)) {
        oldestMs = Math.min(oldestMs, this.#arrivalOfNext(index));
      }
    }
    // The way from the key frame to the head is no lag of the reader's making.
    this.#maxLagMs = MAX_LAG_MS + nowMs - oldestMs;
  }

  /** The reader has taken everything: from now on it may lag `MAX_LAG_MS`. */
  noteCaughtUp(): void {
    this.#maxLagMs = MAX_LAG_MS;
  }

  /** Ends the waiting of a track whose next key frame has come; what lies before it is dropped. */
  awaitKeyFrame(trackIndex: number, heads: readonly number[], isSlow: boolean): void {
    const ring = this.#tracks[trackIndex]?.ring;
    if (ring === undefined || !this.isWaiting(trackIndex)) return;
    const next = this.nextOf(trackIndex);
    const head = heads[trackIndex] ?? next;
    const keyFrame = ring.newestKeyFrame;
    const isThere = keyFrame >= next && keyFrame < head;
    const target = isThere ? keyFrame : head;
    if (isSlow) this.#countDiscarded(ring, next, target);
    this.#next[trackIndex] = target;
    if (isThere) this.#isWaiting[trackIndex] = false;
  }

  /** The chosen track whose next packet came first, or -1 when there is nothing to take. */
  earliest(heads: readonly number[]): number {
    let best = -1;
    let bestMs = Number.POSITIVE_INFINITY;
    for (let index = 0; index < this.#tracks.length; index++) {
      if (this.#isChosen[index] !== true || this.#isWaiting[index] === true) continue;
      if (this.nextOf(index) >= (heads[index] ?? 0)) continue;
      const arrivalMs = this.#arrivalOfNext(index);
      if (arrivalMs < bestMs) {
        best = index;
        bestMs = arrivalMs;
      }
    }
    return best;
  }

  /** Whether the oldest packet not taken has waited too long or was overwritten. */
  isTooLate(heads: readonly number[], nowMs: number): boolean {
    for (let index = 0; index < this.#tracks.length; index++) {
      if (this.#isChosen[index] !== true || this.#isWaiting[index] === true) continue;
      const next = this.nextOf(index);
      if (next >= (heads[index] ?? 0)) continue;
      const ring = this.#tracks[index]?.ring;
      if (ring === undefined) continue;
      if (next < ring.tail || nowMs - this.#arrivalOfNext(index) > this.#maxLagMs) return true;
    }
    return false;
  }

  /**
   * Skips to the newest key frames, or to the head and waits for the next one. Whoever has begun an
   * access unit should have sent its rest before.
   */
  skip(heads: readonly number[], nowMs: number): void {
    this.#seek(heads, nowMs, true);
    this.noteCaughtUp();
  }

  /** End (exclusive) of the access unit that the next packet of a track is in the middle of; `next` when it begins one. */
  endOfBegunUnit(trackIndex: number, heads: readonly number[]): number {
    const next = this.nextOf(trackIndex);
    const track = this.#tracks[trackIndex];
    if (track === undefined || this.isWaiting(trackIndex)) return next;
    const ring = track.ring;
    if (next - 1 < ring.tail || next < ring.tail) return next;
    if (endsUnit(ring, next - 1)) return next;
    const head = heads[trackIndex] ?? next;
    for (let sequence = next; sequence < head; sequence++) {
      const flags = ring.flags[ring.slotOf(sequence)] ?? 0;
      if ((flags & PacketFlag.accessUnitStart) !== 0) return sequence;
      if (endsUnit(ring, sequence)) return sequence + 1;
    }
    return next;
  }

  #seek(heads: readonly number[], nowMs: number, isSlow: boolean): void {
    let startMs = nowMs;
    for (let index = 0; index < this.#tracks.length; index++) {
      const track = this.#tracks[index];
      if (track?.kind !== 'video' || this.#isChosen[index] !== true) continue;
      startMs = Math.min(startMs, this.#seekVideo(track, heads, isSlow));
    }
    for (let index = 0; index < this.#tracks.length; index++) {
      const track = this.#tracks[index];
      if (track === undefined || track.kind === 'video') continue;
      if (this.#isChosen[index] !== true) continue;
      this.#seekTime(track, heads[index] ?? 0, { startMs, isSlow });
    }
  }

  /** Returns when the packet came that the track now begins with; Infinity when it waits. */
  #seekVideo(track: Track, heads: readonly number[], isSlow: boolean): number {
    const { ring, index } = track;
    const next = this.nextOf(index);
    const head = heads[index] ?? next;
    const keyFrame = ring.newestKeyFrame;
    const isThere = keyFrame >= next && keyFrame < head && keyFrame >= ring.tail;
    const target = isThere ? keyFrame : head;
    if (isSlow) this.#countDiscarded(ring, next, target);
    this.#next[index] = target;
    this.#isWaiting[index] = !isThere;
    return isThere ? this.#arrivalOfNext(index) : Number.POSITIVE_INFINITY;
  }

  #seekTime(
    track: Track,
    head: number,
    { startMs, isSlow }: { readonly startMs: number; readonly isSlow: boolean },
  ): void {
    const { ring, index } = track;
    const from = Math.max(this.nextOf(index), ring.tail);
    let target = head;
    while (target > from && (ring.arrivalsMs[ring.slotOf(target - 1)] ?? 0) >= startMs) target--;
    if (isSlow) this.#countDiscarded(ring, this.nextOf(index), target);
    this.#next[index] = target;
  }

  #arrivalOfNext(trackIndex: number): number {
    const ring = this.#tracks[trackIndex]?.ring;
    if (ring === undefined) return 0;
    return ring.arrivalsMs[ring.slotOf(this.nextOf(trackIndex))] ?? 0;
  }

  #countDiscarded(ring: TrackRing, from: number, to: number): void {
    const start = Math.max(from, ring.tail);
    this.discardedPackets += to - from;
    for (let sequence = start; sequence < to; sequence++) {
      if (endsUnit(ring, sequence)) this.discardedFrames++;
    }
  }
}

function endsUnit(ring: TrackRing, sequence: number): boolean {
  return ((ring.flags[ring.slotOf(sequence)] ?? 0) & PacketFlag.accessUnitEnd) !== 0;
}
