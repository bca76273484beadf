// Requests on their way to the index worker: what waits, what it holds, and what a dead one left.
import type { Timer } from '../base/clock.ts';
import type { MediaError } from '../base/media-error.ts';
import type { WaitingRequest } from './index-message.ts';

/** A request and who waits for its answer. */
export interface PendingRequest {
  readonly request: WaitingRequest;
  readonly timer: Timer;
  // Methods, so that the functions of a promise of any answer fit.
  resolve(value: unknown): void;
  reject(error: MediaError): void;
}

/** First in, first out; at most `window` requests are with the worker. */
export class RequestQueue {
  readonly #window: number;
  readonly #waiting: PendingRequest[] = [];
  readonly #sent = new Map<number, { readonly pending: PendingRequest; isRepeated: boolean }>();
  /** Requests that a worker died with once. */
  readonly #repeated = new Set<number>();

  constructor(window: number) {
    this.#window = window;
  }

  get size(): number {
    return this.#waiting.length + this.#sent.size;
  }

  add(pending: PendingRequest): void {
    this.#waiting.push(pending);
  }

  /** The next request for the worker, or undefined when it holds enough or nothing waits. */
  next(): WaitingRequest | undefined {
    if (this.#sent.size >= this.#window) return undefined;
    const pending = this.#waiting.shift();
    if (!pending) return undefined;
    const { id } = pending.request;
    this.#sent.set(id, { pending, isRepeated: this.#repeated.delete(id) });
    return pending.request;
  }

  /** Removes a request that is answered or given up. */
  take(id: number): { readonly pending: PendingRequest; readonly wasSent: boolean } | undefined {
    const sent = this.#sent.get(id);
    const position = sent ? -1 : this.#waiting.findIndex(({ request }) => request.id === id);
    const pending = sent?.pending ?? (position < 0 ? undefined : this.#waiting[position]);
    if (!pending) return undefined;
    if (sent) this.#sent.delete(id);
    else this.#waiting.splice(position, 1);
    this.#repeated.delete(id);
    pending.timer.cancel();
    return { pending, wasSent: sent !== undefined };
  }

  /** The worker died: what it held waits again, except what was with a dead worker before. */
  recover(error: MediaError): void {
    const again: PendingRequest[] = [];
    for (const { pending, isRepeated } of this.#sent.values()) {
      if (isRepeated) {
        pending.timer.cancel();
        pending.reject(error);
      } else {
        this.#repeated.add(pending.request.id);
        again.push(pending);
      }
    }
    this.#sent.clear();
    this.#waiting.unshift(...again);
  }

  rejectAll(error: MediaError): void {
    const all = [...[...this.#sent.values()].map(({ pending }) => pending), ...this.#waiting];
    this.#sent.clear();
    this.#repeated.clear();
    this.#waiting.length = 0;
    for (const pending of all) {
      pending.timer.cancel();
      pending.reject(error);
    }
  }
}
