// Answers the questions of the Control API about recordings from the library.
import { MediaError } from '../base/media-error.ts';
import type { RecordingLibrary } from '../library/recording-library.ts';
import type { Recording } from '../library/recording.ts';
import type { RecordingsApi } from './recording-endpoints.ts';

/** The part of the library that is asked. */
export type RecordedFiles = Pick<RecordingLibrary, 'index' | 'files' | 'folders'>;

const PAGE_FILES = 10_000;

/** The recordings of `library` as the Control API asks for them. */
export function libraryRecordings(library: RecordedFiles): RecordingsApi {
  const { index } = library;
  return {
    recordedPaths: async () => {
      const totals = await index.call('totals', { by: 'path', filter: { kinds: ['video'] } });
      return totals.map(({ key }) => key).filter((name) => name !== '');
    },
    starts: (pathName) => startsOf(library, pathName),
    deleteSegment: async (pathName, startAt) => {
      const found = await findSegment(library, pathName, startAt);
      if (!found) return false;
      const folder = library.folders.find(({ safe }) => safe.root === found.root);
      if (!folder) {
        const message = `no folder of recordings is at ${found.root}`;
        throw new MediaError('internal', 'internal', message);
      }
      await library.files.remove(folder, found.file);
      return true;
    },
  };
}

async function startsOf({ index }: RecordedFiles, path: string): Promise<readonly number[]> {
  const starts: number[] = [];
  for (let offset = 0; ; offset += PAGE_FILES) {
    const { items } = await index.call('list', {
      filter: { path, kinds: ['video'] },
      order: 'oldest',
      limit: PAGE_FILES,
      offset,
    });
    for (const { startAt } of items) starts.push(startAt);
    if (items.length < PAGE_FILES) return starts;
  }
}

async function findSegment(
  { index }: RecordedFiles,
  path: string,
  startAt: number,
): Promise<Recording | undefined> {
  const { items } = await index.call('list', {
    filter: { path, kinds: ['video'], fromAt: startAt - 1, toAt: startAt + 1 },
    order: 'newest',
    limit: PAGE_FILES,
  });
  return items.find((recording) => Math.trunc(recording.startAt) === startAt);
}
