// Writes the packets of VP8 and VP9 frames, cut to size behind copies of their payload descriptor.
import { readUint8 } from '../base/bytes.ts';
import { copyBytes } from './copy-bytes.ts';
import { PacketFlag, type PacketSink } from './packet-sink.ts';
import { PayloadWriter } from './payload-writer.ts';
import { MAX_PREFIX_BYTES, PieceWriter } from './piece-writer.ts';
import type { RtpPacket } from './rtp-packet.ts';
import { MAX_NORMALIZED_PAYLOAD_BYTES } from './track-normalizer.ts';

/** Which bits of a descriptor's first byte belong to one packet only. */
export interface DescriptorBits {
  /** Set in the first packet of a run of bytes. */
  readonly start: number;
  /** Set in the last one; 0 when only the marker tells. */
  readonly end: number;
  /** Announces bytes at the end of the descriptor that only the first packet carries. */
  readonly structure: number;
}

/**
 * Payloads that fit pass unchanged. Longer ones are cut; what is left of one is joined with the
 * next payload if its descriptor says that it goes on.
 */
export class FramePacketWriter {
  readonly #bits: DescriptorBits;
  readonly #writer = new PayloadWriter();
  readonly #pieces = new PieceWriter(this.#writer, 0);
  #hasTimestamp = false;
  #hasEnded = false;

  constructor(bits: DescriptorBits) {
    this.#bits = bits;
  }

  /** Prepares for `packet`: notices where an access unit starts. */
  startPacket(packet: RtpPacket, sink: PacketSink): void {
    const writer = this.#writer;
    writer.attach(sink);
    const isSame = this.#hasTimestamp && packet.timestampTicks === writer.timestampTicks;
    if (isSame && !this.#hasEnded) return;
    writer.isEnding = false;
    this.#pieces.flush();
    this.#hasTimestamp = true;
    this.#hasEnded = false;
    writer.timestampTicks = packet.timestampTicks;
    writer.flags = PacketFlag.accessUnitStart;
  }

  /** Marks the access unit as a key frame, if nothing of it was written yet. */
  startKeyFrame(): void {
    const writer = this.#writer;
    if ((writer.flags & PacketFlag.accessUnitStart) !== 0) {
      writer.flags |= PacketFlag.keyFrameStart;
    }
  }

  /**
   * Writes the payload of `packet`, whose descriptor has `length` bytes; packets behind the first
   * repeat `restLength` of them. False when the descriptor is too long for the payload to be cut.
   */
  write(packet: RtpPacket, length: number, restLength: number): boolean {
    const { bytes, payloadStart: start, payloadEnd: end } = packet;
    const first = readUint8(bytes, start);
    const isEnd = packet.isMarked || (first & this.#bits.end) !== 0;
    this.#hasEnded = packet.isMarked;
    if (this.#pieces.hasCarry && !this.#continues(bytes, start, length)) this.#pieces.flush();
    this.#writer.isEnding = packet.isMarked;
    if (!this.#pieces.hasCarry) {
      if (end - start <= MAX_NORMALIZED_PAYLOAD_BYTES) {
        this.#writer.write(bytes, start, end);
        return true;
      }
      if (length > MAX_PREFIX_BYTES) return false;
      this.#begin(bytes, start, length);
      this.#pieces.begin(length, restLength);
    }
    if (isEnd) this.#pieces.finish(bytes, start + length, end);
    else this.#pieces.append(bytes, start + length, end);
    return true;
  }

  /** Drops what waits and leaves a hole. */
  noteLoss(sink: PacketSink): void {
    this.#writer.attach(sink);
    this.#pieces.discard();
    this.#writer.leaveGap();
  }

  /** Forgets everything. */
  restart(): void {
    this.#pieces.discard();
    this.#hasTimestamp = false;
    this.#hasEnded = false;
  }

  #begin(bytes: Uint8Array, start: number, length: number): void {
    const { start: startBit, end: endBit, structure } = this.#bits;
    const first = readUint8(bytes, start);
    const pieces = this.#pieces;
    copyBytes.call(bytes, pieces.prefix, 0, start, start + length);
    pieces.prefix[0] = first & ~(startBit | endBit | structure);
    pieces.firstBits = first & (startBit | structure);
    pieces.lastBits = endBit;
  }

  /** Whether a payload continues the run that waits: no start, and otherwise the same descriptor. */
  #continues(bytes: Uint8Array, start: number, length: number): boolean {
    const prefix = this.#pieces.prefix;
    const first = readUint8(bytes, start);
    if ((first & this.#bits.start) !== 0 || length !== this.#pieces.restPrefixLength) return false;
    if (prefix[0] !== (first & ~this.#bits.end)) return false;
    for (let index = 1; index < length; index++) {
      if (prefix[index] !== bytes[start + index]) return false;
    }
    return true;
  }
}
