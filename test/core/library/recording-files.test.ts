// Moves and deletions with the index in step, also when two want the same file.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { toMediaError } from '../../../core/base/media-error.ts';
import { fileText, RecordingFixture } from './support/recording-fixture.ts';
import { recording, temporaryFolder, type TemporaryFolder } from './support/recordings.ts';

const a = '20250116/a.mp4';
const b = '20250116/b.mp4';

describe('RecordingFiles', () => {
  let folder: TemporaryFolder;
  let fixture: RecordingFixture;
  const at = (file: string): string => join(fixture.root, file);
  const move = (from: string, to: string): Promise<void> =>
    fixture.files.move(fixture.folder, from, to);
  const remove = (file: string): Promise<void> => fixture.files.remove(fixture.folder, file);
  beforeEach(async () => {
    folder = await temporaryFolder();
    fixture = new RecordingFixture(folder.path);
    await fixture.write(a, fileText({ path: 'cam' }));
    await fixture.write('20250116/thumbnail-a.mp4', 'picture');
    await fixture.write('favorite/x.mp4');
    await fixture.reconciler.run({ folders: [fixture.folder] });
  });
  afterEach(() => folder[Symbol.asyncDispose]());

  it('moves a file and its thumbnail, and the index knows the new place', async () => {
    const before = await fixture.row(a);
    await move(a, 'favorite/a.mp4');
    const moved = await fixture.row('favorite/a.mp4');
    assert.deepEqual(moved, { ...before, file: 'favorite/a.mp4', isFavorite: true });
    const expected = ['favorite/a.mp4', 'favorite/thumbnail-a.mp4', 'favorite/x.mp4'];
    assert.deepEqual(await fixture.indexed(), expected);
    assert.equal(readFileSync(at('favorite/thumbnail-a.mp4'), 'utf8'), 'picture');
    assert.equal(fixture.inspector.inspected, 2, 'the file is not opened again');
  });

  it('takes a file along that the index has not seen yet', async () => {
    await fixture.write(b, fileText({ path: 'other' }), Date.now() - 60_000);
    await move(b, '20250116/c.mp4');
    assert.equal((await fixture.row('20250116/c.mp4'))?.path, 'other');
  });

  it('leaves a file alone that a recorder may have begun in this moment', async () => {
    await fixture.write(b, 'begun');
    const refusal = { code: 'file-growing', message: `'${b}' is not closed yet` };
    await assert.rejects(move(b, '20250116/c.mp4'), refusal);
    await assert.rejects(remove(b), refusal);
    fixture.clock.advance(10_000);
    await remove(b);
    assert(!existsSync(at(b)));
  });

  it('deletes a file and its thumbnail', async () => {
    await remove(a);
    assert.deepEqual(await fixture.indexed(), ['favorite/x.mp4']);
    assert(!existsSync(at(a)) && !existsSync(at('20250116/thumbnail-a.mp4')));
    await assert.rejects(remove(a), { kind: 'not-found', message: `file not found: '${a}'` });
  });

  it('forgets a file that somebody else deleted', async () => {
    await fixture.put(recording({ root: fixture.root, file: b }));
    await assert.rejects(remove(b), { kind: 'not-found' });
    assert.equal(await fixture.row(b), undefined);
    await assert.rejects(move(b, '20250116/c.mp4'), { kind: 'not-found' });
    assert.deepEqual(await fixture.index.call('moves', { root: fixture.root }), []);
  });

  it('overwrites nothing', async () => {
    await assert.rejects(move(a, 'favorite/x.mp4'), { kind: 'already-exists' });
    assert.equal((await fixture.row(a))?.path, 'cam');
    assert.equal(existsSync(at('20250116/thumbnail-a.mp4')), true);
    assert.deepEqual(await fixture.index.call('moves', { root: fixture.root }), []);
  });

  it('leaves growing files to their recorder, and says whose they are', async () => {
    const growing = recording({ root: fixture.root, file: b, path: 'hall', state: 'growing' });
    await fixture.write(b);
    fixture.growing.add(growing);
    const refusal = {
      kind: 'failed-precondition',
      code: 'file-growing',
      message: `'${b}' is being recorded by path 'hall'`,
    };
    await assert.rejects(remove(b), refusal);
    await assert.rejects(move(b, '20250116/c.mp4'), refusal);
    await assert.rejects(move(a, b), refusal);
    fixture.growing.delete(growing);
    await fixture.put(growing);
    await assert.rejects(remove(b), { message: `'${b}' is not closed yet` });
    assert(existsSync(at(b)));
  });

  it('refuses names that lead elsewhere before anything happens', async () => {
    for (const bad of ['../a.mp4', '/etc/passwd', '20250116/../a.mp4', '']) {
      await assert.rejects(remove(bad), { code: 'bad-file-name' });
      await assert.rejects(move(a, bad), { code: 'bad-file-name' });
    }
  });

  it('lets exactly one of many have a file', async () => {
    for (let round = 0; round < 5; round++) {
      await fixture.write(b, fileText(), Date.now() - 60_000);
      const tries = Array.from({ length: 6 }, (_, n) =>
        n % 2 === 0 ? move(b, `20250116/${round}-${n}.mp4`) : remove(b),
      );
      const settled = await Promise.allSettled(tries);
      const failures = settled.flatMap((each) =>
        each.status === 'rejected' ? [toMediaError(each.reason).kind] : [],
      );
      assert.deepEqual(
        failures,
        Array.from({ length: 5 }, () => 'not-found'),
      );
    }
    const onDisk = (await fixture.folder.safe.scan('20250116')).files.map(({ name }) => name);
    const indexed = (await fixture.indexed()).filter((file) => file.startsWith('2025'));
    assert.deepEqual(indexed, onDisk.map((name) => `20250116/${name}`).sort());
  });

  it('lets exactly one of many have a name', async () => {
    await fixture.write(b);
    const target = '20250116/new.mp4';
    const settled = await Promise.allSettled([move(a, target), move(b, target)]);
    assert.deepEqual(
      settled.map(({ status }) => status),
      ['fulfilled', 'rejected'],
    );
    assert.equal((await fixture.row(target))?.path, 'cam');
    assert(existsSync(at(b)));
  });
});
