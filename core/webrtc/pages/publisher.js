// Publishes a MediaStream over WHIP. For any page:
// <script src="https://server:8889/path/publisher.js"></script>, then
// new MediaMTXWebRTCPublisher({ url: 'https://server:8889/path/whip', stream, videoCodec: 'h264' }).
// @ts-check
import { PeerAttempt } from './client/peer-attempt.js';
import { RetryingSession } from './client/retrying-session.js';
import { withOpusParameters, withStartBitrate } from './client/sdp-text.js';
import { SignalingClient } from './client/signaling-client.js';
import { StatsSampler } from './client/stream-stats.js';

/**
 * @typedef {object} PublisherOptions
 * @property {string} url of the WHIP endpoint
 * @property {MediaStream} stream
 * @property {string} [user]
 * @property {string} [pass]
 * @property {string} [token] bearer token, instead of user and pass
 * @property {string} [videoCodec] e.g. `h264` or `h264/90000`; default: the browser chooses
 * @property {number | string} [videoBitrate] kbit/s
 * @property {string} [audioCodec] e.g. `opus` or `opus/48000`
 * @property {number | string} [audioBitrate] kbit/s
 * @property {boolean} [audioVoice] one channel, tuned for speech
 * @property {(message: string, details: import('./client/retrying-session.js').ErrorDetails) => void} [onError]
 * @property {() => void} [onConnected]
 * @property {(state: import('./client/retrying-session.js').SessionState) => void} [onStateChange]
 * @property {(stats: import('./client/stream-stats.js').StreamStats) => void} [onStats] each second while connected
 * @property {number} [minRetryMs] first pause between attempts, 1000
 * @property {number} [maxRetryMs] longest pause, 10000
 * @property {number} [connectTimeoutMs] 10000
 * @property {number} [disconnectMs] longest interruption of a connection, 5000
 */

const PUBLISHER_DEFAULTS = {
  minRetryMs: 1000,
  maxRetryMs: 10_000,
  connectTimeoutMs: 10_000,
  disconnectMs: 5000,
};
const PUBLISHER_SAMPLE_MS = 1000;
/** A good picture at once; networks that can't carry it are noticed within a second. */
const MAX_START_BPS = 2_000_000;
/** Formats that make another one robust; they stay whatever codec is chosen. */
const COMPANIONS = /\/(?:rtx|red|ulpfec|flexfec-03|telephone-event)$/i;

/** Connects at once and again after every failure, until close(). The tracks stay the caller's. */
export class MediaMTXWebRTCPublisher {
  #options;
  #client;
  #session;
  /** @type {number | undefined} */
  #sampleTimer;

  /** @param {PublisherOptions} options */
  constructor(options) {
    this.#options = { ...PUBLISHER_DEFAULTS, ...options };
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
   * @param {{ onConnected: () => void, onFailed: (error: import('./client/session-error.js').SessionError) => void }} callbacks
   * @returns {PeerAttempt}
   */
  #createAttempt({ onConnected, onFailed }) {
    const { connectTimeoutMs, disconnectMs } = this.#options;
    const attempt = new PeerAttempt({
      ...{ client: this.#client, connectTimeoutMs, disconnectMs },
      prepare: (connection) => this.#prepare(connection),
      editOffer: (sdp) => sdp,
      editAnswer: (sdp) => this.#editAnswer(sdp),
      onAnswer: () => undefined,
      onConnected: () => {
        this.#startSampling(attempt);
        onConnected();
        this.#options.onConnected?.();
      },
      onFailed: (error) => {
        clearInterval(this.#sampleTimer);
        onFailed(error);
      },
    });
    return attempt;
  }

  /** @param {RTCPeerConnection} connection */
  #prepare(connection) {
    const { stream, videoCodec, videoBitrate, audioCodec, audioBitrate, audioVoice } =
      this.#options;
    for (const track of stream.getTracks()) {
      const isVideo = track.kind === 'video';
      if (!isVideo && audioVoice !== undefined) track.contentHint = audioVoice ? 'speech' : 'music';
      const maxBitrate = toBitsPerSecond(isVideo ? videoBitrate : audioBitrate);
      const transceiver = connection.addTransceiver(track, {
        direction: 'sendonly',
        streams: [stream],
        sendEncodings: [maxBitrate === undefined ? {} : { maxBitrate }],
      });
      preferCodec(transceiver, track.kind, isVideo ? videoCodec : audioCodec);
    }
  }

  /**
   * What the receiver wants decides how Opus is sent, and we speak for it.
   * @param {string} sdp
   * @returns {string}
   */
  #editAnswer(sdp) {
    const { audioBitrate, audioVoice, videoBitrate } = this.#options;
    const maxBitrateBps = toBitsPerSecond(audioBitrate);
    const edited = withOpusParameters(sdp, { isStereo: audioVoice !== true, maxBitrateBps });
    const videoBps = toBitsPerSecond(videoBitrate) ?? MAX_START_BPS;
    return withStartBitrate(edited, Math.min(videoBps, MAX_START_BPS) / 1000);
  }

  /** @param {PeerAttempt} attempt */
  #startSampling(attempt) {
    const { onStats } = this.#options;
    clearInterval(this.#sampleTimer);
    if (!onStats) return;
    const sampler = new StatsSampler();
    this.#sampleTimer = setInterval(async () => {
      const { connection } = attempt;
      if (!connection) return;
      const stats = await sampler.sample(connection);
      if (this.#session.state === 'connected') onStats(stats);
    }, PUBLISHER_SAMPLE_MS);
  }
}

/**
 * Puts the wanted codec first and leaves out the others, so that the server can't choose them.
 * @param {RTCRtpTransceiver} transceiver
 * @param {string} kind
 * @param {string | undefined} wanted
 */
function preferCodec(transceiver, kind, wanted) {
  const name = (wanted ?? '').split('/', 1)[0]?.toLowerCase() ?? '';
  if (name === '') return;
  const codecs = RTCRtpSender.getCapabilities(kind)?.codecs ?? [];
  const chosen = codecs.filter(({ mimeType }) => mimeType.toLowerCase() === `${kind}/${name}`);
  if (chosen.length === 0) throw new TypeError(`this browser can't send ${name}`);
  // Firefox before 128 has none and sends what the server likes best.
  transceiver.setCodecPreferences?.([
    ...chosen,
    ...codecs.filter(({ mimeType }) => COMPANIONS.test(mimeType)),
  ]);
}

/**
 * @param {number | string | undefined} kilobits
 * @returns {number | undefined}
 */
function toBitsPerSecond(kilobits) {
  const value = Number(kilobits ?? 0);
  return Number.isFinite(value) && value > 0 ? Math.round(value * 1000) : undefined;
}

Object.assign(globalThis, { MediaMTXWebRTCPublisher });
