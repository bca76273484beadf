// Plays a stream over WHEP. For any page: <script src="https://server:8889/path/reader.js"></script>,
// then new MediaMTXWebRTCReader({ url: 'https://server:8889/path/whep', onTrack: ... }).
// @ts-check
import { hiddenAudioFormats } from './client/codec-probe.js';
import { PeerAttempt } from './client/peer-attempt.js';
import { RetryingSession } from './client/retrying-session.js';
import { withAudioFormats, withOpusParameters } from './client/sdp-text.js';
import { SessionError } from './client/session-error.js';
import { SignalingClient } from './client/signaling-client.js';
import { StallWatch } from './client/stall-watch.js';
import { StatsSampler } from './client/stream-stats.js';

/**
 * @typedef {object} ReaderOptions
 * @property {string} url of the WHEP endpoint
 * @property {string} [user]
 * @property {string} [pass]
 * @property {string} [token] bearer token, instead of user and pass
 * @property {(message: string, details: import('./client/retrying-session.js').ErrorDetails) => void} [onError]
 * why there is no picture, in words; attempts go on unless details.state is `unauthorized`
 * @property {(event: RTCTrackEvent) => void} [onTrack]
 * @property {(event: RTCDataChannelEvent) => void} [onDataChannel]
 * @property {(state: import('./client/retrying-session.js').SessionState) => void} [onStateChange]
 * @property {(stats: import('./client/stream-stats.js').StreamStats) => void} [onStats] each second while connected
 * @property {(skipped: import('./client/skipped-tracks.js').SkippedTrack[]) => void} [onSkippedTracks]
 * tracks of the stream that can't be played here; empty when all can
 * @property {number} [minRetryMs] first pause between attempts, 1000
 * @property {number} [maxRetryMs] longest pause, 10000
 * @property {number} [connectTimeoutMs] 10000
 * @property {number} [disconnectMs] longest interruption of a connection, 5000
 * @property {number} [stallMs] media without a new picture, then it connects anew, 8000; 0 = never
 * @property {number} [silenceMs] connected without media, then it connects anew, 15000; 0 = never
 */

const READER_DEFAULTS = {
  minRetryMs: 1000,
  maxRetryMs: 10_000,
  connectTimeoutMs: 10_000,
  disconnectMs: 5000,
  stallMs: 8000,
  silenceMs: 15_000,
};
const READER_SAMPLE_MS = 1000;
/** Audio that browsers may play although they don't offer it. */
const HIDDEN_CODECS = /\b(?:LPCM|G711|PCM[AU])\b/;

/** Connects at once and again after every failure, until close(). */
export class MediaMTXWebRTCReader {
  #options;
  #client;
  #session;
  /** @type {PeerAttempt | undefined} */
  #attempt;
  /** @type {import('./client/codec-probe.js').AudioFormat[] | undefined} */
  #hiddenFormats;
  /** @type {number | undefined} */
  #sampleTimer;

  /** @param {ReaderOptions} options */
  constructor(options) {
    this.#options = { ...READER_DEFAULTS, ...options };
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

  /** @returns {import('./client/retrying-session.js').SessionState} */
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
   * @param {{ onConnected: () => void, onFailed: (error: SessionError) => void }} callbacks
   * @returns {PeerAttempt}
   */
  #createAttempt({ onConnected, onFailed }) {
    const { connectTimeoutMs, disconnectMs } = this.#options;
    const attempt = new PeerAttempt({
      ...{ client: this.#client, connectTimeoutMs, disconnectMs },
      prepare: (connection) => this.#prepare(connection),
      editOffer: (sdp) => withAudioFormats(withOpusParameters(sdp), this.#hiddenFormats ?? []),
      editAnswer: (sdp) => sdp,
      onAnswer: (skipped) => {
        this.#options.onSkippedTracks?.(skipped);
        this.#probeFor(skipped.map(({ codec }) => codec).join(' '));
      },
      onConnected: () => {
        this.#startSampling(attempt);
        onConnected();
      },
      onFailed: (error) => {
        clearInterval(this.#sampleTimer);
        onFailed(error);
        if (error.code === 'rejected') this.#probeFor(error.message);
      },
    });
    this.#attempt = attempt;
    return attempt;
  }

  /** @param {RTCPeerConnection} connection */
  #prepare(connection) {
    const { onTrack, onDataChannel } = this.#options;
    connection.addTransceiver('video', { direction: 'recvonly' });
    connection.addTransceiver('audio', { direction: 'recvonly' });
    if (onDataChannel) {
      // Without a channel of its own an offer has no section for those of the server.
      connection.createDataChannel('');
      connection.addEventListener('datachannel', onDataChannel);
    }
    if (onTrack) connection.addEventListener('track', onTrack);
  }

  /** @param {PeerAttempt} attempt */
  #startSampling(attempt) {
    const { stallMs, silenceMs } = this.#options;
    const sampler = new StatsSampler();
    const watch = new StallWatch({ stallMs, silenceMs });
    clearInterval(this.#sampleTimer);
    this.#sampleTimer = setInterval(async () => {
      const { connection } = attempt;
      if (!connection || attempt !== this.#attempt) return;
      const stats = await sampler.sample(connection);
      if (this.#session.state !== 'connected') return;
      this.#options.onStats?.(stats);
      if (document.hidden) watch.pause();
      else this.#judge(attempt, watch, stats);
    }, READER_SAMPLE_MS);
  }

  /**
   * @param {PeerAttempt} attempt
   * @param {StallWatch} watch
   * @param {import('./client/stream-stats.js').StreamStats} stats
   */
  #judge(attempt, watch, { video, connection }) {
    const { stallMs, silenceMs } = this.#options;
    const progress = {
      packets: connection.packets,
      videoPackets: video?.packets ?? 0,
      framesDecoded: video?.frames ?? 0,
    };
    switch (watch.update(progress, performance.now())) {
      case 'stalled':
        attempt.fail(
          new SessionError(
            `media arrives, but for ${stallMs / 1000} seconds no picture could be decoded`,
            { code: 'stalled' },
          ),
        );
        break;
      case 'no-media':
        attempt.fail(
          new SessionError(`no media arrived for ${silenceMs / 1000} seconds`, {
            code: 'no-media',
          }),
        );
        break;
      default:
    }
  }

  /**
   * Looks once whether this browser plays what the server thinks it can't, and then asks for it.
   * @param {string} codecs
   */
  #probeFor(codecs) {
    if (this.#hiddenFormats !== undefined || !HIDDEN_CODECS.test(codecs)) return;
    this.#hiddenFormats = [];
    hiddenAudioFormats()
      .then((formats) => {
        if (formats.length === 0 || this.#session.state === 'closed') return;
        this.#hiddenFormats = formats;
        if (this.#session.state === 'waiting') this.#session.retryNow();
        else this.#restart();
      })
      .catch(() => undefined);
  }

  #restart() {
    this.#attempt?.close();
    this.#session.start();
  }
}

Object.assign(globalThis, { MediaMTXWebRTCReader });
