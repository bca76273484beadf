// A sweep over a real folder: what goes, what must never go.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { silentLogger } from '../../../core/base/logger.ts';
import { MediaError } from '../../../core/base/media-error.ts';
import { systemDiskSpace } from '../../../core/library/disk-space.ts';
import type { RetentionLimits } from '../../../core/library/retention-plan.ts';
import {
  RetentionSweep,
  type RetentionRequest,
  type RetentionResult,
  type RetentionVerdict,
} from '../../../core/library/retention-sweep.ts';
import { RecordingLogger } from '../../support/recording-logger.ts';
import { RecordingFixture } from './support/recording-fixture.ts';
import { recording, temporaryFolder, type TemporaryFolder } from './support/recordings.ts';

const DAY = 86_400_000;
const keepAll: RetentionLimits = {
  maxAgeMs: () => 0,
  shortestMaxAgeMs: 0,
  maxBytes: 0,
  minFreeBytes: 0,
};
const thirtyDays = { ...keepAll, maxAgeMs: () => 30 * DAY, shortestMaxAgeMs: 30 * DAY };

describe('RetentionSweep', () => {
  let folder: TemporaryFolder;
  let fixture: RecordingFixture;
  let freeBytes: number;
  const has = (file: string): boolean => existsSync(join(fixture.root, file));
  const sweep = (
    limits: RetentionLimits,
    request: Partial<RetentionRequest> = {},
  ): Promise<RetentionResult> => {
    const diskSpace = (): Promise<{ totalBytes: number; freeBytes: number }> =>
      Promise.resolve({ totalBytes: 1e12, freeBytes });
    const { clock, index, files } = fixture;
    const sweeper = new RetentionSweep({ clock, index, files, logger: silentLogger, diskSpace });
    return sweeper.run({ folder: fixture.folder, limits, ...request });
  };
  const add = async (file: string, ageDays: number, fields = {}): Promise<void> => {
    const startAt = fixture.clock.nowMs() - ageDays * DAY;
    await fixture.write(file, 'x'.repeat(100), startAt);
    const { root } = fixture;
    const known = { root, file, startAt, sizeBytes: 100, modifiedAt: startAt };
    await fixture.put(recording({ ...known, ...fields }));
  };
  beforeEach(async () => {
    folder = await temporaryFolder();
    fixture = new RecordingFixture(folder.path);
    freeBytes = 1e9;
    await add('20250101/old.mp4', 40);
    await add('20250101/thumbnail-old.mp4', 20, { kind: 'thumbnail' });
    await add('20250101/kept.mp4', 40, { path: 'ever' });
    await add('20250102/older.mp4', 50);
    await add('20250116/new.mp4', 3);
    await add('favorite/f.mp4', 90, { isFavorite: true });
    await add('20250116/g.mp4', 90, { state: 'growing' });
    await add('20250101/note.txt', 90, { kind: 'other' });
  });
  afterEach(() => folder[Symbol.asyncDispose]());

  it('deletes what is too old, oldest first, with thumbnails and empty folders', async () => {
    const gone: RetentionVerdict[] = [];
    const maxAgeMs = (path: string): number => (path === 'ever' ? 0 : 30 * DAY);
    mkdirSync(join(fixture.root, '20240101'));
    const result = await sweep(
      { ...thirtyDays, maxAgeMs },
      { onDeleted: (verdict) => void gone.push(verdict) },
    );
    assert.deepEqual(
      result.verdicts.map(({ file, reason }) => [file, reason]),
      [
        ['20250102/older.mp4', 'age'],
        ['20250101/old.mp4', 'age'],
      ],
    );
    assert.deepEqual([result.count, result.sizeBytes], [2, 200]);
    // Several are deleted at once: each is told when it is gone.
    assert.deepEqual(new Set(gone), new Set(result.verdicts));
    assert.deepEqual([result.removedFolders, result.failed, result.missingBytes], [2, 0, 0]);
    assert(!has('20250102') && !has('20240101') && !has('20250101/thumbnail-old.mp4'));
    assert(has('20250101/note.txt') && has('favorite/f.mp4') && has('20250116/g.mp4'));
    assert.equal((await sweep({ ...thirtyDays, maxAgeMs })).count, 0);
  });

  it('says in a dry run what would go, and touches nothing', async () => {
    const result = await sweep(thirtyDays, { isDryRun: true });
    const files = result.verdicts.map(({ file }) => file);
    assert.equal(files[0], '20250102/older.mp4');
    assert.deepEqual(files.slice(1).sort(), ['20250101/kept.mp4', '20250101/old.mp4']);
    assert.equal(result.removedFolders, 0);
    assert.equal((await fixture.indexed()).length, 8);
    assert(has('20250102/older.mp4'));
  });

  it('deletes no more than space is needed for', async () => {
    freeBytes = 850;
    const result = await sweep({ ...keepAll, minFreeBytes: 900 });
    assert.deepEqual(
      result.verdicts.map(({ file, reason }) => [file, reason]),
      [['20250102/older.mp4', 'freeSpace']],
    );
    assert.equal(result.freeBytes, 850);
    const total = await sweep({ ...keepAll, maxBytes: 600 });
    assert.equal(total.count, 0, 'exactly at the limit: the text file does not count');
    const less = await sweep({ ...keepAll, maxBytes: 599 });
    assert.deepEqual(
      less.verdicts.map(({ reason }) => reason),
      ['bytes'],
    );
  });

  it('spares favorites and growing files even when nothing else is left', async () => {
    const result = await sweep({ ...keepAll, maxBytes: 10 });
    assert(result.missingBytes > 0);
    assert.deepEqual(await fixture.indexed(), [
      '20250101/note.txt',
      '20250116/g.mp4',
      'favorite/f.mp4',
    ]);
    assert(has('20250116'), 'the folder that a recorder may be using');
  });

  it('goes on after a file that can not be deleted, and takes another one for it', async () => {
    const { files } = fixture;
    const failing = {
      remove: (where: typeof fixture.folder, file: string): Promise<void> =>
        file.includes('older')
          ? Promise.reject(new MediaError('internal', 'eio', 'EIO'))
          : files.remove(where, file),
    };
    const { clock, index } = fixture;
    const diskSpace = (): ReturnType<typeof systemDiskSpace> =>
      Promise.resolve({ totalBytes: 0, freeBytes: 850 });
    const components = { clock, index, files: failing, logger: silentLogger, diskSpace };
    const limits = { ...thirtyDays, minFreeBytes: 900 };
    const result = await new RetentionSweep(components).run({ folder: fixture.folder, limits });
    assert.equal(result.failed, 1);
    assert(has('20250102/older.mp4') && !has('20250101/old.mp4'));
  });

  it('does not believe a clock that jumps a year ahead', async () => {
    let stepMs = 0;
    const { clock: hands, index, files } = fixture;
    const clock = {
      nowMs: () => hands.nowMs() + stepMs,
      monotonicMs: () => hands.monotonicMs(),
      after: hands.after.bind(hands),
      every: hands.every.bind(hands),
    };
    const logger = new RecordingLogger();
    const sweeper = new RetentionSweep({ clock, index, files, logger });
    stepMs = 365 * DAY;
    const { count } = await sweeper.run({ folder: fixture.folder, limits: thirtyDays });
    assert.equal(count, 3);
    assert(has('20250116/new.mp4') && !has('20250101/old.mp4'));
    assert.match(logger.lines[0]?.message ?? '', /the clock jumped 8760 hours ahead/u);
  });

  it('works through more than one page', async () => {
    const startAt = fixture.clock.nowMs() - 99 * DAY;
    const many = Array.from({ length: 1200 }, (_, n) =>
      recording({ root: fixture.root, file: `20240101/${n}.mp4`, startAt: startAt + n }),
    );
    await fixture.put(...many);
    const result = await sweep(thirtyDays, { isDryRun: true });
    assert.equal(result.count, 1203);
    assert.equal(new Set(result.verdicts.map(({ file }) => file)).size, 1203);
    await assert.rejects(sweep(thirtyDays, { signal: AbortSignal.abort() }), { kind: 'canceled' });
  });
});

describe('systemDiskSpace()', () => {
  it('asks the system, and finds no space where no folder is', async () => {
    const { totalBytes, freeBytes } = await systemDiskSpace('/');
    assert(totalBytes > 0 && freeBytes >= 0 && freeBytes <= totalBytes);
    assert.deepEqual(await systemDiskSpace('/none'), { totalBytes: 0, freeBytes: 0 });
  });
});
