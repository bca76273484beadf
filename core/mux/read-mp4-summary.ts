// Tells what an MP4 file holds without reading its sample tables or media, for an index of many files.
import type { CodecName } from '../codec/codec.ts';
import { BoxFile } from './box-file.ts';
import { findMovie, readMovie, type ParsedMovie, type ParsedMovieTrack } from './movie-reader.ts';
import { codecNameOf } from './sample-entry-types.ts';
import type { RandomAccess } from './random-access.ts';

/** What a file says about itself. */
export interface Mp4Summary {
  /** Whether the movie box has all samples; a growing or fragmented file has them elsewhere. */
  readonly isClosed: boolean;
  /** Undefined when the file does not say: repairMp4() finds out. */
  readonly durationMs: number | undefined;
  /** Date ms, to the second; undefined when the file does not say. */
  readonly createdAt: number | undefined;
  readonly tracks: readonly Mp4SummaryTrack[];
}

/** One track of a file. */
export interface Mp4SummaryTrack {
  readonly kind: 'video' | 'audio' | 'other';
  /** Undefined for codecs that this project does not write. */
  readonly codecName: CodecName | undefined;
  /** The type of the sample entry, e.g. `avc1`. */
  readonly sampleEntryType: string;
  /** 0 for sound. */
  readonly widthPixels: number;
  /** 0 for sound. */
  readonly heightPixels: number;
  /** 0 for pictures. */
  readonly channelCount: number;
}

const SECONDS_1904_TO_1970 = 2_082_844_800;
const MAX_DATE_SECONDS = 8_640_000_000_000;

/** A few reads of 4 KiB, also for files of hours; undefined for anything but an MP4 file. */
export async function readMp4Summary(file: RandomAccess): Promise<Mp4Summary | undefined> {
  const boxFile = new BoxFile(file);
  const location = await findMovie(boxFile);
  const movie = location && (await readMovie(boxFile, location));
  return movie && summarizeMovie(movie);
}

/** What a movie box says. */
export function summarizeMovie(movie: ParsedMovie): Mp4Summary {
  const { durationTicks, timescale, createdSeconds } = movie;
  const dateSeconds = createdSeconds - SECONDS_1904_TO_1970;
  const isDated = createdSeconds > 0 && Math.abs(dateSeconds) <= MAX_DATE_SECONDS;
  const hasDuration = durationTicks > 0 || !movie.isFragmented;
  return {
    isClosed: !movie.isFragmented,
    durationMs: hasDuration ? (durationTicks / timescale) * 1000 : undefined,
    createdAt: isDated ? dateSeconds * 1000 : undefined,
    tracks: movie.tracks.map(summarizeTrack),
  };
}

function summarizeTrack(track: ParsedMovieTrack): Mp4SummaryTrack {
  const { handlerType, widthPixels, heightPixels, channelCount, sampleEntry } = track;
  const kind = handlerType === 'vide' ? 'video' : handlerType === 'soun' ? 'audio' : 'other';
  const codecName = codecNameOf(sampleEntry.type);
  const sampleEntryType = sampleEntry.type;
  return { kind, codecName, sampleEntryType, widthPixels, heightPixels, channelCount };
}
