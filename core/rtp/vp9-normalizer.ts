// Normalises VP9 tracks, RFC 9628: payloads fit, key frames are known, damaged frames end.
import { readUint8 } from '../base/bytes.ts';
import type { Vp9Codec, Codec } from '../codec/codec.ts';
import { isVp9KeyFrame, parseVp9FrameHeader } from '../codec/vp9-frame-header.ts';
import { FramePacketWriter } from './frame-packet-writer.ts';
import type { PacketSink } from './packet-sink.ts';
import type { RtpPacket } from './rtp-packet.ts';
import type { TrackNormalizer } from './track-normalizer.ts';
import { Vp9Bit, Vp9PayloadDescriptor } from './vp9-payload-descriptor.ts';

/**
 * Payload descriptors are kept; a payload that is cut repeats its own, with the B bit and the
 * scalability structure in front only and the E bit at the end only. Key frames are told by the
 * frame header: FFmpeg's descriptors call every frame a key frame.
 */
export class Vp9Normalizer implements TrackNormalizer {
  packetsInError = 0;
  readonly hasReorderedFrames = false;
  readonly #packets = new FramePacketWriter({
    start: Vp9Bit.start,
    end: Vp9Bit.end,
    structure: Vp9Bit.scalability,
  });
  readonly #descriptor = new Vp9PayloadDescriptor();
  #codec: Vp9Codec;
  /** Until the next frame: at the beginning, and after loss. */
  #isSkipping = true;

  constructor(codec: Vp9Codec) {
    this.#codec = codec;
  }

  get codec(): Codec {
    return this.#codec;
  }

  push(packet: RtpPacket, sink: PacketSink): void {
    const { bytes, payloadStart: start, payloadEnd: end } = packet;
    if (start === end) return;
    const descriptor = this.#descriptor;
    if (!descriptor.parse(bytes, start, end)) {
      this.packetsInError++;
      return;
    }
    this.#packets.startPacket(packet, sink);
    if ((readUint8(bytes, start) & Vp9Bit.start) !== 0) this.#startFrame(bytes, start);
    if (this.#isSkipping) return;
    const { length, lengthWithoutStructure } = descriptor;
    if (!this.#packets.write(packet, length, lengthWithoutStructure)) this.packetsInError++;
  }

  noteLoss(sink: PacketSink): void {
    this.#packets.noteLoss(sink);
    this.#isSkipping = true;
  }

  restart(codec: Codec): void {
    this.#packets.restart();
    this.#isSkipping = true;
    if (codec.name === 'VP9') this.#codec = codec;
  }

  #startFrame(bytes: Uint8Array, start: number): void {
    this.#isSkipping = false;
    const frame = start + this.#descriptor.length;
    if (this.#descriptor.spatialLayer !== 0 || !isVp9KeyFrame(readUint8(bytes, frame))) return;
    this.#packets.startKeyFrame();
    const profileId = parseVp9FrameHeader(bytes, frame)?.profile ?? this.#codec.profileId ?? 0;
    if (profileId !== (this.#codec.profileId ?? 0)) this.#codec = { ...this.#codec, profileId };
  }
}
