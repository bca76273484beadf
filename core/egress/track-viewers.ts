// One track of the engine and the list of its viewers.
import type { EgressTrack } from './egress-engine.ts';

/** Rows of the viewers in no particular order; `rotations` tells where the next turn begins. */
export class TrackViewers {
  readonly track: EgressTrack;
  rows = new Int32Array(8);
  count = 0;
  /**
   * Position in `rows` of the viewer whose turn comes first, so that nobody is always the last: of
   * those that keep up, and of those that are behind.
   */
  readonly rotations = new Int32Array(2);
  isClosed = false;
  /** Whether a row's `isKeyFrameWanted` was set since the engine last looked. */
  isKeyFrameWanted = false;
  /** Frames counted in [countedFrom, countedTo): late joiners ask for the same range again. */
  #countedFrom = -1;
  #countedTo = -1;
  #countedFrames = 0;
  #countedTicks = 0;

  constructor(track: EgressTrack) {
    this.track = track;
  }

  add(row: number): void {
    if (this.count === this.rows.length) {
      const rows = new Int32Array(this.count * 2);
      rows.set(this.rows);
      this.rows = rows;
    }
    this.rows[this.count++] = row;
  }

  remove(row: number): void {
    const at = this.rows.subarray(0, this.count).indexOf(row);
    if (at < 0) return;
    this.count--;
    this.rows[at] = this.rows[this.count] ?? 0;
  }

  /** Number of frames (runs of equal timestamps) that begin in the ring from `from` to the head. */
  countFrames(from: number): number {
    const { ring } = this.track;
    if (from !== this.#countedFrom || ring.head < this.#countedTo) {
      this.#countedFrom = from;
      this.#countedTo = from;
      this.#countedFrames = 0;
    }
    for (let sequence = this.#countedTo; sequence < ring.head; sequence++) {
      const slot = ring.slotOf(sequence);
      if (ring.lengths[slot] === 0) continue;
      const ticks = ring.timestamps[slot] ?? 0;
      if (this.#countedFrames === 0 || ticks !== this.#countedTicks) this.#countedFrames++;
      this.#countedTicks = ticks;
    }
    this.#countedTo = ring.head;
    return this.#countedFrames;
  }
}
