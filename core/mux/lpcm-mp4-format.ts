// Linear PCM in MP4 under the QuickTime names, which far more players know than `ipcm` of ISO/IEC 23003-5.
import { MediaError } from '../base/media-error.ts';
import type { LpcmCodec } from '../codec/codec.ts';
import type { Mp4Format, Mp4SampleDescription } from './mp4-format.ts';
import { buildAudioSampleEntry } from './sample-entry.ts';
import { plainFraming } from './sample-framing.ts';

/** Big endian, as RTP carries it; 8 bits are unsigned in both. */
const TYPES: Readonly<Record<number, string>> = { 8: 'raw ', 16: 'twos', 24: 'in24' };

/** A block of PCM, as the caller cut it, is one sample: gaps cost one entry, not one per value. */
export class LpcmMp4Format implements Mp4Format {
  readonly kind = 'audio';
  readonly framing = plainFraming;
  readonly prerollSamples = 0;
  readonly isReady = true;
  readonly #codec: LpcmCodec;
  readonly #type: string;

  /** @throws MediaError `unsupported` for bit depths other than 8, 16 and 24. */
  constructor(codec: LpcmCodec) {
    const type = TYPES[codec.bitDepth];
    if (type === undefined) {
      throw new MediaError(
        'unsupported',
        'codec-not-in-container',
        `LPCM with ${codec.bitDepth} bits; MP4 file`,
      );
    }
    this.#codec = codec;
    this.#type = type;
  }

  describe(): Mp4SampleDescription {
    const { channelCount, clockRateHz, bitDepth } = this.#codec;
    const sampleEntry = buildAudioSampleEntry({
      type: this.#type,
      channelCount,
      sampleRateHz: clockRateHz,
      bitDepth,
    });
    return { sampleEntry, widthPixels: 0, heightPixels: 0 };
  }

  durationTicks(sizeBytes: number): number {
    const { channelCount, bitDepth } = this.#codec;
    return Math.max(1, Math.floor((sizeBytes * 8) / (channelCount * bitDepth)));
  }
}
