// Normalises AV1 tracks: payloads fit, temporal delimiters are gone, key frames are known.
import { readUint8 } from '../base/bytes.ts';
import { Av1ObuType, av1ObuHeaderBytes, av1ObuPayloadStart, av1ObuType } from '../codec/av1-obu.ts';
import { parseAv1SequenceHeader } from '../codec/av1-sequence-header.ts';
import type { Av1Codec, Codec } from '../codec/codec.ts';
import { Av1PacketWriter } from './av1-packet-writer.ts';
import { Av1Bit, Av1Payload } from './av1-payload.ts';
import { PacketFlag, type PacketSink } from './packet-sink.ts';
import { PayloadWriter } from './payload-writer.ts';
import type { RtpPacket } from './rtp-packet.ts';
import { MAX_NORMALIZED_PAYLOAD_BYTES, type TrackNormalizer } from './track-normalizer.ts';

const MAX_SEQUENCE_HEADER_BYTES = 256;
const HAS_SIZE = 0x02;
/** show_existing_frame and frame_type, all 0 in a shown key frame; AV1 section 5.9.2. */
const FRAME_TYPE_MASK = 0xe0;

/**
 * Payloads that fit pass unchanged; the elements of others are packed anew, streaming: the rest of
 * an element is joined with what the next packet brings. A temporal unit is a key frame when its
 * first packet has the N bit or a sequence header and no frame of another type than key frame.
 */
export class Av1Normalizer implements TrackNormalizer {
  packetsInError = 0;
  readonly hasReorderedFrames = false;
  readonly #writer = new PayloadWriter();
  readonly #packets = new Av1PacketWriter(this.#writer);
  readonly #payload = new Av1Payload();
  #codec: Av1Codec;
  #hasTimestamp = false;
  #hasEnded = false;
  /** Whether the packet before ended inside an element. */
  #isInside = false;
  /** Until an element starts: at the beginning, and after loss. */
  #isSkipping = true;

  constructor(codec: Av1Codec) {
    this.#codec = codec;
  }

  get codec(): Codec {
    return this.#codec;
  }

  push(packet: RtpPacket, sink: PacketSink): void {
    const { bytes, payloadStart: start, payloadEnd: end } = packet;
    if (start === end) return;
    const payload = this.#payload;
    this.#writer.attach(sink);
    if (!payload.parse(bytes, start, end)) {
      this.packetsInError++;
      this.#drop();
      return;
    }
    this.#startPacket(packet.timestampTicks);
    if (!this.#checkContinuation()) return;
    const mustRepack = this.#inspect(bytes) || this.#packets.isOpen;
    this.#isInside = payload.continues;
    this.#hasEnded = packet.isMarked;
    this.#writer.isEnding = packet.isMarked;
    if (mustRepack || end - start > MAX_NORMALIZED_PAYLOAD_BYTES) {
      this.#repack(bytes, packet.isMarked);
    } else {
      this.#writer.write(bytes, start, end);
    }
  }

  noteLoss(sink: PacketSink): void {
    this.#writer.attach(sink);
    this.#drop();
  }

  restart(codec: Codec): void {
    this.#packets.discard();
    this.#hasTimestamp = false;
    this.#isInside = false;
    this.#isSkipping = true;
    if (codec.name === 'AV1') this.#codec = codec;
  }

  #drop(): void {
    this.#packets.discard();
    this.#isInside = false;
    this.#isSkipping = true;
    this.#writer.leaveGap();
  }

  #startPacket(timestampTicks: number): void {
    const writer = this.#writer;
    const isSame = this.#hasTimestamp && timestampTicks === writer.timestampTicks;
    if (isSame && !this.#hasEnded) return;
    if (this.#isInside) {
      // The element begun can have no end any more.
      this.packetsInError++;
      this.#drop();
    }
    this.#hasTimestamp = true;
    this.#hasEnded = false;
    this.#packets.isNewSequence = false;
    writer.timestampTicks = timestampTicks;
    writer.flags = PacketFlag.accessUnitStart;
  }

  /** Whether the packet goes on where the one before ended; counts and drops it if not. */
  #checkContinuation(): boolean {
    const isContinuation = this.#payload.isContinuation;
    if (this.#isSkipping) {
      if (isContinuation) return false;
      this.#isSkipping = false;
    } else if (isContinuation !== this.#isInside) {
      this.packetsInError++;
      this.#drop();
      if (isContinuation) return false;
      this.#isSkipping = false;
    }
    return true;
  }

  /** Notices key frames and sequence headers. Returns whether an element has to be left out. */
  #inspect(bytes: Uint8Array): boolean {
    const payload = this.#payload;
    let hasDropped = false;
    let isNewSequence = (payload.header & Av1Bit.newSequence) !== 0;
    let hasOtherFrame = false;
    for (let index = payload.isContinuation ? 1 : 0; index < payload.count; index++) {
      const start = payload.startOf(index);
      const end = payload.endOf(index);
      const type = av1ObuType(readUint8(bytes, start));
      if (start === end || isLeftOut(type)) {
        hasDropped = true;
      } else if (type === Av1ObuType.sequenceHeader) {
        isNewSequence = true;
        const isWhole = index + 1 < payload.count || !payload.continues;
        if (isWhole) this.#takeSequenceHeader(bytes, start, end);
      } else if (type === Av1ObuType.frame || type === Av1ObuType.frameHeader) {
        const frame = readUint8(bytes, av1ObuPayloadStart(bytes, start, end));
        if ((frame & FRAME_TYPE_MASK) !== 0) hasOtherFrame = true;
      }
    }
    if (isNewSequence && !hasOtherFrame) this.#startKeyFrame();
    return hasDropped;
  }

  #startKeyFrame(): void {
    const writer = this.#writer;
    if ((writer.flags & PacketFlag.accessUnitStart) !== 0) {
      writer.flags |= PacketFlag.keyFrameStart;
    }
  }

  #repack(bytes: Uint8Array, isMarked: boolean): void {
    const payload = this.#payload;
    const packets = this.#packets;
    if ((payload.header & Av1Bit.newSequence) !== 0) packets.isNewSequence = true;
    for (let index = 0; index < payload.count; index++) {
      const start = payload.startOf(index);
      const end = payload.endOf(index);
      if (index === 0 && payload.isContinuation) {
        if (!packets.isOpen) packets.resume();
      } else {
        if (start === end || isLeftOut(av1ObuType(readUint8(bytes, start)))) continue;
        packets.begin();
      }
      packets.append(bytes, start, end);
    }
    if (!payload.continues || isMarked) packets.flush();
  }

  #takeSequenceHeader(bytes: Uint8Array, start: number, end: number): void {
    if (end - start > MAX_SEQUENCE_HEADER_BYTES) return;
    const known = this.#codec.sequenceHeader;
    if (known !== undefined && isSameObu(known, bytes, start, end)) return;
    const obu = withoutSize(bytes, start, end);
    const parsed = parseAv1SequenceHeader(obu);
    if (parsed === undefined) return;
    const { profile, levelIdx, tier } = parsed;
    this.#codec = { ...this.#codec, profile, levelIdx, tier, sequenceHeader: obu };
  }
}

/** Temporal delimiters and tile lists must not be sent, AV1 RTP format section 5. */
function isLeftOut(type: number): boolean {
  return type === Av1ObuType.temporalDelimiter || type === Av1ObuType.tileList;
}

/** Compares `known`, which has no size field, with the OBU in `[start, end)`, which may have one. */
function isSameObu(known: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  const headerBytes = av1ObuHeaderBytes(readUint8(bytes, start));
  const payload = av1ObuPayloadStart(bytes, start, end);
  if (known.length !== headerBytes + end - payload) return false;
  if (known[0] !== (readUint8(bytes, start) & ~HAS_SIZE)) return false;
  for (let index = headerBytes; index < known.length; index++) {
    if (known[index] !== bytes[payload + index - headerBytes]) return false;
  }
  return true;
}

function withoutSize(bytes: Uint8Array, start: number, end: number): Uint8Array {
  const headerBytes = av1ObuHeaderBytes(readUint8(bytes, start));
  const payload = av1ObuPayloadStart(bytes, start, end);
  const obu = new Uint8Array(headerBytes + end - payload);
  obu.set(bytes.subarray(start, Math.min(start + headerBytes, end)));
  obu.set(bytes.subarray(payload, end), headerBytes);
  obu[0] = readUint8(obu, 0) & ~HAS_SIZE;
  return obu;
}
