// Kinds of H.264 NAL units, ITU-T H.264 table 7-1.

/** nal_unit_type values that this project tells apart. */
export const H264NalType = {
  slice: 1,
  partitionA: 2,
  partitionC: 4,
  idrSlice: 5,
  sei: 6,
  sps: 7,
  pps: 8,
  accessUnitDelimiter: 9,
  endOfSequence: 10,
  endOfStream: 11,
  filler: 12,
} as const;

/** nal_unit_type of the NAL unit whose first byte is given. */
export function h264NalType(firstByte: number): number {
  return firstByte & 0x1f;
}

/** nal_ref_idc (0..3): 0 means that no other picture refers to this one, so it may be left out. */
export function h264NalRefIdc(firstByte: number): number {
  return (firstByte >> 5) & 3;
}

/** Whether an access unit can be decoded without the ones before it: it has an IDR slice. */
export function hasH264Idr(nals: readonly Uint8Array[]): boolean {
  return nals.some((nal) => h264NalType(nal[0] ?? 0) === H264NalType.idrSlice);
}
