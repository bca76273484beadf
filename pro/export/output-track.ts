// One track of the MP4 that is being made: which bytes of which file are shown when.
import { MediaError } from '../../core/base/media-error.ts';

/** What a track is, apart from its samples. */
export interface OutputTrackInfo {
  readonly kind: 'video' | 'audio';
  /** Ticks in a second. */
  readonly timescaleHz: number;
  /** Sample entry, a whole box. */
  readonly entry: Buffer;
  /** As shown, in pixels; 0 for sound. */
  readonly width: number;
  readonly height: number;
}

/** One sample to be. */
export interface OutputSample {
  /** Index in the list of files. */
  readonly file: number;
  readonly position: number;
  readonly sizeBytes: number;
  /** When it is shown, in ticks from the beginning of the export. */
  readonly timeTicks: number;
  readonly isKey: boolean;
  /** Written in front of the bytes of the file. */
  readonly prefix?: Buffer | undefined;
}

/** Times as MP4 wants them. */
export interface DecodeTimes {
  /** Ticks, growing, for each sample in decoding order. */
  readonly decodeTicks: readonly number[];
  /** How much later than decoded everything is shown at least, so that no sample is shown before. */
  readonly delayTicks: number;
  /** When the first sample is shown. */
  readonly startTicks: number;
  /** When the last one ends. */
  readonly endTicks: number;
}

/** No stream of ours has pictures that stand further from their place. */
const MAX_REORDER = 64;

/** Samples in decoding order, as columns. */
export class OutputTrack {
  readonly info: OutputTrackInfo;
  readonly files: number[] = [];
  readonly positions: number[] = [];
  readonly fileBytes: number[] = [];
  readonly timesTicks: number[] = [];
  readonly keys: boolean[] = [];
  readonly #prefixes = new Map<number, Buffer>();
  #endTicks = 0;

  constructor(info: OutputTrackInfo) {
    this.info = info;
  }

  get sampleCount(): number {
    return this.files.length;
  }

  /** When the last sample that was added ends, as far as is known. */
  get endTicks(): number {
    return this.#endTicks;
  }

  /** `durationTicks` counts for the last sample only: others last until the next one. */
  add(sample: OutputSample, durationTicks: number): void {
    if (sample.prefix !== undefined) this.#prefixes.set(this.sampleCount, sample.prefix);
    this.files.push(sample.file);
    this.positions.push(sample.position);
    this.fileBytes.push(sample.sizeBytes);
    this.timesTicks.push(sample.timeTicks);
    this.keys.push(sample.isKey);
    this.#endTicks = Math.max(this.#endTicks, sample.timeTicks + durationTicks);
  }

  /** Ends the last sample at this time, when that is later than its own. */
  extendTo(endTicks: number): void {
    this.#endTicks = Math.max(this.#endTicks, endTicks);
  }

  prefix(sample: number): Buffer | undefined {
    return this.#prefixes.get(sample);
  }

  sizeBytes(sample: number): number {
    return (this.fileBytes[sample] ?? 0) + (this.#prefixes.get(sample)?.length ?? 0);
  }

  /**
   * Decoding times are the times of presentation in rising order: every run of pictures is
   * complete, so that no picture is needed later than that, whatever encoders made them.
   * @throws MediaError `unsupported` `export-order-broken`.
   */
  decodeTimes(): DecodeTimes {
    const decodeTicks = sortNearly(this.timesTicks);
    let delayTicks = 0;
    for (const [index, time] of this.timesTicks.entries()) {
      delayTicks = Math.max(delayTicks, (decodeTicks[index] ?? 0) - time);
    }
    const startTicks = decodeTicks[0] ?? 0;
    const lastTicks = decodeTicks.at(-1) ?? 0;
    return {
      decodeTicks,
      delayTicks,
      startTicks,
      endTicks: Math.max(this.#endTicks, lastTicks + 1),
    };
  }
}

/** Insertion sort with a bound on the way of one number; equal numbers are moved apart by a tick. */
function sortNearly(numbers: readonly number[]): number[] {
  const sorted = [...numbers];
  for (let index = 1; index < sorted.length; index++) {
    const value = sorted[index] ?? 0;
    let at = index;
    for (; at > 0 && (sorted[at - 1] ?? 0) > value; at--) {
      if (index - at > MAX_REORDER) throw broken();
      sorted[at] = sorted[at - 1] ?? 0;
    }
    sorted[at] = value;
  }
  for (let index = 1; index < sorted.length; index++) {
    sorted[index] = Math.max(sorted[index] ?? 0, (sorted[index - 1] ?? 0) + 1);
  }
  return sorted;
}

function broken(): MediaError {
  const text = `export: a picture stands more than ${MAX_REORDER} places from where it is shown`;
  return new MediaError('unsupported', 'export-order-broken', text);
}
