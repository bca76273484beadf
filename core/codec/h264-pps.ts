// Reads the identifiers of an H.264 picture parameter set, ITU-T H.264 section 7.3.2.2.
import { BitReader } from './bit-reader.ts';
import { H264NalType, h264NalType } from './h264-nal-unit.ts';

/** What is read of an H.264 picture parameter set. */
export interface H264Pps {
  /** pic_parameter_set_id, 0..255. */
  readonly id: number;
  /** The sequence parameter set it refers to, 0..31. */
  readonly spsId: number;
}

/** Reads a NAL unit without start code; undefined when it is no picture parameter set. */
export function parseH264Pps(nal: Uint8Array): H264Pps | undefined {
  if (nal.length < 2 || h264NalType(nal[0] ?? 0) !== H264NalType.pps) return undefined;
  const reader = new BitReader({ skipsEmulationPrevention: true });
  reader.reset(nal, 1);
  const id = reader.readUe();
  const spsId = reader.readUe();
  if (reader.isOverrun || id > 255 || spsId > 31) return undefined;
  return { id, spsId };
}
