// The library as recorders and the API use it, on a real folder with a real worker.
import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '../../../core/base/clock.ts';
import type { Timeline } from '../../../core/library/index-query.ts';
import { RecordingLibrary } from '../../../core/library/recording-library.ts';
import { SafeFolder } from '../../../core/library/safe-folder.ts';
import type { SegmentClosed, SegmentOpened } from '../../../core/record/recordings-index.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { RecordingLogger } from '../../support/recording-logger.ts';
import { FakeInspector, fileText, testLayout } from './support/recording-fixture.ts';
import { NOON, temporaryFolder, type TemporaryFolder } from './support/recordings.ts';

const folderAt = (root: string): { safe: SafeFolder; layout: typeof testLayout } => ({
  safe: new SafeFolder(root),
  layout: testLayout,
});

describe('RecordingLibrary', () => {
  let folder: TemporaryFolder;
  let library: RecordingLibrary;
  const inspector = new FakeInspector();
  const logger = new RecordingLogger();
  let clock: FakeClock;
  const databaseOf = (root: string): string => join(root, '.library', 'index.sqlite');
  before(async () => {
    // The files of the test have times of the real clock.
    clock = new FakeClock(Date.now());
    folder = await temporaryFolder();
    await mkdir(join(folder.path, '20250116'));
    library = new RecordingLibrary(
      { clock, logger, inspector },
      { databaseFile: databaseOf(folder.path), folders: [folderAt(folder.path)] },
    );
    await library.start();
  });
  after(async () => {
    await library.close();
    await folder[Symbol.asyncDispose]();
  });

  const segment = (name: string): SegmentOpened => ({
    pathName: `path of ${name}`,
    file: join(folder.path, '20250116', name),
    startAt: NOON,
    tracks: [{ codec: 'H264', kind: 'video' }],
  });
  const closed = (opened: SegmentOpened, fields: Partial<SegmentClosed> = {}): SegmentClosed => ({
    ...opened,
    durationMs: 1234,
    sizeBytes: 5,
    reason: 'timeout',
    isFinished: true,
    ...fields,
  });
  const timeline = (name: string): Promise<Timeline> => {
    const span = { fromAt: NOON - 9999, toAt: NOON + 9999, limit: 10 };
    return library.index.call('timeline', { path: `path of ${name}`, ...span });
  };

  it('follows a recording from its begin to its end', async () => {
    const opened = segment('a.mp4');
    await writeFile(opened.file, fileText());
    library.opened(opened);
    await library.settle();
    const [growing] = (await timeline('a.mp4')).recordings;
    assert.deepEqual([growing?.state, growing?.tracks], ['growing', ['H264']]);
    const place = library.folders[0];
    assert(place);
    const removal = library.files.remove(place, '20250116/a.mp4');
    await assert.rejects(removal, /is being recorded by path 'path of a\.mp4'/u);
    const gap = { pathName: 'path of a.mp4', fromAt: NOON + 1234, toAt: NOON + 2000 } as const;
    library.closed(closed(opened));
    library.gap({ ...gap, reason: 'streamLost' });
    await library.settle();
    const { recordings, gaps } = await timeline('a.mp4');
    assert.equal(recordings.length, 1);
    const [done] = recordings;
    assert.deepEqual(
      [done?.state, done?.durationMs, done?.sizeBytes, done?.endReason, done?.startAt],
      ['closed', 1234, fileText().length, 'timeout', NOON],
    );
    assert.deepEqual(gaps[0]?.reason, 'streamLost');
    const result = await library.reconcile();
    assert.deepEqual([result.seen, result.added, result.updated], [1, 0, 0]);
    await library.files.remove(place, '20250116/a.mp4');
  });

  it('repairs a file whose recorder could not close it', async () => {
    const opened = segment('cut.mp4');
    await writeFile(opened.file, fileText({ isComplete: false, durationMs: 777 }));
    library.opened(opened);
    library.closed(closed(opened, { isFinished: false, reason: 'diskFull' }));
    await library.settle();
    await library.reconcile();
    const [repaired] = (await timeline('cut.mp4')).recordings;
    assert.deepEqual(
      [repaired?.state, repaired?.durationMs, repaired?.endReason],
      ['closed', 777, 'diskFull'],
    );
  });

  it('forgets a recording whose file never came to be', async () => {
    const opened = segment('none.mp4');
    library.opened(opened);
    library.closed(closed(opened));
    await library.settle();
    assert.deepEqual((await timeline('none.mp4')).recordings, []);
  });

  it('takes pictures in, and nothing from elsewhere', async () => {
    const place = library.folders[0];
    assert(place);
    await writeFile(join(folder.path, '20250116', 'thumbnail-p.mp4'), 'jpg');
    const picture = await library.register(place, '20250116/thumbnail-p.mp4', 'cam');
    assert.deepEqual([picture.kind, picture.path, picture.sizeBytes], ['thumbnail', 'cam', 3]);
    await assert.rejects(library.register(place, 'x.jpg'), { code: 'no-such-file' });
    await assert.rejects(library.register(place, '../x.jpg'), { code: 'bad-file-name' });
    library.opened({ ...segment('x'), file: '/elsewhere/20250116/x.mp4' });
    assert.match(logger.lines.at(-1)?.message ?? '', /outside of the library/u);
  });

  it('reads everything again when its file is lost', async () => {
    const opened = segment('live.mp4');
    await writeFile(opened.file, fileText({ isComplete: false }));
    library.opened(opened);
    await library.settle();
    await rm(databaseOf(folder.path));
    await timeline('x');
    const young = await library.reconcile();
    assert.deepEqual([young.unsettled, young.added], [2, 0]);
    clock.advance(16_000);
    await library.reconcile();
    await library.settle();
    const { items } = await library.index.call('list', { filter: {}, limit: 10 });
    const states = items.map(({ file, state }) => `${file.slice(9)} ${state}`).sort();
    assert.deepEqual(states, ['cut.mp4 closed', 'live.mp4 growing', 'thumbnail-p.mp4 closed']);
    assert.equal((await library.reconcile()).repaired, 0);
  });
});

describe('RecordingLibrary after kill -9', () => {
  it('has an index that equals the disk', async () => {
    const program = new URL('support/killed-program.ts', import.meta.url);
    await using folder = await temporaryFolder();
    const child = fork(program, [folder.path], { stdio: 'inherit' });
    const exited = once(child, 'exit');
    await Promise.race([once(child, 'message'), exited]);
    child.kill('SIGKILL');
    assert.deepEqual(await exited, [null, 'SIGKILL']);
    const inspector = new FakeInspector();
    await using library = new RecordingLibrary(
      { clock: systemClock, logger: new RecordingLogger(), inspector },
      {
        databaseFile: join(folder.path, '.library', 'index.sqlite'),
        folders: [folderAt(folder.path)],
        settleMs: 0,
      },
    );
    assert.equal(await library.start(), 'opened');
    const result = await library.reconcile();
    assert(result.repaired > 0, 'files that were growing');
    const disk: string[] = [];
    for (const day of ['20250116', 'favorite']) {
      for (const name of await readdir(join(folder.path, day))) disk.push(`${day}/${name}`);
    }
    const { items } = await library.index.call('list', { filter: {}, limit: 10_000 });
    assert.deepEqual(items.map(({ file }) => file).sort(), disk.sort());
    assert(items.every(({ state }) => state === 'closed'));
    assert(
      items.every(({ file, path }) => path === `cam${Number.parseInt(file.split('/')[1] ?? '')}`),
    );
    const again = await library.reconcile();
    assert.deepEqual([again.added, again.updated, again.removed], [0, 0, 0]);
  });
});
