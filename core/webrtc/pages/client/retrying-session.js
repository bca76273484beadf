// Keeps a session alive: repeats attempts with growing pauses until it is closed or not allowed.
// @ts-check
import { BackOff } from './back-off.js';

/**
 * `waiting` is the pause before the next attempt; `unauthorized` and `closed` are final.
 * @typedef {'connecting' | 'connected' | 'waiting' | 'unauthorized' | 'closed'} SessionState
 */

/** @typedef {import('./session-error.js').SessionError} SessionError */

/**
 * What goes with the text of an error.
 * @typedef {object} ErrorDetails
 * @property {string} reason the text without "retrying..."
 * @property {import('./session-error.js').FailureCode} code
 * @property {number} status HTTP status, 0 when there was none
 * @property {SessionState} state what follows
 * @property {number} retryInMs 0 when nothing follows
 */

/**
 * What an attempt needs to be.
 * @typedef {object} Attempt
 * @property {() => void} start
 * @property {() => void} close
 */

/**
 * @typedef {object} SessionOptions
 * @property {(callbacks: { onConnected: () => void, onFailed: (error: SessionError) => void }) => Attempt} createAttempt
 * @property {number} minRetryMs
 * @property {number} maxRetryMs
 * @property {(message: string, details: ErrorDetails) => void} [onError]
 * @property {(state: SessionState) => void} [onStateChange]
 */

/** A connection of this length was a good one: the next pause is short again. */
const STABLE_MS = 10_000;

/** Attempts one after another. */
export class RetryingSession {
  #options;
  #backOff;
  /** @type {Attempt | undefined} */
  #attempt;
  /** @type {SessionState} */
  #state = 'connecting';
  /** @type {number | undefined} */
  #timer;
  #connectedAtMs = 0;
  #listeners = new AbortController();

  /** @param {SessionOptions} options */
  constructor(options) {
    this.#options = options;
    this.#backOff = new BackOff({ minMs: options.minRetryMs, maxMs: options.maxRetryMs });
    const { signal } = this.#listeners;
    addEventListener('pagehide', () => this.#onPageHide(), { signal });
    addEventListener('pageshow', ({ persisted }) => this.#onPageShow(persisted), { signal });
    addEventListener('online', () => this.retryNow(), { signal });
  }

  /** @returns {SessionState} */
  get state() {
    return this.#state;
  }

  /** Begins with an attempt. */
  start() {
    this.#setState('connecting');
    const attempt = this.#options.createAttempt({
      onConnected: () => this.#onConnected(),
      onFailed: (error) => this.#onFailed(error),
    });
    this.#attempt = attempt;
    attempt.start();
  }

  /** Ends the pause, if there is one. */
  retryNow() {
    if (this.#state !== 'waiting') return;
    clearTimeout(this.#timer);
    this.start();
  }

  /** Ends everything, also the session on the server. Idempotent. */
  close() {
    if (this.#state === 'closed') return;
    this.#stop();
    this.#listeners.abort();
    this.#setState('closed');
  }

  #onConnected() {
    this.#connectedAtMs = performance.now();
    this.#setState('connected');
  }

  /** @param {SessionError} error */
  #onFailed(error) {
    const wasStable =
      this.#state === 'connected' && performance.now() - this.#connectedAtMs >= STABLE_MS;
    if (wasStable) this.#backOff.reset();
    this.#attempt = undefined;
    const { message: reason, code, status } = error;
    if (error.isFinal) {
      this.#setState('unauthorized');
      this.#options.onError?.(reason, {
        reason,
        code,
        status,
        state: 'unauthorized',
        retryInMs: 0,
      });
      return;
    }
    const retryInMs = Math.max(this.#backOff.nextMs(), error.retryAfterMs);
    this.#timer = setTimeout(() => this.start(), retryInMs);
    this.#setState('waiting');
    const seconds = Math.max(1, Math.round(retryInMs / 1000));
    const message = `${reason}, retrying in ${seconds} ${seconds === 1 ? 'second' : 'seconds'}`;
    this.#options.onError?.(message, { reason, code, status, state: 'waiting', retryInMs });
  }

  /** The browser may throw the page away without a further word. */
  #onPageHide() {
    if (this.#state !== 'unauthorized') this.#stop();
  }

  /** @param {boolean} isFromCache */
  #onPageShow(isFromCache) {
    if (isFromCache && this.#state !== 'unauthorized') this.start();
  }

  #stop() {
    clearTimeout(this.#timer);
    this.#attempt?.close();
    this.#attempt = undefined;
  }

  /** @param {SessionState} state */
  #setState(state) {
    if (state === this.#state && state !== 'connecting') return;
    this.#state = state;
    this.#options.onStateChange?.(state);
  }
}
