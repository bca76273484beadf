// Plays a stream over WHEP. For any page: <script src="https://server:8889/path/reader.js"></script>,
// then new MediaMTXWebRTCReader({ url: 'https://server:8889/path/whep', onTrack: ... }).
// @ts-check
import { hiddenAudioFormats } from './client/codec-probe.js';
import { RetryingPeer } from './client/retrying-peer.js';
import { withAudioFormats, withOpusParameters } from './client/sdp-text.js';
import { SessionError } from './client/session-error.js';
import { StallWatch } from './client/stall-watch.js';

/** @typedef {import('./client/peer-attempt.js').PeerAttempt} PeerAttempt */
/** @typedef {import('./client/stream-stats.js').StreamStats} StreamStats */

/**
 * `url` is the WHEP endpoint. onError says why there is no picture; attempts go on unless
 * details.state is `unauthorized`.
 * @typedef {import('./client/retrying-peer.js').RetryingPeerOptions & ReaderCallbacks & ReaderLimits} ReaderOptions
 */

/**
 * @typedef {object} ReaderCallbacks
 * @property {(event: RTCTrackEvent) => void} [onTrack]
 * @property {(event: RTCDataChannelEvent) => void} [onDataChannel]
 * @property {(stats: StreamStats) => void} [onStats] each second while connected
 * @property {(skipped: import('./client/skipped-tracks.js').SkippedTrack[]) => void} [onSkippedTracks]
 * tracks of the stream that can't be played here; empty when all can
 */

/**
 * @typedef {object} ReaderLimits
 * @property {number} [stallMs] media without a new picture, then it connects anew, 8000; 0 = never
 * @property {number} [silenceMs] connected without media, then it connects anew, 15000; 0 = never
 */

const READER_DEFAULTS = {
  stallMs: 8000,
  silenceMs: 15_000,
};
/** Audio that browsers may play although they don't offer it. */
const HIDDEN_CODECS = /\b(?:LPCM|G711|PCM[AU])\b/;

/** Connects at once and again after every failure, until close(). */
export class MediaMTXWebRTCReader extends RetryingPeer {
  #options;
  /** @type {import('./client/codec-probe.js').AudioFormat[] | undefined} */
  #hiddenFormats;

  /** @param {ReaderOptions} options */
  constructor(options) {
    super(options, {
      prepare: (connection) => this.#prepare(connection),
      editOffer: (sdp) => withAudioFormats(withOpusParameters(sdp), this.#hiddenFormats ?? []),
      editAnswer: (sdp) => sdp,
      onAnswer: (skipped) => {
        this.#options.onSkippedTracks?.(skipped);
        this.#probeFor(skipped.map(({ codec }) => codec).join(' '));
      },
      onConnected: () => undefined,
      onFailed: ({ code, message }) => {
        if (code === 'rejected') this.#probeFor(message);
      },
      watch: (attempt) => this.#watch(attempt),
    });
    this.#options = { ...READER_DEFAULTS, ...options };
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

  /**
   * @param {PeerAttempt} attempt
   * @returns {(stats: StreamStats) => void}
   */
  #watch(attempt) {
    const { stallMs, silenceMs } = this.#options;
    const watch = new StallWatch({ stallMs, silenceMs });
    return (stats) => {
      this.#options.onStats?.(stats);
      if (document.hidden) watch.pause();
      else this.#judge(attempt, watch, stats);
    };
  }

  /**
   * @param {PeerAttempt} attempt
   * @param {StallWatch} watch
   * @param {StreamStats} stats
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
        if (formats.length === 0 || this.state === 'closed') return;
        this.#hiddenFormats = formats;
        if (this.state === 'waiting') this.retryNow();
        else this.restart();
      })
      .catch(() => undefined);
  }
}

Object.assign(globalThis, { MediaMTXWebRTCReader });
