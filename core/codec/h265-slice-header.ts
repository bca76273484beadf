// Reads the first fields of an H.265 slice segment header, ITU-T H.265 section 7.3.6.1.
import { BitReader } from './bit-reader.ts';

/** Reusable view on a slice segment header; the parse methods fill it without allocating. */
export class H265SliceHeader {
  /** first_slice_segment_in_pic_flag. */
  isFirstInPicture = false;
  /** slice_pic_parameter_set_id, 0..63. */
  ppsId = 0;
  readonly #reader = new BitReader({ skipsEmulationPrevention: true });

  /**
   * Reads `bytes` from `start`, the byte behind the two of the NAL unit header. Returns false when
   * the header is broken; then the fields are unspecified.
   */
  parse(bytes: Uint8Array, start: number, end: number): boolean {
    this.#reader.reset(bytes, start, end);
    this.isFirstInPicture = this.#reader.readFlag();
    return this.#parsePpsId();
  }

  /** As `parse()`, for slices of an intra random access point (`isH265Irap()`). */
  parseIrap(bytes: Uint8Array, start: number, end: number): boolean {
    this.#reader.reset(bytes, start, end);
    this.isFirstInPicture = this.#reader.readFlag();
    this.#reader.readBit(); // no_output_of_prior_pics_flag
    return this.#parsePpsId();
  }

  #parsePpsId(): boolean {
    this.ppsId = this.#reader.readUe();
    return !this.#reader.isOverrun && this.ppsId <= 63;
  }
}
