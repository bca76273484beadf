// Talks to the index worker: bounded queue, time-outs, and a new worker when one dies.
import type { Clock, Timer } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import { MediaError } from '../base/media-error.ts';
import type { IndexOrigin } from './index-database.ts';
import type { IndexFailure, IndexWorkerOutput } from './index-message.ts';
import type { IndexOperation, IndexOperations, RecordingIndex } from './index-query.ts';
import { RequestQueue } from './request-queue.ts';
import { startIndexWorker, type IndexWorker, type StartIndexWorker } from './start-index-worker.ts';

/** What the client works with. */
export interface IndexClientComponents {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly startWorker?: StartIndexWorker;
}

/** Where the file is, and limits. */
export interface IndexClientOptions {
  readonly databaseFile: string;
  /** Requests that may wait; more are refused. */
  readonly maxWaiting?: number;
  /** For each request, waiting included. */
  readonly timeoutMs?: number;
  /** Called when the content was lost: whoever knows the files fills the index again. */
  readonly onReset?: (reason: string) => void;
}

type State = 'idle' | 'starting' | 'ready' | 'pausing' | 'closing' | 'closed';

const DEFAULT_MAX_WAITING = 20_000;
const DEFAULT_TIMEOUT_MS = 30_000;
const CLOSE_TIMEOUT_MS = 5000;
/** Requests that are with the worker at once: those are what a dead one takes down. */
const WINDOW = 64;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5000;
/** A worker that never came up is no worker that died. */
const MAX_FIRST_DEATHS = 3;

/** Requests run in order. Every operation may be repeated, so those of a dead worker are, once. */
export class IndexClient implements RecordingIndex {
  readonly #components: IndexClientComponents;
  readonly #options: IndexClientOptions;
  readonly #queue = new RequestQueue(WINDOW);
  readonly #started = Promise.withResolvers<IndexOrigin>();
  readonly #ended = Promise.withResolvers<undefined>();
  #state: State = 'idle';
  #worker: IndexWorker | undefined;
  #nextId = 1;
  /** Workers that died since one answered. */
  #deaths = 0;
  #hasStarted = false;
  #pause: Timer | undefined;

  constructor(components: IndexClientComponents, options: IndexClientOptions) {
    this.#components = components;
    this.#options = options;
    // Who does not ask how the start went learns it from the first call.
    this.#started.promise.catch(() => undefined);
  }

  /** @throws MediaError unavailable `index-in-use` or `index-unavailable`. */
  start(): Promise<IndexOrigin> {
    if (this.#state === 'idle') this.#launch();
    return this.#started.promise;
  }

  /** @throws MediaError of the operation, or `index-busy`, `index-timeout`, `index-closed`. */
  async call<K extends IndexOperation>(
    operation: K,
    input: IndexOperations[K]['input'],
  ): Promise<IndexOperations[K]['output']> {
    const { maxWaiting = DEFAULT_MAX_WAITING, timeoutMs = DEFAULT_TIMEOUT_MS } = this.#options;
    if (this.#state === 'closing' || this.#state === 'closed') throw closedError();
    if (this.#queue.size >= maxWaiting) {
      const text = `recording index is busy: ${maxWaiting} requests wait`;
      throw new MediaError('resource-exhausted', 'index-busy', text);
    }
    return new Promise((resolve, reject) => {
      const id = this.#nextId++;
      const timer = this.#components.clock.after(timeoutMs, () => this.#expire(id));
      this.#queue.add({ request: { id, operation, input }, timer, resolve, reject });
      this.#send();
    });
  }

  /** Waits for what was asked, then ends the worker. Idempotent. */
  async close(): Promise<void> {
    if (this.#state === 'ready') {
      this.#state = 'closing';
      this.#pause = this.#components.clock.after(CLOSE_TIMEOUT_MS, () => this.#end());
      this.#closeWhenDone();
    } else if (this.#state !== 'closing') {
      this.#end();
    }
    await this.#ended.promise;
  }

  #launch(): void {
    this.#state = 'starting';
    const start = this.#components.startWorker ?? startIndexWorker;
    const worker = start(this.#options.databaseFile, {
      onMessage: (output) => {
        if (this.#worker === worker) this.#onMessage(output);
      },
      onExit: (reason) => {
        if (this.#worker === worker) this.#onDeath(reason);
      },
    });
    this.#worker = worker;
  }

  #onMessage(output: IndexWorkerOutput): void {
    switch (output.type) {
      case 'ready':
        this.#onReady(output.origin);
        return;
      case 'refused':
        this.#onRefusal(toError(output.failure));
        return;
      case 'reset':
        this.#options.onReset?.(output.reason);
        return;
      case 'answer':
        this.#deaths = 0;
        this.#queue.take(output.id)?.pending.resolve(output.value);
        break;
      case 'failure':
        this.#deaths = 0;
        this.#queue.take(output.id)?.pending.reject(toError(output.failure));
    }
    this.#send();
    this.#closeWhenDone();
  }

  #onReady(origin: IndexOrigin): void {
    this.#state = 'ready';
    this.#started.resolve(origin);
    if (origin === 'inMemory') {
      this.#components.logger.error('recording index: the disk is full, nothing of it is kept');
    }
    if (this.#hasStarted && origin !== 'opened') this.#options.onReset?.(`it was ${origin}`);
    this.#hasStarted = true;
    this.#send();
  }

  /** A file that can't be opened at the start is for the operator; later it may come back. */
  #onRefusal(error: MediaError): void {
    if (this.#hasStarted) this.#onDeath(error.message);
    else this.#end(error);
  }

  #onDeath(reason: string): void {
    void this.#worker?.terminate();
    this.#worker = undefined;
    if (this.#state === 'closing' || (!this.#hasStarted && this.#deaths >= MAX_FIRST_DEATHS)) {
      this.#end(failedError(reason));
      return;
    }
    this.#queue.recover(failedError(reason));
    const pauseMs =
      this.#deaths === 0 ? 0 : Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** this.#deaths);
    this.#deaths = Math.min(this.#deaths + 1, 10);
    this.#components.logger.warn(`recording index: worker ended (${reason}), starting another one`);
    this.#state = 'pausing';
    this.#pause = this.#components.clock.after(pauseMs, () => this.#launch());
  }

  /** A worker that does not answer is as good as dead. */
  #expire(id: number): void {
    const taken = this.#queue.take(id);
    if (!taken) return;
    const { operation } = taken.pending.request;
    const text = `recording index: no answer to ${operation} in time`;
    taken.pending.reject(new MediaError('deadline-exceeded', 'index-timeout', text));
    if (taken.wasSent) this.#onDeath(`no answer to ${operation}`);
  }

  #send(): void {
    if (this.#state !== 'ready' && this.#state !== 'closing') return;
    for (let next = this.#queue.next(); next; next = this.#queue.next()) {
      this.#worker?.postMessage(next);
    }
  }

  #closeWhenDone(): void {
    if (this.#state !== 'closing' || this.#queue.size > 0) return;
    this.#worker?.postMessage({ operation: 'close' });
  }

  #end(error = closedError()): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#pause?.cancel();
    this.#started.reject(error);
    this.#queue.rejectAll(error);
    const worker = this.#worker;
    this.#worker = undefined;
    void Promise.resolve(worker?.terminate()).finally(() => this.#ended.resolve(undefined));
  }
}

function toError(failure: IndexFailure): MediaError {
  return new MediaError(failure.kind, failure.code, failure.message);
}

function closedError(): MediaError {
  return new MediaError('unavailable', 'index-closed', 'recording index is closed');
}

function failedError(reason: string): MediaError {
  return new MediaError('unavailable', 'index-failed', `recording index failed: ${reason}`);
}
