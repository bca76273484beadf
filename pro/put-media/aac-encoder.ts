// The one ffmpeg of a forwarded path that makes AAC-LC of its sound; started again when it dies.
import type { Clock, Timer } from '../../core/base/clock.ts';
import type { Logger } from '../../core/base/logger.ts';
import { toMediaError } from '../../core/base/media-error.ts';
import { FfmpegProcess, type FfmpegExit } from '../ffmpeg/ffmpeg-process.ts';
import type { FfmpegProvider } from '../ffmpeg/ffmpeg-program.ts';
import { AdtsFrameReader } from './adts-frame-reader.ts';

/** What an encoder works with. */
export interface AacEncoderComponents {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly ffmpeg: FfmpegProvider;
}

/** What it encodes and whom it tells. */
export interface AacEncoderOptions {
  readonly inputArguments: readonly string[];
  readonly channelCount: number;
  /** A process runs that has had no input yet. */
  readonly onStarted: () => void;
  /** A raw AAC frame, which belongs to the receiver. */
  readonly onFrame: (frame: Uint8Array) => void;
  /** Nothing more will come; called once, not after close(). */
  readonly onFailed: (reason: string) => void;
}

/** Rate of the AAC, whatever the rate of the source. */
export const AAC_RATE_HZ = 48000;

const BIT_RATE_PER_CHANNEL = 64_000;
/** Input waiting for a stuck process: 4 s of 24-bit stereo; more is dropped. */
const MAX_QUEUED_BYTES = 1 << 20;
const RESTART_MS = 500;
/** A process that ran for so long did not fail at its task. */
const STABLE_MS = 30_000;
const MAX_FAILURES_IN_ROW = 5;

/** Runs from start() to close(), or to `onFailed`. */
export class AacEncoder implements AsyncDisposable {
  /** Writes that found no process, or one that does not keep up. */
  droppedWrites = 0;
  readonly #components: AacEncoderComponents;
  readonly #options: AacEncoderOptions;
  #process: FfmpegProcess | undefined;
  #restart: Timer | undefined;
  #startedMs = 0;
  #failuresInRow = 0;
  #isClosed = false;

  constructor(components: AacEncoderComponents, options: AacEncoderOptions) {
    this.#components = components;
    this.#options = options;
  }

  /** Looks for ffmpeg and runs it; what goes wrong is told by `onFailed`. */
  start(): void {
    this.#components.ffmpeg.get().then(
      ({ path }) => this.#run(path),
      (thrown: unknown) => this.#fail(toMediaError(thrown).message),
    );
  }

  /** Hands bytes to the process, which must stay as they are. Returns false when they were dropped. */
  write(bytes: Uint8Array): boolean {
    const isTaken = this.#process?.write(bytes) ?? false;
    if (!isTaken) this.droppedWrites++;
    return isTaken;
  }

  /** Resolves when the process is gone. Idempotent. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#restart?.cancel();
    await this.#process?.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #run(program: string): void {
    if (this.#isClosed) return;
    const { clock } = this.#components;
    const reader = new AdtsFrameReader((frame) => {
      if (!this.#isClosed) this.#options.onFrame(frame);
    });
    this.#startedMs = clock.monotonicMs();
    const process = new FfmpegProcess(clock, {
      program,
      args: this.#arguments(),
      hasInput: true,
      maxQueuedInputBytes: MAX_QUEUED_BYTES,
      onOutput: (chunk) => reader.push(chunk),
    });
    this.#process = process;
    this.#options.onStarted();
    void process.exited.then((exit) => this.#onExit(program, exit));
  }

  /** Smallest probing: the arguments say what comes. `nobuffer` would lose the first packet. */
  #arguments(): readonly string[] {
    const { inputArguments, channelCount } = this.#options;
    return [
      ...['-hide_banner', '-nostdin', '-loglevel', 'error'],
      ...['-probesize', '32', '-analyzeduration', '0', '-protocol_whitelist', 'pipe'],
      ...[...inputArguments, '-i', 'pipe:0', '-vn'],
      ...['-ac', String(channelCount), '-ar', String(AAC_RATE_HZ)],
      ...['-c:a', 'aac', '-b:a', String(BIT_RATE_PER_CHANNEL * channelCount)],
      ...['-f', 'adts', '-flush_packets', '1', 'pipe:1'],
    ];
  }

  /** Later each time; after too many failures in a row it gives up. */
  #onExit(program: string, { failure, exitCode }: FfmpegExit): void {
    this.#process = undefined;
    if (this.#isClosed) return;
    const { clock, logger } = this.#components;
    const reason = failure?.message ?? `ffmpeg ended with exit code ${exitCode ?? -1}`;
    const ranMs = clock.monotonicMs() - this.#startedMs;
    this.#failuresInRow = ranMs > STABLE_MS ? 1 : this.#failuresInRow + 1;
    if (this.#failuresInRow > MAX_FAILURES_IN_ROW) {
      this.#fail(reason);
      return;
    }
    logger.warn(`sound to AAC: ${reason}; it is started again`);
    const waitMs = RESTART_MS * 2 ** (this.#failuresInRow - 1);
    this.#restart = clock.after(waitMs, () => this.#run(program));
  }

  #fail(reason: string): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#options.onFailed(reason);
  }
}
