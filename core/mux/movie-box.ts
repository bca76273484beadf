// Writes the movie box, once empty for a file that grows and once full, ISO/IEC 14496-12 section 8.2.
import { BoxWriter } from './box-writer.ts';
import { writeEmptySampleTable, writeSampleTable } from './sample-table-boxes.ts';
import type { SampleTable } from './sample-table.ts';

/** Units per second of times that concern the whole movie: fine enough to keep sound in step. */
export const MOVIE_TIMESCALE = 90_000;

/** What a movie box says about one track. */
export interface MovieTrack {
  /** From 1. */
  readonly trackId: number;
  readonly kind: 'video' | 'audio';
  /** Ticks per second. */
  readonly timescale: number;
  readonly widthPixels: number;
  readonly heightPixels: number;
  /** The sample entry box. */
  readonly sampleEntry: Uint8Array;
  /** How many samples before the wanted one a decoder has to start (roll distance); 0 for most codecs. */
  readonly prerollSamples: number;
}

/** What a movie box says about the file. */
export interface MovieHeader {
  /** Seconds since 1904 began, UTC; 0 when not known. */
  readonly createdSeconds: number;
  /** A whole `udta` box; empty when there is none. */
  readonly userData: Uint8Array;
}

/** A track and its finished samples. */
export interface MovieTrackSamples {
  readonly track: MovieTrack;
  readonly table: SampleTable;
}

/** The movie box of a file whose samples come in fragments. */
export function buildFragmentedMovie(
  header: MovieHeader,
  tracks: readonly MovieTrack[],
): Uint8Array {
  const writer = new BoxWriter();
  writer.open('moov');
  writeMovieHeader(writer, { header, tracks, durationTicks: 0 });
  for (const track of tracks) {
    writer.open('trak');
    writeTrackHeader(writer, { header, track, durationTicks: 0 });
    writer.open('mdia');
    writeMediaHeader(writer, { header, track, durationTicks: 0 });
    writer.open('minf');
    writeMediaInformation(writer, track);
    writer.open('stbl');
    writeSampleDescription(writer, track);
    writeEmptySampleTable(writer);
    writer.close().close().close().close();
  }
  writer.open('mvex');
  for (const { trackId } of tracks) {
    writer.openFull('trex', 0, 0).uint32(trackId).uint32(1);
    writer.uint32(0).uint32(0).uint32(0).close();
  }
  return writer.close().bytes(header.userData).close().toBytes();
}

/**
 * The movie box of a closed file. The file begins with the picture or sound shown first; tracks
 * that begin later have an edit list that keeps them in step.
 */
export function buildMovie(header: MovieHeader, samples: readonly MovieTrackSamples[]): Uint8Array {
  const timed = timeTracks(samples);
  const capacity = timed.reduce((sum, { table }) => sum + tableBytes(table), 4096);
  const writer = new BoxWriter(capacity);
  const durationTicks = endOf(timed);
  const tracks = samples.map(({ track }) => track);
  writer.open('moov');
  writeMovieHeader(writer, { header, tracks, durationTicks });
  for (const { track, table, delayTicks, shownTicks } of timed) {
    writer.open('trak');
    writeTrackHeader(writer, { header, track, durationTicks: delayTicks + shownTicks });
    writeEditList(writer, { delayTicks, shownTicks, mediaTicks: table.firstOffsetTicks });
    writer.open('mdia');
    writeMediaHeader(writer, { header, track, durationTicks: table.mediaDurationTicks });
    writer.open('minf');
    writeMediaInformation(writer, track);
    writer.open('stbl');
    writeSampleDescription(writer, track);
    writeSampleTable(writer, table);
    writePreroll(writer, track, table.count);
    writer.close().close().close().close();
  }
  return writer.bytes(header.userData).close().toBytes();
}

/** How long the closed file plays, in ms. */
export function movieDurationMs(samples: readonly MovieTrackSamples[]): number {
  return (endOf(timeTracks(samples)) / MOVIE_TIMESCALE) * 1000;
}

function firstShownSeconds({ track, table }: MovieTrackSamples): number {
  return (table.firstDtsTicks + table.firstOffsetTicks) / track.timescale;
}

interface TimedTrack extends MovieTrackSamples {
  /** Movie time at which the track begins. */
  readonly delayTicks: number;
  readonly shownTicks: number;
}

/** Tracks that have samples, in movie time. */
function timeTracks(samples: readonly MovieTrackSamples[]): TimedTrack[] {
  const present = samples.filter(({ table }) => table.count > 0);
  const originSeconds = Math.min(...present.map(firstShownSeconds));
  return present.map((entry) => {
    const delaySeconds = firstShownSeconds(entry) - originSeconds;
    const shownSeconds = entry.table.presentedDurationTicks / entry.track.timescale;
    return {
      ...entry,
      delayTicks: Math.round(delaySeconds * MOVIE_TIMESCALE),
      // Rounded down, it would cut the last picture off.
      shownTicks: Math.ceil(shownSeconds * MOVIE_TIMESCALE),
    };
  });
}

function endOf(timed: readonly TimedTrack[]): number {
  return Math.max(0, ...timed.map(({ delayTicks, shownTicks }) => delayTicks + shownTicks));
}

function tableBytes(table: SampleTable): number {
  const runs = (table.durations.runCount + table.compositionOffsets.runCount + 1) * 8;
  const chunks = table.chunkOffsets.length * 8 + table.chunkRuns.length * 6;
  return table.sizes.sizeBytes + table.keyFrames.sizeBytes + runs + chunks + 1024;
}

interface Header {
  readonly header: MovieHeader;
  readonly durationTicks: number;
}

function writeMovieHeader(
  writer: BoxWriter,
  { header, durationTicks, tracks }: Header & { readonly tracks: readonly MovieTrack[] },
): void {
  writer.openFull('mvhd', 1, 0).uint64(header.createdSeconds).uint64(header.createdSeconds);
  writer.uint32(MOVIE_TIMESCALE).uint64(durationTicks);
  writer.uint32(0x00010000).uint16(0x0100).zeros(10); // rate, volume
  writeUnityMatrix(writer);
  writer.zeros(24).uint32(Math.max(0, ...tracks.map(({ trackId }) => trackId)) + 1);
  writer.close();
}

const TRACK_ENABLED_IN_MOVIE = 3;

function writeTrackHeader(
  writer: BoxWriter,
  { header, durationTicks, track }: Header & { readonly track: MovieTrack },
): void {
  const isAudio = track.kind === 'audio';
  writer.openFull('tkhd', 1, TRACK_ENABLED_IN_MOVIE);
  writer.uint64(header.createdSeconds).uint64(header.createdSeconds);
  writer.uint32(track.trackId).uint32(0).uint64(durationTicks).zeros(8);
  // Layer, alternate group, volume, reserved.
  writer.uint16(0).uint16(isAudio ? 1 : 0);
  writer.uint16(isAudio ? 0x0100 : 0).uint16(0);
  writeUnityMatrix(writer);
  writer.uint32(track.widthPixels * 0x10000).uint32(track.heightPixels * 0x10000);
  writer.close();
}

function writeUnityMatrix(writer: BoxWriter): void {
  writer.uint32(0x00010000).zeros(12).uint32(0x00010000).zeros(12).uint32(0x40000000);
}

/** Section 8.6.6: a track that begins late gets an empty edit, one with B-frames skips to its first picture. */
function writeEditList(
  writer: BoxWriter,
  edit: { readonly delayTicks: number; readonly shownTicks: number; readonly mediaTicks: number },
): void {
  const hasDelay = edit.delayTicks > 0;
  if (!hasDelay && edit.mediaTicks === 0) return;
  writer.open('edts').openFull('elst', 1, 0);
  writer.uint32(hasDelay ? 2 : 1);
  if (hasDelay) writer.uint64(edit.delayTicks).uint64(-1).uint32(0x00010000);
  writer.uint64(edit.shownTicks).uint64(Math.max(0, edit.mediaTicks)).uint32(0x00010000);
  writer.close().close();
}

const UNDETERMINED_LANGUAGE = 0x55c4;

function writeMediaHeader(
  writer: BoxWriter,
  { header, durationTicks, track }: Header & { readonly track: MovieTrack },
): void {
  writer.openFull('mdhd', 1, 0).uint64(header.createdSeconds).uint64(header.createdSeconds);
  writer.uint32(track.timescale).uint64(durationTicks);
  writer.uint16(UNDETERMINED_LANGUAGE).uint16(0).close();
  const isVideo = track.kind === 'video';
  writer
    .openFull('hdlr', 0, 0)
    .uint32(0)
    .latin1(isVideo ? 'vide' : 'soun')
    .zeros(12);
  writer
    .latin1(isVideo ? 'VideoHandler' : 'SoundHandler')
    .uint8(0)
    .close();
}

function writeMediaInformation(writer: BoxWriter, track: MovieTrack): void {
  if (track.kind === 'video') writer.openFull('vmhd', 0, 1).zeros(8).close();
  else writer.openFull('smhd', 0, 0).zeros(4).close();
  writer.open('dinf').openFull('dref', 0, 0).uint32(1);
  // Flag 1: the media are in this file.
  writer.openFull('url ', 0, 1).close().close().close();
}

function writeSampleDescription(writer: BoxWriter, track: MovieTrack): void {
  writer.openFull('stsd', 0, 0).uint32(1).bytes(track.sampleEntry).close();
}

/** Sample group `roll` (section 10.1): all samples need the same preroll. */
function writePreroll(writer: BoxWriter, track: MovieTrack, sampleCount: number): void {
  if (track.prerollSamples === 0) return;
  writer.openFull('sgpd', 1, 0).latin1('roll').uint32(2).uint32(1);
  writer.uint16(-track.prerollSamples).close();
  writer.openFull('sbgp', 0, 0).latin1('roll').uint32(1);
  writer.uint32(sampleCount).uint32(1).close();
}
