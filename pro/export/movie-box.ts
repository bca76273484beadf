// Writes the boxes in front of the media: ftyp and moov (ISO/IEC 14496-12).
import { writeUint16, writeUint32 } from '../../core/base/bytes.ts';
import type { DecodeTimes, OutputTrack } from './output-track.ts';

/** Samples of one track that stand together in the file. */
export interface Chunk {
  readonly track: number;
  readonly firstSample: number;
  readonly sampleCount: number;
  readonly sizeBytes: number;
}

/** A named position, seconds from the beginning. */
export interface Chapter {
  readonly startS: number;
  readonly title: string;
}

/** What the boxes tell. */
export interface MovieLayout {
  readonly tracks: readonly OutputTrack[];
  /** For each track. */
  readonly times: readonly DecodeTimes[];
  /** In the order of the file, without gaps. */
  readonly chunks: readonly Chunk[];
  readonly chapters: readonly Chapter[];
  /** Position of the first chunk in the file. */
  readonly mediaStart: number;
}

const MOVIE_TIMESCALE_HZ = 1000;
const IDENTITY_MATRIX = [0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000];
/** Enabled, in the movie, in the preview. */
const TRACK_FLAGS = 7;
/** ISO 639-2 `und` in three times five bits. */
const UNDETERMINED_LANGUAGE = 0x55c4;
/** 1.0 in 8.8 bits, then 16 reserved bits. */
const FULL_VOLUME = 0x01000000;
const MAX_CHAPTERS = 255;
const MAX_TITLE_BYTES = 255;
/** Times of Nero chapters. */
const TICKS_PER_S = 10_000_000;
const NO_EDIT = -1;
const UINT32 = 2 ** 32;

/** ftyp. */
export function writeFileType(): Buffer {
  const brands = Buffer.from('isom\0\0\x02\0isomiso2avc1mp41', 'latin1');
  return box('ftyp', brands);
}

/** moov; its length depends on everything but `mediaStart` below 4 GiB. */
export function writeMovie(layout: MovieLayout): Buffer {
  const durationsMs = layout.times.map((times, index) => trackDurationMs(layout, times, index));
  const header = fullBox('mvhd', 0, [
    ...words(0, 0, MOVIE_TIMESCALE_HZ, Math.max(0, ...durationsMs), 0x10000, FULL_VOLUME, 0, 0),
    ...words(...IDENTITY_MATRIX, 0, 0, 0, 0, 0, 0, layout.tracks.length + 1),
  ]);
  const tracks = layout.tracks.map((_, index) => writeTrack(layout, index));
  return box('moov', header, ...tracks, ...writeChapters(layout.chapters));
}

function writeTrack(layout: MovieLayout, index: number): Buffer {
  const track = layout.tracks[index];
  const times = layout.times[index];
  if (!track || !times) return Buffer.alloc(0);
  const { kind, timescaleHz, width, height } = track.info;
  const durationMs = trackDurationMs(layout, times, index);
  const volume = kind === 'audio' ? FULL_VOLUME : 0;
  const header = fullBox('tkhd', TRACK_FLAGS, [
    ...words(0, 0, index + 1, 0, durationMs, 0, 0, 0, volume, ...IDENTITY_MATRIX),
    ...words((width * 0x10000) >>> 0, (height * 0x10000) >>> 0),
  ]);
  const delayMs = Math.round((startS(track, times) - earliestS(layout)) * MOVIE_TIMESCALE_HZ);
  const edits = writeEdits(times, delayMs, durationMs - delayMs);
  const length = Math.min(times.endTicks - times.startTicks, UINT32 - 1);
  const language = Buffer.alloc(4);
  writeUint16(language, 0, UNDETERMINED_LANGUAGE);
  const media = box(
    'mdia',
    fullBox('mdhd', 0, [...words(0, 0, timescaleHz, length), language]),
    handler(kind),
    box(
      'minf',
      kind === 'video'
        ? fullBox('vmhd', 1, [Buffer.alloc(8)])
        : fullBox('smhd', 0, [Buffer.alloc(4)]),
      box('dinf', fullBox('dref', 0, [...words(1), fullBox('url ', 1, [])])),
      writeSampleTable(layout, index, times),
    ),
  );
  return box('trak', header, ...edits, media);
}

function handler(kind: 'video' | 'audio'): Buffer {
  const type = Buffer.from(kind === 'video' ? 'vide' : 'soun', 'latin1');
  return fullBox('hdlr', 0, [...words(0), type, Buffer.alloc(12), Buffer.from(`${kind}\0`)]);
}

/** An empty edit when the track begins later than the other one; the delay of decoding is skipped. */
function writeEdits(times: DecodeTimes, delayMs: number, lengthMs: number): Buffer[] {
  if (delayMs <= 0 && times.delayTicks === 0) return [];
  const edits = [
    ...(delayMs > 0 ? [[delayMs, NO_EDIT]] : []),
    [Math.max(1, lengthMs), times.delayTicks],
  ];
  const rows = edits.map(([lengthTicks = 0, mediaTicks = 0]) =>
    Buffer.concat(words(lengthTicks, mediaTicks >>> 0, 0x10000)),
  );
  return [box('edts', fullBox('elst', 0, [...words(edits.length), ...rows]))];
}

function writeSampleTable(layout: MovieLayout, index: number, times: DecodeTimes): Buffer {
  const track = layout.tracks[index];
  if (!track) return Buffer.alloc(0);
  const sizes = track.files.map((_, sample) => track.sizeBytes(sample));
  const boxes = [
    fullBox('stsd', 0, [...words(1), track.info.entry]),
    fullBox('stts', 0, [runs(durations(times))]),
    ...presentationOffsets(track, times),
    ...keySamples(track),
    ...chunkTables(layout, index),
    fullBox('stsz', 0, [...words(0, sizes.length), column(sizes)]),
  ];
  return box('stbl', ...boxes);
}

function durations({ decodeTicks, endTicks }: DecodeTimes): number[] {
  return decodeTicks.map((time, index) => Math.max(1, (decodeTicks[index + 1] ?? endTicks) - time));
}

function presentationOffsets(track: OutputTrack, times: DecodeTimes): Buffer[] {
  if (times.delayTicks === 0) return [];
  const offsets = track.timesTicks.map(
    (time, index) => time + times.delayTicks - (times.decodeTicks[index] ?? 0),
  );
  return [fullBox('ctts', 0, [runs(offsets.map((offset) => Math.max(0, offset)))])];
}

/** Absent when every sample is a key. */
function keySamples(track: OutputTrack): Buffer[] {
  if (track.keys.every((isKey) => isKey)) return [];
  const keys = track.keys.flatMap((isKey, index) => (isKey ? [index + 1] : []));
  return [fullBox('stss', 0, [...words(keys.length), column(keys)])];
}

function chunkTables(layout: MovieLayout, index: number): Buffer[] {
  const offsets: number[] = [];
  const groups: number[] = [];
  let groupCount = 0;
  let lastCount = 0;
  let at = layout.mediaStart;
  for (const chunk of layout.chunks) {
    if (chunk.track === index) {
      offsets.push(at);
      if (chunk.sampleCount !== lastCount) {
        groups.push(offsets.length, chunk.sampleCount, 1);
        groupCount++;
        lastCount = chunk.sampleCount;
      }
    }
    at += chunk.sizeBytes;
  }
  const isLong = at >= UINT32;
  const positions = isLong
    ? column(offsets.flatMap((o) => [Math.floor(o / UINT32), o % UINT32]))
    : column(offsets);
  return [
    fullBox('stsc', 0, [...words(groupCount), column(groups)]),
    fullBox(isLong ? 'co64' : 'stco', 0, [...words(offsets.length), positions]),
  ];
}

/** Chapters as Nero wrote them first and ffmpeg, VLC and mpv read them. */
function writeChapters(chapters: readonly Chapter[]): Buffer[] {
  if (chapters.length === 0) return [];
  const shown = chapters.slice(0, MAX_CHAPTERS);
  const rows = shown.flatMap(({ startS: seconds, title }) => {
    const text = cutText(title, MAX_TITLE_BYTES);
    const ticks = Math.round(seconds * TICKS_PER_S);
    return [...words(Math.floor(ticks / UINT32), ticks % UINT32), Buffer.from([text.length]), text];
  });
  const list = fullBox('chpl', 0, [Buffer.alloc(4), Buffer.from([shown.length]), ...rows], 1);
  return [box('udta', list)];
}

/** UTF-8 that ends with a whole character. */
function cutText(text: string, maxBytes: number): Buffer {
  const bytes = Buffer.from(text.toWellFormed());
  let end = Math.min(bytes.length, maxBytes);
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
  return bytes.subarray(0, end);
}

/** Count of runs, then length and value of each. */
function runs(values: readonly number[]): Buffer {
  const rows: number[] = [];
  for (const value of values) {
    if (rows.length > 0 && rows.at(-1) === value) rows[rows.length - 2] = (rows.at(-2) ?? 0) + 1;
    else rows.push(1, value);
  }
  return Buffer.concat([...words(rows.length / 2), column(rows)]);
}

function trackDurationMs(layout: MovieLayout, times: DecodeTimes, index: number): number {
  const track = layout.tracks[index];
  if (!track) return 0;
  const endS = times.endTicks / track.info.timescaleHz;
  return Math.max(1, Math.round((endS - earliestS(layout)) * MOVIE_TIMESCALE_HZ));
}

function earliestS({ tracks, times }: MovieLayout): number {
  return Math.min(...tracks.map((track, index) => startS(track, times[index])));
}

function startS(track: OutputTrack, times: DecodeTimes | undefined): number {
  return (times?.startTicks ?? 0) / track.info.timescaleHz;
}

function column(values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  for (const [index, value] of values.entries()) writeUint32(bytes, index * 4, value);
  return bytes;
}

function words(...values: number[]): Buffer[] {
  return [column(values)];
}

function box(type: string, ...parts: readonly Uint8Array[]): Buffer {
  const header = Buffer.alloc(8);
  header.write(type, 4, 'latin1');
  const bytes = Buffer.concat([header, ...parts]);
  writeUint32(bytes, 0, bytes.length);
  return bytes;
}

function fullBox(type: string, flags: number, parts: readonly Uint8Array[], version = 0): Buffer {
  return box(type, Buffer.concat([...words(((version << 24) | flags) >>> 0)]), ...parts);
}
