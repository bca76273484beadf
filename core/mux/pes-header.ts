// Writes the header of a PES packet with its time stamps, ISO/IEC 13818-1 section 2.4.3.6.
import { writeUint16 } from '../base/bytes.ts';

/** What the header says. Times in 90 kHz, below 2^33. */
export interface PesHeader {
  readonly streamId: number;
  readonly payloadBytes: number;
  readonly ptsTicks: number;
  readonly dtsTicks: number;
}

/** Bytes of the longest header. */
export const MAX_PES_HEADER_BYTES = 19;
const FIXED_BYTES = 9;
/** Bytes that PES_packet_length counts although they are header. */
const COUNTED_FIXED_BYTES = 3;
const TIME_BYTES = 5;
const MARKER_BITS = 0x80;
const DATA_ALIGNMENT = 0x04;
const MAX_LENGTH = 0xffff;

/** Writes at the start of `target`; returns the bytes written. A length above 65535 is left open. */
export function writePesHeader(target: Uint8Array, header: PesHeader): number {
  const hasDts = header.dtsTicks !== header.ptsTicks;
  const timesBytes = hasDts ? 2 * TIME_BYTES : TIME_BYTES;
  const length = COUNTED_FIXED_BYTES + timesBytes + header.payloadBytes;
  target[0] = 0;
  target[1] = 0;
  target[2] = 1;
  target[3] = header.streamId;
  writeUint16(target, 4, length > MAX_LENGTH ? 0 : length);
  target[6] = MARKER_BITS | DATA_ALIGNMENT;
  target[7] = hasDts ? 0xc0 : 0x80;
  target[8] = timesBytes;
  writeTime(target, FIXED_BYTES, hasDts ? 3 : 2, header.ptsTicks);
  if (hasDts) writeTime(target, FIXED_BYTES + TIME_BYTES, 1, header.dtsTicks);
  return FIXED_BYTES + timesBytes;
}

/** 4 bits prefix, then 3, 15 and 15 bits of time with a marker bit behind each. */
function writeTime(target: Uint8Array, offset: number, prefix: number, ticks: number): void {
  const low = ticks % 2 ** 30;
  target[offset] = (prefix << 4) | (Math.floor(ticks / 2 ** 30) << 1) | 1;
  writeUint16(target, offset + 1, ((low >>> 15) << 1) | 1);
  writeUint16(target, offset + 3, ((low & 0x7fff) << 1) | 1);
}
