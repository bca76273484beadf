// Opus in MP4: `Opus` with `dOps`, Encapsulation of Opus in ISO Base Media File Format section 4.3.
import { MediaError } from '../base/media-error.ts';
import type { OpusCodec } from '../codec/codec.ts';
import { BoxWriter } from './box-writer.ts';
import type { Mp4Format, Mp4SampleDescription } from './mp4-format.ts';
import { buildAudioSampleEntry } from './sample-entry.ts';
import { plainFraming } from './sample-framing.ts';

const SAMPLE_RATE_HZ = 48_000;
/** 80 ms of frames of 20 ms, section 4.3.6.2. */
const PREROLL_SAMPLES = 4;
/** Channel mapping family 0 knows mono and stereo. */
const MAX_CHANNELS = 2;

/**
 * A recording begins in the middle of a stream, where no encoder delay is left: nothing is to be
 * skipped at its start.
 */
export class OpusMp4Format implements Mp4Format {
  readonly kind = 'audio';
  readonly framing = plainFraming;
  readonly prerollSamples = PREROLL_SAMPLES;
  readonly isReady = true;
  readonly #channelCount: number;

  /** @throws MediaError `unsupported` for more than two channels. */
  constructor({ channelCount }: OpusCodec) {
    if (channelCount < 1 || channelCount > MAX_CHANNELS) {
      throw new MediaError(
        'unsupported',
        'codec-not-in-container',
        `Opus with ${channelCount} channels; MP4 file`,
      );
    }
    this.#channelCount = channelCount;
  }

  describe(): Mp4SampleDescription {
    const writer = new BoxWriter(11);
    // Version, channels, samples to skip, rate of the input, gain, mapping family.
    writer.uint8(0).uint8(this.#channelCount).uint16(0);
    writer.uint32(SAMPLE_RATE_HZ).uint16(0).uint8(0);
    const sampleEntry = buildAudioSampleEntry({
      type: 'Opus',
      channelCount: this.#channelCount,
      sampleRateHz: SAMPLE_RATE_HZ,
      bitDepth: 16,
      configuration: { type: 'dOps', body: writer.toBytes() },
    });
    return { sampleEntry, widthPixels: 0, heightPixels: 0 };
  }

  durationTicks(): undefined {
    return undefined;
  }
}
