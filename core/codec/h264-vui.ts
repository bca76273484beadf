// Reads the video usability information of an H.264 parameter set, ITU-T H.264 section E.1.1.
import type { BitReader } from './bit-reader.ts';

/** What is read of it; a field is absent when it was not signalled. */
export interface H264Vui {
  readonly frameRate?: number;
  readonly maxReorderFrames?: number;
  /** Bit of the parameter set where bitstream_restriction_flag stands, when it is set. */
  readonly restrictionBit?: number;
}

const EXTENDED_SAR = 255;
const MAX_HRD_ENTRIES = 32;
const MAX_DPB_FRAMES = 16;
const MAX_FRAME_RATE = 1000;

/**
 * Reads from just behind vui_parameters_present_flag. Broken information, which some cameras
 * send, leaves fields out instead of failing: nothing else depends on it.
 */
export function readH264Vui(reader: BitReader): H264Vui {
  if (reader.readFlag() && reader.readBits(8) === EXTENDED_SAR) reader.skipBits(32);
  if (reader.readFlag()) reader.readBit(); // overscan
  if (reader.readFlag()) {
    reader.skipBits(4);
    if (reader.readFlag()) reader.skipBits(24);
  }
  if (reader.readFlag()) {
    reader.readUe();
    reader.readUe();
  }
  const frameRate = reader.readFlag() ? readFrameRate(reader) : undefined;
  const timing = frameRate === undefined || reader.isOverrun ? {} : { frameRate };
  const hasNalHrd = reader.readFlag();
  if (hasNalHrd) skipHrd(reader);
  const hasVclHrd = reader.readFlag();
  if (hasVclHrd) skipHrd(reader);
  if (hasNalHrd || hasVclHrd) reader.readBit(); // low_delay_hrd_flag
  reader.readBit(); // pic_struct_present_flag
  const restrictionBit = reader.bitsRead;
  if (!reader.readFlag()) return timing;
  reader.readBit(); // motion_vectors_over_pic_boundaries_flag
  for (let index = 0; index < 4; index++) reader.readUe();
  const maxReorderFrames = reader.readUe();
  if (reader.isOverrun || maxReorderFrames > MAX_DPB_FRAMES) return timing;
  return { ...timing, maxReorderFrames, restrictionBit };
}

function readFrameRate(reader: BitReader): number | undefined {
  const unitsInTick = reader.readBits(32);
  const timeScale = reader.readBits(32);
  reader.readBit(); // fixed_frame_rate_flag
  // A tick is one field: two of them are a frame.
  const frameRate = timeScale / (2 * unitsInTick);
  return frameRate > 0 && frameRate <= MAX_FRAME_RATE ? frameRate : undefined;
}

function skipHrd(reader: BitReader): void {
  const count = Math.min(reader.readUe() + 1, MAX_HRD_ENTRIES);
  reader.skipBits(8);
  for (let index = 0; index < count && !reader.isOverrun; index++) {
    reader.readUe();
    reader.readUe();
    reader.readBit();
  }
  reader.skipBits(20);
}
