// A WHEP viewer that measures what it gets.
// @ts-check
import { exchange, plain, restartIce, selectedPair } from './signaling.js';

/**
 * @typedef {object} WhepOptions
 * @property {string} url
 * @property {Record<string, string>} [headers] added to the POST, e.g. Authorization
 * @property {('video' | 'audio')[]} [kinds] both by default
 * @property {string} [videoCodec] the only video codec to offer, e.g. `VP8`
 * @property {boolean} [waitForGathering] offer with candidates; without them by default
 */

export class WhepViewer {
  /** @param {WhepOptions} options */
  constructor(options) {
    this.options = options;
    this.connection = new RTCPeerConnection();
    this.video = document.createElement('video');
    this.stream = new MediaStream();
    this.startedAt = performance.now();
    this.connectedMs = -1;
    this.firstFrameMs = -1;
    /** @type {import('./signaling.js').Exchange | undefined} */
    this.exchange = undefined;
  }

  async start() {
    const { connection, options, video } = this;
    for (const kind of options.kinds ?? ['video', 'audio']) {
      const transceiver = connection.addTransceiver(kind, { direction: 'recvonly' });
      if (kind === 'video' && options.videoCodec !== undefined) {
        transceiver.setCodecPreferences(codecsNamed(options.videoCodec));
      }
    }
    connection.addEventListener('track', ({ track }) => this.stream.addTrack(track));
    connection.addEventListener('connectionstatechange', () => {
      if (connection.connectionState === 'connected' && this.connectedMs < 0) {
        this.connectedMs = performance.now() - this.startedAt;
      }
    });
    video.autoplay = true;
    video.srcObject = this.stream;
    video.requestVideoFrameCallback(() => {
      this.firstFrameMs = performance.now() - this.startedAt;
    });
    document.body.append(video);
    this.exchange = await exchange(connection, options);
    return this.exchange;
  }

  async report() {
    const stats = await this.connection.getStats();
    return {
      connectionState: this.connection.connectionState,
      connectedMs: this.connectedMs,
      firstFrameMs: this.firstFrameMs,
      exchange: this.exchange,
      video: inbound(stats, 'video'),
      audio: inbound(stats, 'audio'),
      pair: selectedPair(stats),
      picture: pictureOf(this.video),
    };
  }

  /** Restarts ICE by PATCH; the connection stays. */
  restartIce() {
    return restartIce(this.connection, this.exchange?.location ?? '');
  }

  /** @param {{ isSilent?: boolean }} [options] `isSilent` leaves without telling the server */
  async stop(options = {}) {
    this.connection.close();
    this.video.remove();
    const location = this.exchange?.location ?? '';
    if (location === '' || options.isSilent === true) return 0;
    const response = await fetch(location, {
      method: 'DELETE',
      headers: this.options.headers ?? {},
    });
    return response.status;
  }
}

/** @param {string} name */
function codecsNamed(name) {
  const all = RTCRtpReceiver.getCapabilities('video')?.codecs ?? [];
  const wanted = new Set([`video/${name}`.toLowerCase(), 'video/rtx']);
  return all.filter((codec) => wanted.has(codec.mimeType.toLowerCase()));
}

/**
 * @param {RTCStatsReport} stats
 * @param {string} kind
 */
function inbound(stats, kind) {
  for (const each of stats.values()) {
    if (each.type !== 'inbound-rtp' || each.kind !== kind) continue;
    const codec = stats.get(each.codecId);
    return { ...plain(each), codec: codec?.mimeType ?? '', fmtp: codec?.sdpFmtpLine ?? '' };
  }
  return null;
}

/**
 * Average brightness and contrast of what is shown, 0 to 255; a black or frozen grey picture has
 * no contrast.
 * @param {HTMLVideoElement} video
 */
function pictureOf(video) {
  if (video.videoWidth === 0) return null;
  const canvas = document.createElement('canvas');
  canvas.width = 32;
  canvas.height = 18;
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (context === null) return null;
  context.drawImage(video, 0, 0, canvas.width, canvas.height);
  const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
  let sum = 0;
  let squares = 0;
  for (let index = 0; index < data.length; index += 4) {
    const red = data[index] ?? 0;
    const green = data[index + 1] ?? 0;
    const blue = data[index + 2] ?? 0;
    const luma = 0.299 * red + 0.587 * green + 0.114 * blue;
    sum += luma;
    squares += luma * luma;
  }
  const count = data.length / 4;
  const mean = sum / count;
  return {
    width: video.videoWidth,
    height: video.videoHeight,
    meanLuma: mean,
    contrast: Math.sqrt(Math.max(0, squares / count - mean * mean)),
  };
}
