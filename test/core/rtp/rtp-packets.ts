// Builds RTP packet views for tests of normalisers.
import { writeUint16, writeUint32 } from '../../../core/base/bytes.ts';
import { RTP_HEADER_BYTES, RtpPacket } from '../../../core/rtp/rtp-packet.ts';

export interface RtpPacketFacts {
  readonly timestampTicks?: number;
  readonly isMarked?: boolean;
  readonly sequenceNumber?: number;
}

/** A parsed packet with this payload. */
export function rtpPacketOf(payload: ArrayLike<number>, facts: RtpPacketFacts = {}): RtpPacket {
  const bytes = new Uint8Array(RTP_HEADER_BYTES + payload.length);
  bytes[0] = 0x80;
  bytes[1] = (facts.isMarked === true ? 0x80 : 0) | 97;
  writeUint16(bytes, 2, facts.sequenceNumber ?? 0);
  writeUint32(bytes, 4, facts.timestampTicks ?? 0);
  bytes.set(payload, RTP_HEADER_BYTES);
  const packet = new RtpPacket();
  packet.parse(bytes);
  return packet;
}

/** `length` bytes counting up from `first`, modulo 256. */
export function countingBytes(length: number, first = 0): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => (first + index) & 0xff);
}
