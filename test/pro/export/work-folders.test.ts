// Folders of unfinished exports are swept when their process is gone, and never before.
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import {
  systemProcesses,
  WorkFolders,
  type ProcessTable,
} from '../../../pro/export/work-folders.ts';

const NOW_MS = 1_700_000_000_000;
const DAY_MS = 24 * 3_600_000;

/** A machine on which process 10 lives since tick 500. */
function table(pid: number, startTicks: number, host = 'aaaaaaaa'): ProcessTable {
  return {
    self: { pid, startTicks, host },
    startTicksOf: (asked) => (asked === 10 ? 500 : undefined),
  };
}

describe('WorkFolders', () => {
  let root = '';

  beforeEach(async () => {
    root = join(await mkdtemp(join(tmpdir(), 'export-folders-')), 'tmp');
  });

  afterEach(() => rm(join(root, '..'), { recursive: true }));

  const sweep = (nowMs = NOW_MS): Promise<number> =>
    new WorkFolders(root, table(10, 500)).sweep(nowMs);

  it('makes folders apart and removes them', async () => {
    const folders = new WorkFolders(root);
    const one = await folders.create(NOW_MS);
    const other = await folders.create(NOW_MS);
    assert.notEqual(one, other);
    await writeFile(join(one, 'x'), 'x');
    await folders.remove(one);
    await folders.remove(one);
    assert.deepEqual(await readdir(root), [basename(other)]);
  });

  it('sweeps folders of processes that are gone, also when the number lives again', async () => {
    await new WorkFolders(root, table(11, 3)).create(NOW_MS);
    await new WorkFolders(root, table(10, 499)).create(NOW_MS);
    const living = await new WorkFolders(root, table(10, 500)).create(NOW_MS);
    assert.equal(await sweep(), 2);
    assert.deepEqual(await readdir(root), [basename(living)]);
  });

  it('leaves folders of other machines alone for a day', async () => {
    await new WorkFolders(root, table(11, 3, 'bbbbbbbb')).create(NOW_MS);
    assert.equal(await sweep(NOW_MS + DAY_MS - 1), 0);
    assert.equal(await sweep(NOW_MS + DAY_MS), 1);
  });

  it('touches no other name, no file and no link', async () => {
    const name = 'export-1700000000-aaaaaaaa-11-3-0123456a';
    const others = ['keep', 'export-', `${name}x`, 'export-1-aaaaaaaa-11-3-0123456Z'];
    for (const other of others) await mkdir(join(root, other), { recursive: true });
    await writeFile(join(root, name), 'x');
    await symlink(join(root, 'keep'), join(root, 'export-1700000000-aaaaaaaa-11-3-0123456b'));
    assert.equal(await sweep(), 0);
    assert.equal((await readdir(root)).length, others.length + 2);
  });

  it('has nothing to sweep where nothing is, and follows no link', async () => {
    assert.equal(await sweep(), 0);
    await symlink(tmpdir(), root);
    await assert.rejects(sweep(), { code: 'export-folder-failed' });
    await assert.rejects(new WorkFolders(root).create(NOW_MS), { code: 'export-folder-failed' });
  });
});

describe('systemProcesses()', () => {
  it('knows itself again and not a process that can not be', () => {
    const { self, startTicksOf } = systemProcesses();
    assert.equal(self.pid, process.pid);
    assert.equal(startTicksOf(process.pid), self.startTicks);
    assert(process.platform !== 'linux' || self.startTicks > 0);
    assert.equal(startTicksOf(2 ** 30), undefined);
  });
});
