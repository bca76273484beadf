// Sound that is no AAC, made into AAC by one ffmpeg, with the times of the source.
import type { Clock } from '../../core/base/clock.ts';
import type { Logger } from '../../core/base/logger.ts';
import { AacObjectType, buildAudioSpecificConfig } from '../../core/codec/audio-specific-config.ts';
import type { Mpeg4AudioCodec } from '../../core/codec/codec.ts';
import type { TimedSample, TrackInput } from '../../core/record/track-input.ts';
import { SampleTimeline } from '../../core/transcode/sample-timeline.ts';
import type { FfmpegProvider } from '../ffmpeg/ffmpeg-program.ts';
import { AAC_RATE_HZ, AacEncoder } from './aac-encoder.ts';
import type { AudioInput } from './audio-input.ts';
import type { EncoderFeed } from './encoder-feed.ts';

/** What it works with. */
export interface TranscodedInputComponents {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly ffmpeg: FfmpegProvider;
}

/** What it encodes and whom it tells. */
export interface TranscodedInputOptions {
  readonly source: TrackInput;
  readonly feed: EncoderFeed;
  /** Frames came out of the encoder. */
  readonly onFrame: () => void;
  /** No further frame will come. */
  readonly onFailed: (reason: string) => void;
}

const SAMPLES_PER_FRAME = 1024;
/** The encoder begins with so many samples of its own, and AAC in ADTS can't say so. */
const PRIMING_SAMPLES = 1024;
/** Less than what would be seen on lips (40 ms), more than the jitter of cheap cameras. */
const TOLERANCE_MS = 30;
/** About 20 s; older ones are dropped. */
const MAX_QUEUED_FRAMES = 1000;

/** Runs from start() until it is disposed of. */
export class TranscodedInput implements AudioInput {
  readonly source: TrackInput;
  readonly codec: Mpeg4AudioCodec;
  isKnown = false;
  hasFailed = false;
  readonly #clock: Clock;
  readonly #options: TranscodedInputOptions;
  readonly #encoder: AacEncoder;
  readonly #queue: TimedSample[] = [];
  #timeline: SampleTimeline;
  /** Packets wait in the ring until the first process runs. */
  #hasStarted = false;
  #inputTicks = 0;
  #outputSample = -PRIMING_SAMPLES;
  /** Output sample from which on the timeline of the source is another one. */
  #jumpSample: number | undefined;

  constructor(components: TranscodedInputComponents, options: TranscodedInputOptions) {
    const { source, feed } = options;
    this.#clock = components.clock;
    this.#options = options;
    this.source = source;
    this.codec = aacCodec(feed.channelCount);
    this.#timeline = this.#newTimeline();
    this.#encoder = new AacEncoder(components, {
      inputArguments: feed.inputArguments,
      channelCount: feed.channelCount,
      onStarted: () => this.#onStarted(),
      onFrame: (frame) => this.#onFrame(frame),
      onFailed: (reason) => this.#onFailed(reason),
    });
  }

  get clockRateHz(): number {
    return this.source.clockRateHz;
  }

  get first(): TimedSample | undefined {
    return this.#queue[0];
  }

  get newest(): TimedSample | undefined {
    return this.#queue.at(-1);
  }

  start(): void {
    this.#encoder.start();
  }

  pull(): void {
    if (!this.#hasStarted) return;
    this.source.pull();
    for (let sample = this.source.shift(); sample; sample = this.source.shift()) {
      if (!this.hasFailed) this.#encode(sample);
    }
  }

  shift(): TimedSample | undefined {
    return this.#queue.shift();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#encoder.close();
  }

  #encode({ units, ptsTicks, isAfterJump }: TimedSample): void {
    const { feed } = this.#options;
    for (const unit of units) {
      const durationTicks = feed.durationTicks(unit);
      if (durationTicks === 0) continue;
      // What the process does not take leaves a hole in the timeline, as if it had been lost.
      if (!this.#encoder.write(feed.write(unit, this.#inputTicks))) continue;
      if (isAfterJump) this.#jumpSample = (this.#inputTicks * AAC_RATE_HZ) / this.clockRateHz;
      this.#timeline.noteInput(ptsTicks, durationTicks);
      this.#inputTicks += durationTicks;
    }
  }

  #onStarted(): void {
    this.#hasStarted = true;
    this.#timeline = this.#newTimeline();
    this.#inputTicks = 0;
    this.#outputSample = -PRIMING_SAMPLES;
    this.#jumpSample = undefined;
    const begin = this.#options.feed.begin();
    if (begin.length > 0) this.#encoder.write(begin);
    this.pull();
  }

  #onFrame(frame: Uint8Array): void {
    const outputSample = this.#outputSample;
    this.#outputSample += SAMPLES_PER_FRAME;
    const first = this.#timeline.firstTicks;
    if (outputSample < 0 || first === undefined) return;
    const samples = this.#timeline.outputTime(outputSample);
    const ticks = first + (samples * this.clockRateHz) / AAC_RATE_HZ;
    const isAfterJump = this.#jumpSample !== undefined && outputSample >= this.#jumpSample;
    if (isAfterJump) this.#jumpSample = undefined;
    if (this.#queue.length >= MAX_QUEUED_FRAMES) this.#queue.shift();
    this.#queue.push({
      units: [frame],
      sizeBytes: frame.length,
      ptsTicks: ticks,
      dtsTicks: ticks,
      isKeyFrame: true,
      isAfterJump,
      arrivalMs: this.#clock.monotonicMs(),
    });
    this.isKnown = true;
    this.#options.onFrame();
  }

  #onFailed(reason: string): void {
    this.#hasStarted = true;
    this.hasFailed = true;
    this.#options.onFailed(reason);
  }

  #newTimeline(): SampleTimeline {
    return new SampleTimeline(this.clockRateHz, AAC_RATE_HZ, TOLERANCE_MS);
  }
}

function aacCodec(channelCount: number): Mpeg4AudioCodec {
  return {
    name: 'MPEG-4 Audio',
    clockRateHz: AAC_RATE_HZ,
    sampleRateHz: AAC_RATE_HZ,
    channelCount,
    config: buildAudioSpecificConfig({
      objectType: AacObjectType.lc,
      sampleRateHz: AAC_RATE_HZ,
      channelConfig: channelCount,
      hasParametricStereo: false,
    }),
    framing: { type: 'generic', sizeLength: 13, indexLength: 3, indexDeltaLength: 3 },
  };
}
