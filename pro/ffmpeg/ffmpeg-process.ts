// One running ffmpeg: started from an argument list, fed and read within bounds, always reaped.
import { spawn, type ChildProcess } from 'node:child_process';
import { setPriority } from 'node:os';
import type { Writable } from 'node:stream';
import type { Clock, Timer } from '../../core/base/clock.ts';
import { MediaError } from '../../core/base/media-error.ts';
import { redactUrls } from '../../core/base/url-redaction.ts';

/** What to run, and its bounds. */
export interface FfmpegProcessOptions {
  /** Absolute path of the program. */
  readonly program: string;
  /** Arguments from a template of ours; never a shell line. */
  readonly args: readonly string[];
  /** Takes the output as it comes; the bytes belong to the receiver. Without it the output is discarded. */
  readonly onOutput?: (chunk: Buffer) => void;
  /** Whether the process reads from `write`; off by default: its input is empty. */
  readonly hasInput?: boolean;
  /** Input waiting for the process, in bytes; what does not fit is refused. 16 MiB by default. */
  readonly maxQueuedInputBytes?: number;
  /** Output over the whole life of the process, in bytes; more ends it. No bound by default. */
  readonly maxOutputBytes?: number;
  /** The process is ended after this time. No bound by default. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  /** -20..19 as in nice(1); 0 by default. */
  readonly niceness?: number;
}

/** How a process ended. */
export interface FfmpegExit {
  readonly exitCode: number | undefined;
  /** Why it did not do its work; undefined after exit code 0 and after a wanted close(). */
  readonly failure: MediaError | undefined;
}

const KILL_AFTER_MS = 2000;
const MAX_ERROR_CHARS = 2000;
const MAX_QUEUED_INPUT_BYTES = 16 * 1024 * 1024;
/** Nothing of the server's environment, where secrets may stand. */
const ENVIRONMENT = { LC_ALL: 'C', AV_LOG_FORCE_NOCOLOR: '1' };

/** Runs from construction until `exited` resolves. */
export class FfmpegProcess implements AsyncDisposable {
  /** Resolves when the process is gone and its pipes are read to the end; never rejects. */
  readonly exited: Promise<FfmpegExit>;
  readonly #clock: Clock;
  readonly #options: FfmpegProcessOptions;
  readonly #child: ChildProcess;
  readonly #onAbort: () => void;
  #errorText = '';
  #outputBytes = 0;
  #failure: MediaError | undefined;
  #isClosing = false;
  #hasExited = false;
  #timeout: Timer | undefined;
  #kill: Timer | undefined;

  constructor(clock: Clock, options: FfmpegProcessOptions) {
    this.#clock = clock;
    this.#options = options;
    this.#child = spawn(options.program, [...options.args], {
      stdio: [options.hasInput ? 'pipe' : 'ignore', options.onOutput ? 'pipe' : 'ignore', 'pipe'],
      env: ENVIRONMENT,
      windowsHide: true,
    });
    this.#onAbort = () => this.#fail(canceled());
    this.exited = this.#watch();
    this.#applyNiceness();
    if (options.timeoutMs !== undefined) {
      const text = `ffmpeg took longer than ${options.timeoutMs} ms`;
      this.#timeout = clock.after(options.timeoutMs, () =>
        this.#fail(new MediaError('deadline-exceeded', 'ffmpeg-timeout', text)),
      );
    }
    options.signal?.addEventListener('abort', this.#onAbort, { once: true });
    if (options.signal?.aborted) this.#onAbort();
  }

  /** Process id; undefined when it could not start. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Whether it runs and nobody asked it to end. */
  get isRunning(): boolean {
    return !this.#hasExited && !this.#isClosing;
  }

  /** Last lines of what it said, without credentials. */
  get errorText(): string {
    return redactUrls(this.#errorText.trim());
  }

  /**
   * Hands bytes to the process; they must stay unchanged until written. Returns false, and writes
   * nothing, when it has ended or too much is waiting already.
   */
  write(bytes: Uint8Array): boolean {
    const input = this.#input;
    const limit = this.#options.maxQueuedInputBytes ?? MAX_QUEUED_INPUT_BYTES;
    if (!input || !this.isRunning || input.writableLength + bytes.length > limit) return false;
    input.write(bytes);
    return true;
  }

  /** Tells the process that no more input comes, so that it finishes. */
  endInput(): void {
    this.#input?.end();
  }

  /** Ends the process, by force when it doesn't end by itself; resolves when it is gone. Idempotent. */
  async close(): Promise<void> {
    this.#terminate();
    await this.exited;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  get #input(): Writable | undefined {
    const { stdin } = this.#child;
    return stdin && !stdin.destroyed && !stdin.writableEnded ? stdin : undefined;
  }

  #watch(): Promise<FfmpegExit> {
    const child = this.#child;
    const { promise, resolve } = Promise.withResolvers<FfmpegExit>();
    // A broken pipe is told by the exit, which knows more.
    child.stdin?.on('error', () => undefined);
    child.stdout?.on('data', (chunk: Buffer) => this.#takeOutput(chunk));
    child.stdout?.on('error', () => undefined);
    child.stderr?.on('error', () => undefined);
    child.stderr?.on('data', (chunk: Buffer) => {
      this.#errorText = (this.#errorText + chunk.toString()).slice(-MAX_ERROR_CHARS);
    });
    child.once('error', (error: NodeJS.ErrnoException) => {
      this.#failure ??= startFailure(this.#options.program, error);
      // Only a process that never started says nothing more.
      if (child.pid === undefined) resolve(this.#end(null, null));
    });
    child.once('close', (code, signal) => resolve(this.#end(code, signal)));
    return promise;
  }

  #takeOutput(chunk: Buffer): void {
    if (this.#isClosing) return;
    this.#outputBytes += chunk.length;
    const limit = this.#options.maxOutputBytes;
    if (limit !== undefined && this.#outputBytes > limit) {
      const text = `ffmpeg wrote more than ${limit} bytes`;
      this.#fail(new MediaError('resource-exhausted', 'ffmpeg-output-too-large', text));
    } else {
      this.#options.onOutput?.(chunk);
    }
  }

  #applyNiceness(): void {
    const { niceness } = this.#options;
    if (niceness === undefined || niceness === 0 || this.#child.pid === undefined) return;
    try {
      setPriority(this.#child.pid, niceness);
    } catch {
      // Without the right to it, or when the process is gone already, it runs as it is.
    }
  }

  #fail(failure: MediaError): void {
    this.#failure ??= failure;
    this.#terminate();
  }

  #terminate(): void {
    if (this.#isClosing || this.#hasExited) return;
    this.#isClosing = true;
    this.#child.stdin?.destroy();
    this.#child.kill('SIGTERM');
    this.#kill = this.#clock.after(KILL_AFTER_MS, () => void this.#child.kill('SIGKILL'));
  }

  #end(code: number | null, signal: NodeJS.Signals | null): FfmpegExit {
    this.#hasExited = true;
    this.#timeout?.cancel();
    this.#kill?.cancel();
    this.#options.signal?.removeEventListener('abort', this.#onAbort);
    const isWanted = code === 0 || this.#isClosing;
    const failure = this.#failure ?? (isWanted ? undefined : this.#exitFailure(code, signal));
    return { exitCode: code ?? undefined, failure };
  }

  #exitFailure(code: number | null, signal: NodeJS.Signals | null): MediaError {
    const how = signal === null ? `exit code ${code ?? -1}` : `signal ${signal}`;
    const why = this.errorText;
    const text = why === '' ? `ffmpeg ended with ${how}` : `ffmpeg ended with ${how}: ${why}`;
    return new MediaError('internal', 'ffmpeg-failed', text);
  }
}

function canceled(): MediaError {
  return new MediaError('canceled', 'ffmpeg-canceled', 'the work of ffmpeg was canceled');
}

function startFailure(program: string, cause: NodeJS.ErrnoException): MediaError {
  const text = `ffmpeg not available: '${program}' can't be started: ${cause.code ?? cause.message}`;
  return new MediaError('unavailable', 'ffmpeg-missing', text, { cause });
}
