// Finds one element of an RTP header extension by its negotiated id (RFC 8285), without allocating.
import { readUint8 } from '../base/bytes.ts';
import type { RtpPacket } from './rtp-packet.ts';

const ONE_BYTE_PROFILE = 0xbede;
const TWO_BYTE_PROFILE = 0x1000;
/** RFC 8285 section 4.2: these ids end the processing of one-byte elements; a zero byte is padding. */
const STOP_ID = 15;
const PADDING_ID = 0;

/**
 * Offset in `packet.bytes` of the data of the element `id`, or -1 when the packet has none. The
 * element lies inside the extension with at least `minBytes` bytes.
 */
export function findHeaderExtension(packet: RtpPacket, id: number, minBytes: number): number {
  if (packet.extensionStart === 0) return -1;
  if (packet.extensionProfile === ONE_BYTE_PROFILE) return findOneByte(packet, id, minBytes);
  if ((packet.extensionProfile & 0xfff0) === TWO_BYTE_PROFILE) {
    return findTwoByte(packet, id, minBytes);
  }
  return -1;
}

function findOneByte(packet: RtpPacket, id: number, minBytes: number): number {
  const { bytes, extensionEnd } = packet;
  let offset = packet.extensionStart;
  while (offset < extensionEnd) {
    const head = readUint8(bytes, offset);
    if (head === 0) {
      offset++;
      continue;
    }
    const elementId = head >> 4;
    if (elementId === STOP_ID || elementId === PADDING_ID) return -1;
    const length = (head & 0x0f) + 1;
    if (elementId === id) return fits(packet, offset + 1, length, minBytes);
    offset += 1 + length;
  }
  return -1;
}

function findTwoByte(packet: RtpPacket, id: number, minBytes: number): number {
  const { bytes, extensionEnd } = packet;
  let offset = packet.extensionStart;
  while (offset + 1 < extensionEnd) {
    const elementId = readUint8(bytes, offset);
    if (elementId === 0) {
      offset++;
      continue;
    }
    const length = readUint8(bytes, offset + 1);
    if (elementId === id) return fits(packet, offset + 2, length, minBytes);
    offset += 2 + length;
  }
  return -1;
}

function fits(packet: RtpPacket, start: number, length: number, minBytes: number): number {
  return length >= minBytes && start + length <= packet.extensionEnd ? start : -1;
}
