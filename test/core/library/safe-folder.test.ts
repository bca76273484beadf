// File operations on a real folder, with links in it that lead away.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { mkdir, readlink, rename, symlink, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { toMediaError } from '../../../core/base/media-error.ts';
import { PinnedFolder } from '../../../core/library/pinned-folder.ts';
import { SafeFolder } from '../../../core/library/safe-folder.ts';
import { temporaryFolder, type TemporaryFolder } from './support/recordings.ts';

for (const hasOpenFiles of [true, false]) {
  describe(`SafeFolder ${hasOpenFiles ? 'with' : 'without'} /proc`, () => {
    let folder: TemporaryFolder;
    let root: string;
    let safe: SafeFolder;
    const at = (file: string): string => join(root, file);
    beforeEach(async () => {
      folder = await temporaryFolder();
      root = join(folder.path, 'rec');
      await mkdir(join(root, 'day'), { recursive: true });
      await mkdir(join(root, 'favorite'));
      await writeFile(at('day/a.mp4'), 'abc');
      await writeFile(join(folder.path, 'secret.mp4'), 'secret');
      await symlink(folder.path, at('away'));
      await symlink('day', at('inside'));
      await symlink('../../secret.mp4', at('day/link.mp4'));
      safe = new SafeFolder(root, { hasOpenFiles, isReserved: (file) => file.startsWith('tmp') });
    });
    afterEach(() => folder[Symbol.asyncDispose]());

    it('opens a file and tells which one it is', async () => {
      const opened = await safe.open('day/a.mp4');
      assert.equal(await opened.handle.readFile('utf8'), 'abc');
      assert.equal(opened.sizeBytes, 3);
      assert.equal(opened.modifiedAt, statSync(at('day/a.mp4')).mtimeMs);
      await opened.handle.close();
      await writeFile(at('day/a.mp4'), 'abcd');
      const changed = await safe.open('day/a.mp4');
      await changed.handle.close();
      assert.notEqual(changed.version, opened.version);
      assert.equal(safe.absolute('day/a.mp4'), at('day/a.mp4'));
    });

    it('follows no link, wherever it leads', async () => {
      const isLink = { kind: 'permission-denied', code: 'path-is-link' };
      for (const file of ['away/secret.mp4', 'inside/a.mp4', 'day/link.mp4']) {
        await assert.rejects(safe.open(file), isLink, file);
        await assert.rejects(safe.move(file, 'day/stolen.mp4'), isLink, file);
      }
      await assert.rejects(safe.remove('away/secret.mp4'), isLink);
      await assert.rejects(safe.move('day/a.mp4', 'away/a.mp4'), isLink);
      await assert.rejects(safe.makeFolder('away/x'), isLink);
      await assert.rejects(safe.makeFolder('inside'), isLink);
      await assert.rejects(safe.scan('away'), isLink);
      assert.equal(await safe.stat('day/link.mp4'), undefined);
      await safe.remove('day/link.mp4');
      assert.equal(readFileSync(join(folder.path, 'secret.mp4'), 'utf8'), 'secret');
    });

    it('refuses bad and reserved names before it looks', async () => {
      for (const file of ['../secret.mp4', '/etc/passwd', 'day/../../secret.mp4']) {
        await assert.rejects(safe.open(file), { code: 'bad-file-name' }, file);
        await assert.rejects(safe.remove(file), { code: 'bad-file-name' }, file);
        await assert.rejects(safe.move('day/a.mp4', file), { code: 'bad-file-name' }, file);
      }
      await assert.rejects(safe.open('tmp/x'), { code: 'file-reserved' });
      assert.throws(() => safe.absolute('..'), { code: 'bad-file-name' });
    });

    it('says what is missing, and what is no file', async () => {
      await assert.rejects(safe.open('day/none.mp4'), {
        kind: 'not-found',
        message: "file not found: 'day/none.mp4'",
      });
      await assert.rejects(safe.remove('none/a.mp4'), { code: 'no-such-folder' });
      await assert.rejects(safe.open('day/a.mp4/b'), { kind: 'not-found' });
      const notFile = { code: 'not-a-file' };
      await assert.rejects(safe.open('day'), notFile);
      await assert.rejects(safe.remove('day'), notFile);
      await assert.rejects(safe.move('day', 'x'), notFile);
      assert.equal(await safe.stat('day'), undefined);
      assert.equal(await safe.stat('none/a.mp4'), undefined);
      assert.deepEqual(await safe.scan('none'), { folders: [], files: [] });
    });

    it('lists files and folders without links', async () => {
      await writeFile(at('a.mp4'), '1234');
      for (const name of ['.hidden', 'tmp.mp4', 'a\\b']) await writeFile(at(name), '');
      const content = await safe.scan('');
      assert.deepEqual([...content.folders].sort(), ['day', 'favorite']);
      const { mtimeMs: modifiedAt } = statSync(at('a.mp4'));
      assert.deepEqual(content.files, [{ name: 'a.mp4', sizeBytes: 4, modifiedAt }]);
      assert.deepEqual((await safe.scan('day')).files.length, 1);
    });

    it('moves a file, never onto another one', async () => {
      await safe.move('day/a.mp4', 'favorite/a.mp4');
      assert.equal(readFileSync(at('favorite/a.mp4'), 'utf8'), 'abc');
      assert(!existsSync(at('day/a.mp4')));
      await writeFile(at('day/a.mp4'), 'other');
      const taken = { kind: 'already-exists', message: "'favorite/a.mp4' exists already" };
      await assert.rejects(safe.move('day/a.mp4', 'favorite/a.mp4'), taken);
      assert.equal(readFileSync(at('favorite/a.mp4'), 'utf8'), 'abc');
      assert.equal(readFileSync(at('day/a.mp4'), 'utf8'), 'other');
      await assert.rejects(safe.move('day/none.mp4', 'day/x.mp4'), { code: 'no-such-file' });
      await assert.rejects(safe.move('day/a.mp4', 'none/x.mp4'), { code: 'no-such-folder' });
    });

    it('lets one of many have the same file', async () => {
      const moves = Array.from({ length: 8 }, (_, n) => safe.move('day/a.mp4', `day/${n}.mp4`));
      const settled = await Promise.allSettled([...moves, safe.remove('day/a.mp4')]);
      assert.equal(settled.filter(({ status }) => status === 'fulfilled').length, 1);
      for (const result of settled) {
        if (result.status === 'rejected')
          assert.equal(toMediaError(result.reason).kind, 'not-found');
      }
      const isRemoved = settled.at(-1)?.status === 'fulfilled';
      assert.equal((await safe.scan('day')).files.length, isRemoved ? 0 : 1);
    });

    it('makes folders, and removes empty ones only', async () => {
      await safe.makeFolder('new');
      await safe.makeFolder('new');
      assert(await safe.removeEmptyFolder('new'));
      assert(!(await safe.removeEmptyFolder('new')));
      assert(!(await safe.removeEmptyFolder('day')));
      await assert.rejects(safe.makeFolder('day/a.mp4'), { kind: 'not-found' });
      await assert.rejects(safe.makeFolder('none/x'), { code: 'no-such-folder' });
    });
  });
}

describe('SafeFolder while somebody swaps folders for links', () => {
  it('never reads, moves or deletes outside', async () => {
    await using folder = await temporaryFolder();
    const root = join(folder.path, 'rec');
    const outside = join(folder.path, 'outside');
    await mkdir(join(root, 'day'), { recursive: true });
    await mkdir(outside);
    await writeFile(join(root, 'day', 'a.mp4'), 'mine');
    await writeFile(join(outside, 'a.mp4'), 'secret');
    const safe = new SafeFolder(root);
    const day = join(root, 'day');
    const swaps = { isOver: false, count: 0 };
    const swapper = (async (): Promise<void> => {
      while (!swaps.isOver) {
        await rename(day, join(root, 'aside'));
        await symlink(outside, day);
        await unlink(day);
        await rename(join(root, 'aside'), day);
        swaps.count++;
      }
    })();
    const seen = new Map<string, number>();
    for (let round = 0; round < 300; round++) {
      const text = await readThrough(safe);
      seen.set(text, (seen.get(text) ?? 0) + 1);
      await safe.remove('day/b.mp4').catch(() => undefined);
    }
    swaps.isOver = true;
    await swapper;
    assert(swaps.count > 10);
    assert(!seen.has('secret'), JSON.stringify([...seen]));
    assert.equal(readFileSync(join(outside, 'a.mp4'), 'utf8'), 'secret');
  });

  it('works in the folder it entered, not in what took its name', async () => {
    await using folder = await temporaryFolder();
    const day = join(folder.path, 'day');
    await mkdir(day);
    await using pinned = await PinnedFolder.enter(folder.path, 'day', { hasOpenFiles: true });
    await rename(day, join(folder.path, 'moved'));
    await symlink('/etc', day);
    await writeFile(pinned.at('hostname'), 'mine');
    assert.equal(readFileSync(join(folder.path, 'moved', 'hostname'), 'utf8'), 'mine');
    assert.equal(await readlink(day), '/etc');
  });
});

async function readThrough(safe: SafeFolder): Promise<string> {
  try {
    const { handle } = await safe.open('day/a.mp4');
    const text = await handle.readFile('utf8');
    await handle.close();
    return text;
  } catch (thrown) {
    return thrown instanceof Error && 'code' in thrown ? String(thrown.code) : 'unknown';
  }
}
