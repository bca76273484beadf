// Forwards a format that is not understood, packet by packet, for readers who understand it.
import type { Codec } from '../codec/codec.ts';
import { copyBytes } from './copy-bytes.ts';
import { PacketFlag, type PacketSink } from './packet-sink.ts';
import type { RtpPacket } from './rtp-packet.ts';
import type { TrackNormalizer } from './track-normalizer.ts';

/**
 * Copies payloads unchanged, whatever their size. An access unit is taken to end at a marker or a
 * new timestamp, and every access unit counts as one that a reader may start with.
 */
export class PassThroughNormalizer implements TrackNormalizer {
  readonly packetsInError = 0;
  readonly hasReorderedFrames = false;
  #codec: Codec;
  #lastTicks = -1;

  constructor(codec: Codec) {
    this.#codec = codec;
  }

  get codec(): Codec {
    return this.#codec;
  }

  push(packet: RtpPacket, sink: PacketSink): void {
    // Padding only: the packet has probed the network and carries nothing.
    if (packet.payloadLength === 0) return;
    const isStart = packet.timestampTicks !== this.#lastTicks;
    this.#lastTicks = packet.isMarked ? -1 : packet.timestampTicks;
    const startFlags = isStart ? PacketFlag.keyFrameStart | PacketFlag.accessUnitStart : 0;
    const flags = packet.isMarked ? startFlags | PacketFlag.accessUnitEnd : startFlags;
    const offset = sink.reserve(packet.payloadLength);
    copyBytes.call(packet.bytes, sink.bytes, offset, packet.payloadStart, packet.payloadEnd);
    sink.commit(packet.timestampTicks, packet.isMarked, flags);
  }

  noteLoss(sink: PacketSink): void {
    this.#lastTicks = -1;
    sink.leaveGap();
  }

  restart(codec: Codec): void {
    this.#codec = codec;
    this.#lastTicks = -1;
  }
}
