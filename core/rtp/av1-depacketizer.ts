// Takes AV1 payloads apart, AV1 RTP format section 4.
import { readUint8 } from '../base/bytes.ts';
import { Av1ObuType, av1ObuPayloadStart, av1ObuType } from '../codec/av1-obu.ts';
import { Av1Payload } from './av1-payload.ts';
import type { Depacketizer } from './depacketizer.ts';
import type { UnitBuffer } from './unit-buffer.ts';

const FRAME_TYPE_MASK = 0xe0;

/** One unit for each OBU; temporal delimiters are left out. */
export class Av1Depacketizer implements Depacketizer {
  isInsideUnit = false;
  readonly #buffer: UnitBuffer;
  readonly #payload = new Av1Payload();
  #hasSequenceHeader = false;
  #hasOtherFrame = false;
  #isDropping = false;

  constructor(buffer: UnitBuffer) {
    this.#buffer = buffer;
  }

  get isKeyFrame(): boolean {
    return this.#hasSequenceHeader && !this.#hasOtherFrame;
  }

  isStart(bytes: Uint8Array, start: number, end: number): boolean {
    if (!this.#payload.parse(bytes, start, end) || this.#payload.isContinuation) return false;
    const type = av1ObuType(readUint8(bytes, this.#payload.startOf(0)));
    return type !== Av1ObuType.tileGroup && type !== Av1ObuType.redundantFrameHeader;
  }

  push(bytes: Uint8Array, start: number, end: number): boolean {
    const payload = this.#payload;
    if (!payload.parse(bytes, start, end)) return false;
    if (payload.isContinuation !== this.isInsideUnit) return false;
    for (let index = 0; index < payload.count; index++) {
      const from = payload.startOf(index);
      const to = payload.endOf(index);
      if (index > 0 || !payload.isContinuation) this.#beginObu(bytes, from, to);
      if (!this.#isDropping) this.#buffer.append(bytes, from, to);
    }
    this.isInsideUnit = payload.continues;
    return true;
  }

  reset(): void {
    this.isInsideUnit = false;
    this.#hasSequenceHeader = false;
    this.#hasOtherFrame = false;
  }

  #beginObu(bytes: Uint8Array, start: number, end: number): void {
    const type = av1ObuType(readUint8(bytes, start));
    this.#isDropping = start === end || type === Av1ObuType.temporalDelimiter;
    if (this.#isDropping) return;
    this.#buffer.begin();
    if (type === Av1ObuType.sequenceHeader) this.#hasSequenceHeader = true;
    if (type !== Av1ObuType.frame && type !== Av1ObuType.frameHeader) return;
    const frame = readUint8(bytes, av1ObuPayloadStart(bytes, start, end));
    if ((frame & FRAME_TYPE_MASK) !== 0) this.#hasOtherFrame = true;
  }
}
