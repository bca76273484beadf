// Where each viewer stands in the ring: joining, waiting, catching up, skipping, resuming.
import type { TrackRing } from '../stream/track-ring.ts';
import type { EgressTrack } from './egress-engine.ts';
import type { TrackViewers } from './track-viewers.ts';
import { ViewerState, type ViewerTable } from './viewer-table.ts';

/** When viewers jump and ask. */
export interface ViewerCursorOptions {
  /** A viewer whose next packet arrived longer ago than this jumps. */
  readonly maxLagMs: number;
  /** Shortest time between two key frame wishes of one viewer. */
  readonly keyFramePeriodMs: number;
  /** A key frame with more packets behind it is too far away to begin at: the next one is nearer. */
  readonly maxHistoryPackets: number;
}

/** Moves the cursors of one engine's viewers; sends nothing. */
export class ViewerCursor<Address> {
  readonly #table: ViewerTable<Address>;
  readonly #options: ViewerCursorOptions;

  constructor(table: ViewerTable<Address>, options: ViewerCursorOptions) {
    this.#table = table;
    this.#options = options;
  }

  /** Puts a new viewer at its first packet, or lets it wait for a key frame. */
  start(row: number, viewers: TrackViewers, nowMs: number): void {
    const table = this.#table;
    const { ring, isVideo } = viewers.track;
    table.next[row] = ring.head;
    const to = isVideo ? this.#keyFrameOf(ring) : ring.head;
    if (to >= 0) this.#jump(row, viewers, { to, nowMs });
    else this.#wait(row, ring.head);
  }

  /** Lets a viewer that was paused go on: as a new one, unless it missed next to nothing. */
  resume(row: number, viewers: TrackViewers, nowMs: number): void {
    const table = this.#table;
    const { ring, isVideo } = viewers.track;
    table.hasLagged[row] = 0;
    const keyFrame = this.#keyFrameOf(ring);
    if (!isVideo) this.#jump(row, viewers, { to: ring.head, nowMs });
    else if (keyFrame < 0) this.#wait(row, ring.head);
    else if (this.#canGoOn(row, viewers, keyFrame)) this.#setLive(row, ring.head, nowMs);
    else this.#jump(row, viewers, { to: keyFrame, nowMs });
  }

  /** A waiting viewer begins if its key frame has come; otherwise it asks for one. */
  tryBegin(row: number, viewers: TrackViewers, nowMs: number): boolean {
    const table = this.#table;
    const keyFrame = this.#keyFrameOf(viewers.track.ring);
    if (keyFrame >= 0 && keyFrame >= (table.waitFrom[row] ?? 0)) {
      if (table.hasLagged[row] === 1) this.#countSkip(row, keyFrame);
      this.#jump(row, viewers, { to: keyFrame, nowMs });
      return true;
    }
    this.#askForKeyFrame(row, viewers, nowMs);
    return false;
  }

  /** Whether the viewer was overtaken by the ring or is too late. */
  isLagging(row: number, track: EgressTrack, nowMs: number): boolean {
    const table = this.#table;
    const { ring } = track;
    const next = table.next[row] ?? 0;
    if (next >= ring.head) return false;
    if (next < ring.tail) return true;
    const sinceMs =
      next < (table.catchUpEnd[row] ?? 0)
        ? (table.catchUpStartedMs[row] ?? 0)
        : (ring.arrivalsMs[ring.slotOf(next)] ?? nowMs);
    return nowMs - sinceMs > this.#options.maxLagMs;
  }

  /** Moves a lagging viewer to the newest key frame or, for audio, to the head; false: it waits. */
  skip(row: number, viewers: TrackViewers, nowMs: number): boolean {
    const table = this.#table;
    const { ring, isVideo } = viewers.track;
    const to = isVideo ? this.#keyFrameOf(ring) : ring.head;
    if (to > (table.next[row] ?? 0)) {
      this.#countSkip(row, to);
      this.#jump(row, viewers, { to, nowMs });
      return true;
    }
    table.hasLagged[row] = 1;
    this.#wait(row, (table.next[row] ?? 0) + 1);
    this.#askForKeyFrame(row, viewers, nowMs);
    return false;
  }

  /** The newest key frame if one can begin there, otherwise -1. */
  #keyFrameOf(ring: TrackRing): number {
    const keyFrame = ring.newestKeyFrame;
    return ring.head - keyFrame <= this.#options.maxHistoryPackets ? keyFrame : -1;
  }

  #countSkip(row: number, to: number): void {
    const table = this.#table;
    table.hasLagged[row] = 0;
    table.skips[row] = (table.skips[row] ?? 0) + 1;
    table.packetsDropped[row] = (table.packetsDropped[row] ?? 0) + to - (table.next[row] ?? 0);
  }

  #wait(row: number, from: number): void {
    this.#table.state[row] = ViewerState.waiting;
    this.#table.waitFrom[row] = from;
  }

  #askForKeyFrame(row: number, viewers: TrackViewers, nowMs: number): void {
    const table = this.#table;
    const sinceMs = nowMs - (table.keyFrameAskedMs[row] ?? 0);
    if (sinceMs < this.#options.keyFramePeriodMs) return;
    table.keyFrameAskedMs[row] = nowMs;
    table.isKeyFrameWanted[row] = 1;
    viewers.isKeyFrameWanted = true;
  }

  #setLive(row: number, catchUpEnd: number, nowMs: number): void {
    this.#table.state[row] = ViewerState.live;
    this.#table.catchUpEnd[row] = catchUpEnd;
    this.#table.catchUpStartedMs[row] = nowMs;
  }

  /**
   * After a short pause: the next packet is still there, and beginning again at the key frame would
   * leave less than a tick between its frames and the last one that was sent.
   */
  #canGoOn(row: number, viewers: TrackViewers, keyFrame: number): boolean {
    const table = this.#table;
    const { ring } = viewers.track;
    const next = table.next[row] ?? 0;
    if ((table.packetsSent[row] ?? 0) === 0 || next < ring.tail || next < keyFrame) return false;
    return this.#availableTicks(row, viewers.track) <= viewers.countFrames(keyFrame);
  }

  /** Outgoing ticks between the newest packet sent and the newest in the ring. */
  #availableTicks(row: number, track: EgressTrack): number {
    const table = this.#table;
    const live = track.ring.newestTimestampTicks + (table.timestampOffset[row] ?? 0);
    return (live - (table.lastTimestamp[row] ?? 0)) | 0;
  }

  /** Continues at ring packet `to` on the viewer's own numbering. */
  #jump(row: number, viewers: TrackViewers, target: { to: number; nowMs: number }): void {
    const table = this.#table;
    const { ring } = viewers.track;
    const { to, nowMs } = target;
    const isFirst = (table.packetsSent[row] ?? 0) === 0;
    const indexEnd = isFirst
      ? (table.firstIndex[row] ?? 0)
      : table.map.indexOf(row, table.next[row] ?? 0);
    // A cut access unit must look like a loss: one number is left out.
    const indexStart = table.hasEndedUnit[row] === 1 ? indexEnd : indexEnd + 1;
    table.map.begin(row, indexEnd, {
      indexStart,
      ringStart: to,
      squeezeEnd: ring.head,
      squeezeTicks: ring.newestTimestampTicks,
      squeezeRatio: to < ring.head ? this.#squeezeRatio(row, viewers, to) : 1,
    });
    table.next[row] = to;
    table.hasEndedUnit[row] = 1;
    this.#setLive(row, ring.head, nowMs);
  }

  /**
   * How much to shrink the time from `to` to the newest frame: to 1 ms per frame, so that a player
   * shows live frames at once, but never so far that timestamps would go back.
   */
  #squeezeRatio(row: number, viewers: TrackViewers, to: number): number {
    const { track } = viewers;
    const { ring } = track;
    const frames = viewers.countFrames(to);
    const spanTicks = (ring.newestTimestampTicks - (ring.timestamps[ring.slotOf(to)] ?? 0)) | 0;
    let wantedTicks = ((frames - 1) * track.clockRateHz) / 1000;
    if ((this.#table.packetsSent[row] ?? 0) > 0) {
      wantedTicks = Math.min(wantedTicks, this.#availableTicks(row, track) - 1);
    }
    if (wantedTicks >= spanTicks || wantedTicks < frames - 1) return 1;
    return wantedTicks / spanTicks;
  }
}
