// Tests of locateFfmpeg() and FfmpegInstallation with small programs in the place of ffmpeg.
import assert from 'node:assert/strict';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FfmpegInstallation, locateFfmpeg } from '../../../pro/ffmpeg/ffmpeg-program.ts';
import { FakeClock } from '../../support/fake-clock.ts';

describe('locateFfmpeg()', () => {
  let directory = '';

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'ffmpeg-'));
  });

  afterEach(() => rm(directory, { recursive: true, force: true }));

  async function install(name: string, text: string): Promise<string> {
    const path = join(directory, name);
    await writeFile(path, `#!/bin/sh\n${text}\n`);
    await chmod(path, 0o755);
    return path;
  }

  it('finds the first program of the search path, its version and ffprobe', async () => {
    const path = await install('ffmpeg', 'echo "ffmpeg version 7.1-test Copyright"');
    const probePath = await install('ffprobe', 'true');
    const searchPath = `/nowhere::relative:${directory}:/usr/bin`;
    assert.deepEqual(await locateFfmpeg({ searchPath }), { path, probePath, version: '7.1-test' });
  });

  it('tells how to install what is missing', async () => {
    await mkdir(join(directory, 'ffmpeg'));
    await assert.rejects(locateFfmpeg({ searchPath: directory }), {
      kind: 'unavailable',
      code: 'ffmpeg-missing',
      message: /^ffmpeg not available: 'ffmpeg' is not in the search path; install it/u,
    });
  });

  it('takes no program that is not ffmpeg', async () => {
    const program = await install('other', 'echo hello');
    await assert.rejects(locateFfmpeg({ searchPath: '', program }), { code: 'ffmpeg-missing' });
    await assert.rejects(locateFfmpeg({ searchPath: directory, program: '../other' }), {
      code: 'ffmpeg-missing',
    });
  });

  it('finds a program that is installed later', async () => {
    const clock = new FakeClock();
    const installation = new FfmpegInstallation(clock, { searchPath: directory });
    await assert.rejects(installation.get(), { code: 'ffmpeg-missing' });
    await install('ffmpeg', 'echo "ffmpeg version 6.0 x"');
    await assert.rejects(installation.get(), { code: 'ffmpeg-missing' });
    clock.advance(10_000);
    assert.equal((await installation.get()).version, '6.0');
  });
});
