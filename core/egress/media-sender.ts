// Sends what a viewer has not got yet: plan a batch, protect it, hand it to the socket.
import { PacketFlag } from '../rtp/packet-sink.ts';
import { RTP_HEADER_BYTES } from '../rtp/rtp-packet.ts';
import type { TrackRing } from '../stream/track-ring.ts';
import type { EgressSocket } from './egress-engine.ts';
import { BATCH_PACKETS, MAX_PLAIN_BYTES, type PacketBatch } from './packet-batch.ts';
import { buildPacket } from './packet-builder.ts';
import { ViewerState, type ViewerParts, type ViewerTable } from './viewer-table.ts';

/** What senders work with; the batch is shared by all senders of an engine. */
export interface SenderComponents<Address> {
  readonly table: ViewerTable<Address>;
  readonly socket: EgressSocket<Address>;
  readonly batch: PacketBatch;
}

/** Sends media to one viewer at a time. */
export class MediaSender<Address> {
  readonly #table: ViewerTable<Address>;
  readonly #socket: EgressSocket<Address>;
  readonly #batch: PacketBatch;

  constructor(components: SenderComponents<Address>) {
    this.#table = components.table;
    this.#socket = components.socket;
    this.#batch = components.batch;
  }

  /**
   * Sends at most `limit` packets to a live viewer and returns how many; stops when the network is
   * full, without giving up the packet it stopped at.
   */
  send(row: number, ring: TrackRing, limit: number): number {
    const table = this.#table;
    const parts = table.partsOf(row);
    if (parts === undefined) return 0;
    let sent = 0;
    while (sent < limit && (table.next[row] ?? 0) < ring.head) {
      if (this.#socket.isCongested()) return sent;
      const planned = this.#plan(row, ring, Math.min(BATCH_PACKETS, limit - sent));
      if (planned === 0) continue;
      this.#batch.headerExtension = parts.headerExtension;
      parts.protector.prepare(this.#batch);
      const taken = this.#sendBatch(row, ring, parts);
      sent += taken;
      if (taken < planned) return sent;
    }
    return sent;
  }

  /** Plans the next packets of a viewer; holes are passed over, which leaves their numbers out. */
  #plan(row: number, ring: TrackRing, limit: number): number {
    const table = this.#table;
    const batch = this.#batch;
    const { map } = table;
    const segment = map.currentSegment(row);
    const offset = table.timestampOffset[row] ?? 0;
    const extensionBytes = table.partsOf(row)?.headerExtension?.length ?? 0;
    let sequence = table.next[row] ?? 0;
    let count = 0;
    for (; sequence < ring.head && count < limit; sequence++) {
      const slot = ring.slotOf(sequence);
      const length = ring.lengths[slot] ?? 0;
      if (length < RTP_HEADER_BYTES) continue;
      if (length + extensionBytes > MAX_PLAIN_BYTES) {
        // At the head of a plan only: there it is passed, and counted, once.
        if (count > 0) break;
        table.packetsDropped[row] = (table.packetsDropped[row] ?? 0) + 1;
        table.next[row] = sequence + 1;
        continue;
      }
      const ticks = ring.timestamps[slot] ?? 0;
      batch.ringSequences[count] = sequence;
      batch.indexes[count] = map.indexOf(row, sequence);
      batch.timestamps[count] = ticks + offset + map.shiftOf(segment, sequence, ticks);
      batch.payloadBytes[count] = length - RTP_HEADER_BYTES;
      count++;
    }
    if (count === 0) table.next[row] = sequence;
    batch.count = count;
    batch.ssrc = table.ssrc[row] ?? 0;
    batch.payloadType = table.payloadType[row] ?? 0;
    batch.isRetransmission = false;
    return count;
  }

  /** Builds, seals and sends the planned packets; returns how many the socket took. */
  #sendBatch(row: number, ring: TrackRing, parts: ViewerParts<Address>): number {
    const table = this.#table;
    const batch = this.#batch;
    const segment = table.map.currentSegment(row);
    for (let number = 0; number < batch.count; number++) {
      const sequence = batch.ringSequences[number] ?? 0;
      buildPacket(batch, number, ring);
      const length = parts.protector.seal(batch, number);
      // Before the call, so that an index is never used again whatever the socket's owner does.
      table.next[row] = sequence + 1;
      const isTaken = this.#socket.sendTo(parts.address, batch.packetView(length));
      // The socket may have closed the connection, and its owner removed or moved this viewer.
      if (table.state[row] !== ViewerState.live) return number;
      if (table.map.currentSegment(row) !== segment) return number;
      if (!isTaken) {
        table.next[row] = sequence;
        return number;
      }
      this.#count(row, number, ring.flags[ring.slotOf(sequence)] ?? 0);
      if (table.isPaused[row] === 1) return number;
    }
    return batch.count;
  }

  #count(row: number, number: number, flags: number): void {
    const table = this.#table;
    const batch = this.#batch;
    table.hasEndedUnit[row] = (flags & PacketFlag.accessUnitEnd) === 0 ? 0 : 1;
    table.lastTimestamp[row] = batch.timestamps[number] ?? 0;
    table.packetsSent[row] = (table.packetsSent[row] ?? 0) + 1;
    table.octetsSent[row] = (table.octetsSent[row] ?? 0) + (batch.payloadBytes[number] ?? 0);
  }
}
