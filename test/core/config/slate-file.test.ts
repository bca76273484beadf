// What is said of an `alwaysAvailableFile` that can't be shown, when the configuration is loaded.
import assert from 'node:assert/strict';
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { checkConfig } from '../../../core/config/load-config.ts';
import { slateFileFault } from '../../../core/config/slate-file.ts';

const DEMO = fileURLToPath(new URL('../../../core/assets/demo.mp4', import.meta.url));

describe('alwaysAvailableFile', () => {
  let folder: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'slate-'));
    await mkdir(join(folder, 'films'));
    await copyFile(DEMO, join(folder, 'films', 'away.mp4'));
    await writeFile(join(folder, 'films', 'text.mp4'), 'this is no film');
    await writeFile(join(folder, 'films', 'empty.mp4'), '');
  });

  after(() => rm(folder, { recursive: true }));

  /** As the loader tells them, for a path with that file. */
  function errorsOf(name: string, env = {}): readonly string[] {
    const text = `paths:\n  cam:\n    alwaysAvailable: yes\n    alwaysAvailableFile: ${name}\n`;
    const { issues } = checkConfig({ text, filePath: join(folder, 'm.yml'), env });
    return issues.map(
      ({ place, key, message }) => `${place.line ?? place.text} ${key}: ${message}`,
    );
  }

  it('is looked for beside the configuration, and where an absolute name says', () => {
    for (const name of ['films/away.mp4', './films/away.mp4', DEMO]) {
      assert.deepEqual(errorsOf(name), [], name);
    }
  });

  it('is refused with key and line when it is not there, not a file, or not MP4', () => {
    const place = '4 paths.cam.alwaysAvailableFile';
    const films = join(folder, 'films');
    assert.deepEqual(errorsOf('films/gone.mp4'), [`${place}: there is no file ${films}/gone.mp4`]);
    assert.deepEqual(errorsOf('films'), [`${place}: ${films} is not a file`]);
    assert.deepEqual(errorsOf('/dev/null'), [`${place}: /dev/null is not a file`]);
    for (const name of ['text.mp4', 'empty.mp4']) {
      assert.deepEqual(errorsOf(`films/${name}`), [
        `${place}: ${films}/${name} is not an MP4 file`,
      ]);
    }
    assert.match(errorsOf('films/text.mp4/more')[0] ?? '', /can't read .* \(ENOTDIR\)$/u);
  });

  it('is refused by the name of the variable that sets it', () => {
    const errors = errorsOf('films/away.mp4', { MTX_PATHS_CAM_ALWAYSAVAILABLEFILE: 'gone.mp4' });
    assert.equal(errors.length, 1);
    assert.match(
      errors[0] ?? '',
      /^environment variable MTX_PATHS_CAM_ALWAYSAVAILABLEFILE .*: there is no file .*gone\.mp4$/u,
    );
  });

  it('is not looked at where nothing is always available', () => {
    const text = 'paths: {cam: {alwaysAvailableFile: gone.mp4}}';
    assert.deepEqual(checkConfig({ text, env: {} }).issues, []);
  });

  it('has a name without zero bytes', () => {
    assert.equal(slateFileFault('a\0b'), 'the name has a zero byte');
  });
});
