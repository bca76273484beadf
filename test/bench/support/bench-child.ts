// A program of a bench in a process of its own: calls with answers over IPC, bounded waits, a certain death.
import type { ChildProcess } from 'node:child_process';
import { fork } from 'node:child_process';
import { z } from 'zod';

const CALL_TIMEOUT_MS = 60_000;
const KILL_AFTER_MS = 3_000;

const callSchema = z.object({ id: z.number(), method: z.string(), params: z.unknown() });
const answerSchema = z.object({
  id: z.number(),
  result: z.unknown().optional(),
  error: z.string().optional(),
});

type Answer = z.infer<typeof answerSchema>;

const living = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of living) child.kill('SIGKILL');
});

/** How to start the program. */
export interface BenchChildOptions {
  /** Arguments of Node.js, e.g. `--cpu-prof`. */
  readonly nodeArgs?: readonly string[];
}

/** The parent's end. Use with `await using`. */
export class BenchChild implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #file: string;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #nextId = 1;

  /** Starts `file`, a program that calls `answerCalls`. */
  constructor(file: URL, options: BenchChildOptions = {}) {
    this.#file = file.pathname.split('/').at(-1) ?? '';
    this.#child = fork(file, { execArgv: [...(options.nodeArgs ?? [])] });
    living.add(this.#child);
    this.#child.on('message', (message) => {
      const answer = answerSchema.parse(message);
      this.#waiting.get(answer.id)?.(answer);
    });
    this.#child.once('exit', (code, signal) => {
      living.delete(this.#child);
      const error = `${this.#file} ended: exit code ${String(code)}, signal ${String(signal)}`;
      for (const [id, settle] of this.#waiting) settle({ id, error });
    });
  }

  /** Calls a method of the program and returns what it returns, to be checked by the caller. */
  async call(
    method: string,
    params: unknown = null,
    timeoutMs = CALL_TIMEOUT_MS,
  ): Promise<unknown> {
    const id = this.#nextId++;
    const { promise, resolve } = Promise.withResolvers<Answer>();
    const timer = setTimeout(() => {
      resolve({ id, error: `${this.#file}: ${method}: no answer in ${timeoutMs} ms` });
    }, timeoutMs);
    this.#waiting.set(id, resolve);
    this.#child.send({ id, method, params }, (error) => {
      if (error) resolve({ id, error: `${this.#file}: ${method}: ${error.message}` });
    });
    try {
      const answer = await promise;
      if (answer.error !== undefined) throw new Error(answer.error);
      return answer.result;
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(id);
    }
  }

  /** Ends the program: it sees its channel close, and is killed when that does not help. Idempotent. */
  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const { promise, resolve } = Promise.withResolvers<undefined>();
    this.#child.once('exit', () => resolve(undefined));
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), KILL_AFTER_MS);
    if (this.#child.connected) this.#child.disconnect();
    await promise;
    clearTimeout(timer);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}

/** Handlers by method; what they return goes back to the parent. */
export type CallHandlers = Readonly<Record<string, (params: unknown) => unknown>>;

/** The child's end: answers calls until the parent goes away, then closes and exits. */
export function answerCalls(handlers: CallHandlers, close: () => Promise<void> | void): void {
  process.on('message', (message) => {
    const { id, method, params } = callSchema.parse(message);
    void answer(handlers[method], params).then((result) => process.send?.({ id, ...result }));
  });
  process.once('disconnect', () => {
    void Promise.resolve(close()).finally(() => process.exit(0));
  });
}

async function answer(
  handler: CallHandlers[string] | undefined,
  params: unknown,
): Promise<Omit<Answer, 'id'>> {
  try {
    if (handler === undefined) return { error: 'no such method' };
    return { result: await handler(params) };
  } catch (error) {
    return { error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}
