// Writes AAC access units as RTP payloads in mode AAC-hbr, RFC 3640 section 3.3.6.
import { writeUint16 } from '../base/bytes.ts';
import { MAX_AAC_ACCESS_UNIT_BYTES } from './aac-access-unit.ts';
import { copyBytes } from './copy-bytes.ts';
import { PacketFlag, type PacketSink } from './packet-sink.ts';
import { MAX_NORMALIZED_PAYLOAD_BYTES } from './track-normalizer.ts';

/** AU-headers-length and one AU header of 13 + 3 bits. */
const HEADERS_BYTES = 4;
const MAX_DATA_BYTES = MAX_NORMALIZED_PAYLOAD_BYTES - HEADERS_BYTES;
const HEADER_BITS = 16;

/** Lengths that `AacPacketizer` writes, for the track's codec. */
export const AAC_HBR_FRAMING = {
  type: 'generic',
  sizeLength: 13,
  indexLength: 3,
  indexDeltaLength: 3,
} as const;

/** One access unit per packet; a long one goes in fragments, the marker on the last. */
export class AacPacketizer {
  /**
   * Writes a raw access unit (no ADTS header). Returns false, having written nothing, when it is
   * empty or longer than 8191 bytes.
   */
  packetize(frame: Uint8Array, timestampTicks: number, sink: PacketSink): boolean {
    const sizeBytes = frame.length;
    if (sizeBytes === 0 || sizeBytes > MAX_AAC_ACCESS_UNIT_BYTES) return false;
    let start = 0;
    let flags: number = PacketFlag.keyFrameStart | PacketFlag.accessUnitStart;
    while (start < sizeBytes) {
      const end = Math.min(sizeBytes, start + MAX_DATA_BYTES);
      const isLast = end === sizeBytes;
      const offset = sink.reserve(HEADERS_BYTES + end - start);
      writeUint16(sink.bytes, offset, HEADER_BITS);
      writeUint16(sink.bytes, offset + 2, sizeBytes << 3);
      copyBytes.call(frame, sink.bytes, offset + HEADERS_BYTES, start, end);
      sink.commit(timestampTicks, isLast, isLast ? flags | PacketFlag.accessUnitEnd : flags);
      flags = 0;
      start = end;
    }
    return true;
  }
}
