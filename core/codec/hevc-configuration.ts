// Builds the HEVCDecoderConfigurationRecord (hvcC), ISO/IEC 14496-15 section 8.3.3.1.
import { MediaError } from '../base/media-error.ts';
import { BitWriter } from './bit-writer.ts';
import { h265NalType } from './h265-nal-unit.ts';
import { parseH265Sps, type H265Sps } from './h265-sps.ts';

/** The parameter sets of a track, without start codes. */
export interface HevcConfigurationInput {
  readonly vps: Uint8Array;
  readonly sps: Uint8Array;
  readonly pps: Uint8Array;
}

const ARRAY_COMPLETENESS = 0x80;

/**
 * The record for one VPS, SPS and PPS, with four-byte NAL unit lengths.
 * @throws MediaError invalid-argument when the SPS cannot be read.
 */
export function buildHevcConfiguration(input: HevcConfigurationInput): Uint8Array {
  const sps = parseH265Sps(input.sps);
  if (sps === undefined) {
    throw new MediaError(
      'invalid-argument',
      'bad-parameter-set',
      `the SPS of ${input.sps.length} bytes cannot be read; hvcC`,
    );
  }
  const writer = new BitWriter();
  writeHeader(writer, sps);
  for (const nal of [input.vps, input.sps, input.pps]) {
    writer.writeBits(ARRAY_COMPLETENESS | h265NalType(nal[0] ?? 0), 8);
    writer.writeBits(1, 16);
    writer.writeBits(nal.length, 16);
    for (const byte of nal) writer.writeBits(byte, 8);
  }
  return writer.toBytes();
}

function writeHeader(writer: BitWriter, sps: H265Sps): void {
  writer.writeBits(1, 8); // configurationVersion
  writer.writeBits(sps.profileSpace, 2);
  writer.writeBits(sps.tier, 1);
  writer.writeBits(sps.profileIdc, 5);
  writer.writeBits(sps.compatibilityFlags, 32);
  writer.writeBits(Math.floor(sps.constraintFlags / 2 ** 16), 32);
  writer.writeBits(sps.constraintFlags % 2 ** 16, 16);
  writer.writeBits(sps.levelIdc, 8);
  writer.writeBits(0xf000, 16); // min_spatial_segmentation_idc: unknown
  writer.writeBits(0xfc, 8); // parallelismType: unknown
  writer.writeBits(0xfc | sps.chromaFormatIdc, 8);
  writer.writeBits(0xf8 | (sps.bitDepthLuma - 8), 8);
  writer.writeBits(0xf8 | (sps.bitDepthChroma - 8), 8);
  writer.writeBits(0, 16); // avgFrameRate: unknown
  writer.writeBits(0, 2); // constantFrameRate
  writer.writeBits(sps.maxSubLayers, 3);
  writer.writeBits(sps.isTemporalIdNested ? 1 : 0, 1);
  writer.writeBits(3, 2); // lengthSizeMinusOne
  writer.writeBits(3, 8); // numOfArrays
}
