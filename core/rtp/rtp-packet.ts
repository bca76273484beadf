// A validated view on one RTP packet: offsets into the receive buffer, nothing copied.
import { readUint8, readUint16, readUint32 } from '../base/bytes.ts';

/** Length of the fixed RTP header in bytes, RFC 3550 section 5.1. */
export const RTP_HEADER_BYTES = 12;

/**
 * Reusable view on an RTP packet. `parse()` validates by offsets and fills the fields; the bytes
 * stay owned by the caller and are only valid until the receive buffer is reused.
 *
 * ```
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * |V=2|P|X|  CC   |M|     PT      |       sequence number         |
 * |                           timestamp                           |
 * |                             SSRC                              |
 * ```
 */
export class RtpPacket {
  bytes: Uint8Array = EMPTY;
  isMarked = false;
  payloadType = 0;
  /** 16 bits. */
  sequenceNumber = 0;
  /** 32 bits, unsigned, in clock ticks. */
  timestampTicks = 0;
  ssrc = 0;
  /** Offset of the extension body (after its 4-byte header); 0 when there is none. */
  extensionStart = 0;
  extensionEnd = 0;
  extensionProfile = 0;
  payloadStart = 0;
  /** End of the payload, padding excluded. */
  payloadEnd = 0;

  get payloadLength(): number {
    return this.payloadEnd - this.payloadStart;
  }

  /** Fills this view from `bytes`. Returns false when they are not an RTP packet; then the view is unspecified. */
  parse(bytes: Uint8Array): boolean {
    const length = bytes.length;
    if (length < RTP_HEADER_BYTES) return false;
    const first = readUint8(bytes, 0);
    if (first >> 6 !== 2) return false;
    let start = RTP_HEADER_BYTES + (first & 0x0f) * 4;
    this.extensionStart = 0;
    this.extensionEnd = 0;
    if ((first & 0x10) !== 0) {
      if (start + 4 > length) return false;
      this.extensionProfile = readUint16(bytes, start);
      const extensionBytes = readUint16(bytes, start + 2) * 4;
      this.extensionStart = start + 4;
      start += 4 + extensionBytes;
      this.extensionEnd = start;
    }
    let end = length;
    if ((first & 0x20) !== 0) {
      const padding = readUint8(bytes, length - 1);
      if (padding === 0) return false;
      end -= padding;
    }
    if (start > end) return false;
    const second = readUint8(bytes, 1);
    this.bytes = bytes;
    this.isMarked = second >= 0x80;
    this.payloadType = second & 0x7f;
    this.sequenceNumber = readUint16(bytes, 2);
    this.timestampTicks = readUint32(bytes, 4);
    this.ssrc = readUint32(bytes, 8);
    this.payloadStart = start;
    this.payloadEnd = end;
    return true;
  }
}

const EMPTY = new Uint8Array(0);
