// Normalises VP8 tracks, RFC 7741: payloads fit, key frames are known, damaged frames end.
import { readUint8 } from '../base/bytes.ts';
import type { Codec } from '../codec/codec.ts';
import { isVp8KeyFrame } from '../codec/vp8-frame-header.ts';
import { FramePacketWriter } from './frame-packet-writer.ts';
import type { PacketSink } from './packet-sink.ts';
import type { RtpPacket } from './rtp-packet.ts';
import type { TrackNormalizer } from './track-normalizer.ts';
import { isVp8FrameStart, VP8_START_BIT, vp8DescriptorBytes } from './vp8-payload-descriptor.ts';

/** Payload descriptors are kept; a payload that is cut repeats its own with the S bit in front only. */
export class Vp8Normalizer implements TrackNormalizer {
  packetsInError = 0;
  readonly hasReorderedFrames = false;
  readonly #packets = new FramePacketWriter({ start: VP8_START_BIT, end: 0, structure: 0 });
  #codec: Codec;
  /** Until the next frame: at the beginning, and after loss. */
  #isSkipping = true;

  constructor(codec: Codec) {
    this.#codec = codec;
  }

  get codec(): Codec {
    return this.#codec;
  }

  push(packet: RtpPacket, sink: PacketSink): void {
    const { bytes, payloadStart: start, payloadEnd: end } = packet;
    if (start === end) return;
    const length = vp8DescriptorBytes(bytes, start, end);
    if (length === 0) {
      this.packetsInError++;
      return;
    }
    this.#packets.startPacket(packet, sink);
    if (isVp8FrameStart(readUint8(bytes, start))) {
      this.#isSkipping = false;
      if (isVp8KeyFrame(readUint8(bytes, start + length))) this.#packets.startKeyFrame();
    }
    if (this.#isSkipping) return;
    if (!this.#packets.write(packet, length, length)) this.packetsInError++;
  }

  noteLoss(sink: PacketSink): void {
    this.#packets.noteLoss(sink);
    this.#isSkipping = true;
  }

  restart(codec: Codec): void {
    this.#packets.restart();
    this.#isSkipping = true;
    this.#codec = codec;
  }
}
