// One track of an MP4 file being written: samples of the open part, and where the earlier ones are.
import { MediaError } from '../base/media-error.ts';
import type { MuxSample, MuxTrack } from './container-writer.ts';
import { createMp4Format } from './create-mp4-format.ts';
import type { FragmentRun } from './movie-fragment.ts';
import type { MovieTrack } from './movie-box.ts';
import type { Mp4Format } from './mp4-format.ts';
import { PendingSamples } from './pending-samples.ts';
import { SampleTable } from './sample-table.ts';

const MAX_UINT32 = 0xffffffff;
const MAX_INT32 = 0x7fffffff;
const DEFAULT_FRAMES_PER_SECOND = 25;

/** Takes the samples of one track. */
export class Mp4Track {
  readonly pending = new PendingSamples();
  readonly table = new SampleTable();
  readonly #trackId: number;
  readonly #timescale: number;
  readonly #format: Mp4Format;
  #lastDtsTicks = -1;
  #lastDurationTicks = 0;

  /** @throws MediaError as createMp4Format(). */
  constructor(track: MuxTrack, trackId: number) {
    this.#trackId = trackId;
    this.#timescale = track.codec.clockRateHz;
    this.#format = createMp4Format(track.codec);
  }

  /** Whether the sample entry is known. */
  get isReady(): boolean {
    return this.#format.isReady;
  }

  /** @throws MediaError `invalid-argument` for times that go back or that the format cannot hold. */
  add(sample: MuxSample): number {
    const { dtsTicks, ptsTicks, isKeyFrame } = sample;
    this.#checkTimes(dtsTicks, ptsTicks);
    const sizeBytes = this.#format.framing.append(sample, this.pending.chunks);
    if (sizeBytes === 0) return 0;
    if (this.#lastDtsTicks >= 0) this.#lastDurationTicks = dtsTicks - this.#lastDtsTicks;
    this.#lastDtsTicks = dtsTicks;
    this.pending.add({ dtsTicks, ptsTicks, sizeBytes, isKeyFrame });
    return sizeBytes;
  }

  /** The samples since the last part. */
  run(): FragmentRun {
    const { sizesBytes } = this.pending;
    const lastDurationTicks = this.#guessDuration(sizesBytes.at(-1) ?? 0);
    return { trackId: this.#trackId, samples: this.pending, lastDurationTicks };
  }

  /** Notes where the samples of `run` went. */
  commit(position: number, lastDurationTicks: number): void {
    const { pending, table } = this;
    for (let index = 0; index < pending.count; index++) {
      table.add({
        dtsTicks: pending.dtsTicks[index] ?? 0,
        offsetTicks: pending.offsetTicks[index] ?? 0,
        sizeBytes: pending.sizesBytes[index] ?? 0,
        isKeyFrame: pending.areKeyFrames[index] ?? false,
      });
    }
    table.endChunk(position, lastDurationTicks);
    pending.clear();
  }

  describe(isClosing: boolean): MovieTrack {
    const { kind, prerollSamples } = this.#format;
    const description = this.#format.describe(isClosing);
    return {
      trackId: this.#trackId,
      timescale: this.#timescale,
      kind,
      prerollSamples,
      ...description,
    };
  }

  #checkTimes(dtsTicks: number, ptsTicks: number): void {
    const previous = this.#lastDtsTicks;
    const isValid =
      Number.isSafeInteger(dtsTicks) &&
      Number.isSafeInteger(ptsTicks) &&
      dtsTicks > previous &&
      (previous < 0 || dtsTicks - previous <= MAX_UINT32) &&
      Math.abs(ptsTicks - dtsTicks) <= MAX_INT32;
    if (isValid) return;
    throw new MediaError(
      'invalid-argument',
      'sample-time',
      `a sample decoded at ${dtsTicks} and shown at ${ptsTicks} cannot follow one at ${previous}; ` +
        `track ${this.#trackId}, ${this.#timescale} ticks per second`,
    );
  }

  #guessDuration(lastSizeBytes: number): number {
    const byCodec = this.#format.durationTicks(lastSizeBytes);
    if (byCodec !== undefined) return byCodec;
    if (this.#lastDurationTicks > 0) return this.#lastDurationTicks;
    return Math.max(1, Math.round(this.#timescale / DEFAULT_FRAMES_PER_SECOND));
  }
}
