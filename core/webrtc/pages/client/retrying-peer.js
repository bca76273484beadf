// What reader and publisher have in common: attempts until close(), and a look at the statistics each second.
// @ts-check
import { PeerAttempt } from './peer-attempt.js';
import { RetryingSession } from './retrying-session.js';
import { SignalingClient } from './signaling-client.js';
import { StatsSampler } from './stream-stats.js';

/** @typedef {import('./session-error.js').SessionError} SessionError */
/** @typedef {import('./stream-stats.js').StreamStats} StreamStats */

/**
 * @typedef {object} RetryingPeerOptions
 * @property {string} url of the endpoint
 * @property {string} [user]
 * @property {string} [pass]
 * @property {string} [token] bearer token, instead of user and pass
 * @property {(message: string, details: import('./retrying-session.js').ErrorDetails) => void} [onError]
 * @property {(state: import('./retrying-session.js').SessionState) => void} [onStateChange]
 * @property {number} [minRetryMs] first pause between attempts, 1000
 * @property {number} [maxRetryMs] longest pause, 10000
 * @property {number} [connectTimeoutMs] 10000
 * @property {number} [disconnectMs] longest interruption of a connection, 5000
 */

/**
 * What is said and done in an attempt.
 * @typedef {object} PeerRole
 * @property {(connection: RTCPeerConnection) => void} prepare adds tracks and transceivers
 * @property {(sdp: string) => string} editOffer
 * @property {(sdp: string) => string} editAnswer
 * @property {(skipped: import('./skipped-tracks.js').SkippedTrack[]) => void} onAnswer
 * @property {() => void} onConnected
 * @property {(error: SessionError) => void} onFailed
 * @property {(attempt: PeerAttempt) => ((stats: StreamStats) => void) | undefined} watch
 * what looks at the samples of a new connection; undefined takes none
 */

const PEER_DEFAULTS = {
  minRetryMs: 1000,
  maxRetryMs: 10_000,
  connectTimeoutMs: 10_000,
  disconnectMs: 5000,
};
const SAMPLE_MS = 1000;

/** Connects at once and again after every failure, until close(). */
export class RetryingPeer {
  #options;
  #role;
  #client;
  #session;
  /** @type {PeerAttempt | undefined} */
  #attempt;
  /** @type {number | undefined} */
  #sampleTimer;

  /**
   * @param {RetryingPeerOptions} options
   * @param {PeerRole} role
   */
  constructor(options, role) {
    this.#options = { ...PEER_DEFAULTS, ...options };
    this.#role = role;
    this.#client = new SignalingClient(options);
    const { minRetryMs, maxRetryMs, onError, onStateChange } = this.#options;
    this.#session = new RetryingSession({
      ...{ minRetryMs, maxRetryMs },
      ...(onError ? { onError } : {}),
      ...(onStateChange ? { onStateChange } : {}),
      createAttempt: (callbacks) => this.#createAttempt(callbacks),
    });
    // Callbacks of this turn would run before the caller has the object.
    queueMicrotask(() => {
      if (this.#session.state !== 'closed') this.#session.start();
    });
  }

  /** @returns {import('./retrying-session.js').SessionState} */
  get state() {
    return this.#session.state;
  }

  /** Ends the pause before the next attempt. */
  retryNow() {
    this.#session.retryNow();
  }

  /** Stops for good and tells the server. */
  close() {
    clearInterval(this.#sampleTimer);
    this.#session.close();
  }

  /**
   * Gives the attempt under way up for a new one.
   * @protected
   */
  restart() {
    this.#attempt?.close();
    this.#session.start();
  }

  /**
   * @param {{ onConnected: () => void, onFailed: (error: SessionError) => void }} callbacks
   * @returns {PeerAttempt}
   */
  #createAttempt({ onConnected, onFailed }) {
    const { connectTimeoutMs, disconnectMs } = this.#options;
    const role = this.#role;
    const attempt = new PeerAttempt({
      ...role,
      ...{ client: this.#client, connectTimeoutMs, disconnectMs },
      onConnected: () => {
        this.#startSampling(attempt);
        onConnected();
        role.onConnected();
      },
      onFailed: (error) => {
        clearInterval(this.#sampleTimer);
        onFailed(error);
        role.onFailed(error);
      },
    });
    this.#attempt = attempt;
    return attempt;
  }

  /** @param {PeerAttempt} attempt */
  #startSampling(attempt) {
    clearInterval(this.#sampleTimer);
    const onStats = this.#role.watch(attempt);
    if (!onStats) return;
    const sampler = new StatsSampler();
    this.#sampleTimer = setInterval(async () => {
      const { connection } = attempt;
      if (!connection || attempt !== this.#attempt) return;
      const stats = await sampler.sample(connection);
      if (this.#session.state === 'connected') onStats(stats);
    }, SAMPLE_MS);
  }
}
