// The thread of an export: its failures arrive as they are, and it ends when it is told to.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../../core/base/clock.ts';
import { Mp4Export } from '../../../pro/export/mp4-export.ts';

describe('Mp4Export', () => {
  let folder = '';
  const program = { path: '/none/ffmpeg', probePath: '/none/ffprobe', version: '5.1' };
  const backend = new Mp4Export(
    { clock: systemClock, ffmpeg: { get: () => Promise.resolve(program) } },
    { minFreeBytes: 0 },
  );

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'export-thread-'));
    await writeFile(join(folder, 'list.mp4'), '#EXTM3U\n'.padEnd(600));
    await writeFile(join(folder, 'film.mp4'), '\0\0\0\x18ftypisom'.padEnd(600));
  });

  after(() => rm(folder, { recursive: true }));

  const run = (name: string, signal = new AbortController().signal): Promise<unknown> => {
    const fullPath = join(folder, name);
    const parts = [{ id: '0', fullPath, range: undefined, marks: [] }];
    const work = { id: 'x', parts, folder, maxOutputBytes: 1e6 };
    return backend.run(work, { signal, onProgress: () => undefined });
  };

  it('tells why a job failed', async () => {
    await assert.rejects(run('list.mp4'), {
      ...{ name: 'MediaError', kind: 'unsupported', code: 'export-not-a-recording' },
      message: /list\.mp4' is neither MP4 nor MPEG-TS/u,
    });
    await assert.rejects(run('film.mp4'), { kind: 'unavailable', code: 'ffmpeg-missing' });
  });

  it('does not start, and ends, when the job is canceled', async () => {
    await assert.rejects(run('list.mp4', AbortSignal.abort()));
    const canceling = new AbortController();
    const running = run('film.mp4', canceling.signal);
    canceling.abort();
    await assert.rejects(running);
  });

  it('refuses what is no recording before it is exported', async () => {
    const { signal } = new AbortController();
    await assert.rejects(backend.inspect(join(folder, 'list.mp4'), signal), {
      code: 'export-not-a-recording',
    });
  });
});
