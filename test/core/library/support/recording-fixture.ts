// A small library on a real folder: day folders, files that say in JSON what an MP4 would say.
import { mkdir, readFile, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { silentLogger } from '../../../../core/base/logger.ts';
import { MediaError } from '../../../../core/base/media-error.ts';
import { FileLocks } from '../../../../core/library/file-locks.ts';
import { GrowingFiles } from '../../../../core/library/growing-files.ts';
import type { RecordingIndex } from '../../../../core/library/index-query.ts';
import { Reconciler } from '../../../../core/library/reconciler.ts';
import { RecordingFiles } from '../../../../core/library/recording-files.ts';
import type { RecordingFolder } from '../../../../core/library/recording-folder.ts';
import type {
  RecordingFacts,
  RecordingInspector,
} from '../../../../core/library/recording-inspector.ts';
import type { RecordingLayout } from '../../../../core/library/recording-layout.ts';
import { RecordingReader } from '../../../../core/library/recording-reader.ts';
import { folderOf, joinFile, nameOf, type Recording } from '../../../../core/library/recording.ts';
import { SafeFolder } from '../../../../core/library/safe-folder.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { indexInMemory } from './recordings.ts';

/** `YYYYMMDD/x.mp4`, `favorite/x.mp4`, with thumbnails beside. */
export const testLayout: RecordingLayout = {
  hasFolder: (folder) => /^(?:\d{8}|favorite)$/u.test(folder),
  describe: (file) => {
    const folder = folderOf(file);
    if (!testLayout.hasFolder(folder)) return undefined;
    const isThumbnail = nameOf(file).startsWith('thumbnail-');
    const kind = isThumbnail ? 'thumbnail' : file.endsWith('.mp4') ? 'video' : 'other';
    return { kind, container: kind, isFavorite: folder === 'favorite' };
  },
  companionsOf: (file) => [joinFile(folderOf(file), `thumbnail-${nameOf(file)}`)],
  isRemovableFolder: (folder) => folder !== 'favorite' && folder !== '20250116',
};

/** What a file of the tests holds. */
export function fileText(facts: Partial<RecordingFacts> = {}): string {
  return JSON.stringify({ durationMs: 1000, tracks: ['H264'], isComplete: true, ...facts });
}

/** Counts its calls; `broken` text can't be repaired, `begun` holds nothing yet. */
export class FakeInspector implements RecordingInspector {
  inspected = 0;
  repaired = 0;

  async inspect(filePath: string): Promise<RecordingFacts> {
    this.inspected++;
    return parse(await readFile(filePath, 'utf8'));
  }

  async repair(filePath: string): Promise<RecordingFacts | undefined> {
    this.repaired++;
    const text = await readFile(filePath, 'utf8');
    if (text === 'begun') return undefined;
    const facts = { ...parse(text), isComplete: true };
    await writeFile(filePath, JSON.stringify(facts));
    return facts;
  }
}

function parse(text: string): RecordingFacts {
  if (text === 'broken') throw new MediaError('invalid-argument', 'bad-mp4', 'no moov');
  // The tests wrote it.
  return JSON.parse(text) as RecordingFacts;
}

/** The pieces of a library around one folder. */
export class RecordingFixture {
  readonly clock = new FakeClock(Date.now());
  readonly inspector = new FakeInspector();
  readonly locks = new FileLocks();
  readonly growing = new GrowingFiles();
  readonly index: RecordingIndex;
  readonly folder: RecordingFolder;
  readonly files: RecordingFiles;
  readonly reconciler: Reconciler;

  constructor(root: string, index: RecordingIndex = indexInMemory()) {
    this.index = index;
    this.folder = { safe: new SafeFolder(root), layout: testLayout };
    const reader = new RecordingReader(this.inspector, silentLogger);
    const { locks, growing, clock } = this;
    const shared = { index, locks, growing, reader, clock, logger: silentLogger };
    this.files = new RecordingFiles(shared);
    // As if every file were of an earlier process.
    const startedAt = Date.now() + 3_600_000;
    this.reconciler = new Reconciler({ ...shared, files: this.files }, { startedAt, settleMs: 0 });
  }

  get root(): string {
    return this.folder.safe.root;
  }

  /** Writes a file with times of its own; the index does not know it yet. */
  async write(file: string, text = fileText(), modifiedAt?: number): Promise<void> {
    const path = join(this.root, file);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
    if (modifiedAt !== undefined) await utimes(path, modifiedAt / 1000, modifiedAt / 1000);
  }

  async put(...recordings: readonly Recording[]): Promise<void> {
    await this.index.call('put', recordings);
  }

  /** Names in the index, sorted. */
  async indexed(): Promise<string[]> {
    const { items } = await this.index.call('list', { filter: {}, limit: 1000 });
    return items.map(({ file }) => file).sort();
  }

  async row(file: string): Promise<Recording | undefined> {
    return this.index.call('get', { root: this.root, file });
  }
}
