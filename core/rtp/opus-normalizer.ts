// Passes Opus on after looking at its structure.
import type { Codec, OpusCodec } from '../codec/codec.ts';
import { WHOLE_ACCESS_UNIT } from './audio-packet.ts';
import { copyBytes } from './copy-bytes.ts';
import { OpusPacketizer } from './opus-packetizer.ts';
import type { PacketSink } from './packet-sink.ts';
import type { RtpPacket } from './rtp-packet.ts';
import { MAX_NORMALIZED_PAYLOAD_BYTES, type TrackNormalizer } from './track-normalizer.ts';

/**
 * Drops padding packets and packets that are no Opus (RFC 6716 section 3.4); discontinuous
 * transmission passes. The marker stays: it is the start of a talk spurt (RFC 7587 section 4.1).
 */
export class OpusNormalizer implements TrackNormalizer {
  packetsInError = 0;
  readonly hasReorderedFrames = false;
  readonly #packetizer = new OpusPacketizer();
  #codec: OpusCodec;

  constructor(codec: OpusCodec) {
    this.#codec = codec;
  }

  get codec(): Codec {
    return this.#codec;
  }

  push(packet: RtpPacket, sink: PacketSink): void {
    if (packet.payloadLength === 0) return;
    // Packets of more than two channels hold several streams, which the rules below do not fit.
    const isWritten =
      this.#codec.channelCount > 2 ? writeWhole(packet, sink) : this.#write(packet, sink);
    if (!isWritten) this.packetsInError++;
  }

  noteLoss(sink: PacketSink): void {
    sink.leaveGap();
  }

  restart(codec: Codec): void {
    if (codec.name === 'Opus') this.#codec = codec;
  }

  #write(packet: RtpPacket, sink: PacketSink): boolean {
    const payload = packet.bytes.subarray(packet.payloadStart, packet.payloadEnd);
    this.#packetizer.isTalkStart = packet.isMarked;
    return this.#packetizer.packetize(payload, packet.timestampTicks, sink);
  }
}

function writeWhole(packet: RtpPacket, sink: PacketSink): boolean {
  if (packet.payloadLength > MAX_NORMALIZED_PAYLOAD_BYTES) return false;
  const offset = sink.reserve(packet.payloadLength);
  copyBytes.call(packet.bytes, sink.bytes, offset, packet.payloadStart, packet.payloadEnd);
  sink.commit(packet.timestampTicks, packet.isMarked, WHOLE_ACCESS_UNIT);
  return true;
}
