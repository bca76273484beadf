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

/** How long to wait for tracks that are worked on before they come here. */
export interface SampleMergerOptions {
  /** A track that had no sample yet is waited for so long after the first sample of another; 0 by default. */
  readonly maxFirstWaitMs?: number;
  /** A track that lags no more than this is waited for as long as it moves; 0 by default. */
  readonly maxCatchUpMs?: number;
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
  /** Monotonic time at which the newest sample of each track was seen. */
  readonly #movedMs: number[];
  readonly #options: Required<SampleMergerOptions>;
  #nowMs = 0;
  /** Until when tracks without any sample are waited for; undefined before the first sample of all. */
  #firstUntilMs: number | undefined;
  /** How much later than they are decoded the key frames of the leading track are shown. */
  #leadDelayTicks = 0;

  constructor(
    components: { readonly aligner: TrackAligner; readonly handler: MergedSampleHandler },
    { inputs, lead }: { readonly inputs: readonly MergeInput[]; readonly lead: MergeInput },
    options: SampleMergerOptions = {},
  ) {
    this.#options = { maxFirstWaitMs: 0, maxCatchUpMs: 0, ...options };
    this.#aligner = components.aligner;
    this.#handler = components.handler;
    this.#inputs = inputs;
    this.#lead = lead;
    this.#newestMs = inputs.map(() => Number.NEGATIVE_INFINITY);
    this.#movedMs = inputs.map(() => Number.NEGATIVE_INFINITY);
  }

  /** Forgets what was seen; the queues are the inputs' own. */
  reset(): void {
    this.#newestMs.fill(Number.NEGATIVE_INFINITY);
    this.#movedMs.fill(Number.NEGATIVE_INFINITY);
    this.#firstUntilMs = undefined;
    this.#leadDelayTicks = 0;
  }

  /** Waits no longer for tracks that had no sample yet. */
  stopWaiting(): void {
    this.#firstUntilMs = Number.NEGATIVE_INFINITY;
  }

  /** Hands out what can be; with `isFinal` everything. */
  drain(nowMs: number, isFinal: boolean): void {
    this.#nowMs = nowMs;
    for (let index = 0; index < this.#inputs.length; index++) {
      const newest = this.#inputs[index]?.newest;
      if (newest === undefined) continue;
      this.#firstUntilMs ??= nowMs + this.#options.maxFirstWaitMs;
      if (this.#aligner.align(index, nowMs) !== undefined) {
        const timeMs = this.#timeOf(index, newest);
        if (timeMs !== this.#newestMs[index]) this.#movedMs[index] = nowMs;
        this.#newestMs[index] = timeMs;
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
      if (newestMs < timeMs && this.#isWaitedFor(index, latestMs - newestMs)) return true;
    }
    return false;
  }

  #isWaitedFor(index: number, lagMs: number): boolean {
    if (lagMs === Number.POSITIVE_INFINITY) return this.#nowMs < (this.#firstUntilMs ?? 0);
    if (lagMs <= MAX_WAIT_MS) return true;
    const stillMs = this.#nowMs - (this.#movedMs[index] ?? 0);
    return lagMs <= this.#options.maxCatchUpMs && stillMs <= MAX_WAIT_MS;
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
