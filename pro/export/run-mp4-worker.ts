// Starts the thread of one export and waits for its end.
import { Worker } from 'node:worker_threads';
import type { Clock } from '../../core/base/clock.ts';
import { MediaError } from '../../core/base/media-error.ts';
import type { ExportOutput, ExportWatch } from './export-backend.ts';
import type { Mp4WorkerData, Mp4WorkerInput, Mp4WorkerOutput } from './mp4-message.ts';

// A packed program is made of .js files.
const PROGRAM = import.meta.url.endsWith('.ts') ? './mp4-worker.ts' : './mp4-worker.js';
/** Eight million packets take about half of it. */
const MAX_HEAP_MIB = 2048;
/** For ending processes; then the thread is ended with what it holds. */
const ABORT_TIMEOUT_MS = 10_000;
const ABORT: Mp4WorkerInput = { type: 'abort' };

/**
 * Resolves when the export is made; rejects when its processes are gone.
 * @throws MediaError whatever the job failed of, `internal` `export-thread-failed`.
 */
export async function runMp4Worker(
  clock: Clock,
  data: Mp4WorkerData,
  { signal, onProgress }: ExportWatch,
): Promise<ExportOutput> {
  signal.throwIfAborted();
  const worker = new Worker(new URL(PROGRAM, import.meta.url), {
    name: 'export',
    workerData: data,
    resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MIB },
  });
  let outcome: ExportOutput | MediaError | undefined;
  const { promise: ended, resolve } = Promise.withResolvers<number>();
  worker.on('message', (message: Mp4WorkerOutput) => {
    if (message.type === 'progress') onProgress(message.progress);
    else outcome = message.type === 'done' ? message.output : toFailure(message);
  });
  worker.on('error', (error: unknown) => {
    outcome ??= threadFailed(error instanceof Error ? error.message : String(error));
  });
  worker.once('exit', resolve);
  const abort = (): void => {
    worker.postMessage(ABORT);
    const timer = clock.after(ABORT_TIMEOUT_MS, () => void worker.terminate());
    void ended.then(() => timer.cancel());
  };
  signal.addEventListener('abort', abort, { once: true });
  const exitCode = await ended;
  signal.removeEventListener('abort', abort);
  outcome ??= threadFailed(`exit code ${exitCode}`);
  if (outcome instanceof MediaError) throw outcome;
  return outcome;
}

function toFailure(failure: Extract<Mp4WorkerOutput, { type: 'failed' }>): MediaError {
  return new MediaError(failure.kind, failure.code, failure.message);
}

function threadFailed(why: string): MediaError {
  const text = `export: the thread of the job ended: ${why}`;
  return new MediaError('internal', 'export-thread-failed', text);
}
