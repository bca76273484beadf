// AV1 open bitstream units, AV1 bitstream specification section 5.3.
import { leb128Length, readLeb128, writeLeb128 } from './leb128.ts';

/** obu_type values, AV1 bitstream specification section 6.2.2. */
export const Av1ObuType = {
  sequenceHeader: 1,
  temporalDelimiter: 2,
  frameHeader: 3,
  tileGroup: 4,
  metadata: 5,
  frame: 6,
  redundantFrameHeader: 7,
  tileList: 8,
  padding: 15,
} as const;

const HAS_SIZE = 0x02;
const HAS_EXTENSION = 0x04;

/** obu_type of the OBU whose first byte is given. */
export function av1ObuType(firstByte: number): number {
  return (firstByte >> 3) & 0x0f;
}

/** Header bytes of an OBU, the size field left out: 1, or 2 with an extension. */
export function av1ObuHeaderBytes(firstByte: number): number {
  return (firstByte & HAS_EXTENSION) === 0 ? 1 : 2;
}

/** Offset of the payload of the OBU in `[start, end)`: behind header, extension and size field. */
export function av1ObuPayloadStart(bytes: Uint8Array, start: number, end: number): number {
  const first = bytes[start] ?? 0;
  const afterHeader = start + av1ObuHeaderBytes(first);
  return (first & HAS_SIZE) === 0
    ? Math.min(afterHeader, end)
    : Math.min(afterHeader + leb128Length(bytes, afterHeader, end), end);
}

/**
 * Cuts a low-overhead byte stream (AV1 section 5.2) into views on its OBUs, headers included. An
 * OBU without size field reaches to the end. Returns undefined when a size points past the end.
 */
export function splitAv1Obus(bytes: Uint8Array): Uint8Array[] | undefined {
  const obus: Uint8Array[] = [];
  let offset = 0;
  while (offset < bytes.length) {
    const first = bytes[offset] ?? 0;
    const afterHeader = offset + av1ObuHeaderBytes(first);
    let end = bytes.length;
    if ((first & HAS_SIZE) !== 0) {
      const size = readLeb128(bytes, afterHeader, bytes.length);
      if (size < 0) return undefined;
      end = afterHeader + leb128Length(bytes, afterHeader, bytes.length) + size;
    }
    if (end > bytes.length || afterHeader > end) return undefined;
    obus.push(bytes.subarray(offset, end));
    offset = end;
  }
  return obus;
}

/** Joins OBUs into a low-overhead byte stream; a size field is added where one is missing. */
export function joinAv1Obus(obus: readonly Uint8Array[]): Uint8Array {
  const sizeBytes = obus.reduce((sum, obu) => sum + obu.length + 5, 0);
  const bytes = new Uint8Array(sizeBytes);
  let offset = 0;
  for (const obu of obus) {
    const first = obu[0] ?? 0;
    if ((first & HAS_SIZE) !== 0) {
      bytes.set(obu, offset);
      offset += obu.length;
      continue;
    }
    const headerBytes = Math.min(av1ObuHeaderBytes(first), obu.length);
    bytes.set(obu.subarray(0, headerBytes), offset);
    bytes[offset] = first | HAS_SIZE;
    offset += headerBytes;
    offset += writeLeb128(bytes, offset, obu.length - headerBytes);
    bytes.set(obu.subarray(headerBytes), offset);
    offset += obu.length - headerBytes;
  }
  return bytes.subarray(0, offset);
}
