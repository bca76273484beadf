// Reads an H.264 sequence parameter set, ITU-T H.264 section 7.3.2.1.1.
import { BitReader } from './bit-reader.ts';
import { H264NalType, h264NalType } from './h264-nal-unit.ts';
import { readH264Vui, type H264Vui } from './h264-vui.ts';

/** What is read of an H.264 sequence parameter set. */
export interface H264Sps {
  /** seq_parameter_set_id, 0..31. */
  readonly id: number;
  readonly profileIdc: number;
  /** constraint_set0_flag (bit 7) to constraint_set5_flag (bit 2). */
  readonly constraintFlags: number;
  /** Ten times the level, e.g. 41. */
  readonly levelIdc: number;
  /** 0 monochrome, 1 4:2:0, 2 4:2:2, 3 4:4:4. */
  readonly chromaFormatIdc: number;
  readonly bitDepthLuma: number;
  readonly bitDepthChroma: number;
  /** After cropping. */
  readonly widthPixels: number;
  /** After cropping. */
  readonly heightPixels: number;
  readonly isInterlaced: boolean;
  readonly maxReferenceFrames: number;
  /** Pictures per second when the timing information says so. */
  readonly frameRate?: number;
  /** max_num_reorder_frames; undefined when not signalled. 0 promises that there are no B-frames. */
  readonly maxReorderFrames?: number;
  /** Bit where bitstream_restriction_flag stands, the NAL unit header not counted; when it is set. */
  readonly restrictionBit?: number;
}

const MAX_NAL_BYTES = 4096;
const MAX_SIDE_PIXELS = 16384;
/** Profiles whose parameter set has chroma_format_idc and more. */
const HIGH_PROFILES: readonly number[] = [
  100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135,
];

interface Chroma {
  readonly chromaFormatIdc: number;
  readonly isSeparate: boolean;
  readonly bitDepthLuma: number;
  readonly bitDepthChroma: number;
}

/** Reads a NAL unit without start code; undefined when it is no usable parameter set. */
export function parseH264Sps(nal: Uint8Array): H264Sps | undefined {
  if (nal.length < 4 || nal.length > MAX_NAL_BYTES) return undefined;
  if (h264NalType(nal[0] ?? 0) !== H264NalType.sps) return undefined;
  const reader = new BitReader({ skipsEmulationPrevention: true });
  reader.reset(nal, 1);
  const profileIdc = reader.readBits(8);
  const constraintFlags = reader.readBits(8);
  const levelIdc = reader.readBits(8);
  const id = reader.readUe();
  const chroma = HIGH_PROFILES.includes(profileIdc) ? readChroma(reader) : DEFAULT_CHROMA;
  reader.readUe(); // log2_max_frame_num_minus4
  skipPictureOrder(reader);
  const maxReferenceFrames = reader.readUe();
  reader.readBit(); // gaps_in_frame_num_value_allowed_flag
  const size = readSize(reader, chroma);
  if (reader.isOverrun || id > 31 || size === undefined) return undefined;
  const vui: H264Vui = reader.readFlag() ? readH264Vui(reader) : {};
  return {
    id,
    profileIdc,
    constraintFlags,
    levelIdc,
    chromaFormatIdc: chroma.chromaFormatIdc,
    bitDepthLuma: chroma.bitDepthLuma,
    bitDepthChroma: chroma.bitDepthChroma,
    maxReferenceFrames,
    ...size,
    ...vui,
  };
}

const DEFAULT_CHROMA: Chroma = {
  chromaFormatIdc: 1,
  isSeparate: false,
  bitDepthLuma: 8,
  bitDepthChroma: 8,
};

function readChroma(reader: BitReader): Chroma {
  const chromaFormatIdc = reader.readUe();
  const isSeparate = chromaFormatIdc === 3 && reader.readFlag();
  const bitDepthLuma = 8 + reader.readUe();
  const bitDepthChroma = 8 + reader.readUe();
  reader.readBit(); // qpprime_y_zero_transform_bypass_flag
  if (reader.readFlag()) {
    const listCount = chromaFormatIdc === 3 ? 12 : 8;
    for (let index = 0; index < listCount; index++) {
      if (reader.readFlag()) skipScalingList(reader, index < 6 ? 16 : 64);
    }
  }
  return { chromaFormatIdc, isSeparate, bitDepthLuma, bitDepthChroma };
}

function skipScalingList(reader: BitReader, size: number): void {
  let last = 8;
  for (let index = 0; index < size && !reader.isOverrun; index++) {
    const next = (last + reader.readSe() + 256) % 256;
    if (next === 0) return;
    last = next;
  }
}

function skipPictureOrder(reader: BitReader): void {
  const type = reader.readUe();
  if (type === 0) {
    reader.readUe(); // log2_max_pic_order_cnt_lsb_minus4
  } else if (type === 1) {
    reader.readBit();
    reader.readSe();
    reader.readSe();
    const count = Math.min(reader.readUe(), 255);
    for (let index = 0; index < count && !reader.isOverrun; index++) reader.readSe();
  }
}

function readSize(
  reader: BitReader,
  chroma: Chroma,
): Pick<H264Sps, 'widthPixels' | 'heightPixels' | 'isInterlaced'> | undefined {
  const codedWidth = (reader.readUe() + 1) * 16;
  const mapUnits = reader.readUe() + 1;
  const isInterlaced = !reader.readFlag();
  if (isInterlaced) reader.readBit(); // mb_adaptive_frame_field_flag
  reader.readBit(); // direct_8x8_inference_flag
  const codedHeight = mapUnits * 16 * (isInterlaced ? 2 : 1);
  let cropWidth = 0;
  let cropHeight = 0;
  if (reader.readFlag()) {
    const arrayType = chroma.isSeparate ? 0 : chroma.chromaFormatIdc;
    const unitX = arrayType === 1 || arrayType === 2 ? 2 : 1;
    const unitY = (arrayType === 1 ? 2 : 1) * (isInterlaced ? 2 : 1);
    cropWidth = (reader.readUe() + reader.readUe()) * unitX;
    cropHeight = (reader.readUe() + reader.readUe()) * unitY;
  }
  const widthPixels = codedWidth - cropWidth;
  const heightPixels = codedHeight - cropHeight;
  if (widthPixels <= 0 || heightPixels <= 0) return undefined;
  if (widthPixels > MAX_SIDE_PIXELS || heightPixels > MAX_SIDE_PIXELS) return undefined;
  return { widthPixels, heightPixels, isInterlaced };
}
