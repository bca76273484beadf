// H.265 in MP4: `hvc1` with `hvcC`, ISO/IEC 14496-15 section 8.
import { readUint16 } from '../base/bytes.ts';
import { MediaError } from '../base/media-error.ts';
import type { H265Codec } from '../codec/codec.ts';
import { H265NalType, h265NalType } from '../codec/h265-nal-unit.ts';
import { parseH265Sps } from '../codec/h265-sps.ts';
import { buildHevcConfiguration } from '../codec/hevc-configuration.ts';
import type { Mp4Format, Mp4SampleDescription } from './mp4-format.ts';
import { NalFraming } from './nal-framing.ts';
import { buildVisualSampleEntry } from './sample-entry.ts';

const FIRST_ARRAY = 23;
const ARRAY_COMPLETENESS = 0x80;

/** `hvc1` while the file grows; `hev1` in the closed file when parameter sets changed on the way. */
export class H265Mp4Format implements Mp4Format {
  readonly kind = 'video';
  readonly prerollSamples = 0;
  readonly isReady = true;
  readonly framing: NalFraming;
  /** hvcC. */
  readonly configuration: Uint8Array;
  readonly widthPixels: number;
  readonly heightPixels: number;

  /** @throws MediaError `failed-precondition` without parameter sets, `invalid-argument` for broken ones. */
  constructor({ vps, sps, pps }: H265Codec) {
    if (vps === undefined || sps === undefined || pps === undefined) {
      throw new MediaError(
        'failed-precondition',
        'no-parameter-sets',
        'the H265 track has no VPS, SPS and PPS yet; hvcC',
      );
    }
    this.configuration = buildHevcConfiguration({ vps, sps, pps });
    const parsed = parseH265Sps(sps);
    this.widthPixels = parsed?.widthPixels ?? 0;
    this.heightPixels = parsed?.heightPixels ?? 0;
    this.framing = new NalFraming({ parameterSets: [vps, sps, pps], isParameterSet, isDropped });
  }

  describe(isClosing: boolean): Mp4SampleDescription {
    const isInBand = isClosing && this.framing.hasInBandSets;
    const { widthPixels, heightPixels } = this;
    const body = isInBand ? withIncompleteArrays(this.configuration) : this.configuration;
    const sampleEntry = buildVisualSampleEntry({
      type: isInBand ? 'hev1' : 'hvc1',
      widthPixels,
      heightPixels,
      configuration: { type: 'hvcC', body },
    });
    return { sampleEntry, widthPixels, heightPixels };
  }

  durationTicks(): undefined {
    return undefined;
  }
}

/** The record with array_completeness 0: more parameter sets are in the stream. */
function withIncompleteArrays(configuration: Uint8Array): Uint8Array {
  const bytes = configuration.slice();
  let position = FIRST_ARRAY;
  while (position + 5 <= bytes.length) {
    bytes[position] = (bytes[position] ?? 0) & ~ARRAY_COMPLETENESS;
    // One NAL unit in each array.
    position += 5 + readUint16(bytes, position + 3);
  }
  return bytes;
}

function isParameterSet(firstByte: number): boolean {
  const type = h265NalType(firstByte);
  return type >= H265NalType.vps && type <= H265NalType.pps;
}

function isDropped(firstByte: number): boolean {
  const type = h265NalType(firstByte);
  return type === H265NalType.accessUnitDelimiter || type === H265NalType.filler;
}
