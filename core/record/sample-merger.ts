// Hands out the samples of all tracks in the order of time, so that a file is cut at one instant.
import type { TrackAligner } from './track-aligner.ts';
import type { TimedSample } from './track-input.ts';

/** A queue of samples of one track: a TrackInput, or one whose samples were made into another codec. */
export interface MergeInput {
  readonly clockRateHz: number;
  /** The oldest sample in the queue. */
  readonly first: TimedSample | undefined;
  /** The newest sample in the queue. */
  readonly newest: TimedSample | undefined;
  /** Takes the oldest sample out of the queue. */
  shift(): TimedSample | undefined;
}

/** Takes merged samples. */
export interface MergedSampleHandler {
  onMerged(index: number, sample: TimedSample): void;
}

/** A track that lags more is not waited for. */
const MAX_WAIT_MS = 1000;

/**
 * A sample is handed out when no other track can still bring an earlier one. Tracks that are silent
 * for a second delay nobody.
 */
export class SampleMerger {
  readonly #inputs: readonly MergeInput[];
  readonly #lead: MergeInput;
  readonly #aligner: TrackAligner;
  readonly #handler: MergedSampleHandler;
  /** Time of the newest sample of each track, in milliseconds of the leading track's timeline. */
  readonly #newestMs: number[];
  /** How much later than they are decoded the key frames of the leading track are shown. */
  #leadDelayTicks = 0;

  constructor(
    components: { readonly aligner: TrackAligner; readonly handler: MergedSampleHandler },
    inputs: readonly MergeInput[],
    lead: MergeInput,
  ) {
    this.#aligner = components.aligner;
    this.#handler = components.handler;
    this.#inputs = inputs;
    this.#lead = lead;
    this.#newestMs = inputs.map(() => Number.NEGATIVE_INFINITY);
  }

  /** Forgets what was seen; the queues are the inputs' own. */
  reset(): void {
    this.#newestMs.fill(Number.NEGATIVE_INFINITY);
    this.#leadDelayTicks = 0;
  }

  /** Hands out what can be; with `isFinal` everything. */
  drain(nowMs: number, isFinal: boolean): void {
    for (let index = 0; index < this.#inputs.length; index++) {
      const newest = this.#inputs[index]?.newest;
      if (newest === undefined) continue;
      if (this.#aligner.align(index, nowMs) !== undefined) {
        this.#newestMs[index] = this.#timeOf(index, newest);
      }
    }
    for (let index = this.#earliest(isFinal); index >= 0; index = this.#earliest(isFinal)) {
      const sample = this.#inputs[index]?.shift();
      if (sample === undefined) return;
      if (this.#inputs[index] === this.#lead && sample.isKeyFrame) {
        this.#leadDelayTicks = sample.ptsTicks - sample.dtsTicks;
      }
      this.#handler.onMerged(index, sample);
    }
  }

  /** The track whose next sample comes first, or -1 when one has to be waited for. */
  #earliest(isFinal: boolean): number {
    let best = -1;
    let bestMs = Number.POSITIVE_INFINITY;
    for (let index = 0; index < this.#inputs.length; index++) {
      const first = this.#inputs[index]?.first;
      if (first === undefined) continue;
      const timeMs = this.#timeOf(index, first);
      if (timeMs >= bestMs) continue;
      best = index;
      bestMs = timeMs;
    }
    return best >= 0 && (isFinal || !this.#mayComeBefore(bestMs)) ? best : -1;
  }

  #mayComeBefore(timeMs: number): boolean {
    let latestMs = Number.NEGATIVE_INFINITY;
    for (let index = 0; index < this.#inputs.length; index++) {
      latestMs = Math.max(latestMs, this.#newestMs[index] ?? latestMs);
    }
    for (let index = 0; index < this.#inputs.length; index++) {
      if (this.#inputs[index]?.first !== undefined) continue;
      const newestMs = this.#newestMs[index] ?? latestMs;
      if (newestMs < timeMs && latestMs - newestMs <= MAX_WAIT_MS) return true;
    }
    return false;
  }

  #timeOf(index: number, sample: TimedSample): number {
    const input = this.#inputs[index];
    const offset = this.#aligner.offsetOf(index);
    // It waits until the leading track has shown where it belongs.
    if (input === undefined || offset === undefined) return Number.POSITIVE_INFINITY;
    const delayTicks = input === this.#lead ? this.#leadDelayTicks : 0;
    return ((sample.dtsTicks - offset + delayTicks) * 1000) / input.clockRateHz;
  }
}
