// A recording as its parts: the fragments of a file that grows, and the same ones inside a closed file.
import { MediaError } from '../base/media-error.ts';
import { BoxFile, type BoxLocation } from './box-file.ts';
import {
  readFragmentSamples,
  readTrackDefaults,
  type FragmentTrack,
  type TrackDefaults,
} from './fragment-samples.ts';
import { findMovie, readMovie, type ParsedMovieTrack } from './movie-reader.ts';
import type { RandomAccess } from './random-access.ts';

/** A track and how it is decoded. */
export interface FragmentedFileTrack {
  readonly trackId: number;
  readonly kind: 'video' | 'audio';
  readonly timescale: number;
  readonly widthPixels: number;
  readonly heightPixels: number;
  /** The sample entry box. */
  readonly sampleEntry: Uint8Array;
}

/** A fragment and its media. */
export interface FilePart {
  readonly position: number;
  /** Where the next one begins. */
  readonly endPosition: number;
  readonly tracks: readonly FragmentTrack[];
}

const MAX_TOP_BOXES = 32;
const MAX_FRAGMENT_BYTES = 16 << 20;
const MAX_SAMPLE_ENTRY_BYTES = 64 << 10;

/**
 * Mp4Writer closes a file around its fragments without moving them: they fill the media box. So one
 * way of reading serves files that grow, that were killed, that are closed, and those of MediaMTX.
 */
export class FragmentedFile {
  readonly tracks: readonly FragmentedFileTrack[];
  /** Where the first part begins. */
  readonly startPosition: number;
  readonly #file: BoxFile;
  readonly #endPosition: number;
  readonly #defaults: ReadonlyMap<number, TrackDefaults>;

  private constructor(
    file: BoxFile,
    parts: {
      readonly tracks: readonly FragmentedFileTrack[];
      readonly defaults: ReadonlyMap<number, TrackDefaults>;
      readonly start: number;
      readonly end: number;
    },
  ) {
    this.#file = file;
    this.tracks = parts.tracks;
    this.startPosition = parts.start;
    this.#endPosition = parts.end;
    this.#defaults = parts.defaults;
  }

  /** @throws MediaError invalid-argument `recording-damaged` or `recording-without-parts`. */
  static async open(access: RandomAccess): Promise<FragmentedFile> {
    const file = new BoxFile(access);
    const location = await findMovie(file);
    const movie = location && (await readMovie(file, location));
    if (location === undefined || movie === undefined || movie.tracks.length === 0) {
      throw new MediaError('invalid-argument', 'recording-damaged', 'there is no movie box');
    }
    const tracks: FragmentedFileTrack[] = [];
    for (const track of movie.tracks) tracks.push(await readTrack(file, track));
    const defaults = await readDefaults(file, location);
    const { start, end } = await findParts(file, location.endPosition);
    return new FragmentedFile(file, { tracks, defaults, start, end });
  }

  /** The part at a position; undefined when there is no whole one. */
  async partAt(position: number): Promise<FilePart | undefined> {
    const fragment = await this.#file.boxAt(position, this.#endPosition);
    if (fragment?.type !== 'moof') return undefined;
    const sizeBytes = fragment.endPosition - position;
    if (sizeBytes > MAX_FRAGMENT_BYTES || fragment.endPosition > this.#endPosition)
      return undefined;
    const media = await this.#file.boxAt(fragment.endPosition, this.#endPosition);
    if (media?.type !== 'mdat' || media.endPosition > this.#endPosition) return undefined;
    const moof = await this.#file.bytes(position, sizeBytes);
    const tracks = readFragmentSamples(moof, this.#defaults);
    if (tracks === undefined) return undefined;
    const isInside = tracks.every(({ dataOffset, samples }) => {
      const start = position + dataOffset;
      const length = samples.reduce((sum, sample) => sum + sample.sizeBytes, 0);
      return start >= media.bodyPosition && start + length <= media.endPosition;
    });
    return isInside ? { position, endPosition: media.endPosition, tracks } : undefined;
  }
}

async function readTrack(file: BoxFile, track: ParsedMovieTrack): Promise<FragmentedFileTrack> {
  const { trackId, handlerType, timescale, widthPixels, heightPixels, sampleEntry } = track;
  const sizeBytes = sampleEntry.endPosition - sampleEntry.position;
  const isKnown = handlerType === 'vide' || handlerType === 'soun';
  if (!isKnown || sizeBytes > MAX_SAMPLE_ENTRY_BYTES) {
    const message = `track ${trackId} ('${handlerType}') can't be played`;
    throw new MediaError('invalid-argument', 'recording-damaged', message);
  }
  const bytes = (await file.bytes(sampleEntry.position, sizeBytes)).slice();
  const kind = handlerType === 'vide' ? 'video' : 'audio';
  return { trackId, kind, timescale, widthPixels, heightPixels, sampleEntry: bytes };
}

async function readDefaults(
  file: BoxFile,
  movie: BoxLocation,
): Promise<ReadonlyMap<number, TrackDefaults>> {
  const defaults = new Map<number, TrackDefaults>();
  const boxes = await file.children(movie.bodyPosition, movie.endPosition);
  const extension = boxes.find(({ type }) => type === 'mvex');
  if (extension === undefined) return defaults;
  for (const box of await file.children(extension.bodyPosition, extension.endPosition)) {
    if (box.type !== 'trex' || box.endPosition - box.bodyPosition < 24) continue;
    const found = readTrackDefaults(await file.bytes(box.bodyPosition, 24));
    defaults.set(found.trackId, found);
  }
  return defaults;
}

/** The first fragment, at the top of the file or at the start of its media. */
async function findParts(
  file: BoxFile,
  from: number,
): Promise<{ readonly start: number; readonly end: number }> {
  let position = from;
  for (let count = 0; count < MAX_TOP_BOXES; count++) {
    const box = await file.boxAt(position);
    if (box === undefined) break;
    if (box.type === 'moof') return { start: position, end: file.sizeBytes };
    if (box.type === 'mdat') {
      const end = Math.min(box.endPosition, file.sizeBytes);
      const first = await file.boxAt(box.bodyPosition, end);
      if (first?.type === 'moof') return { start: box.bodyPosition, end };
    }
    position = box.endPosition;
  }
  const message = 'it has no parts: another program may have written it, or it has just begun';
  throw new MediaError('invalid-argument', 'recording-without-parts', message);
}
