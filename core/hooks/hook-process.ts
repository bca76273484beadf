// One run of a hook's command: a process group of its own, ended by SIGINT, always reaped.
import { spawn, type ChildProcess } from 'node:child_process';
import type { Clock, Timer } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import { OutputLines } from './output-lines.ts';

/** What to run. */
export interface HookProcessOptions {
  readonly words: readonly [string, ...string[]];
  readonly env: Readonly<Record<string, string>>;
}

/** How long a group may take to end after SIGINT, e.g. to finish a file. */
const KILL_AFTER_MS = 3000;
const GROUP_POLL_MS = 50;
/** A background process may keep the pipe for ever. */
const OUTPUT_GRACE_MS = 200;

/** Runs from construction until `exited` resolves. */
export class HookProcess {
  /** Resolves to why it failed, or undefined after exit code 0 and after stop(); never rejects. */
  readonly exited: Promise<string | undefined>;
  readonly #clock: Clock;
  readonly #output: OutputLines;
  readonly #ended = Promise.withResolvers<string | undefined>();
  #child: ChildProcess | undefined;
  #isStopping = false;
  #kill: Timer | undefined;

  constructor(
    { clock, logger }: { readonly clock: Clock; readonly logger: Logger },
    options: HookProcessOptions,
  ) {
    this.#clock = clock;
    this.#output = new OutputLines(clock, logger);
    this.exited = this.#ended.promise;
    this.#spawn(options);
  }

  /** Sends SIGINT to the group, later SIGKILL; resolves when the group is gone. Idempotent. */
  async stop(): Promise<void> {
    if (!this.#isStopping) {
      this.#isStopping = true;
      this.#signal('SIGINT');
      this.#kill = this.#clock.after(KILL_AFTER_MS, () => this.#signal('SIGKILL'));
    }
    await this.exited;
  }

  #spawn({ words: [program, ...args], env }: HookProcessOptions): void {
    try {
      const child = spawn(program, args, {
        ...{ env, detached: true, windowsHide: true, stdio: ['ignore', 'pipe', 'pipe'] },
      });
      this.#child = child;
      child.stdout.on('data', (bytes: Buffer) => this.#output.push(bytes));
      child.stderr.on('data', (bytes: Buffer) => this.#output.push(bytes));
      child.once('error', (error: NodeJS.ErrnoException) => {
        if (child.pid === undefined) this.#finish(startFailure(program, error));
      });
      child.once('exit', (code, signal) => void this.#afterExit(child, failureOf(code, signal)));
    } catch (thrown) {
      // Arguments that no process can get, e.g. with a NUL character.
      this.#finish(startFailure(program, thrown instanceof Error ? thrown : new Error('refused')));
    }
  }

  async #afterExit(child: ChildProcess, failure: string | undefined): Promise<void> {
    const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
    const late = Promise.withResolvers<undefined>();
    const timer = this.#clock.after(OUTPUT_GRACE_MS, () => late.resolve(undefined));
    await Promise.race([closed, late.promise]);
    timer.cancel();
    child.stdout?.destroy();
    child.stderr?.destroy();
    if (this.#isStopping) await this.#groupGone();
    const last = this.#output.lastLine;
    const text = failure !== undefined && last !== '' ? `${failure}: ${last}` : failure;
    this.#finish(this.#isStopping ? undefined : text);
  }

  /** Members of the group may need a moment more than its leader. */
  async #groupGone(): Promise<void> {
    const gone = Promise.withResolvers<undefined>();
    if (!this.#signal(0)) return;
    const poll = this.#clock.every(GROUP_POLL_MS, () => {
      if (!this.#signal(0)) gone.resolve(undefined);
    });
    await gone.promise;
    poll.cancel();
  }

  #finish(failure: string | undefined): void {
    this.#kill?.cancel();
    this.#output.end();
    this.#ended.resolve(failure);
  }

  /** False when there is nobody left to get the signal. */
  #signal(signal: NodeJS.Signals | 0): boolean {
    const pid = this.#child?.pid;
    if (pid === undefined) return false;
    try {
      return process.kill(process.platform === 'win32' ? pid : -pid, signal);
    } catch {
      return false;
    }
  }
}

function failureOf(code: number | null, signal: NodeJS.Signals | null): string | undefined {
  if (code === 0) return undefined;
  return signal === null ? `exit code ${code ?? -1}` : `signal ${signal}`;
}

function startFailure(program: string, error: NodeJS.ErrnoException): string {
  return `'${program}' can't be started: ${error.code ?? error.message}`;
}
