// Answers NACKs from the ring: as retransmission packets (RFC 4588), or byte for byte as before.
import { RTP_HEADER_BYTES } from '../rtp/rtp-packet.ts';
import type { TrackRing } from '../stream/track-ring.ts';
import type { EgressSocket } from './egress-engine.ts';
import type { SenderComponents } from './media-sender.ts';
import { BATCH_PACKETS, MAX_PLAIN_BYTES, type PacketBatch } from './packet-batch.ts';
import { buildPacket, ORIGINAL_SEQUENCE_BYTES } from './packet-builder.ts';
import { NO_RTX, ViewerState, type ViewerParts, type ViewerTable } from './viewer-table.ts';

/** Sequence numbers looked at per call; the rest of a longer NACK is ignored. */
const MAX_SEQUENCES = 1024;

/** Sends packets again, within the limits of `RetransmissionLimiter`. */
export class Retransmitter<Address> {
  readonly #table: ViewerTable<Address>;
  readonly #socket: EgressSocket<Address>;
  readonly #batch: PacketBatch;

  constructor(components: SenderComponents<Address>) {
    this.#table = components.table;
    this.#socket = components.socket;
    this.#batch = components.batch;
  }

  /** Repeats those of the first `count` outgoing sequence numbers that the ring still holds. */
  repeat(
    row: number,
    ring: TrackRing,
    wanted: { sequenceNumbers: Uint16Array; count: number; nowMs: number },
  ): void {
    const table = this.#table;
    const { sequenceNumbers, nowMs } = wanted;
    const count = Math.min(wanted.count, sequenceNumbers.length, MAX_SEQUENCES);
    const parts = table.partsOf(row);
    if (parts === undefined || (table.packetsSent[row] ?? 0) === 0) return;
    table.limiter.refill(row, nowMs);
    const newest = table.map.indexOf(row, table.next[row] ?? 0) - 1;
    this.#begin(row, parts);
    for (let i = 0; i < count; i++) {
      if (!table.limiter.hasAllowance(row)) break;
      const sequenceNumber = sequenceNumbers[i] ?? 0;
      if (table.limiter.isRecent(row, sequenceNumber, nowMs)) continue;
      const index = newest - ((newest - sequenceNumber) & 0xffff);
      if (!this.#plan(row, ring, index)) continue;
      table.limiter.remember(row, sequenceNumber, nowMs);
      if (this.#batch.count === BATCH_PACKETS && !this.#flush(row, ring, parts)) return;
    }
    this.#flush(row, ring, parts);
  }

  #begin(row: number, parts: ViewerParts<Address>): void {
    const table = this.#table;
    const batch = this.#batch;
    const hasRtx = table.rtxPayloadType[row] !== NO_RTX;
    batch.count = 0;
    batch.headerExtension = parts.headerExtension;
    batch.isRetransmission = hasRtx;
    batch.ssrc = (hasRtx ? table.rtxSsrc[row] : table.ssrc[row]) ?? 0;
    batch.payloadType = (hasRtx ? table.rtxPayloadType[row] : table.payloadType[row]) ?? 0;
  }

  /** Adds the packet that was sent as `index`, when it is still there. */
  #plan(row: number, ring: TrackRing, index: number): boolean {
    const table = this.#table;
    const batch = this.#batch;
    const segment = table.map.locate(row, index);
    const sequence = table.map.foundSequence;
    if (segment < 0 || sequence < ring.tail || sequence >= ring.head) return false;
    const slot = ring.slotOf(sequence);
    const length = ring.lengths[slot] ?? 0;
    const extraBytes =
      (batch.headerExtension?.length ?? 0) + (batch.isRetransmission ? ORIGINAL_SEQUENCE_BYTES : 0);
    if (length < RTP_HEADER_BYTES || length + extraBytes > MAX_PLAIN_BYTES) return false;
    const ticks = ring.timestamps[slot] ?? 0;
    const number = batch.count++;
    batch.ringSequences[number] = sequence;
    batch.timestamps[number] =
      ticks + (table.timestampOffset[row] ?? 0) + table.map.shiftOf(segment, sequence, ticks);
    batch.payloadBytes[number] = length - RTP_HEADER_BYTES;
    batch.indexes[number] = index;
    table.limiter.spend(row, length);
    if (batch.isRetransmission) {
      const rtxIndex = table.rtxIndex[row] ?? 0;
      table.rtxIndex[row] = rtxIndex + 1;
      batch.indexes[number] = rtxIndex;
      batch.originalSequences[number] = index & 0xffff;
      batch.payloadBytes[number] = length - RTP_HEADER_BYTES + ORIGINAL_SEQUENCE_BYTES;
    }
    return true;
  }

  /** Sends the planned packets; false when the network is full or the viewer is gone. */
  #flush(row: number, ring: TrackRing, parts: ViewerParts<Address>): boolean {
    const table = this.#table;
    const batch = this.#batch;
    if (batch.count === 0) return true;
    if (this.#socket.isCongested()) return false;
    parts.protector.prepare(batch);
    for (let number = 0; number < batch.count; number++) {
      buildPacket(batch, number, ring);
      const length = parts.protector.seal(batch, number);
      if (!this.#socket.sendTo(parts.address, batch.packetView(length))) return false;
      if (table.state[row] === ViewerState.removed) return false;
      table.packetsRetransmitted[row] = (table.packetsRetransmitted[row] ?? 0) + 1;
    }
    batch.count = 0;
    return true;
  }
}
