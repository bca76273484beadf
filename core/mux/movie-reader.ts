// Reads what a movie box says about a file and its tracks; the sample tables are passed over.
import { readUint16, readUint32 } from '../base/bytes.ts';
import type { BoxFile, BoxLocation } from './box-file.ts';

/** What is read of a movie box. */
export interface ParsedMovie {
  readonly location: BoxLocation;
  /** Seconds since 1904 began, UTC; 0 when not known. */
  readonly createdSeconds: number;
  readonly timescale: number;
  readonly durationTicks: number;
  /** Whether samples may come in fragments behind it. */
  readonly isFragmented: boolean;
  readonly tracks: readonly ParsedMovieTrack[];
  readonly userData: BoxLocation | undefined;
}

/** What is read of a track box. */
export interface ParsedMovieTrack {
  readonly trackId: number;
  /** Four characters, e.g. `vide` or `soun`. */
  readonly handlerType: string;
  readonly timescale: number;
  readonly sampleEntry: BoxLocation;
  /** 0 for sound. */
  readonly widthPixels: number;
  /** 0 for sound. */
  readonly heightPixels: number;
  /** 0 for pictures. */
  readonly channelCount: number;
}

const MAX_TRACKS = 64;
const MAX_TOP_BOXES = 16;
const TWO_POW_32 = 2 ** 32;
const FULL_BOX_BYTES = 4;
const ENTRY_HEAD_BYTES = 36;

/** Finds the movie box among the first boxes of a file, skipping over media; undefined without one. */
export async function findMovie(file: BoxFile): Promise<BoxLocation | undefined> {
  let position = 0;
  for (let count = 0; count < MAX_TOP_BOXES; count++) {
    const box = await file.boxAt(position);
    if (box === undefined || box.endPosition > file.sizeBytes) return undefined;
    if (box.type === 'moov') return box;
    position = box.endPosition;
  }
  return undefined;
}

/** Reads a movie box that lies in the file wholly; undefined when it is broken. */
export async function readMovie(
  file: BoxFile,
  location: BoxLocation,
): Promise<ParsedMovie | undefined> {
  const boxes = await file.children(location.bodyPosition, location.endPosition);
  const header = boxes.find(({ type }) => type === 'mvhd');
  if (header === undefined) return undefined;
  const times = await readTimes(file, header);
  if (times === undefined) return undefined;
  const tracks: ParsedMovieTrack[] = [];
  for (const box of boxes) {
    if (box.type !== 'trak' || tracks.length === MAX_TRACKS) continue;
    const track = await readTrack(file, box);
    if (track === undefined) return undefined;
    tracks.push(track);
  }
  const isFragmented = boxes.some(({ type }) => type === 'mvex');
  const userData = boxes.find(({ type }) => type === 'udta');
  return { location, ...times, isFragmented, tracks, userData };
}

async function readTrack(file: BoxFile, box: BoxLocation): Promise<ParsedMovieTrack | undefined> {
  const boxes = await file.children(box.bodyPosition, box.endPosition);
  const header = boxes.find(({ type }) => type === 'tkhd');
  const media = boxes.find(({ type }) => type === 'mdia');
  if (header === undefined || media === undefined) return undefined;
  const trackId = await readTrackId(file, header);
  const mediaBoxes = await file.children(media.bodyPosition, media.endPosition);
  const mediaHeader = mediaBoxes.find(({ type }) => type === 'mdhd');
  const handler = mediaBoxes.find(({ type }) => type === 'hdlr');
  const information = mediaBoxes.find(({ type }) => type === 'minf');
  if (!mediaHeader || !handler || !information) return undefined;
  const times = await readTimes(file, mediaHeader);
  const handlerBytes = await file.bytes(handler.bodyPosition + 8, 4);
  const sampleEntry = await findSampleEntry(file, information);
  if (times === undefined || sampleEntry === undefined) return undefined;
  const handlerType = String.fromCharCode(...handlerBytes);
  const { timescale } = times;
  const format = await readEntryHead(file, sampleEntry, handlerType);
  return { trackId, handlerType, timescale, sampleEntry, ...format };
}

async function findSampleEntry(
  file: BoxFile,
  information: BoxLocation,
): Promise<BoxLocation | undefined> {
  const table = await child(file, information, 'stbl');
  const description = table && (await child(file, table, 'stsd'));
  if (description === undefined) return undefined;
  const first = description.bodyPosition + FULL_BOX_BYTES + 4;
  const entry = await file.boxAt(first, description.endPosition);
  return entry && entry.endPosition <= description.endPosition ? entry : undefined;
}

async function child(
  file: BoxFile,
  parent: BoxLocation,
  type: string,
): Promise<BoxLocation | undefined> {
  const boxes = await file.children(parent.bodyPosition, parent.endPosition);
  return boxes.find((box) => box.type === type);
}

async function readTrackId(file: BoxFile, header: BoxLocation): Promise<number> {
  const bytes = await file.bytes(header.bodyPosition, 24);
  return readUint32(bytes, bytes[0] === 1 ? 20 : 12);
}

/** Common start of `mvhd` and `mdhd`: creation time, modification time, timescale, duration. */
async function readTimes(
  file: BoxFile,
  header: BoxLocation,
): Promise<Pick<ParsedMovie, 'createdSeconds' | 'timescale' | 'durationTicks'> | undefined> {
  const bytes = await file.bytes(header.bodyPosition, 32);
  const isLong = bytes[0] === 1;
  const createdSeconds = isLong ? readUint64(bytes, 4) : readUint32(bytes, 4);
  const timescale = readUint32(bytes, isLong ? 20 : 12);
  const durationTicks = isLong ? readUint64(bytes, 24) : readUint32(bytes, 16);
  if (header.endPosition - header.bodyPosition < 20 || timescale === 0) return undefined;
  const isUnknown =
    durationTicks > Number.MAX_SAFE_INTEGER || (!isLong && durationTicks === 0xffffffff);
  return { createdSeconds, timescale, durationTicks: isUnknown ? 0 : durationTicks };
}

async function readEntryHead(
  file: BoxFile,
  entry: BoxLocation,
  handlerType: string,
): Promise<Pick<ParsedMovieTrack, 'widthPixels' | 'heightPixels' | 'channelCount'>> {
  const bytes = await file.bytes(entry.position, ENTRY_HEAD_BYTES);
  const isVideo = handlerType === 'vide';
  return {
    widthPixels: isVideo ? readUint16(bytes, 32) : 0,
    heightPixels: isVideo ? readUint16(bytes, 34) : 0,
    channelCount: handlerType === 'soun' ? readUint16(bytes, 24) : 0,
  };
}

function readUint64(bytes: Uint8Array, index: number): number {
  return readUint32(bytes, index) * TWO_POW_32 + readUint32(bytes, index + 4);
}
