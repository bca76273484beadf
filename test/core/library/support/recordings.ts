// Recordings for tests of the library: a folder that goes away, rows with defaults, an index in memory.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { RecordingIndex } from '../../../../core/library/index-query.ts';
import { migrate } from '../../../../core/library/index-schema.ts';
import { RecordingStore } from '../../../../core/library/recording-store.ts';
import type { Recording } from '../../../../core/library/recording.ts';

/** Noon of a day without a change of clocks anywhere. */
export const NOON = Date.UTC(2025, 0, 16, 12);

export interface TemporaryFolder extends AsyncDisposable {
  readonly path: string;
}

export async function temporaryFolder(): Promise<TemporaryFolder> {
  const path = await mkdtemp(join(tmpdir(), 'library-'));
  return {
    path,
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }),
  };
}

export function recording(fields: Partial<Recording> = {}): Recording {
  return {
    root: '/rec',
    file: '20250116/a.mp4',
    path: 'cam',
    startAt: NOON,
    durationMs: 60_000,
    sizeBytes: 1000,
    modifiedAt: NOON + 60_000,
    kind: 'video',
    container: 'mp4',
    tracks: ['H264', 'MPEG-4 Audio'],
    state: 'closed',
    isFavorite: false,
    endReason: 'stopped',
    ...fields,
  };
}

export function storeInMemory(): RecordingStore {
  const database = new DatabaseSync(':memory:');
  migrate(database);
  return new RecordingStore(database);
}

/** The real operations without a thread. */
export function indexInMemory(store = storeInMemory()): RecordingIndex {
  return {
    call: (operation, input) =>
      new Promise((resolve) => {
        resolve(store.run(operation, input));
      }),
  };
}
