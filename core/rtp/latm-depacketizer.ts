// Takes AAC access units out of RTP packets in LATM, RFC 6416 section 6, configured out of band.
import { readUint8 } from '../base/bytes.ts';
import type { Mpeg4AudioCodec } from '../codec/codec.ts';
import {
  MAX_AAC_ACCESS_UNIT_BYTES,
  ticksPerAacFrame,
  type AccessUnitHandler,
} from './aac-access-unit.ts';
import { copyBytes } from './copy-bytes.ts';
import type { RtpPacket } from './rtp-packet.ts';

/** Longest AudioMuxElement that is collected from several packets. */
const MAX_ELEMENT_BYTES = 65_536;

/**
 * Depacketizer of MP4A-LATM with `cpresent=0`, one program and one layer: an AudioMuxElement is a
 * row of frames, each behind its length in bytes of 255 and one smaller byte (PayloadLengthInfo,
 * ISO/IEC 14496-3 table 1.44). The element ends at the packet with the marker.
 */
export class LatmDepacketizer {
  readonly #handler: AccessUnitHandler;
  readonly #frameTicks: number;
  readonly #element = new Uint8Array(MAX_ELEMENT_BYTES);
  #collectedBytes = 0;
  #elementTicks = 0;

  constructor(codec: Mpeg4AudioCodec, handler: AccessUnitHandler) {
    this.#handler = handler;
    this.#frameTicks = ticksPerAacFrame(codec);
  }

  /** Takes the next packet in order. Returns false when it, or what came before it, was damaged. */
  push(packet: RtpPacket): boolean {
    const { bytes, payloadStart, payloadEnd, timestampTicks } = packet;
    const hasPending = this.#collectedBytes > 0;
    if (!hasPending && packet.isMarked) {
      return this.#accessUnits(bytes.subarray(payloadStart, payloadEnd), timestampTicks);
    }
    const isContinued = !hasPending || timestampTicks === this.#elementTicks;
    if (!isContinued) this.#collectedBytes = 0;
    const end = this.#collectedBytes + packet.payloadLength;
    if (end > MAX_ELEMENT_BYTES) {
      this.reset();
      return false;
    }
    copyBytes.call(bytes, this.#element, this.#collectedBytes, payloadStart, payloadEnd);
    this.#collectedBytes = end;
    this.#elementTicks = timestampTicks;
    if (!packet.isMarked) return isContinued;
    this.reset();
    return this.#accessUnits(this.#element.subarray(0, end), timestampTicks) && isContinued;
  }

  /** Drops a half-received element: packets were lost, or the source restarts. */
  reset(): void {
    this.#collectedBytes = 0;
  }

  /** Nothing is handed out unless the lengths add up to the element: else its start was lost. */
  #accessUnits(element: Uint8Array, timestampTicks: number): boolean {
    if (element.length === 0 || !isWholeElement(element)) return false;
    let position = 0;
    for (let start = 0; start < element.length; position++) {
      const frameStart = endOfLength(element, start);
      const end = frameStart + frameLength(element, start);
      const ticks = (timestampTicks + Math.round(position * this.#frameTicks)) >>> 0;
      if (end > frameStart) this.#handler.onAccessUnit(element.subarray(frameStart, end), ticks);
      start = end;
    }
    return true;
  }
}

function isWholeElement(element: Uint8Array): boolean {
  let start = 0;
  while (start < element.length) {
    const length = frameLength(element, start);
    if (length > MAX_AAC_ACCESS_UNIT_BYTES) return false;
    start = endOfLength(element, start) + length;
  }
  return start === element.length;
}

function endOfLength(element: Uint8Array, start: number): number {
  let end = start;
  while (readUint8(element, end) === 0xff) end++;
  return end + 1;
}

function frameLength(element: Uint8Array, start: number): number {
  const last = endOfLength(element, start) - 1;
  return (last - start) * 0xff + readUint8(element, last);
}
