// The VP8 payload descriptor, RFC 7741 section 4.2.
import { readUint8 } from '../base/bytes.ts';

/** S bit: the payload starts a VP8 partition. */
export const VP8_START_BIT = 0x10;

/**
 * Bytes of the descriptor at `start`, or 0 when it does not end before `end`.
 *
 * ```
 * |X|R|N|S|R| PID |
 * |I|L|T|K| RSV   |  if X
 * |M| PictureID   |  if I, 16 bits if M
 * |   TL0PICIDX   |  if L
 * |TID|Y| KEYIDX  |  if T or K
 * ```
 */
export function vp8DescriptorBytes(bytes: Uint8Array, start: number, end: number): number {
  let length = 1;
  if ((readUint8(bytes, start) & 0x80) !== 0) {
    const extension = readUint8(bytes, start + 1);
    length = 2;
    if ((extension & 0x80) !== 0) length += (readUint8(bytes, start + 2) & 0x80) !== 0 ? 2 : 1;
    if ((extension & 0x40) !== 0) length++;
    if ((extension & 0x30) !== 0) length++;
  }
  return start + length < end ? length : 0;
}

/** Whether the payload behind this first descriptor byte starts a frame: S set, partition 0. */
export function isVp8FrameStart(firstByte: number): boolean {
  return (firstByte & 0x17) === VP8_START_BIT;
}
