// Reads the AV1 sequence header, AV1 bitstream specification section 5.5.1.
import { Av1ObuType, av1ObuPayloadStart, av1ObuType } from './av1-obu.ts';
import { BitReader } from './bit-reader.ts';

/** What is read of an AV1 sequence header. */
export interface Av1SequenceHeader {
  /** seq_profile: 0 Main, 1 High, 2 Professional. */
  readonly profile: number;
  /** seq_level_idx of the first operating point, e.g. 8 for 4.0. */
  readonly levelIdx: number;
  readonly tier: number;
  readonly widthPixels: number;
  readonly heightPixels: number;
}

const FIRST_LEVEL_WITH_TIER = 8;

/** Reads an OBU with its header, with or without size field; undefined when it is none or broken. */
export function parseAv1SequenceHeader(obu: Uint8Array): Av1SequenceHeader | undefined {
  if (av1ObuType(obu[0] ?? 0) !== Av1ObuType.sequenceHeader) return undefined;
  const reader = new BitReader({ skipsEmulationPrevention: false });
  reader.reset(obu, av1ObuPayloadStart(obu, 0, obu.length));
  const header = readAv1SequenceStart(reader);
  if (reader.isOverrun || header.profile > 2) return undefined;
  const { profile, levelIdx, tier, widthPixels, heightPixels } = header;
  return { profile, levelIdx, tier, widthPixels, heightPixels };
}

/** Reads from behind the OBU header up to the frame size; the caller checks for an overrun. */
export function readAv1SequenceStart(
  reader: BitReader,
): Av1SequenceHeader & { readonly isReduced: boolean } {
  const profile = reader.readBits(3);
  reader.readBit(); // still_picture
  const isReduced = reader.readFlag();
  const level = isReduced
    ? { levelIdx: reader.readBits(5), tier: 0 }
    : readOperatingPoints(reader, readDecoderModel(reader));
  const widthBits = reader.readBits(4) + 1;
  const heightBits = reader.readBits(4) + 1;
  const widthPixels = reader.readBits(widthBits) + 1;
  const heightPixels = reader.readBits(heightBits) + 1;
  return { profile, isReduced, ...level, widthPixels, heightPixels };
}

interface DecoderModel {
  readonly isPresent: boolean;
  readonly delayBits: number;
}

function readDecoderModel(reader: BitReader): DecoderModel {
  const none = { isPresent: false, delayBits: 0 };
  if (!reader.readFlag()) return none; // timing_info_present_flag
  reader.skipBits(64);
  if (reader.readFlag()) reader.readUe(); // equal_picture_interval: uvlc has the layout of ue(v)
  if (!reader.readFlag()) return none;
  const delayBits = reader.readBits(5) + 1;
  reader.skipBits(32 + 5 + 5);
  return { isPresent: true, delayBits };
}

function readOperatingPoints(
  reader: BitReader,
  decoderModel: DecoderModel,
): Pick<Av1SequenceHeader, 'levelIdx' | 'tier'> {
  const hasDisplayDelay = reader.readFlag();
  const count = reader.readBits(5) + 1;
  let firstLevelIdx = 0;
  let firstTier = 0;
  for (let index = 0; index < count; index++) {
    reader.skipBits(12); // operating_point_idc
    const levelIdx = reader.readBits(5);
    const tier = levelIdx >= FIRST_LEVEL_WITH_TIER ? reader.readBit() : 0;
    if (index === 0) {
      firstLevelIdx = levelIdx;
      firstTier = tier;
    }
    if (decoderModel.isPresent && reader.readFlag()) {
      reader.skipBits(2 * decoderModel.delayBits + 1);
    }
    if (hasDisplayDelay && reader.readFlag()) reader.skipBits(4);
  }
  return { levelIdx: firstLevelIdx, tier: firstTier };
}
