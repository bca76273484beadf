// What avcC and hvcC boxes of a file say: parameter sets and the length of NAL unit lengths.
import { readUint8, readUint16 } from '../base/bytes.ts';

/** Parameter sets of a file's video track. */
export interface SampleEntry {
  /** Bytes in front of each NAL unit of a sample, 1..4. */
  readonly lengthBytes: number;
  /** Raw NAL units, in the order of the box. */
  readonly parameterSets: readonly Uint8Array[];
}

/** Reads an AVCDecoderConfigurationRecord (ISO 14496-15 section 5.3.3.1); undefined when cut short. */
export function readAvcConfiguration(box: Uint8Array): SampleEntry | undefined {
  if (box.length < 7) return undefined;
  const lengthBytes = (readUint8(box, 4) & 3) + 1;
  const sets: Uint8Array[] = [];
  let offset = 5;
  for (const mask of [0x1f, 0xff]) {
    const count = readUint8(box, offset) & mask;
    offset = readSets(box, { offset: offset + 1, count }, sets);
    if (offset < 0) return undefined;
  }
  return { lengthBytes, parameterSets: sets };
}

/** Reads an HEVCDecoderConfigurationRecord (ISO 14496-15 section 8.3.3.1); undefined when cut short. */
export function readHevcConfiguration(box: Uint8Array): SampleEntry | undefined {
  if (box.length < 23) return undefined;
  const lengthBytes = (readUint8(box, 21) & 3) + 1;
  const sets: Uint8Array[] = [];
  let offset = 23;
  for (let array = readUint8(box, 22); array > 0; array--) {
    if (offset + 3 > box.length) return undefined;
    offset = readSets(box, { offset: offset + 3, count: readUint16(box, offset + 1) }, sets);
    if (offset < 0) return undefined;
  }
  return { lengthBytes, parameterSets: sets };
}

/** Reads `count` sets behind 16-bit lengths; returns the offset behind them, or -1. */
function readSets(
  box: Uint8Array,
  at: { readonly offset: number; readonly count: number },
  sets: Uint8Array[],
): number {
  let { offset } = at;
  for (let index = 0; index < at.count; index++) {
    const end = offset + 2 + readUint16(box, offset);
    if (offset + 2 > box.length || end > box.length) return -1;
    sets.push(box.slice(offset + 2, end));
    offset = end;
  }
  return offset;
}
