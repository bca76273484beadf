// Kinds of H.265 NAL units, ITU-T H.265 table 7-1.

/** nal_unit_type values that this project tells apart. */
export const H265NalType = {
  /** First intra random access point type (BLA_W_LP). */
  firstIrap: 16,
  idrWithLeading: 19,
  idrWithoutLeading: 20,
  cra: 21,
  /** Last type reserved for intra random access points. */
  lastIrap: 23,
  lastSlice: 31,
  vps: 32,
  sps: 33,
  pps: 34,
  accessUnitDelimiter: 35,
  endOfSequence: 36,
  endOfBitstream: 37,
  filler: 38,
  prefixSei: 39,
  suffixSei: 40,
} as const;

/** nal_unit_type of the NAL unit whose first byte is given. */
export function h265NalType(firstByte: number): number {
  return (firstByte >> 1) & 0x3f;
}

/** Whether slices of this type can be decoded without earlier pictures (IDR, BLA, CRA). */
export function isH265Irap(type: number): boolean {
  return type >= H265NalType.firstIrap && type <= H265NalType.lastIrap;
}

/** Whether an access unit starts with an intra random access point. */
export function hasH265Irap(nals: readonly Uint8Array[]): boolean {
  return nals.some((nal) => isH265Irap(h265NalType(nal[0] ?? 0)));
}
