// VP8 and VP9 in MP4: `vp08` and `vp09` with `vpcC`, VP Codec ISO Media File Format Binding.
import type { Vp8Codec, Vp9Codec } from '../codec/codec.ts';
import { parseVp8FrameSize } from '../codec/vp8-frame-header.ts';
import { parseVp9FrameHeader } from '../codec/vp9-frame-header.ts';
import type { MuxSample } from './container-writer.ts';
import type { Mp4Format, Mp4SampleDescription } from './mp4-format.ts';
import { buildVisualSampleEntry } from './sample-entry.ts';
import { plainFraming, type SampleFraming } from './sample-framing.ts';
import {
  buildVpConfiguration,
  PLAIN_VP_CONFIGURATION,
  readVp9Configuration,
  type VpConfiguration,
} from './vp-configuration.ts';
import { appendVp9Superframe } from './vp9-superframe.ts';

interface VpPicture {
  readonly widthPixels: number;
  readonly heightPixels: number;
  readonly configuration: VpConfiguration;
}

/** Learns the picture size from the first key frame. */
export class VpMp4Format implements Mp4Format, SampleFraming {
  readonly kind = 'video';
  readonly prerollSamples = 0;
  readonly #codec: Vp8Codec | Vp9Codec;
  #picture: VpPicture | undefined;

  constructor(codec: Vp8Codec | Vp9Codec) {
    this.#codec = codec;
  }

  get framing(): SampleFraming {
    return this;
  }

  get isReady(): boolean {
    return this.#picture !== undefined;
  }

  append(sample: MuxSample, chunks: Uint8Array[]): number {
    const { units, isKeyFrame } = sample;
    if (isKeyFrame) this.#picture ??= this.#readPicture(units);
    return this.#codec.name === 'VP9' && units.length > 1
      ? appendVp9Superframe(units, chunks)
      : plainFraming.append(sample, chunks);
  }

  describe(): Mp4SampleDescription {
    const { widthPixels = 0, heightPixels = 0, configuration } = this.#picture ?? {};
    const announced = this.#codec.name === 'VP9' ? (this.#codec.profileId ?? 0) : 0;
    const known = configuration ?? { ...PLAIN_VP_CONFIGURATION, profile: announced };
    const body = buildVpConfiguration(known, { widthPixels, heightPixels });
    const sampleEntry = buildVisualSampleEntry({
      type: this.#codec.name === 'VP9' ? 'vp09' : 'vp08',
      widthPixels,
      heightPixels,
      configuration: { type: 'vpcC', body },
    });
    return { sampleEntry, widthPixels, heightPixels };
  }

  durationTicks(): undefined {
    return undefined;
  }

  #readPicture(units: readonly Uint8Array[]): VpPicture | undefined {
    if (this.#codec.name === 'VP8') {
      const size = units[0] && parseVp8FrameSize(units[0]);
      return size && { ...size, configuration: PLAIN_VP_CONFIGURATION };
    }
    return readVp9Picture(units);
  }
}

/** With spatial layers the last, largest one counts; higher layers are no key frames of their own. */
function readVp9Picture(units: readonly Uint8Array[]): VpPicture | undefined {
  for (const unit of units.toReversed()) {
    const header = parseVp9FrameHeader(unit);
    if (header?.widthPixels === undefined || header.heightPixels === undefined) continue;
    const { widthPixels, heightPixels, profile } = header;
    return { widthPixels, heightPixels, configuration: readVp9Configuration(unit, profile) };
  }
  return undefined;
}
