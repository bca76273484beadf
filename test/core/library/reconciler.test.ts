// Index and disk become equal again, whatever happened to either.
import assert from 'node:assert/strict';
import { existsSync, linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { silentLogger } from '../../../core/base/logger.ts';
import { MediaError } from '../../../core/base/media-error.ts';
import { Reconciler, type ReconcileRequest } from '../../../core/library/reconciler.ts';
import type { ReconcileProgress, ReconcileResult } from '../../../core/library/reconcile-result.ts';
import { RecordingReader } from '../../../core/library/recording-reader.ts';
import { fileText, RecordingFixture } from './support/recording-fixture.ts';
import { NOON, recording, temporaryFolder, type TemporaryFolder } from './support/recordings.ts';

const a = '20250116/a.mp4';
const b = '20250116/b.mp4';

describe('Reconciler', () => {
  let folder: TemporaryFolder;
  let fixture: RecordingFixture;
  const at = (file: string): string => join(fixture.root, file);
  const run = (request: Partial<ReconcileRequest> = {}): Promise<ReconcileResult> =>
    fixture.reconciler.run({ folders: [fixture.folder], ...request });
  const row = (fields: Parameters<typeof recording>[0]): ReturnType<typeof recording> =>
    recording({ root: fixture.root, ...fields });
  beforeEach(async () => {
    folder = await temporaryFolder();
    fixture = new RecordingFixture(folder.path);
  });
  afterEach(() => folder[Symbol.asyncDispose]());

  it('takes in what the index does not know, and looks at nothing twice', async () => {
    await fixture.write(a, fileText({ durationMs: 5000, path: 'cam' }), NOON);
    await fixture.write('20250116/thumbnail-a.mp4', 'jpg', NOON);
    await fixture.write('20250116/note.txt', 'mine', NOON);
    await fixture.write('favorite/f.mp4', fileText({ startAt: NOON - 7 }), NOON);
    for (const foreign of ['x.mp4', 'tmp/x.mp4', 'album/x.mp4', '20250116/.x.mp4']) {
      await fixture.write(foreign);
    }
    await symlink(at('x.mp4'), at('20250116/link.mp4'));
    await symlink(at('favorite'), at('20250117'));
    const result = await run();
    assert.deepEqual([result.seen, result.added, result.repaired, result.failed], [4, 4, 0, 0]);
    const known = ['20250116/a.mp4', '20250116/note.txt', '20250116/thumbnail-a.mp4'];
    assert.deepEqual(await fixture.indexed(), [...known, 'favorite/f.mp4']);
    assert.deepEqual(
      await fixture.row(a),
      row({
        path: 'cam',
        startAt: NOON - 5000,
        durationMs: 5000,
        sizeBytes: readFileSync(at(a)).length,
        modifiedAt: NOON,
        container: 'video',
        tracks: ['H264'],
        endReason: '',
      }),
    );
    const favorite = await fixture.row('favorite/f.mp4');
    assert.deepEqual([favorite?.isFavorite, favorite?.startAt], [true, NOON - 7]);
    const again = await run();
    assert.deepEqual([again.seen, again.added, again.updated, again.removed], [4, 0, 0, 0]);
    assert.equal(fixture.inspector.inspected, 2);
  });

  it('forgets what is gone: files, folders, and files that became links', async () => {
    for (const file of [a, b, '20250117/c.mp4']) await fixture.write(file);
    await run();
    rmSync(at(a));
    rmSync(at('20250117'), { recursive: true });
    rmSync(at(b));
    await symlink('/etc/hostname', at(b));
    await fixture.put(row({ file: 'elsewhere/x.mp4' }));
    const result = await run();
    assert.deepEqual([result.seen, result.removed], [0, 4]);
    assert.deepEqual(await fixture.indexed(), []);
  });

  it('looks again at what changed, and keeps what the recorder said', async () => {
    await fixture.write(a, fileText());
    await run();
    await fixture.put(row({ ...(await fixture.row(a)), path: 'cam', startAt: 77 }));
    writeFileSync(at(a), fileText({ durationMs: 999, path: 'other' }));
    const result = await run();
    assert.equal(result.updated, 1);
    const changed = await fixture.row(a);
    assert.deepEqual([changed?.durationMs, changed?.path, changed?.startAt], [999, 'cam', 77]);
  });

  it('repairs and closes what a killed process left, with or without an entry', async () => {
    const left = fileText({ isComplete: false, durationMs: 3000 });
    await fixture.write(a, left);
    await fixture.write(b, left);
    await fixture.write('20250116/empty.mp4', '');
    await fixture.write('20250116/begun.mp4', 'begun');
    const growing = { state: 'growing', durationMs: 0, endReason: '', path: 'cam' } as const;
    await fixture.put(
      row({ ...growing, file: a }),
      row({ ...growing, file: '20250116/empty.mp4' }),
    );
    const result = await run();
    assert.deepEqual([result.repaired, result.added, result.updated, result.removed], [2, 1, 1, 2]);
    const repaired = await fixture.row(a);
    assert.deepEqual(
      [repaired?.state, repaired?.durationMs, repaired?.endReason, repaired?.path],
      ['closed', 3000, 'interrupted', 'cam'],
    );
    assert.equal(repaired?.sizeBytes, readFileSync(at(a)).length);
    for (const name of ['empty', 'begun']) {
      assert(!existsSync(at(`20250116/${name}.mp4`)), 'nothing was in it');
    }
    assert.equal((await run()).repaired, 0);
  });

  it('keeps what is beyond repair, says so, and tries again when asked', async () => {
    await fixture.write(a, 'broken');
    await fixture.write(b);
    const result = await run();
    assert.deepEqual([result.added, result.damaged, result.failed], [2, 1, 0]);
    assert.equal((await fixture.row(a))?.state, 'damaged');
    assert.equal((await run()).damaged, 0);
    assert.equal((await run({ retriesDamaged: true })).damaged, 1);
    assert.equal(readFileSync(at(a), 'utf8'), 'broken');
  });

  it('leaves files alone that are being written', async () => {
    await fixture.write(a, fileText({ isComplete: false }));
    await fixture.write(b, fileText({ isComplete: false }));
    fixture.growing.add(row({ file: a, state: 'growing' }));
    const reader = new RecordingReader(fixture.inspector, silentLogger);
    const { clock, index, locks, growing, files } = fixture;
    const components = { clock, index, locks, growing, files, reader, logger: silentLogger };
    const young = new Reconciler(components, { startedAt: 0, settleMs: 5000 });
    const request = { folders: [fixture.folder] };
    const result = await young.run(request);
    assert.deepEqual([result.unsettled, result.added, fixture.inspector.repaired], [1, 0, 0]);
    clock.advance(60_000);
    const later = await young.run(request);
    assert.deepEqual([later.unsettled, later.added, later.repaired], [0, 1, 1]);
    assert.deepEqual(await fixture.indexed(), [b]);
  });

  it('finishes every move that a killed process began', async () => {
    const move = (from: string, to: string): Promise<undefined> =>
      fixture.index.call('beginMove', { root: fixture.root, from, to });
    const names = ['linked', 'moved', 'begun', 'placeholder', 'gone'] as const;
    for (const name of names) {
      await fixture.put(row({ file: `20250116/${name}.mp4`, path: name }));
      await move(`20250116/${name}.mp4`, `favorite/${name}.mp4`);
    }
    await fixture.write('favorite/placeholder.mp4', '');
    for (const name of ['linked', 'begun', 'placeholder']) {
      await fixture.write(`20250116/${name}.mp4`, fileText({ path: name }));
    }
    linkSync(at('20250116/linked.mp4'), at('favorite/linked.mp4'));
    await fixture.write('favorite/moved.mp4', fileText({ path: 'moved' }));
    const result = await run();
    assert.equal(result.finishedMoves, 5);
    assert.deepEqual(await fixture.indexed(), [
      '20250116/begun.mp4',
      '20250116/placeholder.mp4',
      'favorite/linked.mp4',
      'favorite/moved.mp4',
    ]);
    const linked = await fixture.row('favorite/linked.mp4');
    assert.deepEqual([linked?.path, linked?.isFavorite], ['linked', true]);
    assert(!existsSync(at('20250116/linked.mp4')) && !existsSync(at('favorite/placeholder.mp4')));
    assert.deepEqual(await fixture.index.call('moves', { root: fixture.root }), []);
  });

  it('loses nothing when files are moved and deleted while it runs', async () => {
    const names = Array.from({ length: 40 }, (_, n) => `20250116/${n}.mp4`);
    for (const name of names) await fixture.write(name, fileText({ path: name }));
    await run();
    const changes = names.map((name, n) =>
      n % 2 === 0
        ? fixture.files.move(fixture.folder, name, `favorite/${n}.mp4`)
        : fixture.files.remove(fixture.folder, name),
    );
    await fixture.write('favorite/x.mp4');
    await Promise.all([run(), ...changes, run()]);
    const expected = Array.from({ length: 20 }, (_, n) => `favorite/${2 * n}.mp4`);
    assert.deepEqual(await fixture.indexed(), [...expected, 'favorite/x.mp4'].sort());
    assert.equal((await fixture.row('favorite/4.mp4'))?.path, '20250116/4.mp4');
    assert.equal(fixture.locks.size, 0);
  });

  it('tells how far it is, and stops when it is told to', async () => {
    await fixture.write(a);
    await fixture.write('20250117/c.mp4');
    const progress: ReconcileProgress[] = [];
    await run({ onProgress: (step) => void progress.push(step) });
    assert.deepEqual(progress.map((step) => step.folder).sort(), ['', '20250116', '20250117']);
    assert.equal(progress.at(-1)?.seen, 2);
    await assert.rejects(run({ signal: AbortSignal.abort() }), { kind: 'canceled' });
  });

  it('goes on after a file that fails, but not without the index', async () => {
    await fixture.write(a);
    await fixture.write(b);
    const { index } = fixture;
    const failing = (failure: Error): RecordingFixture =>
      new RecordingFixture(fixture.root, {
        call: (operation, input) => {
          const isHit = operation === 'put' && JSON.stringify(input).includes('a.mp4');
          return isHit ? Promise.reject(failure) : index.call(operation, input);
        },
      });
    const request = { folders: [fixture.folder] };
    const result = await failing(new Error('EIO')).reconciler.run(request);
    assert.deepEqual([result.failed, result.added], [1, 1]);
    const busy = new MediaError('unavailable', 'index-closed', 'closed');
    await assert.rejects(failing(busy).reconciler.run(request), busy);
  });
});
