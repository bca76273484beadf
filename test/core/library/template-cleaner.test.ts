// Layouts of patterns beside folders of days, and the ages of their files.
import assert from 'node:assert/strict';
import { joinLayouts } from '../../../core/library/joined-layout.ts';
import type { RetentionRequest, RetentionResult } from '../../../core/library/retention-sweep.ts';
import { SafeFolder } from '../../../core/library/safe-folder.ts';
import { TemplateCleaner } from '../../../core/library/template-cleaner.ts';
import { templateLayout } from '../../../core/library/template-layout.ts';
import { RecordTemplate } from '../../../core/record/record-template.ts';
import { dateFolderLayout } from '../../../pro/library/date-folder-layout.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { RecordingLogger } from '../../support/recording-logger.ts';
import { NOON } from './support/recordings.ts';

const PATTERN = '%path/%Y-%m-%d_%H-%M-%S-%f';
const NAME = '2025-01-16_12-00-00-000000.mp4';

describe('templateLayout()', () => {
  const templates = [`/rec/${PATTERN}`, `/rec/archive/${PATTERN}`, `/other/${PATTERN}`].map(
    (path) => new RecordTemplate(path, '/'),
  );
  const roots = ['/rec', '/rec/archive', '/other'];
  const layout = templateLayout('/rec', { templates: () => templates, roots: () => roots });

  it('knows files of its root and what their names say', () => {
    const found = layout.describe(`a/b/${NAME}`);
    const startAt = new Date(2025, 0, 16, 12).getTime();
    assert.deepEqual(found, {
      ...{ kind: 'video', container: 'mp4', isFavorite: false, path: 'a/b', startAt },
    });
    assert.equal(layout.describe(`a/${NAME.replace('mp4', 'ts')}`)?.container, 'mpegts');
    assert.equal(layout.describe(`a/notes.mp4`), undefined);
  });

  it('leaves a root within its own to that one', () => {
    assert.equal(layout.describe(`archive/cam/${NAME}`), undefined);
    assert.deepEqual(
      [layout.hasFolder('archive/cam'), layout.hasFolder('archived')],
      [false, true],
    );
  });

  it('shares a folder with days', () => {
    const both = joinLayouts(layout, dateFolderLayout);
    assert.equal(both.describe(`cam/${NAME}`)?.path, 'cam');
    assert.equal(both.describe('20250116/20250116-1430-x.mp4')?.path, undefined);
    assert.equal(both.describe('20250116/20250116-1430-x.mp4')?.kind, 'video');
    assert.equal(both.describe('favorite/x.mp4')?.isFavorite, true);
    assert.deepEqual(both.companionsOf(`cam/${NAME}`), []);
    assert.equal(both.companionsOf('20250116/x.mp4').length, 1);
    // That of today may be needed at any moment.
    assert.equal(both.isRemovableFolder('20250116', NOON), false);
    assert.equal(both.isRemovableFolder('cam', NOON), true);
  });
});

describe('TemplateCleaner', () => {
  const folder = {
    safe: new SafeFolder('/rec'),
    layout: templateLayout('/rec', { templates: () => [], roots: () => [] }),
  };
  const result: RetentionResult = {
    ...{ verdicts: [], count: 2, sizeBytes: 10, failed: 0, removedFolders: 0 },
    ...{ missingBytes: 0, freeBytes: 0 },
  };
  const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

  it('runs twice as often as the shortest age asks for, at least every half an hour', async () => {
    const clock = new FakeClock();
    const runs: RetentionRequest[] = [];
    const logger = new RecordingLogger();
    let shortestMaxAgeMs = 60_000;
    const sweep = {
      run: (request: RetentionRequest) => (runs.push(request), Promise.resolve(result)),
    };
    await using cleaner = new TemplateCleaner(
      { clock, logger, sweep },
      {
        folders: () => [folder],
        limits: () => ({ maxAgeMs: () => 0, shortestMaxAgeMs, maxBytes: 0, minFreeBytes: 0 }),
      },
    );
    cleaner.start();
    clock.advance(29_000);
    await settle();
    assert.equal(runs.length, 0);
    clock.advance(1000);
    shortestMaxAgeMs = 86_400_000;
    await settle();
    assert.equal(runs.length, 1);
    clock.advance(30 * 60_000);
    await settle();
    assert.equal(runs.length, 2);
    assert.match(logger.lines[0]?.message ?? '', /deleted 2 old recordings/u);
  });

  it('runs a second after ages changed, once for all changes, and then by the clock again', async () => {
    const clock = new FakeClock();
    let runs = 0;
    let held: PromiseWithResolvers<RetentionResult> | undefined;
    const sweep = {
      run: () => {
        runs++;
        return held?.promise ?? Promise.resolve(result);
      },
    };
    let shortestMaxAgeMs = 86_400_000;
    await using cleaner = new TemplateCleaner(
      { clock, logger: new RecordingLogger(), sweep },
      {
        folders: () => [folder],
        limits: () => ({ maxAgeMs: () => 0, shortestMaxAgeMs, maxBytes: 0, minFreeBytes: 0 }),
      },
    );
    cleaner.start();
    shortestMaxAgeMs = 60_000;
    cleaner.wake();
    clock.advance(900);
    cleaner.wake();
    clock.advance(100);
    await settle();
    assert.equal(runs, 1);
    // A run under way may have read the old ages.
    held = Promise.withResolvers();
    void cleaner.sweep();
    cleaner.wake();
    clock.advance(5000);
    await settle();
    assert.equal(runs, 2);
    held.resolve(result);
    held = undefined;
    await settle();
    clock.advance(1000);
    await settle();
    assert.equal(runs, 3);
    clock.advance(30_000);
    await settle();
    assert.equal(runs, 4);
    assert.equal(clock.pendingTimers, 1);
  });

  it('goes on after a failure, and ends with its folder', async () => {
    const clock = new FakeClock();
    const logger = new RecordingLogger();
    const sweep = { run: () => Promise.reject(new Error('no index')) };
    const cleaner = new TemplateCleaner(
      { clock, logger, sweep },
      {
        folders: () => [folder],
        limits: () => ({ maxAgeMs: () => 0, shortestMaxAgeMs: 0, maxBytes: 0, minFreeBytes: 0 }),
      },
    );
    cleaner.start();
    await cleaner.sweep();
    assert.match(logger.lines[0]?.message ?? '', /old recordings in \/rec stay for now: no index/u);
    await cleaner.close();
    clock.advance(3_600_000);
    await settle();
    assert.equal(logger.lines.length, 1);
  });
});
