// Publishes a MediaStream over WHIP. For any page:
// <script src="https://server:8889/path/publisher.js"></script>, then
// new MediaMTXWebRTCPublisher({ url: 'https://server:8889/path/whip', stream, videoCodec: 'h264' }).
// @ts-check
import { RetryingPeer } from './client/retrying-peer.js';
import { withOpusParameters, withStartBitrate } from './client/sdp-text.js';

/**
 * `url` is the WHIP endpoint.
 * @typedef {import('./client/retrying-peer.js').RetryingPeerOptions & PublisherChoices} PublisherOptions
 */

/**
 * @typedef {object} PublisherChoices
 * @property {MediaStream} stream
 * @property {string} [videoCodec] e.g. `h264` or `h264/90000`; default: the browser chooses
 * @property {number | string} [videoBitrate] kbit/s
 * @property {string} [audioCodec] e.g. `opus` or `opus/48000`
 * @property {number | string} [audioBitrate] kbit/s
 * @property {boolean} [audioVoice] one channel, tuned for speech
 * @property {() => void} [onConnected]
 * @property {(stats: import('./client/stream-stats.js').StreamStats) => void} [onStats] each second while connected
 */

/** A good picture at once; networks that can't carry it are noticed within a second. */
const MAX_START_BPS = 2_000_000;
/** Formats that make another one robust; they stay whatever codec is chosen. */
const COMPANIONS = /\/(?:rtx|red|ulpfec|flexfec-03|telephone-event)$/i;

/** Connects at once and again after every failure, until close(). The tracks stay the caller's. */
export class MediaMTXWebRTCPublisher extends RetryingPeer {
  #options;

  /** @param {PublisherOptions} options */
  constructor(options) {
    super(options, {
      prepare: (connection) => this.#prepare(connection),
      editOffer: (sdp) => sdp,
      editAnswer: (sdp) => this.#editAnswer(sdp),
      onAnswer: () => undefined,
      onConnected: () => this.#options.onConnected?.(),
      onFailed: () => undefined,
      watch: () => this.#options.onStats,
    });
    this.#options = { ...options };
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
