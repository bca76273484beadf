// Recordings of a path as the library knows them, and their files open for reading.
import type { FileHandle } from 'node:fs/promises';
import { MediaError, toMediaError } from '../base/media-error.ts';
import { fileRandomAccess } from '../library/file-random-access.ts';
import type { RecordingLibrary } from '../library/recording-library.ts';
import type { Recording } from '../library/recording.ts';
import { FragmentedFile } from '../mux/fragmented-file.ts';

/** The part of the library that is asked. */
export type PlaybackLibrary = Pick<RecordingLibrary, 'index' | 'folders'>;

/** A file that is open. Whoever gets it closes the handle. */
export interface OpenRecording {
  readonly handle: FileHandle;
  readonly file: FragmentedFile;
}

const PAGE = 10_000;
const MAX_RECORDINGS = 100_000;

/** Videos of a path that have something in a span (Date ms), oldest first; damaged ones are left out. */
export async function recordingsOf(
  { index }: PlaybackLibrary,
  path: string,
  span: { readonly fromAt?: number | undefined; readonly toAt?: number | undefined },
): Promise<readonly Recording[]> {
  const { fromAt, toAt } = span;
  const filter = {
    ...{ path, kinds: ['video'] as const },
    ...(fromAt === undefined ? {} : { fromAt: Math.floor(fromAt) }),
    ...(toAt === undefined ? {} : { toAt: Math.ceil(toAt) }),
  };
  const found: Recording[] = [];
  for (let offset = 0; offset < MAX_RECORDINGS; offset += PAGE) {
    const request = { filter, order: 'oldest', limit: PAGE, offset } as const;
    const { items } = await index.call('list', request);
    for (const item of items) if (item.state !== 'damaged') found.push(item);
    if (items.length < PAGE) break;
  }
  return found;
}

/** @throws MediaError not-found, or invalid-argument for a file that can't be played. */
export async function openRecording(
  library: PlaybackLibrary,
  recording: Recording,
): Promise<OpenRecording> {
  const folder = library.folders.find(({ safe }) => safe.root === recording.root);
  if (!folder) {
    throw new MediaError('not-found', 'no-such-file', `file not found: '${recording.file}'`);
  }
  const { handle, sizeBytes } = await folder.safe.open(recording.file);
  try {
    return { handle, file: await FragmentedFile.open(fileRandomAccess(handle, sizeBytes)) };
  } catch (thrown) {
    await handle.close();
    const error = toMediaError(thrown);
    throw new MediaError(error.kind, error.code, `${error.message}; '${recording.file}'`, {
      cause: thrown,
    });
  }
}

/** Whether a decoder goes on with the other file as if it were the same. */
export function haveSameTracks(one: FragmentedFile, other: FragmentedFile): boolean {
  return signatureOf(one) === signatureOf(other);
}

/** Equal for files whose tracks are equal. */
export function signatureOf({ tracks }: FragmentedFile): string {
  return tracks
    .map(({ kind, timescale, sampleEntry }) => {
      // Parameter sets in the stream (avc3, hev1) are marked when a file is closed; the samples are the same.
      const entry = Buffer.from(sampleEntry).toString('latin1');
      const type = entry.slice(4, 8).replace('avc3', 'avc1').replace('hev1', 'hvc1');
      return `${kind} ${timescale} ${type} ${entry.slice(8)}`;
    })
    .join('\n');
}
