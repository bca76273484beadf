// Reads the start of a VP8 frame, RFC 6386 section 9.1.

/** Size of a VP8 key frame before scaling. */
export interface Vp8FrameSize {
  readonly widthPixels: number;
  readonly heightPixels: number;
}

/** Whether the frame that starts with this byte is a key frame (interframes set bit 0). */
export function isVp8KeyFrame(firstByte: number): boolean {
  return (firstByte & 1) === 0;
}

/** Size of the key frame in `bytes` from `start` on; undefined for an interframe or a broken start code. */
export function parseVp8FrameSize(bytes: Uint8Array, start = 0): Vp8FrameSize | undefined {
  if (bytes.length < start + 10 || !isVp8KeyFrame(bytes[start] ?? 0)) return undefined;
  if (bytes[start + 3] !== 0x9d || bytes[start + 4] !== 0x01 || bytes[start + 5] !== 0x2a) {
    return undefined;
  }
  // Little endian; the two bits above the 14 are a scaling hint for the display.
  const widthPixels = (((bytes[start + 7] ?? 0) << 8) | (bytes[start + 6] ?? 0)) & 0x3fff;
  const heightPixels = (((bytes[start + 9] ?? 0) << 8) | (bytes[start + 8] ?? 0)) & 0x3fff;
  return { widthPixels, heightPixels };
}
