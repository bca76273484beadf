// Writes RTCP packets into a caller's buffer; packets written one after another form a compound packet.
import { writeUint16, writeUint24, writeUint32 } from '../base/bytes.ts';
import { RtcpFeedback, RtcpType, type ReportBlock, type SenderInfo } from './rtcp-reports.ts';

/*
 * Every function returns the offset behind the packet it wrote. A packet that does not fit the
 * buffer is not begun: then `offset` comes back unchanged.
 */

const MAX_BLOCKS = 31;
const MAX_CNAME_BYTES = 255;
const MAX_MANTISSA = 0x3ffff;
const NACK_BITS = 16;

/** Writes an SR (RFC 3550 section 6.4.1); counts are taken modulo 2^32, at most 31 blocks are written. */
export function writeSenderReport(
  buffer: Uint8Array,
  offset: number,
  report: {
    readonly info: Readonly<SenderInfo>;
    readonly blocks?: readonly Readonly<ReportBlock>[];
  },
): number {
  const blocks = report.blocks ?? [];
  const count = Math.min(blocks.length, MAX_BLOCKS);
  const end = offset + 28 + count * 24;
  if (end > buffer.length) return offset;
  writeHeader(buffer, offset, { type: RtcpType.senderReport, count, end });
  const info = report.info;
  writeUint32(buffer, offset + 4, info.senderSsrc);
  writeUint32(buffer, offset + 8, info.ntpSeconds);
  writeUint32(buffer, offset + 12, info.ntpFraction);
  writeUint32(buffer, offset + 16, info.rtpTicks);
  writeUint32(buffer, offset + 20, info.packetCount % 0x100000000);
  writeUint32(buffer, offset + 24, info.octetCount % 0x100000000);
  writeReportBlocks(buffer, offset + 28, blocks);
  return end;
}

/** Writes an RR (RFC 3550 section 6.4.2), with at most 31 blocks. */
export function writeReceiverReport(
  buffer: Uint8Array,
  offset: number,
  report: { readonly senderSsrc: number; readonly blocks?: readonly Readonly<ReportBlock>[] },
): number {
  const blocks = report.blocks ?? [];
  const count = Math.min(blocks.length, MAX_BLOCKS);
  const end = offset + 8 + count * 24;
  if (end > buffer.length) return offset;
  writeHeader(buffer, offset, { type: RtcpType.receiverReport, count, end });
  writeUint32(buffer, offset + 4, report.senderSsrc);
  writeReportBlocks(buffer, offset + 8, blocks);
  return end;
}

/** Writes an SDES packet with one CNAME (RFC 3550 section 6.5.1); UTF-8, cut at 255 bytes. */
export function writeSourceDescription(
  buffer: Uint8Array,
  offset: number,
  description: { readonly ssrc: number; readonly cname: Uint8Array },
): number {
  const length = Math.min(description.cname.length, MAX_CNAME_BYTES);
  const textEnd = offset + 10 + length;
  // At least one zero byte ends the items, then the chunk fills up to a whole word.
  const end = offset + ((10 + length + 4) & ~3);
  if (end > buffer.length) return offset;
  writeHeader(buffer, offset, { type: RtcpType.sourceDescription, count: 1, end });
  writeUint32(buffer, offset + 4, description.ssrc);
  buffer[offset + 8] = 1;
  buffer[offset + 9] = length;
  for (let index = 0; index < length; index++) {
    buffer[offset + 10 + index] = description.cname[index] ?? 0;
  }
  buffer.fill(0, textEnd, end);
  return end;
}

/** Writes a BYE for one SSRC, without a reason (RFC 3550 section 6.6). */
export function writeBye(buffer: Uint8Array, offset: number, ssrc: number): number {
  const end = offset + 8;
  if (end > buffer.length) return offset;
  writeHeader(buffer, offset, { type: RtcpType.bye, count: 1, end });
  writeUint32(buffer, offset + 4, ssrc);
  return end;
}

/** Writes a picture loss indication (RFC 4585 section 6.3.1). */
export function writePictureLoss(
  buffer: Uint8Array,
  offset: number,
  request: { readonly senderSsrc: number; readonly mediaSsrc: number },
): number {
  const end = offset + 12;
  if (end > buffer.length) return offset;
  const count = RtcpFeedback.pictureLoss;
  writeHeader(buffer, offset, { type: RtcpType.payloadFeedback, count, end });
  writeUint32(buffer, offset + 4, request.senderSsrc);
  writeUint32(buffer, offset + 8, request.mediaSsrc);
  return end;
}

/**
 * Writes a full intra request for one SSRC (RFC 5104 section 4.3.1). `commandSequence` (8 bits)
 * must change with each new request and stay for a repetition.
 */
export function writeFullIntraRequest(
  buffer: Uint8Array,
  offset: number,
  request: {
    readonly senderSsrc: number;
    readonly mediaSsrc: number;
    readonly commandSequence: number;
  },
): number {
  const end = offset + 20;
  if (end > buffer.length) return offset;
  const count = RtcpFeedback.fullIntraRequest;
  writeHeader(buffer, offset, { type: RtcpType.payloadFeedback, count, end });
  writeUint32(buffer, offset + 4, request.senderSsrc);
  // The media source of the common header is unused here and shall be zero.
  writeUint32(buffer, offset + 8, 0);
  writeUint32(buffer, offset + 12, request.mediaSsrc);
  writeUint32(buffer, offset + 16, (request.commandSequence & 0xff) * 0x1000000);
  return end;
}

/**
 * Writes a generic NACK (RFC 4585 section 6.2.1). `sequenceNumbers` are 16 bits, in ascending
 * order across the wrap; the first `count` are requested. Stops early when the buffer is full;
 * writes nothing for a count of zero.
 */
export function writeNack(
  buffer: Uint8Array,
  offset: number,
  request: {
    readonly senderSsrc: number;
    readonly mediaSsrc: number;
    readonly sequenceNumbers: ArrayLike<number>;
    readonly count: number;
  },
): number {
  let end = offset + 12;
  let index = 0;
  while (index < request.count && end + 4 <= buffer.length) {
    const packetId = (request.sequenceNumbers[index++] ?? 0) & 0xffff;
    let bitmask = 0;
    while (index < request.count) {
      const ahead = ((request.sequenceNumbers[index] ?? 0) - packetId) & 0xffff;
      if (ahead > NACK_BITS) break;
      if (ahead > 0) bitmask |= 1 << (ahead - 1);
      index++;
    }
    writeUint16(buffer, end, packetId);
    writeUint16(buffer, end + 2, bitmask);
    end += 4;
  }
  if (end === offset + 12) return offset;
  writeHeader(buffer, offset, { type: RtcpType.transportFeedback, count: RtcpFeedback.nack, end });
  writeUint32(buffer, offset + 4, request.senderSsrc);
  writeUint32(buffer, offset + 8, request.mediaSsrc);
  return end;
}

/**
 * Writes a REMB (draft-alvestrand-rmcat-remb-03 section 2.2): the highest bitrate in bit/s, rounded
 * down to 18 significant bits, that the given SSRCs may use together. At most 255 SSRCs.
 */
export function writeMaximumBitrate(
  buffer: Uint8Array,
  offset: number,
  request: {
    readonly senderSsrc: number;
    readonly bitrateBps: number;
    readonly mediaSsrcs: readonly number[];
  },
): number {
  const count = Math.min(request.mediaSsrcs.length, 0xff);
  const end = offset + 20 + count * 4;
  if (end > buffer.length) return offset;
  let exponent = 0;
  let mantissa = Math.max(0, Math.floor(request.bitrateBps));
  while (mantissa > MAX_MANTISSA && exponent < 63) {
    mantissa = Math.floor(mantissa / 2);
    exponent++;
  }
  const type = RtcpType.payloadFeedback;
  writeHeader(buffer, offset, { type, count: RtcpFeedback.applicationLayer, end });
  writeUint32(buffer, offset + 4, request.senderSsrc);
  writeUint32(buffer, offset + 8, 0);
  writeUint32(buffer, offset + 12, 0x52454d42);
  buffer[offset + 16] = count;
  writeUint24(buffer, offset + 17, (exponent << 18) | Math.min(mantissa, MAX_MANTISSA));
  for (let index = 0; index < count; index++) {
    writeUint32(buffer, offset + 20 + index * 4, request.mediaSsrcs[index] ?? 0);
  }
  return end;
}

function writeHeader(
  buffer: Uint8Array,
  offset: number,
  header: { readonly type: number; readonly count: number; readonly end: number },
): void {
  buffer[offset] = 0x80 | header.count;
  buffer[offset + 1] = header.type;
  writeUint16(buffer, offset + 2, (header.end - offset) / 4 - 1);
}

function writeReportBlocks(
  buffer: Uint8Array,
  start: number,
  blocks: readonly Readonly<ReportBlock>[],
): void {
  const count = Math.min(blocks.length, MAX_BLOCKS);
  for (let index = 0; index < count; index++) {
    const block = blocks[index];
    if (block === undefined) return;
    const offset = start + index * 24;
    writeUint32(buffer, offset, block.sourceSsrc);
    buffer[offset + 4] = block.fractionLost;
    writeUint24(buffer, offset + 5, clampSigned24(block.cumulativeLost));
    writeUint32(buffer, offset + 8, block.extendedHighestSequence % 0x100000000);
    writeUint32(buffer, offset + 12, block.jitterTicks);
    writeUint32(buffer, offset + 16, block.lastSenderReport);
    writeUint32(buffer, offset + 20, block.delaySinceLastSenderReport);
  }
}

function clampSigned24(value: number): number {
  return Math.max(-0x800000, Math.min(0x7fffff, value));
}
