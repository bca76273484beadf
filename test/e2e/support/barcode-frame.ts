// Paints a clock as black and white blocks into a raw picture, so that a page can read it without OCR.

/** Size of the picture; width a multiple of 32, both even. */
export interface FrameSize {
  readonly width: number;
  readonly height: number;
}

const BITS = 32;
/** Each of the two rows takes this share of the height. */
const ROW_SHARE = 10;
/** Limited range of video: black and white. */
const BLACK = 16;
const WHITE = 235;
const NEUTRAL_CHROMA = 128;

/** Bytes of one yuv420p picture. */
export function frameBytes({ width, height }: FrameSize): number {
  return (width * height * 3) / 2;
}

/**
 * Paints the low 32 bits of `stampMs` into row one, most significant bit left, and their complement
 * into row two. Below, stripes move by `frameNumber`, so that the encoder has work.
 */
export function paintBarcode(
  frame: Uint8Array,
  size: FrameSize,
  stamp: { readonly stampMs: number; readonly frameNumber: number },
): void {
  const { width, height } = size;
  const rowHeight = Math.floor(height / ROW_SHARE);
  const line = new Uint8Array(width);
  paintRow(line, stamp.stampMs >>> 0);
  for (let y = 0; y < rowHeight; y += 1) frame.set(line, y * width);
  paintRow(line, ~stamp.stampMs >>> 0);
  for (let y = rowHeight; y < rowHeight * 2; y += 1) frame.set(line, y * width);
  for (let x = 0; x < width; x += 1) line[x] = 60 + (((x >> 3) + stamp.frameNumber) % 16) * 8;
  for (let y = rowHeight * 2; y < height; y += 1) frame.set(line, y * width);
  frame.fill(NEUTRAL_CHROMA, width * height);
}

/** Reads the luma plane back; undefined when the rows contradict each other. */
export function readBarcode(frame: Uint8Array, { width, height }: FrameSize): number | undefined {
  const rowHeight = Math.floor(height / ROW_SHARE);
  let stamp = 0;
  for (let bit = 0; bit < BITS; bit += 1) {
    const x = Math.floor(((bit + 0.5) * width) / BITS);
    const isSet = isBright(frame[(rowHeight >> 1) * width + x]);
    if (isSet === isBright(frame[(rowHeight + (rowHeight >> 1)) * width + x])) return undefined;
    stamp = (stamp << 1) | (isSet ? 1 : 0);
  }
  return stamp >>> 0;
}

function paintRow(line: Uint8Array, value: number): void {
  const blockWidth = line.length / BITS;
  for (let bit = 0; bit < BITS; bit += 1) {
    const isSet = ((value >>> (BITS - 1 - bit)) & 1) === 1;
    line.fill(isSet ? WHITE : BLACK, bit * blockWidth, (bit + 1) * blockWidth);
  }
}

function isBright(luma: number | undefined): boolean {
  return (luma ?? 0) > 127;
}
