// Remembers where the samples of one track are, as compactly as the file will have it.
import { Uint32Table } from './uint32-table.ts';

const SAMPLE_SIZE_UNKNOWN = -1;

/** What a table remembers of a sample. */
export interface TableSample {
  readonly dtsTicks: number;
  /** Shown so much later than decoded. */
  readonly offsetTicks: number;
  readonly sizeBytes: number;
  readonly isKeyFrame: boolean;
}

/** Neighbours with one value, as count and value: `stts` and `ctts` of ISO/IEC 14496-12. */
export class RunTable {
  readonly #runs = new Uint32Table();
  #value = 0;
  #count = 0;

  /** Runs including the open one. */
  get runCount(): number {
    return this.#runs.length / 2 + (this.#count > 0 ? 1 : 0);
  }

  push(value: number): void {
    if (this.#count > 0 && value !== this.#value) this.#endRun();
    this.#value = value;
    this.#count++;
  }

  /** Ends the open run and hands out the table; nothing may be pushed afterwards. */
  finish(): Uint32Table {
    if (this.#count > 0) this.#endRun();
    return this.#runs;
  }

  #endRun(): void {
    this.#runs.push(this.#count);
    this.#runs.push(this.#value);
    this.#count = 0;
  }
}

/**
 * Samples of one track in decoding order, grouped in chunks (one per part). Takes 4 bytes per
 * sample, 8 for each change of the duration or of the composition offset, 4 per key frame.
 */
export class SampleTable {
  readonly durations = new RunTable();
  readonly compositionOffsets = new RunTable();
  readonly sizes = new Uint32Table();
  /** Numbers of the key frames, from 1. */
  readonly keyFrames = new Uint32Table();
  /** First chunk and samples per chunk, for each change (`stsc`). */
  readonly chunkRuns: number[] = [];
  readonly chunkOffsets: number[] = [];
  hasCompositionOffsets = false;
  hasNegativeOffsets = false;
  /** The size that all samples have; -1 when they differ. */
  commonSizeBytes = SAMPLE_SIZE_UNKNOWN;
  firstDtsTicks = 0;
  /** Composition offset of the first sample. */
  firstOffsetTicks = 0;
  #lastDtsTicks = 0;
  #largestPtsTicks = Number.NEGATIVE_INFINITY;
  #lastDurationTicks = 0;
  #chunkedCount = 0;

  get count(): number {
    return this.sizes.length;
  }

  get areAllKeyFrames(): boolean {
    return this.keyFrames.length === this.count;
  }

  get lastDtsTicks(): number {
    return this.#lastDtsTicks;
  }

  /** Sum of all durations. */
  get mediaDurationTicks(): number {
    return this.count === 0 ? 0 : this.#lastDtsTicks + this.#lastDurationTicks - this.firstDtsTicks;
  }

  /** From the first sample shown until the end of the last one. */
  get presentedDurationTicks(): number {
    if (this.count === 0) return 0;
    const firstPtsTicks = this.firstDtsTicks + this.firstOffsetTicks;
    const shown = this.#largestPtsTicks + this.#lastDurationTicks - firstPtsTicks;
    return Math.max(shown, this.mediaDurationTicks);
  }

  /** `dtsTicks` must be above the one before, by less than 2^32. */
  add(sample: TableSample): void {
    const { dtsTicks, offsetTicks, sizeBytes } = sample;
    if (this.count === 0) {
      this.firstDtsTicks = dtsTicks;
      this.firstOffsetTicks = offsetTicks;
      this.commonSizeBytes = sizeBytes;
    } else {
      this.durations.push(dtsTicks - this.#lastDtsTicks);
      if (sizeBytes !== this.commonSizeBytes) this.commonSizeBytes = SAMPLE_SIZE_UNKNOWN;
    }
    this.#lastDtsTicks = dtsTicks;
    this.#largestPtsTicks = Math.max(this.#largestPtsTicks, dtsTicks + offsetTicks);
    this.sizes.push(sizeBytes);
    this.compositionOffsets.push(offsetTicks);
    if (offsetTicks !== 0) this.hasCompositionOffsets = true;
    if (offsetTicks < 0) this.hasNegativeOffsets = true;
    if (sample.isKeyFrame) this.keyFrames.push(this.count);
  }

  /** The samples added since the last chunk lie one after the other from `position` on. */
  endChunk(position: number, lastDurationTicks: number): void {
    const sampleCount = this.count - this.#chunkedCount;
    if (sampleCount === 0) return;
    this.#chunkedCount = this.count;
    this.#lastDurationTicks = lastDurationTicks;
    this.chunkOffsets.push(position);
    if (this.chunkRuns.at(-1) === sampleCount) return;
    this.chunkRuns.push(this.chunkOffsets.length, sampleCount);
  }

  /** Gives the last sample its duration; nothing may be added afterwards. */
  finish(): void {
    if (this.count > 0) this.durations.push(this.#lastDurationTicks);
  }
}
