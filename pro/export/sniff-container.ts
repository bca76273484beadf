// Which container a file is, by its first bytes: a name proves nothing, and ffmpeg must never guess.
import { open } from 'node:fs/promises';
import { readUint32 } from '../../core/base/bytes.ts';
import { MediaError } from '../../core/base/media-error.ts';

/** Name of the demuxer that is forced on ffmpeg. */
export type Container = 'mov' | 'mpegts';

const TS_PACKET_BYTES = 188;
const TS_SYNC = 0x47;
const SNIFFED_BYTES = 3 * TS_PACKET_BYTES;
/** Boxes that an ISO file may begin with (ISO/IEC 14496-12 section 4.2). */
const FIRST_BOXES = new Set(['ftyp', 'styp', 'moov', 'mdat', 'free', 'skip', 'wide']);

/**
 * Looks at the beginning of a file. Playlists, concat scripts and the like, which would make
 * ffmpeg open what stands in them, are refused whatever they are called.
 * @throws MediaError `unsupported` `export-not-a-recording`, `not-found` `export-file-missing`.
 */
export async function sniffContainer(fullPath: string): Promise<Container> {
  const container = identifyContainer(await readHead(fullPath));
  if (container !== undefined) return container;
  const text = `export: '${fullPath}' is neither MP4 nor MPEG-TS`;
  throw new MediaError('unsupported', 'export-not-a-recording', text);
}

/** The container that `head`, at least 564 bytes where the file has them, belongs to. */
export function identifyContainer(head: Uint8Array): Container | undefined {
  if (head.length < 8) return undefined;
  const type = Buffer.from(head.subarray(4, 8)).toString('latin1');
  const size = readUint32(head, 0);
  if (FIRST_BOXES.has(type) && (size >= 8 || size === 1 || size === 0)) return 'mov';
  const isTs =
    head.length >= SNIFFED_BYTES &&
    [0, 1, 2].every((packet) => head[packet * TS_PACKET_BYTES] === TS_SYNC);
  return isTs ? 'mpegts' : undefined;
}

async function readHead(fullPath: string): Promise<Uint8Array> {
  try {
    await using file = await open(fullPath, 'r');
    if (!(await file.stat()).isFile()) throw missing(fullPath, 'not a file');
    const head = new Uint8Array(SNIFFED_BYTES);
    const { bytesRead } = await file.read(head, 0, SNIFFED_BYTES, 0);
    return head.subarray(0, bytesRead);
  } catch (thrown) {
    if (thrown instanceof MediaError) throw thrown;
    throw missing(fullPath, thrown instanceof Error ? thrown.message : String(thrown));
  }
}

function missing(fullPath: string, why: string): MediaError {
  const text = `export: can't read '${fullPath}': ${why}`;
  return new MediaError('not-found', 'export-file-missing', text);
}
