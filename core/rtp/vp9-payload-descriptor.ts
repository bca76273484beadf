// The VP9 payload descriptor, RFC 9628 section 4.2.
import { readUint8 } from '../base/bytes.ts';

/** Bits of its first byte. */
export const Vp9Bit = {
  pictureId: 0x80,
  layers: 0x20,
  flexible: 0x10,
  start: 0x08,
  end: 0x04,
  scalability: 0x02,
} as const;

const INTER_PICTURE_BIT = 0x40;
const MAX_REFERENCES = 3;

/**
 * Reusable view on a descriptor.
 *
 * ```
 * |I|P|L|F|B|E|V|Z|
 * |M| PICTURE ID  |   if I, 16 bits if M
 * | TID |U| SID |D|   if L
 * |   TL0PICIDX   |   if L and not F
 * |   P_DIFF    |N|   if F and P, up to three, while N
 * | SS ...        |   if V
 * ```
 */
export class Vp9PayloadDescriptor {
  /** All bytes of the descriptor. */
  length = 0;
  /** Bytes before the scalability structure. */
  lengthWithoutStructure = 0;
  /** Spatial layer of the frame, 0 without layers. */
  spatialLayer = 0;

  /** False when the descriptor, or the payload behind it, does not fit before `end`. */
  parse(bytes: Uint8Array, start: number, end: number): boolean {
    const first = readUint8(bytes, start);
    let offset = start + 1;
    this.spatialLayer = 0;
    if ((first & Vp9Bit.pictureId) !== 0) {
      offset += (readUint8(bytes, offset) & 0x80) !== 0 ? 2 : 1;
    }
    if ((first & Vp9Bit.layers) !== 0) {
      this.spatialLayer = (readUint8(bytes, offset) >> 1) & 7;
      offset += (first & Vp9Bit.flexible) !== 0 ? 1 : 2;
    }
    if ((first & Vp9Bit.flexible) !== 0 && (first & INTER_PICTURE_BIT) !== 0) {
      for (let count = 0; count < MAX_REFERENCES; count++) {
        offset++;
        if ((readUint8(bytes, offset - 1) & 1) === 0) break;
      }
    }
    this.lengthWithoutStructure = offset - start;
    if ((first & Vp9Bit.scalability) !== 0) offset = endOfStructure(bytes, offset, end);
    this.length = offset - start;
    return offset < end;
  }
}

/** `|N_S|Y|G|-|-|-|`, sizes of N_S + 1 layers if Y, N_G picture descriptions if G. */
function endOfStructure(bytes: Uint8Array, start: number, end: number): number {
  const first = readUint8(bytes, start);
  let offset = start + 1;
  if ((first & 0x10) !== 0) offset += ((first >> 5) + 1) * 4;
  if ((first & 0x08) === 0) return offset;
  const pictureCount = readUint8(bytes, offset);
  offset++;
  for (let count = 0; count < pictureCount && offset < end; count++) {
    offset += 1 + ((readUint8(bytes, offset) >> 2) & 3);
  }
  return offset;
}
