// Tests of replacing a file where the usual way is closed.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { replaceFile } from '../../../core/config/replace-file.ts';

const NOBODY = 65_534;

/** Runs with the rights of an ordinary user, also when the tests run as root. */
async function unprivileged(action: () => Promise<void>): Promise<void> {
  const isRoot = process.geteuid?.() === 0;
  if (isRoot) process.seteuid?.(NOBODY);
  try {
    await action();
  } finally {
    if (isRoot) process.seteuid?.(0);
  }
}

describe('replaceFile()', () => {
  let folder = '';
  let filePath = '';

  beforeEach(() => {
    folder = fs.mkdtempSync(join(tmpdir(), 'replace-'));
    filePath = join(folder, 'mediamtx.yml');
    fs.writeFileSync(filePath, 'a rather long old text');
  });

  afterEach(() => {
    fs.chmodSync(folder, 0o755);
    fs.rmSync(folder, { recursive: true });
  });

  it('writes in place where the folder takes no new file, as with a single file mounted', async () => {
    fs.chmodSync(filePath, 0o666);
    fs.chmodSync(folder, 0o555);
    await unprivileged(async () => {
      const options = { text: 'new', expected: 'a rather long old text', keptVersions: 2 };
      const { isInPlace, versionFailure } = await replaceFile(filePath, options);
      assert.deepEqual([isInPlace, versionFailure], [true, 'EACCES']);
    });
    assert.equal(fs.readFileSync(filePath, 'utf8'), 'new');
  });

  it('changes nothing where neither folder nor file can be written', async () => {
    fs.chmodSync(filePath, 0o444);
    fs.chmodSync(folder, 0o555);
    await unprivileged(async () => {
      const options = { text: 'new', expected: 'a rather long old text', keptVersions: 2 };
      await assert.rejects(replaceFile(filePath, options), {
        kind: 'failed-precondition',
        code: 'config-not-writable',
        message: /mediamtx\.yml can't be written \(EACCES\); nothing was changed/u,
      });
    });
    assert.equal(fs.readFileSync(filePath, 'utf8'), 'a rather long old text');
  });

  it('refuses to overwrite what somebody else wrote meanwhile', async () => {
    const options = { text: 'new', expected: 'another text', keptVersions: 2 };
    await assert.rejects(replaceFile(filePath, options), { code: 'config-changed-on-disk' });
    assert.equal(fs.readFileSync(filePath, 'utf8'), 'a rather long old text');
    assert.deepEqual(fs.readdirSync(folder), ['mediamtx.yml']);
  });

  it('keeps owner and mode', async () => {
    fs.chmodSync(filePath, 0o640);
    const before = fs.statSync(filePath);
    const options = { text: 'new', expected: 'a rather long old text', keptVersions: 0 };
    await replaceFile(filePath, options);
    const after = fs.statSync(filePath);
    assert.deepEqual([after.mode, after.uid, after.gid], [before.mode, before.uid, before.gid]);
    assert.notEqual(after.ino, before.ino);
    assert.deepEqual(fs.readdirSync(folder), ['mediamtx.yml']);
  });

  it('gets over a temporary file that a killed process left', async () => {
    fs.writeFileSync(join(folder, '.mediamtx.yml.new'), 'half');
    const options = { text: 'new', expected: 'a rather long old text', keptVersions: 0 };
    await replaceFile(filePath, options);
    assert.deepEqual(fs.readdirSync(folder), ['mediamtx.yml']);
  });
});
