// Reads compound RTCP packets by offsets and tells a visitor what is inside; nothing is allocated per block.
import { readUint8, readUint16, readUint24, readUint32 } from '../base/bytes.ts';
import {
  emptyReportBlock,
  emptySenderInfo,
  RtcpFeedback,
  RtcpType,
  type ReportBlock,
  type SenderInfo,
} from './rtcp-reports.ts';

/** Told about each block of a compound packet. Objects and bytes are reused: copy what must stay. */
export interface RtcpVisitor {
  /** Sender information of an SR (RFC 3550 section 6.4.1). */
  onSenderReport?(info: SenderInfo): void;
  /** An RR arrived, with or without report blocks (RFC 3550 section 6.4.2). */
  onReceiverReport?(senderSsrc: number): void;
  /** A report block of an SR or RR. */
  onReportBlock?(block: ReportBlock, senderSsrc: number): void;
  /** The CNAME item of an SDES chunk (RFC 3550 section 6.5.1), UTF-8. */
  onCname?(ssrc: number, cname: Uint8Array): void;
  /** One SSRC of a BYE (RFC 3550 section 6.6). */
  onBye?(ssrc: number): void;
  /** One missing sequence number of a generic NACK (RFC 4585 section 6.2.1), 16 bits. */
  onNack?(mediaSsrc: number, sequenceNumber: number): void;
  /** A picture loss indication (RFC 4585 section 6.3.1). */
  onPictureLoss?(mediaSsrc: number): void;
  /** One entry of a full intra request (RFC 5104 section 4.3.1). */
  onFullIntraRequest?(mediaSsrc: number, commandSequence: number): void;
  /** A receiver-estimated maximum bitrate, once per SSRC it is for (draft-alvestrand-rmcat-remb-03). */
  onMaximumBitrate?(bitrateBps: number, mediaSsrc: number): void;
}

const HEADER_BYTES = 4;
const SENDER_INFO_BYTES = 24;
const REPORT_BLOCK_BYTES = 24;
const FEEDBACK_HEADER_BYTES = 12;
const SDES_CNAME = 1;
const REMB_IDENTIFIER = 0x52454d42;

/** Whether a datagram on a port shared by RTP and RTCP is RTCP (RFC 5761 section 4). */
export function isRtcp(bytes: Uint8Array): boolean {
  const type = readUint8(bytes, 1);
  return bytes.length >= HEADER_BYTES && type >= 192 && type <= 223;
}

/**
 * Parser with its own scratch objects, reusable for any number of packets.
 *
 * ```
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * |V=2|P| RC / FMT|      PT       |  length in words, minus one   |
 * ```
 */
export class RtcpParser {
  /** Compound packets that held at least one malformed packet. */
  malformedCount = 0;
  readonly #info = emptySenderInfo();
  readonly #block = emptyReportBlock();

  /**
   * Visits the packets of `bytes` in order. Cameras append garbage, so what comes before the first
   * malformed packet counts; then false is returned and `malformedCount` grows. Unknown packet
   * types are skipped.
   */
  parse(bytes: Uint8Array, visitor: RtcpVisitor): boolean {
    let offset = 0;
    let isWellFormed = bytes.length > 0;
    while (isWellFormed && offset < bytes.length) {
      const end = packetEnd(bytes, offset);
      isWellFormed = end > 0 && this.#packet(bytes.subarray(offset, end), visitor);
      offset = end;
    }
    if (!isWellFormed) this.malformedCount++;
    return isWellFormed;
  }

  /** `packet` is one RTCP packet with its padding still on. */
  #packet(packet: Uint8Array, visitor: RtcpVisitor): boolean {
    const end = packet.length - paddingOf(packet);
    if (end < HEADER_BYTES) return false;
    const count = readUint8(packet, 0) & 0x1f;
    switch (readUint8(packet, 1)) {
      case RtcpType.senderReport:
        return this.#senderReport(packet, end, visitor);
      case RtcpType.receiverReport:
        if (end < 8 + count * REPORT_BLOCK_BYTES) return false;
        visitor.onReceiverReport?.(readUint32(packet, 4));
        this.#reportBlocks(packet, 8, visitor);
        return true;
      case RtcpType.sourceDescription:
        return visitSourceDescription(packet, end, visitor);
      case RtcpType.bye:
        return visitBye(packet, end, visitor);
      case RtcpType.transportFeedback:
        if (end < FEEDBACK_HEADER_BYTES) return false;
        return count === RtcpFeedback.nack ? visitNack(packet, end, visitor) : true;
      case RtcpType.payloadFeedback:
        return end >= FEEDBACK_HEADER_BYTES && visitPayloadFeedback(packet, end, visitor);
      default:
        return true;
    }
  }

  #senderReport(packet: Uint8Array, end: number, visitor: RtcpVisitor): boolean {
    const count = readUint8(packet, 0) & 0x1f;
    const blocks = HEADER_BYTES + SENDER_INFO_BYTES;
    if (end < blocks + count * REPORT_BLOCK_BYTES) return false;
    const info = this.#info;
    info.senderSsrc = readUint32(packet, 4);
    info.ntpSeconds = readUint32(packet, 8);
    info.ntpFraction = readUint32(packet, 12);
    info.rtpTicks = readUint32(packet, 16);
    info.packetCount = readUint32(packet, 20);
    info.octetCount = readUint32(packet, 24);
    visitor.onSenderReport?.(info);
    this.#reportBlocks(packet, blocks, visitor);
    return true;
  }

  #reportBlocks(packet: Uint8Array, start: number, visitor: RtcpVisitor): void {
    const count = readUint8(packet, 0) & 0x1f;
    const senderSsrc = readUint32(packet, 4);
    const block = this.#block;
    for (let index = 0; index < count; index++) {
      const offset = start + index * REPORT_BLOCK_BYTES;
      block.sourceSsrc = readUint32(packet, offset);
      block.fractionLost = readUint8(packet, offset + 4);
      block.cumulativeLost = (readUint24(packet, offset + 5) << 8) >> 8;
      block.extendedHighestSequence = readUint32(packet, offset + 8);
      block.jitterTicks = readUint32(packet, offset + 12);
      block.lastSenderReport = readUint32(packet, offset + 16);
      block.delaySinceLastSenderReport = readUint32(packet, offset + 20);
      visitor.onReportBlock?.(block, senderSsrc);
    }
  }
}

/** End offset of the packet at `offset`, or -1 when there is no whole packet of version 2. */
function packetEnd(bytes: Uint8Array, offset: number): number {
  if (offset + HEADER_BYTES > bytes.length) return -1;
  if (readUint8(bytes, offset) >> 6 !== 2) return -1;
  const end = offset + HEADER_BYTES + readUint16(bytes, offset + 2) * 4;
  return end <= bytes.length ? end : -1;
}

/** Padding bytes at the end of the packet; longer than the packet when the field is invalid. */
function paddingOf(packet: Uint8Array): number {
  if ((readUint8(packet, 0) & 0x20) === 0) return 0;
  const padding = readUint8(packet, packet.length - 1);
  return padding === 0 ? packet.length : padding;
}

function visitSourceDescription(packet: Uint8Array, end: number, visitor: RtcpVisitor): boolean {
  let offset = HEADER_BYTES;
  for (let chunk = readUint8(packet, 0) & 0x1f; chunk > 0; chunk--) {
    if (offset + 4 > end) return false;
    const ssrc = readUint32(packet, offset);
    offset += 4;
    while (offset < end && readUint8(packet, offset) !== 0) {
      const textEnd = offset + 2 + readUint8(packet, offset + 1);
      if (offset + 2 > end || textEnd > end) return false;
      if (readUint8(packet, offset) === SDES_CNAME) {
        visitor.onCname?.(ssrc, packet.subarray(offset + 2, textEnd));
      }
      offset = textEnd;
    }
    // The items end with a zero byte and fill up to the next word.
    offset = (offset + 4) & ~3;
  }
  return true;
}

function visitBye(packet: Uint8Array, end: number, visitor: RtcpVisitor): boolean {
  const count = readUint8(packet, 0) & 0x1f;
  if (end < HEADER_BYTES + count * 4) return false;
  for (let index = 0; index < count; index++) {
    visitor.onBye?.(readUint32(packet, HEADER_BYTES + index * 4));
  }
  return true;
}

function visitNack(packet: Uint8Array, end: number, visitor: RtcpVisitor): boolean {
  const mediaSsrc = readUint32(packet, 8);
  if ((end - FEEDBACK_HEADER_BYTES) % 4 !== 0) return false;
  for (let offset = FEEDBACK_HEADER_BYTES; offset < end; offset += 4) {
    const packetId = readUint16(packet, offset);
    visitor.onNack?.(mediaSsrc, packetId);
    let bitmask = readUint16(packet, offset + 2);
    for (let next = packetId + 1; bitmask !== 0; next++, bitmask >>= 1) {
      if ((bitmask & 1) !== 0) visitor.onNack?.(mediaSsrc, next & 0xffff);
    }
  }
  return true;
}

function visitPayloadFeedback(packet: Uint8Array, end: number, visitor: RtcpVisitor): boolean {
  const format = readUint8(packet, 0) & 0x1f;
  if (format === RtcpFeedback.pictureLoss) {
    visitor.onPictureLoss?.(readUint32(packet, 8));
    return true;
  }
  if (format === RtcpFeedback.fullIntraRequest) {
    if ((end - FEEDBACK_HEADER_BYTES) % 8 !== 0) return false;
    for (let offset = FEEDBACK_HEADER_BYTES; offset < end; offset += 8) {
      visitor.onFullIntraRequest?.(readUint32(packet, offset), readUint8(packet, offset + 4));
    }
    return true;
  }
  if (format !== RtcpFeedback.applicationLayer) return true;
  if (end < FEEDBACK_HEADER_BYTES + 4) return true;
  if (readUint32(packet, FEEDBACK_HEADER_BYTES) !== REMB_IDENTIFIER) return true;
  return visitMaximumBitrate(packet, end, visitor);
}

/**
 * ```
 * |  Unique identifier 'R' 'E' 'M' 'B'                            |
 * |  Num SSRC     | BR Exp    |  BR Mantissa                      |
 * |   SSRC feedback                                               |
 * ```
 */
function visitMaximumBitrate(packet: Uint8Array, end: number, visitor: RtcpVisitor): boolean {
  const start = FEEDBACK_HEADER_BYTES + 8;
  const count = readUint8(packet, start - 4);
  if (end < start + count * 4) return false;
  const exponent = readUint8(packet, start - 3) >> 2;
  const mantissa = readUint24(packet, start - 3) & 0x3ffff;
  const bitrateBps = mantissa * 2 ** exponent;
  for (let index = 0; index < count; index++) {
    visitor.onMaximumBitrate?.(bitrateBps, readUint32(packet, start + index * 4));
  }
  return true;
}
