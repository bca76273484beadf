// The writes that turn a growing MP4 file into a closed one without moving its media.
import { writeUint32 } from '../base/bytes.ts';
import { BoxWriter } from './box-writer.ts';
import type { MuxWrite } from './container-writer.ts';

/**
 * Where things are in a growing file:
 * ```
 * growing  [ftyp][moov: empty][free: reserved                      ][moof][mdat][moof][mdat]...
 * closed   [ftyp][free                ][moov: full ][free][mdat: everything from here on   ]
 * ```
 */
export interface GrowingLayout {
  /** Where the empty movie box begins. */
  readonly moviePosition: number;
  /** Where the reserved `free` box begins, just behind the empty movie box. */
  readonly reservedPosition: number;
  /** Size of the reserved box, at least MIN_RESERVED_BYTES. */
  readonly reservedBytes: number;
  /** Behind the last whole part. */
  readonly endPosition: number;
}

const HEADER_BYTES = 8;
const LONG_HEADER_BYTES = 16;

/** Room for a free box that is skipped and for the header of the media. */
export const MIN_RESERVED_BYTES = HEADER_BYTES + HEADER_BYTES + LONG_HEADER_BYTES;

/**
 * Everything is prepared inside boxes that readers skip; the last write, eight bytes, makes the
 * empty movie box a `free` box that ends where the full one begins. So the file plays before and
 * after each write. A caller who fears power cuts syncs before the last write.
 */
export function closingWrites(movie: Uint8Array, layout: GrowingLayout): MuxWrite[] {
  const insidePosition = layout.reservedPosition + HEADER_BYTES;
  const mediaPosition = layout.reservedPosition + layout.reservedBytes - LONG_HEADER_BYTES;
  const roomBytes = mediaPosition - insidePosition;
  const padBytes = roomBytes - movie.length;
  const isInFront = padBytes === 0 || padBytes >= HEADER_BYTES;
  const mediaEnd = isInFront ? layout.endPosition : layout.endPosition + HEADER_BYTES;
  const media: MuxWrite = {
    position: mediaPosition,
    chunks: [longHeader('mdat', mediaEnd - mediaPosition)],
  };
  const flip: MuxWrite = {
    position: layout.moviePosition,
    chunks: [shortHeader('free', insidePosition - layout.moviePosition)],
  };
  if (isInFront) {
    const pad = padBytes === 0 ? [] : [shortHeader('free', padBytes)];
    return [{ position: insidePosition, chunks: [movie, ...pad] }, media, flip];
  }
  return [
    // Hidden in a free box until the flip: then its header counts as media.
    {
      position: layout.endPosition,
      chunks: [shortHeader('free', HEADER_BYTES + movie.length), movie],
    },
    { position: insidePosition, chunks: [shortHeader('free', roomBytes)] },
    media,
    flip,
  ];
}

/** Eight bytes: size and type. */
export function shortHeader(type: string, sizeBytes: number): Uint8Array {
  const bytes = new BoxWriter(HEADER_BYTES).uint32(0).latin1(type).toBytes();
  writeUint32(bytes, 0, sizeBytes);
  return bytes;
}

function longHeader(type: string, sizeBytes: number): Uint8Array {
  return new BoxWriter(LONG_HEADER_BYTES).uint32(1).latin1(type).uint64(sizeBytes).toBytes();
}
