// Takes AAC access units out of RTP packets in the generic format of RFC 3640.
import { readUint16 } from '../base/bytes.ts';
import { BitReader } from '../codec/bit-reader.ts';
import type { Mpeg4AudioCodec } from '../codec/codec.ts';
import {
  MAX_AAC_ACCESS_UNIT_BYTES,
  ticksPerAacFrame,
  type AccessUnitHandler,
} from './aac-access-unit.ts';
import { adtsHeaderLength } from '../codec/aac-adts.ts';
import { copyBytes } from './copy-bytes.ts';
import type { RtpPacket } from './rtp-packet.ts';

/**
 * Depacketizer of MPEG4-GENERIC: several access units per packet, each with its own timestamp, or
 * one access unit in fragments. ADTS headers, which do not belong here, are removed.
 *
 * ```
 * |AU-headers-length|AU-header|AU-header| ... |padding|  access units ...
 *      16 bits       size + index(-delta)      to byte
 * ```
 */
export class AacDepacketizer {
  readonly #handler: AccessUnitHandler;
  readonly #sizeLength: number;
  readonly #indexLength: number;
  readonly #indexDeltaLength: number;
  readonly #frameTicks: number;
  readonly #reader = new BitReader({ skipsEmulationPrevention: false });
  readonly #fragments = new Uint8Array(MAX_AAC_ACCESS_UNIT_BYTES);
  #collectedBytes = 0;
  #wantedBytes = 0;
  #fragmentTicks = 0;

  /** `codec.framing` must be generic. */
  constructor(codec: Mpeg4AudioCodec, handler: AccessUnitHandler) {
    const { framing } = codec;
    this.#handler = handler;
    this.#sizeLength = framing.type === 'generic' ? framing.sizeLength : 0;
    this.#indexLength = framing.type === 'generic' ? framing.indexLength : 0;
    this.#indexDeltaLength = framing.type === 'generic' ? framing.indexDeltaLength : 0;
    this.#frameTicks = ticksPerAacFrame(codec);
  }

  /** Takes the next packet in order. Returns false when it, or what came before it, was damaged. */
  push(packet: RtpPacket): boolean {
    const { bytes, payloadStart, payloadEnd } = packet;
    const headerBits = readUint16(bytes, payloadStart);
    const headersEnd = payloadStart + 2 + Math.ceil(headerBits / 8);
    const firstBits = this.#sizeLength + this.#indexLength;
    const isReadable = this.#sizeLength > 0 && headerBits >= firstBits && headersEnd < payloadEnd;
    if (!isReadable || payloadStart + 2 > payloadEnd) {
      this.reset();
      return false;
    }
    this.#reader.reset(bytes, payloadStart + 2, headersEnd);
    const firstSize = this.#reader.readBits(this.#sizeLength);
    this.#reader.skipBits(this.#indexLength);
    const isFragment = firstSize > payloadEnd - headersEnd;
    if (isFragment) return this.#pushFragment(packet, firstSize, headersEnd);
    if (this.#wantedBytes > 0 && packet.timestampTicks === this.#fragmentTicks) {
      return this.#pushFragment(packet, firstSize, headersEnd);
    }
    const isComplete = this.#wantedBytes === 0;
    this.reset();
    const restBits = headerBits - firstBits;
    return this.#accessUnits(packet, { firstSize, headersEnd, restBits }) && isComplete;
  }

  /** Drops a half-received access unit: packets were lost, or the source restarts. */
  reset(): void {
    this.#wantedBytes = 0;
    this.#collectedBytes = 0;
  }

  #accessUnits(
    packet: RtpPacket,
    first: { readonly firstSize: number; readonly headersEnd: number; readonly restBits: number },
  ): boolean {
    const headerBits = this.#sizeLength + this.#indexDeltaLength;
    let { firstSize: size, headersEnd: start, restBits } = first;
    let position = 0;
    for (;;) {
      const end = start + size;
      if (end > packet.payloadEnd) return false;
      const ticks = packet.timestampTicks + Math.round(position * this.#frameTicks);
      if (size > 0) this.#emit(packet.bytes.subarray(start, end), ticks >>> 0);
      if (restBits < headerBits) return true;
      restBits -= headerBits;
      start = end;
      size = this.#reader.readBits(this.#sizeLength);
      // A delta above zero is interleaving: so many access units lie in other packets.
      position += this.#reader.readBits(this.#indexDeltaLength) + 1;
    }
  }

  /** Every fragment repeats the size of the whole access unit (RFC 3640 section 3.2.3). */
  #pushFragment(packet: RtpPacket, size: number, start: number): boolean {
    const isContinued = size === this.#wantedBytes && packet.timestampTicks === this.#fragmentTicks;
    const isCleanStart = this.#wantedBytes === 0;
    if (!isContinued) this.#collectedBytes = 0;
    this.#wantedBytes = size;
    this.#fragmentTicks = packet.timestampTicks;
    const end = this.#collectedBytes + packet.payloadEnd - start;
    if (end > size || size > MAX_AAC_ACCESS_UNIT_BYTES) {
      this.reset();
      return false;
    }
    copyBytes.call(packet.bytes, this.#fragments, this.#collectedBytes, start, packet.payloadEnd);
    this.#collectedBytes = end;
    if (end < size && !packet.isMarked) return isContinued || isCleanStart;
    this.reset();
    if (end < size) return false;
    this.#emit(this.#fragments.subarray(0, size), packet.timestampTicks);
    return true;
  }

  #emit(frame: Uint8Array, timestampTicks: number): void {
    const header = adtsHeaderLength(frame, 0, frame.length);
    this.#handler.onAccessUnit(header === 0 ? frame : frame.subarray(header), timestampTicks);
  }
}
