// Starts the ffmpeg and ffprobe processes of exports, each bounded in time and output.
import { createWriteStream, type WriteStream } from 'node:fs';
import type { Clock } from '../../core/base/clock.ts';
import { MediaError } from '../../core/base/media-error.ts';
import { FfmpegProcess } from '../ffmpeg/ffmpeg-process.ts';
import type { FfmpegProgram, FfmpegProvider } from '../ffmpeg/ffmpeg-program.ts';
import { runFfmpeg } from '../ffmpeg/run-ffmpeg.ts';
import { FragmentCounter } from './fragment-counter.ts';

/** What the runs work with. */
export interface FfmpegRunsComponents {
  readonly clock: Clock;
  readonly ffmpeg: FfmpegProvider;
}

/** Bounds for every process. */
export interface FfmpegRunsOptions {
  /** -20..19 as in nice(1): live streams come first. */
  readonly niceness: number;
  /** A process is ended after this time, whatever the job may take. */
  readonly timeoutMs: number;
}

/** One process whose output becomes a file. */
export interface EncodeRun {
  readonly args: readonly string[];
  /** Absolute name of a file that doesn't exist. */
  readonly outputFile: string;
  readonly maxOutputBytes: number;
  readonly signal: AbortSignal;
  /** Seconds that are done; called now and then. */
  readonly onSeconds: (seconds: number) => void;
}

const PROBE_TIMEOUT_MS = 30_000;
const MAX_PROBE_BYTES = 4 * 1024 * 1024;
/** A packet line has about 40 bytes, and there are at most eight million. */
const MAX_PACKET_LIST_BYTES = 512 * 1024 * 1024;
/** Encoders are slower than disks; when that is not so the disk is in trouble. */
const MAX_QUEUED_BYTES = 64 * 1024 * 1024;
/** As the argument lists order it. */
const SECONDS_PER_FRAGMENT = 0.5;

/** Runs programs; keeps nothing. */
export class FfmpegRuns {
  readonly #clock: Clock;
  readonly #ffmpeg: FfmpegProvider;
  readonly #options: FfmpegRunsOptions;

  constructor({ clock, ffmpeg }: FfmpegRunsComponents, options: FfmpegRunsOptions) {
    this.#clock = clock;
    this.#ffmpeg = ffmpeg;
    this.#options = options;
  }

  /** @throws MediaError `unavailable` `ffmpeg-missing`, also when only ffprobe is missing. */
  async check(): Promise<void> {
    await this.#probeProgram();
  }

  /** Whether this ffmpeg knows `-fps_mode`, which replaces `-vsync` from 5.1 on. */
  async hasFpsMode(): Promise<boolean> {
    const { version } = await this.#ffmpeg.get();
    const [, major, minor] = /^n?(\d+)\.(\d+)/u.exec(version) ?? [];
    // Builds from the repository name a commit instead; they are newer.
    if (major === undefined) return true;
    return Number(major) > 5 || (Number(major) === 5 && Number(minor) >= 1);
  }

  /** What ffprobe prints, at most 4 MiB. */
  async probe(args: readonly string[], signal: AbortSignal): Promise<string> {
    const program = await this.#probeProgram();
    const bounds = { maxOutputBytes: MAX_PROBE_BYTES, timeoutMs: PROBE_TIMEOUT_MS };
    const output = await runFfmpeg(this.#clock, { program, args, signal, ...bounds });
    return output.toString('utf8');
  }

  /** Hands on what ffprobe prints as it comes; `onText` may throw to end it. */
  async probeLines(
    args: readonly string[],
    onText: (text: string) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const failed = new AbortController();
    let failure: unknown;
    await this.#run({
      program: await this.#probeProgram(),
      args,
      signal: AbortSignal.any([signal, failed.signal]),
      maxOutputBytes: MAX_PACKET_LIST_BYTES,
      onOutput: (chunk) => {
        if (failed.signal.aborted) return;
        try {
          onText(chunk.toString('latin1'));
        } catch (thrown) {
          failure = thrown;
          failed.abort();
        }
      },
    }).catch((thrown: unknown) => {
      throw failure ?? thrown;
    });
  }

  /** Runs ffmpeg that writes its file by itself. */
  async remux(args: readonly string[], signal: AbortSignal): Promise<void> {
    const { path } = await this.#ffmpeg.get();
    await this.#run({ program: path, args, signal });
  }

  /**
   * Runs ffmpeg and writes its standard output: a process whose reader is gone ends by itself, so
   * that none outlives a killed server.
   */
  async encode(run: EncodeRun): Promise<void> {
    const { path } = await this.#ffmpeg.get();
    const failed = new AbortController();
    const fragments = new FragmentCounter();
    const file = new FileSink(run.outputFile, () => failed.abort());
    try {
      await this.#run({
        program: path,
        args: run.args,
        signal: AbortSignal.any([run.signal, failed.signal]),
        maxOutputBytes: run.maxOutputBytes,
        onOutput: (chunk) => {
          file.write(chunk);
          fragments.push(chunk);
          run.onSeconds(fragments.fragmentCount * SECONDS_PER_FRAGMENT);
        },
      });
    } catch (thrown) {
      await file.end();
      throw file.failure ?? thrown;
    }
    await file.end();
    if (file.failure) throw file.failure;
  }

  async #run(
    run: Omit<ConstructorParameters<typeof FfmpegProcess>[1], 'timeoutMs' | 'niceness'>,
  ): Promise<void> {
    await using process = new FfmpegProcess(this.#clock, { ...run, ...this.#options });
    const { failure } = await process.exited;
    if (failure) throw failure;
  }

  async #probeProgram(): Promise<string> {
    const program: FfmpegProgram = await this.#ffmpeg.get();
    if (program.probePath !== undefined) return program.probePath;
    const text = `ffmpeg not available: there is no ffprobe beside '${program.path}'`;
    throw new MediaError('unavailable', 'ffmpeg-missing', text);
  }
}

/** A file that is written as fast as bytes come, within a bound. */
class FileSink {
  failure: MediaError | undefined;
  readonly #stream: WriteStream;
  readonly #closed: Promise<void>;
  readonly #onFailure: () => void;

  constructor(file: string, onFailure: () => void) {
    this.#onFailure = onFailure;
    this.#stream = createWriteStream(file, { flags: 'wx' });
    this.#closed = new Promise((resolve) => void this.#stream.once('close', resolve));
    this.#stream.on('error', (cause) => this.#fail(`can't write '${file}': ${cause.message}`));
  }

  write(chunk: Buffer): void {
    if (this.failure) return;
    this.#stream.write(chunk);
    if (this.#stream.writableLength > MAX_QUEUED_BYTES) {
      this.#fail(`the disk takes less than the encoder gives: ${MAX_QUEUED_BYTES} bytes wait`);
    }
  }

  async end(): Promise<void> {
    if (this.failure) this.#stream.destroy();
    else this.#stream.end();
    await this.#closed;
  }

  #fail(why: string): void {
    this.failure ??= new MediaError('unavailable', 'export-disk-failed', `export: ${why}`);
    this.#onFailure();
  }
}
