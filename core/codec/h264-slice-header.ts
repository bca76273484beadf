// Reads the first fields of an H.264 slice header, ITU-T H.264 section 7.3.3.
import { BitReader } from './bit-reader.ts';

/** slice_type modulo 5, ITU-T H.264 table 7-6. */
export const H264SliceType = { P: 0, B: 1, I: 2, SP: 3, SI: 4 } as const;

/** Reusable view on a slice header; `parse()` fills it without allocating. */
export class H264SliceHeader {
  /** first_mb_in_slice; 0 in the first slice of a picture. */
  firstMacroblock = 0;
  /** One of H264SliceType. */
  sliceType = 0;
  /** pic_parameter_set_id. */
  ppsId = 0;
  readonly #reader = new BitReader({ skipsEmulationPrevention: true });

  /**
   * Reads `bytes` from `start`, the byte behind the NAL unit header. Returns false when the header
   * is broken; then the fields are unspecified.
   */
  parse(bytes: Uint8Array, start: number, end: number): boolean {
    const reader = this.#reader;
    reader.reset(bytes, start, end);
    this.firstMacroblock = reader.readUe();
    const sliceType = reader.readUe();
    this.sliceType = sliceType % 5;
    this.ppsId = reader.readUe();
    return !reader.isOverrun && sliceType <= 9 && this.ppsId <= 255;
  }
}
