// Tests of config.yml: where mediamtx.yml is, and errors with file, line and column.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadProConfig } from '../../../pro/config/load-pro-config.ts';

describe('loadProConfig()', () => {
  let folder = '';

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pro-config-'));
  });

  after(async () => {
    await rm(folder, { recursive: true });
  });

  async function load(text: string): Promise<string> {
    const file = join(folder, 'config.yml');
    await writeFile(file, text);
    return loadProConfig(file).mediamtxFile;
  }

  it('finds mediamtx.yml beside itself unless told otherwise', async () => {
    assert.equal(await load(''), join(folder, 'mediamtx.yml'));
    assert.equal(await load('mediamtx: sub/other.yml'), join(folder, 'sub', 'other.yml'));
    assert.equal(await load('mediamtx: /etc/mediamtx.yml'), '/etc/mediamtx.yml');
  });

  it('names the place of what it does not understand', async () => {
    await assert.rejects(load('# comment\nmediamxt: a.yml\n'), /config\.yml:2:1: mediamxt/u);
    await assert.rejects(load('mediamtx: 5\n'), /config\.yml:1:1: mediamtx/u);
    await assert.rejects(load('mediamtx: [a\n'), /config\.yml:\d+:\d+/u);
    await assert.rejects(load('- a\n'), /config\.yml/u);
  });

  it('names a file that is missing', () => {
    assert.throws(() => loadProConfig(join(folder, 'none.yml')), {
      code: 'pro-config-unreadable',
      message: /none\.yml/u,
    });
  });

  it('loads the shipped file', () => {
    const shipped = fileURLToPath(new URL('../../../config.yml', import.meta.url));
    assert.match(loadProConfig(shipped).mediamtxFile, /mediamtx\.yml$/u);
  });
});
