// H.264 in MP4: `avc1` with `avcC`, ISO/IEC 14496-15 section 5.
import { MediaError } from '../base/media-error.ts';
import { buildAvcConfiguration } from '../codec/avc-configuration.ts';
import type { H264Codec } from '../codec/codec.ts';
import { H264NalType, h264NalType } from '../codec/h264-nal-unit.ts';
import { parseH264Sps } from '../codec/h264-sps.ts';
import type { Mp4Format, Mp4SampleDescription } from './mp4-format.ts';
import { NalFraming } from './nal-framing.ts';
import { buildVisualSampleEntry } from './sample-entry.ts';

/**
 * The entry is `avc1` while the file grows. When parameter sets changed on the way they are in
 * band, and the closed file says so with `avc3`.
 */
export class H264Mp4Format implements Mp4Format {
  readonly kind = 'video';
  readonly prerollSamples = 0;
  readonly isReady = true;
  readonly framing: NalFraming;
  /** avcC. */
  readonly configuration: Uint8Array;
  readonly widthPixels: number;
  readonly heightPixels: number;

  /** @throws MediaError `failed-precondition` without parameter sets, `invalid-argument` for broken ones. */
  constructor({ sps, pps }: H264Codec) {
    if (sps === undefined || pps === undefined) {
      throw new MediaError(
        'failed-precondition',
        'no-parameter-sets',
        'the H264 track has no SPS and PPS yet; avcC',
      );
    }
    this.configuration = buildAvcConfiguration(sps, pps);
    const parsed = parseH264Sps(sps);
    this.widthPixels = parsed?.widthPixels ?? 0;
    this.heightPixels = parsed?.heightPixels ?? 0;
    this.framing = new NalFraming({ parameterSets: [sps, pps], isParameterSet, isDropped });
  }

  describe(isClosing: boolean): Mp4SampleDescription {
    const { widthPixels, heightPixels } = this;
    const sampleEntry = buildVisualSampleEntry({
      type: isClosing && this.framing.hasInBandSets ? 'avc3' : 'avc1',
      widthPixels,
      heightPixels,
      configuration: { type: 'avcC', body: this.configuration },
    });
    return { sampleEntry, widthPixels, heightPixels };
  }

  durationTicks(): undefined {
    return undefined;
  }
}

function isParameterSet(firstByte: number): boolean {
  const type = h264NalType(firstByte);
  return type === H264NalType.sps || type === H264NalType.pps;
}

function isDropped(firstByte: number): boolean {
  const type = h264NalType(firstByte);
  return type === H264NalType.accessUnitDelimiter || type === H264NalType.filler;
}
