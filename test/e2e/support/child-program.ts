// One child process of a test: argument list, collected output, bounded waits, and a death that is certain.
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import type { Writable } from 'node:stream';

/** How to start a program. */
export interface ChildProgramOptions {
  /** Name in error texts. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd?: string;
  /** Added to the environment of the tests. */
  readonly env?: Readonly<Record<string, string>>;
  /** Whether the test writes to the program's standard input. */
  readonly hasInput?: boolean;
}

/** How a program ended. */
export interface ProgramExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

const MAX_OUTPUT_CHARS = 4 << 20;
const STOP_TIMEOUT_MS = 5_000;

const living = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of living) child.kill('SIGKILL');
});

/** A running program. Whoever starts it stops it, best with `await using`. */
export class ChildProgram implements AsyncDisposable {
  readonly name: string;
  /** Resolves when the program has ended; never rejects. */
  readonly exited: Promise<ProgramExit>;
  readonly #child: ChildProcess;
  #stdout = '';
  #stderr = '';
  #exit: ProgramExit | undefined;
  #onOutput: (() => void)[] = [];

  constructor(options: ChildProgramOptions) {
    this.name = options.name;
    this.#child = spawn(options.command, options.args, {
      stdio: [options.hasInput === true ? 'pipe' : 'ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...options.env },
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    });
    living.add(this.#child);
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => this.#take(text, ''));
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => this.#take('', text));
    this.exited = new Promise((resolve) => {
      this.#child.once('error', (error) => {
        this.#take('', `${error.message}\n`);
        this.#end(null, null, resolve);
      });
      this.#child.once('close', (code, signal) => this.#end(code, signal, resolve));
    });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  get stdout(): string {
    return this.#stdout;
  }

  get stderr(): string {
    return this.#stderr;
  }

  /** Both outputs, for an error text. */
  get output(): string {
    return `${this.#stdout}${this.#stderr}`;
  }

  /** Set once the program has ended. */
  get exit(): ProgramExit | undefined {
    return this.#exit;
  }

  /** The program's standard input; only with `hasInput`. */
  get stdin(): Writable {
    if (this.#child.stdin === null) throw new Error(`${this.name} was started without input`);
    return this.#child.stdin;
  }

  /** Resolves with what `find` returns once it returns something for the output so far. */
  waitForOutput<T>(find: (program: this) => T | undefined, timeoutMs: number): Promise<T> {
    return new Promise((resolve, reject) => {
      const settle = (action: () => void): void => {
        clearTimeout(timer);
        this.#onOutput = this.#onOutput.filter((each) => each !== look);
        action();
      };
      const look = (): void => {
        const found = find(this);
        if (found !== undefined) settle(() => resolve(found));
        else if (this.#exit !== undefined) settle(() => reject(this.failure('ended early')));
      };
      const timer = setTimeout(() => {
        settle(() => reject(this.failure(`said nothing of it in ${timeoutMs} ms`)));
      }, timeoutMs);
      this.#onOutput.push(look);
      look();
    });
  }

  /** Resolves when the program has ended by itself; kills it and rejects after `timeoutMs`. */
  async waitForExit(timeoutMs: number): Promise<ProgramExit> {
    const exit = await this.#exitWithin(timeoutMs);
    if (exit !== undefined) return exit;
    await this.stop('SIGKILL');
    throw this.failure(`still ran after ${timeoutMs} ms`);
  }

  /** Sends `signal`, and SIGKILL when that does not help in 5 s. Idempotent. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<ProgramExit> {
    if (this.#exit === undefined) this.#child.kill(signal);
    const exit = await this.#exitWithin(STOP_TIMEOUT_MS);
    if (exit !== undefined) return exit;
    this.#child.kill('SIGKILL');
    return this.exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  /** An error that carries the end of the program's output. */
  failure(what: string): Error {
    const end = this.#exit === undefined ? 'running' : `exit ${JSON.stringify(this.#exit)}`;
    return new Error(`${this.name} ${what} (${end}):\n${this.output.slice(-4000)}`);
  }

  async #exitWithin(timeoutMs: number): Promise<ProgramExit | undefined> {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const timer = setTimeout(resolve, timeoutMs, undefined);
    try {
      return await Promise.race([this.exited, promise]);
    } finally {
      clearTimeout(timer);
    }
  }

  #take(stdout: string, stderr: string): void {
    this.#stdout = (this.#stdout + stdout).slice(-MAX_OUTPUT_CHARS);
    this.#stderr = (this.#stderr + stderr).slice(-MAX_OUTPUT_CHARS);
    this.#wake();
  }

  #end(
    code: number | null,
    signal: NodeJS.Signals | null,
    resolve: (exit: ProgramExit) => void,
  ): void {
    if (this.#exit !== undefined) return;
    living.delete(this.#child);
    this.#exit = { code, signal };
    resolve(this.#exit);
    this.#wake();
  }

  #wake(): void {
    for (const look of [...this.#onOutput]) look();
  }
}
