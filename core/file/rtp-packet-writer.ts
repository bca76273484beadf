// A PacketSink that makes whole RTP packets, for sources that packetise by themselves.
import { writeUint16, writeUint32 } from '../base/bytes.ts';
import type { PacketSink } from '../rtp/packet-sink.ts';
import { RTP_HEADER_BYTES } from '../rtp/rtp-packet.ts';

const MAX_PACKET_BYTES = 2048;

/** Numbers packets and hands each one out as soon as it is committed. */
export class RtpPacketWriter implements PacketSink {
  readonly bytes = new Uint8Array(MAX_PACKET_BYTES);
  readonly #payloadType: number;
  readonly #ssrc: number;
  readonly #onPacket: (packet: Uint8Array) => void;
  #sequence: number;
  #length = 0;

  /** `onPacket` gets bytes that are valid during the call only. */
  constructor(
    numbers: {
      readonly payloadType: number;
      readonly ssrc: number;
      readonly firstSequence: number;
    },
    onPacket: (packet: Uint8Array) => void,
  ) {
    this.#payloadType = numbers.payloadType;
    this.#ssrc = numbers.ssrc;
    this.#sequence = numbers.firstSequence;
    this.#onPacket = onPacket;
  }

  reserve(payloadLength: number): number {
    this.#length = RTP_HEADER_BYTES + payloadLength;
    return RTP_HEADER_BYTES;
  }

  commit(timestampTicks: number, isMarked: boolean): void {
    if (this.#length > MAX_PACKET_BYTES) return;
    const { bytes } = this;
    bytes[0] = 0x80;
    bytes[1] = isMarked ? this.#payloadType | 0x80 : this.#payloadType;
    writeUint16(bytes, 2, this.#sequence);
    writeUint32(bytes, 4, timestampTicks);
    writeUint32(bytes, 8, this.#ssrc);
    this.#sequence = (this.#sequence + 1) & 0xffff;
    this.#onPacket(bytes.subarray(0, this.#length));
  }

  leaveGap(): void {
    this.#sequence = (this.#sequence + 1) & 0xffff;
  }
}
