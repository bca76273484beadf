// Finds out how much of a file that was never closed is whole, and how to close it.
import { BoxFile, type BoxLocation } from './box-file.ts';
import { closingWrites, MIN_RESERVED_BYTES } from './closing-writes.ts';
import type { MuxWrite } from './container-writer.ts';
import { readMovieFragment, type ParsedRun } from './fragment-reader.ts';
import {
  buildMovie,
  movieDurationMs,
  type MovieTrack,
  type MovieTrackSamples,
} from './movie-box.ts';
import { findMovie, readMovie, type ParsedMovie } from './movie-reader.ts';
import type { RandomAccess } from './random-access.ts';
import { summarizeMovie, type Mp4Summary } from './read-mp4-summary.ts';
import { SampleTable } from './sample-table.ts';

/** What is the matter with a file. */
export type Mp4Repair =
  /** Not a file that Mp4Writer began. */
  | { readonly kind: 'foreign'; readonly reason: string }
  /** Nothing to do. */
  | { readonly kind: 'closed'; readonly summary: Mp4Summary }
  /** It ends before its first part does: there is nothing to keep. */
  | { readonly kind: 'empty' }
  | Mp4Growing;

/** A file that was left while it grew, or while it was being closed. */
export interface Mp4Growing {
  readonly kind: 'growing';
  /** Of the whole parts, with their duration. */
  readonly summary: Mp4Summary;
  readonly partCount: number;
  /** Behind the last whole part: cut the file here, then do the writes. */
  readonly endPosition: number;
  /** In order; the file plays after each, and is closed after the last. */
  readonly writes: readonly MuxWrite[];
}

const MAX_FRAGMENT_BYTES = 16 << 20;
const MAX_SAMPLE_ENTRY_BYTES = 64 << 10;
const MAX_USER_DATA_BYTES = 64 << 10;
const MAX_DURATION_TICKS = 0xffffffff;
const HEADER_BYTES = 8;
const OPUS_PREROLL_SAMPLES = 4;

/**
 * Reads box headers and movie fragments, never media. Time and memory grow with the number of
 * samples only, also for hostile files. @throws what `file.read` throws.
 */
export async function repairMp4(file: RandomAccess): Promise<Mp4Repair> {
  const boxFile = new BoxFile(file);
  const location = await findMovie(boxFile);
  const movie = location && (await readMovie(boxFile, location));
  if (movie === undefined) return { kind: 'foreign', reason: 'there is no movie box' };
  if (!movie.isFragmented) return { kind: 'closed', summary: summarizeMovie(movie) };
  const reserved = await boxFile.boxAt(movie.location.endPosition);
  const reservedBytes = reserved ? reserved.endPosition - reserved.position : 0;
  if (reserved?.type !== 'free' || reservedBytes < MIN_RESERVED_BYTES) {
    return { kind: 'foreign', reason: 'there is no room for an index behind the movie box' };
  }
  const tracks = await readTracks(boxFile, movie);
  if (tracks === undefined)
    return { kind: 'foreign', reason: 'a track is neither video nor audio' };
  const parts = await readParts(boxFile, reserved.endPosition, tracks);
  if (parts.count === 0) return { kind: 'empty' };
  return closeFile(boxFile, { movie, reserved, tracks, parts });
}

interface Growing {
  readonly movie: ParsedMovie;
  readonly reserved: BoxLocation;
  readonly tracks: readonly MovieTrackSamples[];
  readonly parts: { readonly count: number; readonly endPosition: number };
}

async function closeFile(file: BoxFile, growing: Growing): Promise<Mp4Growing> {
  const { movie, reserved, tracks, parts } = growing;
  for (const { table } of tracks) table.finish();
  const userData = await readUserData(file, movie.userData);
  const header = { createdSeconds: movie.createdSeconds, userData };
  const writes = closingWrites(buildMovie(header, tracks), {
    moviePosition: movie.location.position,
    reservedPosition: reserved.position,
    reservedBytes: reserved.endPosition - reserved.position,
    endPosition: parts.endPosition,
  });
  const summary = { ...summarizeMovie(movie), durationMs: movieDurationMs(tracks) };
  const { count: partCount, endPosition } = parts;
  return { kind: 'growing', summary, partCount, endPosition, writes };
}

async function readTracks(
  file: BoxFile,
  movie: ParsedMovie,
): Promise<MovieTrackSamples[] | undefined> {
  const tracks: MovieTrackSamples[] = [];
  for (const parsed of movie.tracks) {
    const { trackId, timescale, sampleEntry: entry, handlerType } = parsed;
    const entryBytes = entry.endPosition - entry.position;
    const isKnown = handlerType === 'vide' || handlerType === 'soun';
    if (!isKnown || entryBytes > MAX_SAMPLE_ENTRY_BYTES) return undefined;
    const track: MovieTrack = {
      trackId,
      timescale,
      kind: handlerType === 'vide' ? 'video' : 'audio',
      widthPixels: parsed.widthPixels,
      heightPixels: parsed.heightPixels,
      // A copy: the bytes belong to a large window.
      sampleEntry: (await file.bytes(entry.position, entryBytes)).slice(),
      prerollSamples: entry.type === 'Opus' ? OPUS_PREROLL_SAMPLES : 0,
    };
    tracks.push({ track, table: new SampleTable() });
  }
  return tracks;
}

async function readUserData(file: BoxFile, box: BoxLocation | undefined): Promise<Uint8Array> {
  if (box === undefined) return new Uint8Array(0);
  const sizeBytes = box.endPosition - box.position;
  if (sizeBytes > MAX_USER_DATA_BYTES) return new Uint8Array(0);
  return (await file.bytes(box.position, sizeBytes)).slice();
}

/** Notes the samples of all whole parts from `start` on. */
async function readParts(
  file: BoxFile,
  start: number,
  tracks: readonly MovieTrackSamples[],
): Promise<Growing['parts']> {
  const tables = new Map(tracks.map(({ track, table }) => [track.trackId, table]));
  let endPosition = start;
  let count = 0;
  while (true) {
    const end = await readPart(file, endPosition, tables);
    if (end === undefined) return { count, endPosition };
    endPosition = end;
    count++;
  }
}

/** Where the part ends; undefined when there is no whole part at `position`. */
async function readPart(
  file: BoxFile,
  position: number,
  tables: ReadonlyMap<number, SampleTable>,
): Promise<number | undefined> {
  const fragment = await file.boxAt(position);
  if (fragment?.type !== 'moof') return undefined;
  const sizeBytes = fragment.endPosition - position;
  if (sizeBytes > MAX_FRAGMENT_BYTES || fragment.endPosition > file.sizeBytes) return undefined;
  const media = await file.boxAt(fragment.endPosition);
  if (media?.type !== 'mdat' || media.endPosition > file.sizeBytes) return undefined;
  const runs = readMovieFragment(await file.bytes(position, sizeBytes));
  if (runs === undefined) return undefined;
  const dataBytes = media.endPosition - media.bodyPosition;
  const isWhole = runs.every((run) => {
    const offset = run.dataOffset - sizeBytes - HEADER_BYTES;
    return offset >= 0 && offset + run.sizeBytes <= dataBytes && follows(run, tables);
  });
  if (!isWhole) return undefined;
  for (const run of runs) addRun(run, position, tables.get(run.trackId));
  return media.endPosition;
}

/** Whether the samples belong to a track and come after those it has. */
function follows(run: ParsedRun, tables: ReadonlyMap<number, SampleTable>): boolean {
  const table = tables.get(run.trackId);
  const first = run.samples[0];
  if (table === undefined || first === undefined) return false;
  const sinceLast = first.dtsTicks - table.lastDtsTicks;
  return table.count === 0 || (sinceLast > 0 && sinceLast <= MAX_DURATION_TICKS);
}

function addRun(run: ParsedRun, fragmentPosition: number, table: SampleTable | undefined): void {
  for (const sample of run.samples) table?.add(sample);
  table?.endChunk(fragmentPosition + run.dataOffset, run.lastDurationTicks);
}
