// Puts normalised packets together to access units, for recorders, snapshots and transcoders.
import { MediaError } from '../base/media-error.ts';
import type { Codec } from '../codec/codec.ts';
import type { AccessUnit } from './access-unit.ts';
import { Av1Depacketizer } from './av1-depacketizer.ts';
import type { Depacketizer } from './depacketizer.ts';
import { H264Format } from './h264-format.ts';
import { H265Format } from './h265-format.ts';
import { NalDepacketizer } from './nal-depacketizer.ts';
import type { RtpPacket } from './rtp-packet.ts';
import { UnitBuffer } from './unit-buffer.ts';
import { Vp8Depacketizer } from './vp8-depacketizer.ts';
import { Vp9Depacketizer } from './vp9-depacketizer.ts';

/** Receives what an AccessUnitAssembler finds, synchronously. */
export interface AccessUnitListener {
  onAccessUnit(unit: AccessUnit): void;
  /** An access unit was dropped: packets of it were lost or broken, or it was too large. */
  onDamaged(timestampTicks: number): void;
}

/**
 * Takes the packets of one video track in sequence order. A missing sequence number damages the
 * access unit around it and, when the loss may have hit its start, the next one.
 */
export class AccessUnitAssembler {
  readonly #listener: AccessUnitListener;
  readonly #buffer = new UnitBuffer();
  readonly #depacketizer: Depacketizer;
  #expectedSequence = -1;
  #timestampTicks = 0;
  #isOpen = false;
  #isDamaged = false;

  /** @throws MediaError unsupported for codecs other than H264, H265, VP8, VP9 and AV1. */
  constructor(codec: Codec, listener: AccessUnitListener) {
    this.#listener = listener;
    this.#depacketizer = createDepacketizer(codec, this.#buffer);
  }

  push(packet: RtpPacket): void {
    const { bytes, payloadStart: start, payloadEnd: end } = packet;
    const isExpected =
      this.#expectedSequence < 0 || packet.sequenceNumber === this.#expectedSequence;
    // The very first packet may be one from the middle of an access unit.
    const mayHaveLostStart = !isExpected || this.#expectedSequence < 0;
    this.#expectedSequence = (packet.sequenceNumber + 1) & 0xffff;
    if (!isExpected && this.#isOpen) this.#isDamaged = true;
    if (this.#isOpen && packet.timestampTicks !== this.#timestampTicks) this.#finish();
    if (start === end) return;
    if (!this.#isOpen) {
      this.#isOpen = true;
      this.#timestampTicks = packet.timestampTicks;
      this.#isDamaged = mayHaveLostStart && !this.#depacketizer.isStart(bytes, start, end);
    }
    if (!this.#isDamaged && !this.#depacketizer.push(bytes, start, end)) this.#isDamaged = true;
    if (packet.isMarked) this.#finish();
  }

  /** Delivers the access unit that no marker ended; for the end of a track. */
  flush(): void {
    if (this.#isOpen) this.#finish();
  }

  /** Forgets everything; the next packet may have any number. */
  reset(): void {
    this.#clear();
    this.#expectedSequence = -1;
  }

  #finish(): void {
    const { isKeyFrame, isInsideUnit } = this.#depacketizer;
    const isDamaged = this.#isDamaged || isInsideUnit || this.#buffer.isOverflown;
    const units = isDamaged ? [] : this.#buffer.copyUnits();
    const timestampTicks = this.#timestampTicks;
    this.#clear();
    if (isDamaged) this.#listener.onDamaged(timestampTicks);
    else if (units.length > 0) this.#listener.onAccessUnit({ units, timestampTicks, isKeyFrame });
  }

  #clear(): void {
    this.#buffer.clear();
    this.#depacketizer.reset();
    this.#isOpen = false;
    this.#isDamaged = false;
  }
}

function createDepacketizer(codec: Codec, buffer: UnitBuffer): Depacketizer {
  switch (codec.name) {
    case 'H264':
      return new NalDepacketizer(new H264Format(), buffer);
    case 'H265':
      return new NalDepacketizer(new H265Format(), buffer);
    case 'VP8':
      return new Vp8Depacketizer(buffer);
    case 'VP9':
      return new Vp9Depacketizer(buffer);
    case 'AV1':
      return new Av1Depacketizer(buffer);
    default:
      throw new MediaError(
        'unsupported',
        'codec-without-access-units',
        `${codec.name} packets cannot be put together to access units`,
      );
  }
}
