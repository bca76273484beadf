// Normalises Motion JPEG tracks, RFC 2435: every frame is a key frame, damaged ones end.
import { readUint24 } from '../base/bytes.ts';
import type { Codec } from '../codec/codec.ts';
import { PacketFlag, type PacketSink } from './packet-sink.ts';
import { PayloadWriter } from './payload-writer.ts';
import type { RtpPacket } from './rtp-packet.ts';
import type { TrackNormalizer } from './track-normalizer.ts';

const HEADER_BYTES = 8;

/**
 * Payloads pass unchanged, whatever their size: only RTSP readers take this format.
 *
 * ```
 * | Type-specific |          Fragment Offset (24 bits)            |
 * |      Type     |       Q       |     Width     |     Height    |
 * ```
 */
export class MjpegNormalizer implements TrackNormalizer {
  packetsInError = 0;
  readonly hasReorderedFrames = false;
  readonly #writer = new PayloadWriter();
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
    if (end - start < HEADER_BYTES) {
      this.packetsInError++;
      return;
    }
    const writer = this.#writer;
    writer.attach(sink);
    if (readUint24(bytes, start + 1) === 0) {
      this.#isSkipping = false;
      writer.flags = PacketFlag.accessUnitStart | PacketFlag.keyFrameStart;
    }
    if (this.#isSkipping) return;
    writer.timestampTicks = packet.timestampTicks;
    writer.isEnding = packet.isMarked;
    writer.write(bytes, start, end);
    writer.flags = 0;
  }

  noteLoss(sink: PacketSink): void {
    this.#writer.attach(sink);
    this.#writer.leaveGap();
    this.#isSkipping = true;
  }

  restart(codec: Codec): void {
    this.#codec = codec;
    this.#isSkipping = true;
  }
}
