// The title of an MP4 file: recorders write the name of the media path there.
import { readUint32 } from '../base/bytes.ts';
import { BoxFile } from '../mux/box-file.ts';
import { findMovie, readMovie } from '../mux/movie-reader.ts';
import type { RandomAccess } from '../mux/random-access.ts';

/** Longest user data that is looked into. */
const MAX_USER_DATA_BYTES = 16 << 10;
/** `©nam`, the item of iTunes metadata that holds the title. */
const NAME_ITEM = Buffer.from([0xa9, 0x6e, 0x61, 0x6d]);
const UTF8_TEXT = 1;
/** Size and type of a `data` box, its kind of value and its locale. */
const DATA_HEAD_BYTES = 16;

/** The title; undefined when the file has none that can be read. */
export async function readMovieTitle(file: RandomAccess): Promise<string | undefined> {
  const boxFile = new BoxFile(file);
  const location = await findMovie(boxFile);
  const movie = location && (await readMovie(boxFile, location));
  const box = movie?.userData;
  if (!box || box.endPosition - box.bodyPosition > MAX_USER_DATA_BYTES) return undefined;
  return titleIn(await boxFile.bytes(box.bodyPosition, box.endPosition - box.bodyPosition));
}

function titleIn(bytes: Uint8Array): string | undefined {
  const found = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).indexOf(NAME_ITEM);
  const start = found + NAME_ITEM.length;
  if (found < 0 || readUint32(bytes, start + 8) !== UTF8_TEXT) return undefined;
  const end = start + readUint32(bytes, start);
  if (end > bytes.length || end < start + DATA_HEAD_BYTES) return undefined;
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(
      bytes.subarray(start + DATA_HEAD_BYTES, end),
    );
  } catch {
    return undefined;
  }
}
