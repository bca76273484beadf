// Writes one outgoing RTP packet into the current slot of a batch: new header, payload from the ring.
import { writeUint16, writeUint32 } from '../base/bytes.ts';
import { RTP_HEADER_BYTES } from '../rtp/rtp-packet.ts';
import type { TrackRing } from '../stream/track-ring.ts';
import type { PacketBatch } from './packet-batch.ts';

/** Length of the original sequence number at the head of a retransmission payload (RFC 4588). */
export const ORIGINAL_SEQUENCE_BYTES = 2;

/**
 * Builds planned packet `number` from its packet in the ring:
 *
 * ```
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * |V=2|0|X|   0   |M|     PT      |       sequence number         |
 * |                           timestamp                           |
 * |                             SSRC                              |
 * |         extension block, when X (RFC 8285)                    |
 * |  original sequence number, only RTX   |  payload as stored    |
 * ```
 */
export function buildPacket(batch: PacketBatch, number: number, ring: TrackRing): void {
  batch.nextSlot();
  const { bytes, start, headerExtension } = batch;
  const slot = ring.slotOf(batch.ringSequences[number] ?? 0);
  const from = ring.offsets[slot] ?? 0;
  const to = from + (ring.lengths[slot] ?? 0);
  const marker = (ring.bytes[from + 1] ?? 0) & 0x80;
  bytes[start] = headerExtension === undefined ? 0x80 : 0x90;
  bytes[start + 1] = marker | batch.payloadType;
  // The low 16 bits of a number below 2^53 survive the conversion to 32 bits.
  writeUint16(bytes, start + 2, (batch.indexes[number] ?? 0) & 0xffff);
  writeUint32(bytes, start + 4, batch.timestamps[number] ?? 0);
  writeUint32(bytes, start + 8, batch.ssrc);
  let end = start + RTP_HEADER_BYTES;
  if (headerExtension !== undefined) {
    bytes.set(headerExtension, end);
    end += headerExtension.length;
  }
  batch.headerBytes = end - start;
  if (batch.isRetransmission) {
    writeUint16(bytes, end, batch.originalSequences[number] ?? 0);
    end += ORIGINAL_SEQUENCE_BYTES;
  }
  ring.bytes.copy(bytes, end, from + RTP_HEADER_BYTES, to);
}
