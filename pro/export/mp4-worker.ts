// The program of the thread that does one export: tables of long recordings must not hold up live streams.
import { parentPort, workerData } from 'node:worker_threads';
import { systemClock } from '../../core/base/clock.ts';
import { MediaError, toMediaError } from '../../core/base/media-error.ts';
import { FfmpegRuns } from './ffmpeg-runs.ts';
import { Mp4Job } from './mp4-job.ts';
import type { Mp4WorkerData, Mp4WorkerOutput } from './mp4-message.ts';

function say(output: Mp4WorkerOutput): void {
  parentPort?.postMessage(output);
}

async function work(data: Mp4WorkerData): Promise<void> {
  const { program, niceness, processTimeoutMs: timeoutMs, minFreeBytes } = data;
  const ffmpeg = { get: () => Promise.resolve(program) };
  const runs = new FfmpegRuns({ clock: systemClock, ffmpeg }, { niceness, timeoutMs });
  const ending = new AbortController();
  const watch = {
    signal: ending.signal,
    onProgress: (progress: number) => say({ type: 'progress', progress }),
  };
  parentPort?.on('message', () => ending.abort());
  try {
    const job = new Mp4Job({ runs }, { minFreeBytes }, { work: data.work, watch });
    say({ type: 'done', output: await job.run() });
  } catch (thrown) {
    const { kind, code, message } = toMediaError(explain(thrown));
    say({ type: 'failed', kind, code, message });
  }
  parentPort?.close();
}

/** Files that can't be decoded and disks that fail are no bugs of the server. */
function explain(thrown: unknown): unknown {
  if (thrown instanceof MediaError) {
    if (thrown.code !== 'ffmpeg-failed') return thrown;
    const text = `export: ${thrown.message}`;
    return new MediaError('unsupported', 'export-undecodable', text, { cause: thrown });
  }
  if (!(thrown instanceof Error) || !('syscall' in thrown)) return thrown;
  const text = `export: ${thrown.message}`;
  return new MediaError('unavailable', 'export-disk-failed', text, { cause: thrown });
}

const data: unknown = workerData;
if (isWorkerData(data)) await work(data);

function isWorkerData(value: unknown): value is Mp4WorkerData {
  return typeof value === 'object' && value !== null && 'work' in value && 'program' in value;
}
