// The frames inside an Opus packet, by the rules of RFC 6716 section 3.
import { readUint8 } from '../base/bytes.ts';

const MAX_FRAMES = 48;
const MAX_FRAME_BYTES = 1275;
/** 120 ms at 48 kHz (requirement R5). */
const MAX_PACKET_TICKS = 5760;
const SILK_TICKS: readonly number[] = [480, 960, 1920, 2880];
const CELT_TICKS: readonly number[] = [120, 240, 480, 960];

/**
 * Reusable view: `parse()` fills the frames' offsets. A frame of length 0 means discontinuous
 * transmission (DTX) or a frame that was lost at the encoder; it is valid.
 *
 * ```
 *  0 1 2 3 4 5 6 7
 * | config  |s| c |   TOC byte; c: 0 = 1 frame, 1 = 2 equal, 2 = 2 of two lengths, 3 = any number
 * ```
 */
export class OpusFrames {
  frameCount = 0;
  /** Duration of one frame in ticks of 48 kHz. */
  frameTicks = 0;
  /** The first byte of the packet, with the code bits cleared: that of a packet of one frame. */
  singleFrameToc = 0;
  readonly starts = new Uint16Array(MAX_FRAMES);
  readonly ends = new Uint16Array(MAX_FRAMES);

  /** Duration of the packet in ticks of 48 kHz. */
  get packetTicks(): number {
    return this.frameCount * this.frameTicks;
  }

  /** Reads the packet `[start, end)`. Returns false when it breaks a rule; then nothing is valid. */
  parse(bytes: Uint8Array, start: number, end: number): boolean {
    this.frameCount = 0;
    if (start >= end) return false;
    const toc = readUint8(bytes, start);
    this.frameTicks = frameTicksOf(toc >> 3);
    this.singleFrameToc = toc & 0xfc;
    const isValid = this.#parseFrames(bytes, start + 1, end);
    if (!isValid || this.packetTicks > MAX_PACKET_TICKS) this.frameCount = 0;
    return this.frameCount > 0;
  }

  #parseFrames(bytes: Uint8Array, start: number, end: number): boolean {
    switch (readUint8(bytes, start - 1) & 3) {
      case 0:
        return this.#add(start, end, end);
      case 1:
        return this.#addEqual(start, end, 2);
      case 2: {
        const first = start + lengthBytes(bytes, start);
        const firstEnd = first + lengthAt(bytes, start);
        return this.#add(first, firstEnd, end) && this.#add(firstEnd, end, end);
      }
      default:
        return this.#parseCounted(bytes, start, end);
    }
  }

  /** Code 3: a byte with the count, VBR and padding flags, the padding length, then the lengths. */
  #parseCounted(bytes: Uint8Array, start: number, end: number): boolean {
    if (start >= end) return false;
    const header = readUint8(bytes, start);
    const count = header & 0x3f;
    if (count === 0 || count > MAX_FRAMES) return false;
    let offset = start + 1;
    let dataEnd = end;
    for (let hasMore = (header & 0x40) !== 0; hasMore; offset++) {
      if (offset >= dataEnd) return false;
      const padding = readUint8(bytes, offset);
      hasMore = padding === 0xff;
      dataEnd -= hasMore ? 0xfe : padding;
    }
    if (offset > dataEnd) return false;
    const isVariable = (header & 0x80) !== 0;
    return isVariable
      ? this.#addVariable(bytes, { start: offset, end: dataEnd, count })
      : this.#addEqual(offset, dataEnd, count);
  }

  #addEqual(start: number, end: number, count: number): boolean {
    const length = (end - start) / count;
    if (!Number.isInteger(length)) return false;
    for (let index = 0; index < count; index++) {
      const frameStart = start + index * length;
      if (!this.#add(frameStart, frameStart + length, end)) return false;
    }
    return true;
  }

  #addVariable(
    bytes: Uint8Array,
    range: { readonly start: number; readonly end: number; readonly count: number },
  ): boolean {
    let frames = range.start;
    for (let index = 1; index < range.count; index++) frames += lengthBytes(bytes, frames);
    let lengths = range.start;
    for (let index = 1; index < range.count; index++) {
      const frameEnd = frames + lengthAt(bytes, lengths);
      if (!this.#add(frames, frameEnd, range.end)) return false;
      lengths += lengthBytes(bytes, lengths);
      frames = frameEnd;
    }
    return this.#add(frames, range.end, range.end);
  }

  #add(start: number, end: number, limit: number): boolean {
    if (end > limit || end < start || end - start > MAX_FRAME_BYTES) return false;
    this.starts[this.frameCount] = start;
    this.ends[this.frameCount] = end;
    this.frameCount++;
    return true;
  }
}

/** Frame duration of a configuration number 0..31 (table 2): SILK, hybrid, CELT. */
function frameTicksOf(config: number): number {
  if (config < 12) return SILK_TICKS[config & 3] ?? 0;
  if (config < 16) return SILK_TICKS[config & 1] ?? 0;
  return CELT_TICKS[config & 3] ?? 0;
}

/** Bytes that a frame length takes (section 3.2.1). */
function lengthBytes(bytes: Uint8Array, offset: number): number {
  return readUint8(bytes, offset) < 252 ? 1 : 2;
}

function lengthAt(bytes: Uint8Array, offset: number): number {
  const first = readUint8(bytes, offset);
  return first < 252 ? first : first + readUint8(bytes, offset + 1) * 4;
}
