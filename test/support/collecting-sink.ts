// A PacketSink for tests that keeps a copy of every committed packet.
import { writeUint16, writeUint32 } from '../../core/base/bytes.ts';
import type { PacketSink } from '../../core/rtp/packet-sink.ts';
import { RTP_HEADER_BYTES, RtpPacket } from '../../core/rtp/rtp-packet.ts';

/** One committed packet. `gapBefore` tells that `leaveGap()` was called just before it. */
export interface CollectedPacket {
  readonly payload: Uint8Array;
  readonly timestampTicks: number;
  readonly isMarked: boolean;
  readonly flags: number;
  readonly gapBefore: boolean;
}

const SLACK_BYTES = 7;

/**
 * Collects packets in `packets`. Like the real ring it moves the reserved memory on each call, so
 * that a writer which keeps an old offset or an old `bytes` is found out.
 */
export class CollectingSink implements PacketSink {
  readonly packets: CollectedPacket[] = [];
  /** Calls of `leaveGap()`, those after the last packet included. */
  gapCount = 0;
  #bytes = new Uint8Array(0);
  #offset = -1;
  #length = 0;
  #gapBefore = false;

  get bytes(): Uint8Array {
    return this.#bytes;
  }

  reserve(payloadLength: number): number {
    if (payloadLength < 0 || payloadLength > 0xffff) {
      throw new RangeError(`reserve(${payloadLength}) is not a payload length`);
    }
    this.#offset = RTP_HEADER_BYTES + (this.packets.length % SLACK_BYTES);
    this.#length = payloadLength;
    // Filled with a pattern: bytes that the writer forgets are seen.
    this.#bytes = new Uint8Array(this.#offset + payloadLength + SLACK_BYTES).fill(0xa5);
    return this.#offset;
  }

  commit(timestampTicks: number, isMarked: boolean, flags: number): void {
    if (this.#offset < 0) throw new RangeError('commit() without reserve()');
    const end = this.#offset + this.#length;
    if (this.#bytes.subarray(end).some((byte) => byte !== 0xa5)) {
      throw new RangeError('wrote past the end of the reserved payload');
    }
    const payload = this.#bytes.slice(this.#offset, end);
    const gapBefore = this.#gapBefore;
    this.packets.push({ payload, timestampTicks, isMarked, flags, gapBefore });
    this.#offset = -1;
    this.#gapBefore = false;
  }

  leaveGap(): void {
    this.#gapBefore = true;
    this.gapCount += 1;
  }

  /** The collected packets as RTP packets, numbered from `firstSequence`; a gap skips one number. */
  toRtpPackets(firstSequence = 0): RtpPacket[] {
    let sequence = firstSequence;
    return this.packets.map((packet) => {
      if (packet.gapBefore) sequence += 1;
      const view = toRtpPacket(packet, sequence);
      sequence += 1;
      return view;
    });
  }
}

function toRtpPacket(packet: CollectedPacket, sequence: number): RtpPacket {
  const bytes = new Uint8Array(RTP_HEADER_BYTES + packet.payload.length);
  bytes[0] = 0x80;
  bytes[1] = (packet.isMarked ? 0x80 : 0) | 96;
  writeUint16(bytes, 2, sequence & 0xffff);
  writeUint32(bytes, 4, packet.timestampTicks);
  bytes.set(packet.payload, RTP_HEADER_BYTES);
  const view = new RtpPacket();
  view.parse(bytes);
  return view;
}
