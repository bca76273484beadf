// Takes VP8 payloads apart, RFC 7741.
import { readUint8 } from '../base/bytes.ts';
import { isVp8KeyFrame } from '../codec/vp8-frame-header.ts';
import type { Depacketizer } from './depacketizer.ts';
import type { UnitBuffer } from './unit-buffer.ts';
import { isVp8FrameStart, vp8DescriptorBytes } from './vp8-payload-descriptor.ts';

/** One unit: the partitions of the frame, joined. */
export class Vp8Depacketizer implements Depacketizer {
  isKeyFrame = false;
  readonly isInsideUnit = false;
  readonly #buffer: UnitBuffer;

  constructor(buffer: UnitBuffer) {
    this.#buffer = buffer;
  }

  isStart(bytes: Uint8Array, start: number): boolean {
    return isVp8FrameStart(readUint8(bytes, start));
  }

  push(bytes: Uint8Array, start: number, end: number): boolean {
    const length = vp8DescriptorBytes(bytes, start, end);
    if (length === 0) return false;
    const isFirst = isVp8FrameStart(readUint8(bytes, start));
    if (isFirst !== (this.#buffer.count === 0)) return false;
    if (isFirst) {
      this.isKeyFrame = isVp8KeyFrame(readUint8(bytes, start + length));
      this.#buffer.begin();
    }
    this.#buffer.append(bytes, start + length, end);
    return true;
  }

  reset(): void {
    this.isKeyFrame = false;
  }
}
