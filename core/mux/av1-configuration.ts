// Builds the AV1CodecConfigurationRecord (av1C), AV1 Codec ISO Media File Format Binding section 2.3.3.
import { Av1ObuType, av1ObuPayloadStart, av1ObuType, joinAv1Obus } from '../codec/av1-obu.ts';
import { readAv1SequenceStart } from '../codec/av1-sequence-header.ts';
import { BitReader } from '../codec/bit-reader.ts';
import { BitWriter } from '../codec/bit-writer.ts';

interface Av1Color {
  readonly isHighBitDepth: boolean;
  readonly isTwelveBit: boolean;
  readonly isMonochrome: boolean;
  readonly isSubsampledX: boolean;
  readonly isSubsampledY: boolean;
  readonly samplePosition: number;
}

const PRIMARIES_BT709 = 1;
const TRANSFER_SRGB = 13;
const MATRIX_IDENTITY = 0;

/** The record for a sequence header OBU; undefined when that cannot be read. */
export function buildAv1Configuration(sequenceHeader: Uint8Array): Uint8Array | undefined {
  if (av1ObuType(sequenceHeader[0] ?? 0) !== Av1ObuType.sequenceHeader) return undefined;
  const reader = new BitReader({ skipsEmulationPrevention: false });
  reader.reset(sequenceHeader, av1ObuPayloadStart(sequenceHeader, 0, sequenceHeader.length));
  const { profile, levelIdx, tier, isReduced } = readAv1SequenceStart(reader);
  if (profile > 2) return undefined;
  skipTools(reader, isReduced);
  const color = readColor(reader, profile);
  if (reader.isOverrun) return undefined;
  const writer = new BitWriter();
  writer.writeBits(0x81, 8); // marker, version 1
  writer.writeBits(profile, 3);
  writer.writeBits(levelIdx, 5);
  writer.writeBits(tier, 1);
  for (const flag of [color.isHighBitDepth, color.isTwelveBit, color.isMonochrome]) {
    writer.writeBits(flag ? 1 : 0, 1);
  }
  writer.writeBits(color.isSubsampledX ? 1 : 0, 1);
  writer.writeBits(color.isSubsampledY ? 1 : 0, 1);
  writer.writeBits(color.samplePosition, 2);
  writer.writeBits(0, 8); // no initial presentation delay
  const obu = joinAv1Obus([sequenceHeader]);
  const record = new Uint8Array(4 + obu.length);
  record.set(writer.toBytes());
  record.set(obu, 4);
  return record;
}

/** From behind the frame size up to color_config(), AV1 bitstream specification section 5.5.1. */
function skipTools(reader: BitReader, isReduced: boolean): void {
  if (!isReduced && reader.readFlag()) reader.skipBits(4 + 3); // frame id lengths
  reader.skipBits(3); // use_128x128_superblock, enable_filter_intra, enable_intra_edge_filter
  if (!isReduced) {
    reader.skipBits(4); // interintra, masked compound, warped motion, dual filter
    const hasOrderHint = reader.readFlag();
    if (hasOrderHint) reader.skipBits(2); // jnt_comp, ref_frame_mvs
    const choosesScreenContent = reader.readFlag();
    const hasScreenContent = choosesScreenContent || reader.readFlag();
    if (hasScreenContent && !reader.readFlag()) reader.readBit(); // integer_mv
    if (hasOrderHint) reader.skipBits(3);
  }
  reader.skipBits(3); // superres, cdef, restoration
}

/** AV1 bitstream specification section 5.5.2. */
function readColor(reader: BitReader, profile: number): Av1Color {
  const isHighBitDepth = reader.readFlag();
  const isTwelveBit = profile === 2 && isHighBitDepth && reader.readFlag();
  const isMonochrome = profile !== 1 && reader.readFlag();
  const isDescribed = reader.readFlag();
  const primaries = isDescribed ? reader.readBits(8) : 2;
  const transfer = isDescribed ? reader.readBits(8) : 2;
  const matrix = isDescribed ? reader.readBits(8) : 2;
  const depth = { isHighBitDepth, isTwelveBit, isMonochrome };
  if (isMonochrome) {
    reader.readBit(); // color_range
    return { ...depth, isSubsampledX: true, isSubsampledY: true, samplePosition: 0 };
  }
  const isSrgb =
    primaries === PRIMARIES_BT709 && transfer === TRANSFER_SRGB && matrix === MATRIX_IDENTITY;
  if (isSrgb) return { ...depth, isSubsampledX: false, isSubsampledY: false, samplePosition: 0 };
  reader.readBit(); // color_range
  let isSubsampledX = profile !== 1;
  let isSubsampledY = profile === 0;
  if (profile === 2 && isTwelveBit) {
    isSubsampledX = reader.readFlag();
    isSubsampledY = isSubsampledX && reader.readFlag();
  }
  const samplePosition = isSubsampledX && isSubsampledY ? reader.readBits(2) : 0;
  return { ...depth, isSubsampledX, isSubsampledY, samplePosition };
}
