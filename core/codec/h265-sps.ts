// Reads an H.265 sequence parameter set, ITU-T H.265 section 7.3.2.2.
import { BitReader } from './bit-reader.ts';
import { H265NalType, h265NalType } from './h265-nal-unit.ts';

/** What is read of an H.265 sequence parameter set. */
export interface H265Sps {
  /** sps_seq_parameter_set_id, 0..15. */
  readonly id: number;
  readonly vpsId: number;
  readonly maxSubLayers: number;
  readonly isTemporalIdNested: boolean;
  readonly profileSpace: number;
  /** 0 Main tier, 1 High tier. */
  readonly tier: number;
  readonly profileIdc: number;
  /** general_profile_compatibility_flag[0] is bit 31. */
  readonly compatibilityFlags: number;
  /** The 48 bits from general_progressive_source_flag on. */
  readonly constraintFlags: number;
  /** 30 times the level, e.g. 123 for 4.1. */
  readonly levelIdc: number;
  /** 0 monochrome, 1 4:2:0, 2 4:2:2, 3 4:4:4. */
  readonly chromaFormatIdc: number;
  readonly bitDepthLuma: number;
  readonly bitDepthChroma: number;
  /** Inside the conformance window. */
  readonly widthPixels: number;
  /** Inside the conformance window. */
  readonly heightPixels: number;
  /** sps_max_num_reorder_pics of the highest sub-layer. 0 promises that there are no B-frames. */
  readonly maxReorderFrames: number;
  /** Bit where sps_sub_layer_ordering_info_present_flag stands, the NAL unit header not counted. */
  readonly orderingBit: number;
}

const MAX_NAL_BYTES = 4096;
const MAX_SIDE_PIXELS = 16384;
const SUB_LAYER_PROFILE_BITS = 88;
const SUB_LAYER_LEVEL_BITS = 8;

/** Reads a NAL unit without start code; undefined when it is no usable parameter set. */
export function parseH265Sps(nal: Uint8Array): H265Sps | undefined {
  if (nal.length < 16 || nal.length > MAX_NAL_BYTES) return undefined;
  if (h265NalType(nal[0] ?? 0) !== H265NalType.sps) return undefined;
  const reader = new BitReader({ skipsEmulationPrevention: true });
  reader.reset(nal, 2);
  const vpsId = reader.readBits(4);
  const maxSubLayers = reader.readBits(3) + 1;
  const isTemporalIdNested = reader.readFlag();
  const profile = readProfileTierLevel(reader, maxSubLayers - 1);
  const id = reader.readUe();
  const size = readSize(reader);
  const bitDepthLuma = 8 + reader.readUe();
  const bitDepthChroma = 8 + reader.readUe();
  reader.readUe(); // log2_max_pic_order_cnt_lsb_minus4
  const orderingBit = reader.bitsRead;
  const maxReorderFrames = readReorder(reader, maxSubLayers);
  if (reader.isOverrun || id > 15 || size === undefined) return undefined;
  if (bitDepthLuma > 16 || bitDepthChroma > 16) return undefined;
  return {
    id,
    vpsId,
    maxSubLayers,
    isTemporalIdNested,
    ...profile,
    ...size,
    bitDepthLuma,
    bitDepthChroma,
    maxReorderFrames,
    orderingBit,
  };
}

type ProfileTierLevel = Pick<
  H265Sps,
  'profileSpace' | 'tier' | 'profileIdc' | 'compatibilityFlags' | 'constraintFlags' | 'levelIdc'
>;

/** ITU-T H.265 section 7.3.3. */
function readProfileTierLevel(reader: BitReader, subLayersMinus1: number): ProfileTierLevel {
  const profileSpace = reader.readBits(2);
  const tier = reader.readBit();
  const profileIdc = reader.readBits(5);
  const compatibilityFlags = reader.readBits(32);
  const constraintFlags = reader.readBits(48);
  const levelIdc = reader.readBits(8);
  let subLayerBits = 0;
  for (let index = 0; index < subLayersMinus1; index++) {
    if (reader.readFlag()) subLayerBits += SUB_LAYER_PROFILE_BITS;
    if (reader.readFlag()) subLayerBits += SUB_LAYER_LEVEL_BITS;
  }
  if (subLayersMinus1 > 0) reader.skipBits((8 - subLayersMinus1) * 2);
  reader.skipBits(subLayerBits);
  return { profileSpace, tier, profileIdc, compatibilityFlags, constraintFlags, levelIdc };
}

function readSize(
  reader: BitReader,
): Pick<H265Sps, 'chromaFormatIdc' | 'widthPixels' | 'heightPixels'> | undefined {
  const chromaFormatIdc = reader.readUe();
  if (chromaFormatIdc > 3) return undefined;
  const isSeparate = chromaFormatIdc === 3 && reader.readFlag();
  let widthPixels = reader.readUe();
  let heightPixels = reader.readUe();
  if (reader.readFlag()) {
    const arrayType = isSeparate ? 0 : chromaFormatIdc;
    const unitX = arrayType === 1 || arrayType === 2 ? 2 : 1;
    const unitY = arrayType === 1 ? 2 : 1;
    widthPixels -= (reader.readUe() + reader.readUe()) * unitX;
    heightPixels -= (reader.readUe() + reader.readUe()) * unitY;
  }
  if (widthPixels <= 0 || heightPixels <= 0) return undefined;
  if (widthPixels > MAX_SIDE_PIXELS || heightPixels > MAX_SIDE_PIXELS) return undefined;
  return { chromaFormatIdc, widthPixels, heightPixels };
}

function readReorder(reader: BitReader, maxSubLayers: number): number {
  const isPerSubLayer = reader.readFlag();
  let reorder = 0;
  for (let index = isPerSubLayer ? 0 : maxSubLayers - 1; index < maxSubLayers; index++) {
    reader.readUe(); // sps_max_dec_pic_buffering_minus1
    reorder = reader.readUe();
    reader.readUe(); // sps_max_latency_increase_plus1
  }
  return reorder;
}
