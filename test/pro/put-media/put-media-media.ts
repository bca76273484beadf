// Fragments for tests of PutMedia: text in the place of Matroska, so that a sink can read it.
import type { MediaFragment, MediaHeader } from '../../../pro/put-media/media-fragment.ts';

/** Wall time of the first fragment. */
export const EPOCH_MS = Date.UTC(2026, 0, 1);

/** A header whose bytes are `H<id>` and a line end. */
export function testHeader(id = 1): MediaHeader {
  return {
    ...{ id, hasVideo: true, hasAudio: true, mediaType: 'video/h264,audio/aac' },
    bytes: Buffer.from(`H${id}\n`),
  };
}

const FIRST = testHeader();

/** Fragment `index`: one second each, `C<timestamp> <index> <padding>` and a line end. */
export function testFragment(
  index: number,
  { header = FIRST, sizeBytes = 40 }: { header?: MediaHeader; sizeBytes?: number } = {},
): MediaFragment {
  return {
    ...{ header, sizeBytes, timecodeMs: EPOCH_MS + index * 1000, durationMs: 1000 },
    cluster: (timestampMs) => [
      Buffer.from(`C${timestampMs} ${index} `),
      Buffer.alloc(Math.max(0, sizeBytes - 30), 'x'),
      Buffer.from('\n'),
    ],
  };
}
