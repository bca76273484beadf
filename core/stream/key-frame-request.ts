// Joins the key frame wishes of all readers of a track into at most one request per interval.
import type { Clock, Timer } from '../base/clock.ts';

/** Settings of a request. */
export interface KeyFrameRequestOptions {
  /** Shortest time between two requests to the source, in milliseconds. */
  readonly minIntervalMs?: number;
}

/** Coalesces key frame requests; `send` asks the source once for any number of wishes. */
export class KeyFrameRequest {
  readonly #clock: Clock;
  readonly #minIntervalMs: number;
  readonly #send: () => void;
  #lastSentMs = Number.NEGATIVE_INFINITY;
  #pending: Timer | undefined;

  constructor(clock: Clock, send: () => void, options: KeyFrameRequestOptions = {}) {
    this.#clock = clock;
    this.#send = send;
    this.#minIntervalMs = options.minIntervalMs ?? 1000;
  }

  /** Asks for a key frame now, or as soon as the interval allows. */
  request(): void {
    if (this.#pending) return;
    const waitMs = this.#lastSentMs + this.#minIntervalMs - this.#clock.monotonicMs();
    if (waitMs <= 0) this.#sendNow();
    else this.#pending = this.#clock.after(waitMs, () => this.#sendNow());
  }

  /** A key frame arrived: whoever waits is served, so a pending request is dropped. */
  satisfied(): void {
    this.#pending?.cancel();
    this.#pending = undefined;
  }

  close(): void {
    this.satisfied();
  }

  #sendNow(): void {
    this.#pending = undefined;
    this.#lastSentMs = this.#clock.monotonicMs();
    this.#send();
  }
}
