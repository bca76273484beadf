// Which files are loaded, and what they count from.
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfiguration } from '../../../pro/config/load-configuration.ts';

describe('loadConfiguration()', () => {
  let folder = '';

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'configuration-'));
    await mkdir(join(folder, 'other'));
    await writeFile(join(folder, 'mediamtx.yml'), 'appid: usual');
    await writeFile(join(folder, 'other', 'core.yml'), 'appid: other');
  });

  afterEach(() => rm(folder, { recursive: true }));

  function load(files: object): readonly string[] {
    const { pro, core, proKeys } = loadConfiguration({ folder, ...files }, {});
    const { appId } = proKeys.global.read(core.global);
    return [appId, pro.filePath ?? '', pro.tokens.filePath].map((text) =>
      text.replace(`${folder}/`, ''),
    );
  }

  it('takes mediamtx.yml of the folder, with the defaults of config.yml', () => {
    assert.deepEqual(load({}), ['usual', '', 'tokens.json']);
  });

  it('takes config.yml of the folder first, which names mediamtx.yml', async () => {
    await writeFile(join(folder, 'config.yml'), 'mediamtx: other/core.yml');
    assert.deepEqual(load({}), ['other', 'config.yml', 'tokens.json']);
    assert.deepEqual(load({ mediamtxFile: join(folder, 'mediamtx.yml') }), [
      'usual',
      '',
      'tokens.json',
    ]);
  });

  it('takes a named config.yml, and counts from its folder', async () => {
    const proConfigFile = join(folder, 'other', 'pro.yml');
    await writeFile(proConfigFile, 'mediamtx: core.yml');
    assert.deepEqual(load({ proConfigFile }), ['other', 'other/pro.yml', 'other/tokens.json']);
  });

  it('counts from the folder of a mediamtx.yml that stands alone', () => {
    const mediamtxFile = join(folder, 'other', 'core.yml');
    assert.deepEqual(load({ mediamtxFile }), ['other', '', 'other/tokens.json']);
  });
});
