// Decides where files begin and end, and puts each sample into the one it belongs to.
import type { Clock } from '../base/clock.ts';
import type { MediaError } from '../base/media-error.ts';
import { toMediaError } from '../base/media-error.ts';
import { decoderSetupOf, isSameDecoder, type DecoderSetup } from './decoder-setup.ts';
import type { CompleteRecorderOptions } from './recorder-options.ts';
import type { RecordEndReason } from './recordings-index.ts';
import type { MergedSampleHandler } from './sample-merger.ts';
import type { SegmentSequence } from './segment-sequence.ts';
import type { TrackAligner } from './track-aligner.ts';
import type { TimedSample, TrackInput } from './track-input.ts';

/** What a cutter works with. */
export interface SegmentCutterComponents {
  readonly clock: Clock;
  readonly aligner: TrackAligner;
  readonly segments: SegmentSequence;
  readonly inputs: readonly TrackInput[];
  readonly lead: TrackInput;
  /** Told of a sample that the container could not take; the file is closed. */
  readonly onRefused: (failure: MediaError) => void;
}

/** What it looks at. */
export type SegmentCutterOptions = Pick<
  CompleteRecorderOptions,
  'maxDurationMs' | 'maxSizeBytes' | 'maxQueueBytes' | 'maxGapMs'
>;

/** What was written and what was not; only grows. */
export interface SegmentCutterStats {
  frames: number;
  bytes: number;
  dropped: number;
}

/** Files do not go on over a hole that is longer, and longer than so many pictures. */
const MIN_HOLE_MS = 1000;
const MIN_HOLE_PICTURES = 4;

/** Takes merged samples. Only key frames of the leading track begin files. */
export class SegmentCutter implements MergedSampleHandler {
  readonly stats: SegmentCutterStats = { frames: 0, bytes: 0, dropped: 0 };
  /** Monotonic time at which the newest sample was taken. */
  takenMs = 0;

  readonly #components: SegmentCutterComponents;
  readonly #options: SegmentCutterOptions;
  readonly #lead: TrackInput;
  #setup: DecoderSetup | undefined;
  /** Decoding times of the leading track: start of the file, newest picture in it. */
  #zeroTicks = 0;
  #lastTicks = 0;
  /** Between the newest two pictures. */
  #stepTicks = 0;
  #lastArrivalMs = 0;
  /** What is shown or heard before the first key frame of a file that continues no other one is left out. */
  #shownFromMs = Number.NEGATIVE_INFINITY;
  #isOverloaded = false;

  constructor(components: SegmentCutterComponents, options: SegmentCutterOptions) {
    this.#components = components;
    this.#options = options;
    this.#lead = components.lead;
  }

  /** Bytes of samples on their way to the disk. */
  get queueBytes(): number {
    let bytes = this.#components.segments.queueBytes;
    for (const input of this.#components.inputs) bytes += input.queueBytes;
    return bytes;
  }

  onMerged(index: number, sample: TimedSample): void {
    try {
      if (this.#components.inputs[index] === this.#lead) this.#takeLead(index, sample);
      else this.#takeOther(index, sample);
    } catch (thrown) {
      // What the container can't hold must not end the stream's other readers.
      this.#components.segments.close('failed');
      this.#components.onRefused(toMediaError(thrown));
    }
  }

  #takeLead(index: number, sample: TimedSample): void {
    const { segments } = this.#components;
    this.takenMs = this.#components.clock.monotonicMs();
    if (sample.isAfterJump) this.#cutAtJump(sample);
    if (this.#isTooMuch(sample)) {
      this.stats.dropped++;
      return;
    }
    if (sample.isKeyFrame) this.#cutAtKeyFrame(sample);
    const shownMs = (sample.ptsTicks * 1000) / this.#lead.clockRateHz;
    if (segments.current === undefined || shownMs < this.#shownFromMs) {
      this.stats.dropped++;
      return;
    }
    if (sample.dtsTicks > this.#lastTicks) this.#stepTicks = sample.dtsTicks - this.#lastTicks;
    this.#lastTicks = sample.dtsTicks;
    this.#lastArrivalMs = sample.arrivalMs;
    this.#add(index, sample);
  }

  #takeOther(index: number, sample: TimedSample): void {
    const { aligner, clock, inputs, segments } = this.#components;
    const nowMs = clock.monotonicMs();
    this.takenMs = nowMs;
    if (sample.isAfterJump) aligner.realign(index, nowMs);
    const rate = inputs[index]?.clockRateHz ?? 1;
    const timeMs = ((sample.ptsTicks - (aligner.offsetOf(index) ?? 0)) * 1000) / rate;
    if (segments.current === undefined || timeMs < this.#shownFromMs) return;
    if (this.#isOverloaded) this.stats.dropped++;
    else this.#add(index, sample);
  }

  #add(index: number, sample: TimedSample): void {
    const { aligner, segments } = this.#components;
    const segment = segments.current;
    if (segment === undefined) return;
    if (!segment.add(index, sample, aligner.offsetOf(index) ?? 0)) {
      this.stats.dropped++;
      return;
    }
    this.stats.frames++;
    this.stats.bytes += sample.sizeBytes;
  }

  /** Timestamps stepped: no place in this file is right for what comes. */
  #cutAtJump(sample: TimedSample): void {
    const { aligner, clock, inputs, segments } = this.#components;
    const silentMs = sample.arrivalMs - this.#lastArrivalMs;
    segments.close(silentMs > this.#options.maxGapMs ? 'streamLost' : 'clockStep');
    for (const index of inputs.keys()) aligner.realign(index, clock.monotonicMs());
  }

  /** The drop rule: when the disk can't keep up, everything up to a key frame for which there is room. */
  #isTooMuch(sample: TimedSample): boolean {
    const { maxQueueBytes } = this.#options;
    if (!this.#isOverloaded) {
      this.#isOverloaded = this.queueBytes > maxQueueBytes;
      return this.#isOverloaded;
    }
    if (!sample.isKeyFrame || this.queueBytes > maxQueueBytes / 2) return true;
    this.#isOverloaded = false;
    const { segments } = this.#components;
    segments.noteHole(this.#fileMs(this.#lastTicks), this.#fileMs(sample.dtsTicks), 'failed');
    return false;
  }

  #cutAtKeyFrame(sample: TimedSample): void {
    const { aligner, clock, segments } = this.#components;
    const setup = decoderSetupOf(this.#lead.codec, sample.units);
    if (segments.current === undefined) {
      this.#open(sample, setup, false);
      return;
    }
    const cause = this.#reasonToCut(sample, setup);
    if (cause !== undefined) {
      const reason = cause !== 'failed' && this.#isAfterHole(sample) ? 'streamLost' : cause;
      const isGap = reason === 'failed' || reason === 'streamLost';
      segments.close(reason, isGap ? undefined : this.#fileMs(sample.dtsTicks));
      this.#open(sample, setup, !isGap && reason !== 'clockStep');
    }
    aligner.follow(clock.monotonicMs());
  }

  #reasonToCut(sample: TimedSample, setup: DecoderSetup): RecordEndReason | undefined {
    const { segments } = this.#components;
    const { maxDurationMs, maxGapMs, maxSizeBytes } = this.#options;
    if (this.#fileMs(sample.dtsTicks) - this.#fileMs(this.#lastTicks) > maxGapMs) return 'failed';
    if (this.#setup && !isSameDecoder(this.#setup, setup)) return 'tracksChanged';
    if (segments.hasClockStepped) return 'clockStep';
    const isLong = this.#fileMs(sample.dtsTicks) >= maxDurationMs;
    const isLarge = (segments.current?.sizeBytes ?? 0) >= maxSizeBytes;
    return isLong || isLarge ? 'timeout' : undefined;
  }

  /** The file before ended where its pictures did, not where this one begins. */
  #isAfterHole(sample: TimedSample): boolean {
    const holeTicks = sample.dtsTicks - this.#lastTicks;
    const isLong = (holeTicks * 1000) / this.#lead.clockRateHz > MIN_HOLE_MS;
    return isLong && holeTicks > this.#stepTicks * MIN_HOLE_PICTURES;
  }

  #open(sample: TimedSample, setup: DecoderSetup, isContinuing: boolean): void {
    const { inputs, segments } = this.#components;
    const rate = this.#lead.clockRateHz;
    // The line through the earliest arrivals knows better than one large picture's last packet.
    const lineMs = this.#lead.arrivals.offsetMs;
    const predictedMs = lineMs === undefined ? Infinity : lineMs + (sample.dtsTicks * 1000) / rate;
    const tracks = inputs.map((input) => ({
      kind: input.track.kind,
      codec: input === this.#lead ? setup.codec : input.codec,
      zeroTicks: Math.round((sample.dtsTicks * input.clockRateHz) / rate),
    }));
    segments.open({ atMs: Math.min(sample.arrivalMs, predictedMs), isContinuing, tracks });
    this.#setup = setup;
    this.#zeroTicks = sample.dtsTicks;
    this.#lastTicks = sample.dtsTicks;
    this.#shownFromMs = isContinuing ? -Infinity : (sample.ptsTicks * 1000) / rate;
  }

  /** Time in the current file of a decoding time of the leading track. */
  #fileMs(ticks: number): number {
    return ((ticks - this.#zeroTicks) * 1000) / this.#lead.clockRateHz;
  }
}
