// Joins the layers of a VP9 picture to a superframe, VP9 bitstream specification annex B.

const MARKER = 0b11000000;
const MAX_FRAMES = 8;
const SIZE_BYTES = 4;

/**
 * Appends the frames and the index that tells them apart; returns all bytes, 0 when there are
 * more frames than an index can hold.
 */
export function appendVp9Superframe(frames: readonly Uint8Array[], chunks: Uint8Array[]): number {
  const kept = frames.filter(({ length }) => length > 0);
  if (kept.length > MAX_FRAMES) return 0;
  let sizeBytes = 0;
  for (const frame of kept) {
    chunks.push(frame);
    sizeBytes += frame.length;
  }
  if (kept.length < 2) return sizeBytes;
  const index = buildIndex(kept);
  chunks.push(index);
  return sizeBytes + index.length;
}

function buildIndex(frames: readonly Uint8Array[]): Uint8Array {
  const index = new Uint8Array(2 + frames.length * SIZE_BYTES);
  const view = new DataView(index.buffer);
  const marker = MARKER | ((SIZE_BYTES - 1) << 3) | (frames.length - 1);
  index[0] = marker;
  for (const [position, frame] of frames.entries()) {
    view.setUint32(1 + position * SIZE_BYTES, frame.length, true);
  }
  index[index.length - 1] = marker;
  return index;
}
