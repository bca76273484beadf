// Tests of the writes that close a growing file.
import assert from 'node:assert/strict';
import {
  closingWrites,
  MIN_RESERVED_BYTES,
  shortHeader,
} from '../../../core/mux/closing-writes.ts';
import { boxesOf, MemoryFile } from './mux-media.ts';

const HEAD_BYTES = 32;
const MEDIA_BYTES = 100;

/** Box types after each write, for a movie box of `movieBytes` and so much reserved room. */
function typesAfterEachWrite(movieBytes: number, reservedBytes: number): string[][] {
  const movie = new Uint8Array(movieBytes);
  movie.set(shortHeader('moov', movieBytes));
  const file = new MemoryFile();
  const reservedPosition = 2 * HEAD_BYTES;
  const endPosition = reservedPosition + reservedBytes + MEDIA_BYTES;
  file.write([
    { position: 0, chunks: [shortHeader('ftyp', HEAD_BYTES)] },
    { position: HEAD_BYTES, chunks: [shortHeader('moov', HEAD_BYTES)] },
    { position: reservedPosition, chunks: [shortHeader('free', reservedBytes)] },
    { position: endPosition - MEDIA_BYTES, chunks: [shortHeader('mdat', MEDIA_BYTES)] },
    { position: endPosition - 1, chunks: [new Uint8Array(1)] },
  ]);
  const writes = closingWrites(movie, {
    moviePosition: HEAD_BYTES,
    reservedPosition,
    reservedBytes,
    endPosition,
  });
  return writes.map((write) => {
    file.write([write]);
    return boxesOf(file.bytes).map(({ type }) => type);
  });
}

const GROWING = ['ftyp', 'moov', 'free', 'mdat'];

describe('closingWrites()', () => {
  it('puts the movie box in front and changes what readers see in the last write only', () => {
    const closed = ['ftyp', 'free', 'moov', 'free', 'mdat'];
    assert.deepEqual(typesAfterEachWrite(200, 400), [GROWING, GROWING, closed]);
  });

  it('needs no padding when the movie box fits exactly', () => {
    const states = typesAfterEachWrite(200, 224);
    assert.deepEqual(states.at(-1), ['ftyp', 'free', 'moov', 'mdat']);
  });

  it('puts the movie box behind the media when it is too long, or leaves less than a box header', () => {
    for (const reservedBytes of [MIN_RESERVED_BYTES, 223, 225, 231]) {
      const states = typesAfterEachWrite(200, reservedBytes);
      const withHidden = [...GROWING, 'free'];
      assert.deepEqual(states.slice(0, -1), [withHidden, withHidden, withHidden]);
      assert.deepEqual(states.at(-1), ['ftyp', 'free', 'free', 'mdat', 'moov']);
    }
    assert.deepEqual(typesAfterEachWrite(200, 232).at(-1)?.at(2), 'moov');
  });

  it('ends with one write of eight bytes', () => {
    const layout = {
      moviePosition: 32,
      reservedPosition: 64,
      reservedBytes: 500,
      endPosition: 900,
    };
    for (const movieBytes of [100, 5000]) {
      const last = closingWrites(new Uint8Array(movieBytes), layout).at(-1);
      assert.deepEqual(last?.position, 32);
      assert.deepEqual(
        last.chunks.map(({ length }) => length),
        [8],
      );
    }
  });
});
