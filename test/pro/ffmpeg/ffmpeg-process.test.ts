// Tests of FfmpegProcess and runFfmpeg() with small shell programs in the place of ffmpeg.
import assert from 'node:assert/strict';
import { getPriority } from 'node:os';
import { systemClock } from '../../../core/base/clock.ts';
import { FfmpegProcess, type FfmpegProcessOptions } from '../../../pro/ffmpeg/ffmpeg-process.ts';
import { runFfmpeg } from '../../../pro/ffmpeg/run-ffmpeg.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const LIMITS = { program: '/bin/sh', timeoutMs: 5000, maxOutputBytes: 1000 };

function start(
  script: string,
  options: Partial<FfmpegProcessOptions> = {},
  clock = systemClock,
): FfmpegProcess {
  return new FfmpegProcess(clock, { program: '/bin/sh', args: ['-c', script], ...options });
}

/** Starts a process and waits until it said that it is ready. */
async function startReady(
  script: string,
  options: Partial<FfmpegProcessOptions> = {},
  clock = systemClock,
): Promise<FfmpegProcess> {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const process = start(script, { ...options, onOutput: () => resolve(undefined) }, clock);
  await promise;
  return process;
}

describe('runFfmpeg()', () => {
  it('resolves to what the process writes', async () => {
    const input = Buffer.from('frame');
    const args = ['-c', 'cat; printf "%s" "$0"', 'a b;$(id)'];
    const output = await runFfmpeg(systemClock, { ...LIMITS, args, input });
    assert.equal(output.toString(), 'framea b;$(id)');
  });

  it('tells the exit code and the last words without credentials', async () => {
    const args = ['-c', 'echo "rtsp://u:secret@cam/1: refused" >&2; exit 3'];
    await assert.rejects(runFfmpeg(systemClock, { ...LIMITS, args }), {
      code: 'ffmpeg-failed',
      message: 'ffmpeg ended with exit code 3: rtsp://***@cam/1: refused',
    });
  });

  it('keeps only the end of a long complaint', async () => {
    const args = [
      '-c',
      'i=0; while [ $i -lt 300 ]; do echo "line $i of many" >&2; i=$((i+1)); done; exit 1',
    ];
    const failure: unknown = await runFfmpeg(systemClock, { ...LIMITS, args }).catch(
      (e: unknown) => e,
    );
    assert.ok(failure instanceof Error);
    assert.match(failure.message, /line 299 of many$/u);
    assert.ok(failure.message.length < 2100);
  });

  it('refuses an input that is too large', async () => {
    const run = {
      ...LIMITS,
      args: ['-c', 'cat'],
      input: Buffer.alloc(100),
      maxQueuedInputBytes: 50,
    };
    await assert.rejects(runFfmpeg(systemClock, run), { code: 'ffmpeg-input-too-large' });
  });

  it('ends a process that writes too much', async () => {
    const run = { ...LIMITS, args: ['-c', 'exec cat /dev/zero'] };
    await assert.rejects(runFfmpeg(systemClock, run), { code: 'ffmpeg-output-too-large' });
  });

  it('names a program that is not there', async () => {
    const run = { ...LIMITS, program: '/nowhere/ffmpeg', args: [], input: Buffer.alloc(1) };
    await assert.rejects(runFfmpeg(systemClock, run), {
      kind: 'unavailable',
      code: 'ffmpeg-missing',
    });
  });
});

describe('FfmpegProcess', () => {
  it('is ended when its time is over', async () => {
    const clock = new FakeClock();
    const process = start('exec sleep 60', { timeoutMs: 500 }, clock);
    clock.advance(500);
    const { failure } = await process.exited;
    assert.equal(failure?.code, 'ffmpeg-timeout');
    assert.equal(clock.pendingTimers, 0);
  });

  it('is ended by its signal, also by one that was aborted before', async () => {
    const abort = new AbortController();
    const process = start('exec sleep 60', { signal: abort.signal });
    abort.abort();
    assert.equal((await process.exited).failure?.code, 'ffmpeg-canceled');
    const second = start('exec sleep 60', { signal: abort.signal });
    assert.equal((await second.exited).failure?.code, 'ffmpeg-canceled');
  });

  it('is killed when it does not end by itself', async () => {
    const clock = new FakeClock();
    const script = 'trap "" TERM; echo ready; while :; do sleep 0.05; done';
    const process = await startReady(script, {}, clock);
    const closed = process.close();
    clock.advance(2000);
    await closed;
    assert.equal(process.isRunning, false);
    assert.equal((await process.exited).failure, undefined);
  });

  it('closes once, also when it has ended already', async () => {
    const process = start('exit 0');
    assert.deepEqual(await process.exited, { exitCode: 0, failure: undefined });
    await process.close();
    await process.close();
    assert.equal(process.write(Buffer.from('x')), false);
  });

  it('takes no more input than its queue holds', async () => {
    const process = await startReady('echo ready; exec sleep 60', {
      hasInput: true,
      maxQueuedInputBytes: 1 << 20,
    });
    let written = 0;
    while (written < 64 && process.write(Buffer.alloc(1 << 18))) written++;
    assert.ok(written >= 4 && written < 64, `${written}`);
    await process.close();
  });

  it('gives the process nothing of our environment', async () => {
    const output: Buffer[] = [];
    await start('env', { onOutput: (chunk) => void output.push(chunk) }).exited;
    assert.doesNotMatch(Buffer.concat(output).toString(), /^(HOME|MTX_\w+|npm_\w+)=/mu);
  });

  it('runs with the niceness it was given', async () => {
    const process = await startReady('echo ready; exec sleep 60', { niceness: 7 });
    assert.equal(getPriority(process.pid), 7);
    await process.close();
  });
});
