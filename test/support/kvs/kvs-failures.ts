// Failures that a test orders for the next calls of an operation, and a diary of all calls.
import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { ChangeWaiters } from './change-waiters.ts';
import type { KvsFaultType } from './kvs-fault.ts';
import { KvsFault } from './kvs-fault.ts';

/** Everything that can be called. `connectAs...` are the upgrades of the signalling sockets. */
export type KvsOperation =
  | 'describeSignalingChannel'
  | 'createSignalingChannel'
  | 'listSignalingChannels'
  | 'deleteSignalingChannel'
  | 'getSignalingChannelEndpoint'
  | 'describeStream'
  | 'createStream'
  | 'getDataEndpoint'
  | 'getIceServerConfig'
  | 'connectAsMaster'
  | 'connectAsViewer'
  | 'putMedia';

/** What happens in place of an answer. */
export type KvsFailure =
  | { readonly kind: 'error'; readonly type: KvsFaultType; readonly message?: string }
  /** An answer that is not what the service would say. */
  | { readonly kind: 'reply'; readonly status: number; readonly body: string }
  /** Never an answer. */
  | { readonly kind: 'hang' }
  /** The connection is destroyed. */
  | { readonly kind: 'drop' };

/** One call as it came. */
export interface KvsCall {
  readonly operation: KvsOperation;
  readonly headers: IncomingHttpHeaders;
  /** Path and query. */
  readonly target: string;
  /** Parsed JSON; undefined for upgrades and PutMedia. */
  readonly body: unknown;
  /** Of the answer; 0 while there is none, 101 for an upgrade. */
  status: number;
  /** Set when it was refused. */
  errorType: KvsFaultType | undefined;
}

const MAX_CALLS = 10_000;
const WAIT_MS = 10_000;

/** Kept by the double, asked by every endpoint. */
export class KvsFailures {
  readonly calls: KvsCall[] = [];
  readonly #ordered = new Map<KvsOperation, KvsFailure[]>();
  readonly #waiters = new ChangeWaiters();

  /** Orders a failure for the next `times` calls, behind those ordered before. */
  failNext(operation: KvsOperation, failure: KvsFailure, times = 1): void {
    const queue = this.#ordered.get(operation) ?? [];
    for (let i = 0; i < times; i += 1) queue.push(failure);
    this.#ordered.set(operation, queue);
  }

  /** Forgets what was ordered and did not happen yet. */
  clear(operation?: KvsOperation): void {
    if (operation === undefined) this.#ordered.clear();
    else this.#ordered.delete(operation);
  }

  /** Takes the failure that is due. */
  take(operation: KvsOperation): KvsFailure | undefined {
    return this.#ordered.get(operation)?.shift();
  }

  note(call: KvsCall): KvsCall {
    if (this.calls.length < MAX_CALLS) this.calls.push(call);
    this.#waiters.changed();
    return call;
  }

  countOf(operation: KvsOperation): number {
    return this.calls.filter((call) => call.operation === operation).length;
  }

  /** Resolves when so many calls of it came. @throws Error after 10 s, or `timeoutMs`. */
  async called(operation: KvsOperation, count = 1, timeoutMs = WAIT_MS): Promise<void> {
    const describe = (): string => `${operation}: ${this.countOf(operation)} of ${count} calls`;
    const isDone = (): boolean => this.countOf(operation) >= count;
    await this.#waiters.waitFor(() => isDone() || undefined, { timeoutMs, describe });
  }
}

/** Lets a failure happen to an HTTP request. @throws KvsFault for kind `error`. */
export function applyFailure(failure: KvsFailure, response: ServerResponse): void {
  switch (failure.kind) {
    case 'error':
      throw new KvsFault(failure.type, failure.message ?? `ordered ${failure.type}`);
    case 'reply':
      response.writeHead(failure.status, { 'Content-Type': 'application/json' });
      response.end(failure.body);
      break;
    case 'drop':
      response.destroy();
      break;
    case 'hang':
  }
}

/** Lets a failure happen to an upgrade. @throws KvsFault for kind `error`. */
export function applyUpgradeFailure(failure: KvsFailure, socket: Duplex): void {
  switch (failure.kind) {
    case 'error':
      throw new KvsFault(failure.type, failure.message ?? `ordered ${failure.type}`);
    case 'reply': {
      const length = Buffer.byteLength(failure.body);
      const head = `HTTP/1.1 ${failure.status} Ordered\r\nContent-Length: ${length}`;
      socket.end(`${head}\r\nConnection: close\r\n\r\n${failure.body}`);
      break;
    }
    case 'drop':
      socket.destroy();
      break;
    case 'hang':
  }
}
