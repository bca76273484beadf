// Takes VP9 payloads apart, RFC 9628.
import { readUint8 } from '../base/bytes.ts';
import { isVp9KeyFrame } from '../codec/vp9-frame-header.ts';
import type { Depacketizer } from './depacketizer.ts';
import type { UnitBuffer } from './unit-buffer.ts';
import { Vp9Bit, Vp9PayloadDescriptor } from './vp9-payload-descriptor.ts';

/** One unit for each frame: one, or one for each spatial layer. */
export class Vp9Depacketizer implements Depacketizer {
  isKeyFrame = false;
  isInsideUnit = false;
  readonly #buffer: UnitBuffer;
  readonly #descriptor = new Vp9PayloadDescriptor();

  constructor(buffer: UnitBuffer) {
    this.#buffer = buffer;
  }

  isStart(bytes: Uint8Array, start: number, end: number): boolean {
    if (!this.#descriptor.parse(bytes, start, end)) return false;
    return (readUint8(bytes, start) & Vp9Bit.start) !== 0 && this.#descriptor.spatialLayer === 0;
  }

  push(bytes: Uint8Array, start: number, end: number): boolean {
    if (!this.#descriptor.parse(bytes, start, end)) return false;
    const first = readUint8(bytes, start);
    const body = start + this.#descriptor.length;
    const isFirst = (first & Vp9Bit.start) !== 0;
    if (isFirst === this.isInsideUnit) return false;
    if (isFirst) {
      if (this.#buffer.count === 0) this.isKeyFrame = isVp9KeyFrame(readUint8(bytes, body));
      this.#buffer.begin();
    }
    this.#buffer.append(bytes, body, end);
    this.isInsideUnit = (first & Vp9Bit.end) === 0;
    return true;
  }

  reset(): void {
    this.isKeyFrame = false;
    this.isInsideUnit = false;
  }
}
