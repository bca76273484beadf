// Finds how the tracks of an MP4 describe their samples: the `stsd` boxes, byte by byte as they are.
import { open, type FileHandle } from 'node:fs/promises';
import { readUint32 } from '../../core/base/bytes.ts';
import { MediaError } from '../../core/base/media-error.ts';

/** The description of one track (ISO/IEC 14496-12 section 8.5.2). */
export interface SampleDescription {
  readonly trackId: number;
  /** `vide`, `soun`, ... */
  readonly handler: string;
  /** The first sample entry, a whole box. */
  readonly entry: Buffer;
  /** More than one: samples can't be told apart by what ffprobe prints. */
  readonly entryCount: number;
}

/** A box without its content. */
interface BoxHeader {
  readonly type: string;
  /** Of the content. */
  readonly start: number;
  readonly end: number;
}

interface Walk {
  readonly file: FileHandle;
  readonly place: string;
  boxesLeft: number;
}

interface Found {
  trackId: number;
  handler: string;
  stsd: BoxHeader | undefined;
}

const MAX_BOXES = 5000;
const MAX_DESCRIPTION_BYTES = 64 * 1024;
const CONTAINERS = new Set(['moov', 'trak', 'mdia', 'minf', 'stbl']);

/**
 * Reads the sample descriptions of all tracks; only headers of boxes are read on the way.
 * @throws MediaError `unsupported` `export-mp4-damaged`.
 */
export async function readSampleDescriptions(fullPath: string): Promise<SampleDescription[]> {
  await using file = await open(fullPath, 'r');
  const { size } = await file.stat();
  const walk: Walk = { file, place: fullPath, boxesLeft: MAX_BOXES };
  const tracks: Found[] = [];
  await visit(walk, { type: '', start: 0, end: size }, tracks);
  const descriptions: SampleDescription[] = [];
  for (const track of tracks) {
    if (track.stsd) descriptions.push(await readDescription(walk, track, track.stsd));
  }
  return descriptions;
}

async function visit(walk: Walk, parent: BoxHeader, tracks: Found[]): Promise<void> {
  for (let at = parent.start; at + 8 <= parent.end;) {
    if (walk.boxesLeft-- <= 0) throw damaged(walk, 'has too many boxes');
    const box = await readHeader(walk, at, parent.end);
    if (box.type === 'trak') tracks.push({ trackId: 0, handler: '', stsd: undefined });
    const track = tracks.at(-1);
    if (CONTAINERS.has(box.type)) await visit(walk, box, tracks);
    else if (track) await note(walk, box, track);
    // What follows may be a day of fragments.
    if (box.type === 'moov' && track) return;
    at = box.end;
  }
}

async function note(walk: Walk, box: BoxHeader, track: Found): Promise<void> {
  if (box.type === 'stsd') track.stsd ??= box;
  if (box.type === 'hdlr') {
    track.handler = (await read(walk, box.start + 8, 4)).toString('latin1');
  }
  if (box.type === 'tkhd') {
    const version = (await read(walk, box.start, 1))[0] ?? 0;
    track.trackId = readUint32(await read(walk, box.start + (version === 1 ? 20 : 12), 4), 0);
  }
}

/**
 * ```
 *  0..3 size (1: 64 bits follow; 0: up to the end) | 4..7 type | [8..15 size]
 * ```
 */
async function readHeader(walk: Walk, at: number, limit: number): Promise<BoxHeader> {
  const head = await read(walk, at, Math.min(16, limit - at));
  const type = head.toString('latin1', 4, 8);
  let size = readUint32(head, 0);
  let headerBytes = 8;
  if (size === 1 && head.length === 16) {
    size = readUint32(head, 8) * 2 ** 32 + readUint32(head, 12);
    headerBytes = 16;
  }
  // The last box of a file that is still being written may be longer than the file.
  const end = size === 0 ? limit : Math.min(at + size, limit);
  if (size !== 0 && size < headerBytes) throw damaged(walk, `has a box of ${size} bytes at ${at}`);
  return { type, start: at + headerBytes, end };
}

async function readDescription(
  walk: Walk,
  track: Found,
  stsd: BoxHeader,
): Promise<SampleDescription> {
  const sizeBytes = stsd.end - stsd.start;
  if (sizeBytes > MAX_DESCRIPTION_BYTES) throw damaged(walk, `has an stsd of ${sizeBytes} bytes`);
  const bytes = await read(walk, stsd.start, sizeBytes);
  const entryBytes = readUint32(bytes, 8);
  if (entryBytes < 16 || 8 + entryBytes > bytes.length) throw damaged(walk, 'has a cut stsd');
  return {
    trackId: track.trackId,
    handler: track.handler,
    entryCount: readUint32(bytes, 4),
    entry: Buffer.from(bytes.subarray(8, 8 + entryBytes)),
  };
}

async function read(walk: Walk, position: number, length: number): Promise<Buffer> {
  const bytes = Buffer.alloc(length);
  const { bytesRead } = await walk.file.read(bytes, 0, length, position);
  if (bytesRead < length) throw damaged(walk, `ends at ${position + bytesRead}`);
  return bytes;
}

function damaged(walk: Walk, why: string): MediaError {
  const text = `export: '${walk.place}' is a damaged MP4: it ${why}`;
  return new MediaError('unsupported', 'export-mp4-damaged', text);
}
