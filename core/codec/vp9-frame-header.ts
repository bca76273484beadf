// Reads the start of a VP9 frame, VP9 bitstream specification section 6.2.
import { BitReader } from './bit-reader.ts';

/** What is read of a VP9 uncompressed header. */
export interface Vp9FrameHeader {
  readonly profile: number;
  readonly isKeyFrame: boolean;
  /** Only in key frames. */
  readonly widthPixels?: number;
  readonly heightPixels?: number;
}

const FRAME_MARKER = 2;
const SYNC_CODE = 0x498342;
const COLOR_SPACE_RGB = 7;

/**
 * Whether the frame that starts with this byte is a key frame. Reads the bits of the uncompressed
 * header: frame_marker (2), profile (2, one more when 3), show_existing_frame, frame_type.
 */
export function isVp9KeyFrame(firstByte: number): boolean {
  if (firstByte >> 6 !== FRAME_MARKER) return false;
  const shift = (firstByte & 0x30) === 0x30 ? 1 : 2;
  return ((firstByte >> shift) & 0b11) === 0;
}

/** Reads the uncompressed header in `bytes` from `start` on; undefined when it is broken. */
export function parseVp9FrameHeader(bytes: Uint8Array, start = 0): Vp9FrameHeader | undefined {
  const reader = new BitReader({ skipsEmulationPrevention: false });
  reader.reset(bytes, start);
  if (reader.readBits(2) !== FRAME_MARKER) return undefined;
  const profileLow = reader.readBit();
  const profile = reader.readBit() * 2 + profileLow;
  if (profile === 3) reader.readBit();
  const isShownAgain = reader.readFlag();
  const isKeyFrame = !isShownAgain && !reader.readFlag();
  if (!isKeyFrame) return reader.isOverrun ? undefined : { profile, isKeyFrame };
  reader.skipBits(2); // show_frame, error_resilient_mode
  if (reader.readBits(24) !== SYNC_CODE) return undefined;
  skipColorConfig(reader, profile);
  const widthPixels = reader.readBits(16) + 1;
  const heightPixels = reader.readBits(16) + 1;
  return reader.isOverrun ? undefined : { profile, isKeyFrame, widthPixels, heightPixels };
}

function skipColorConfig(reader: BitReader, profile: number): void {
  const hasSubsampling = profile === 1 || profile === 3;
  if (profile >= 2) reader.readBit(); // ten_or_twelve_bit
  if (reader.readBits(3) !== COLOR_SPACE_RGB) {
    reader.readBit(); // color_range
    if (hasSubsampling) reader.skipBits(3);
  } else if (hasSubsampling) {
    reader.readBit();
  }
}
