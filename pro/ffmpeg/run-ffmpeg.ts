// Runs ffmpeg once: input in, output out, nothing left behind.
import type { Clock } from '../../core/base/clock.ts';
import { MediaError } from '../../core/base/media-error.ts';
import { FfmpegProcess, type FfmpegProcessOptions } from './ffmpeg-process.ts';

/** One run; both bounds are required. */
export interface FfmpegRun extends Omit<FfmpegProcessOptions, 'onOutput' | 'hasInput'> {
  /** Everything the process reads. */
  readonly input?: Uint8Array;
  readonly maxOutputBytes: number;
  readonly timeoutMs: number;
}

/**
 * Resolves to what ffmpeg wrote to its standard output.
 * @throws MediaError `internal` `ffmpeg-failed` with what it said, `deadline-exceeded`
 * `ffmpeg-timeout`, `resource-exhausted` `ffmpeg-output-too-large`, `canceled` `ffmpeg-canceled`,
 * `unavailable` `ffmpeg-missing`.
 */
export async function runFfmpeg(clock: Clock, run: FfmpegRun): Promise<Buffer> {
  const { input, ...options } = run;
  const chunks: Buffer[] = [];
  await using process = new FfmpegProcess(clock, {
    ...options,
    hasInput: input !== undefined,
    onOutput: (chunk) => void chunks.push(chunk),
  });
  const isTaken = input === undefined || process.write(input);
  if (!isTaken && process.pid !== undefined && process.isRunning) {
    const text = `ffmpeg does not take an input of ${input.length} bytes`;
    throw new MediaError('resource-exhausted', 'ffmpeg-input-too-large', text);
  }
  process.endInput();
  const { failure } = await process.exited;
  if (failure) throw failure;
  return Buffer.concat(chunks);
}
