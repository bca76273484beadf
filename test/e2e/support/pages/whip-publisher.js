// A WHIP publisher: the browser's fake camera, or a canvas that really moves.
// @ts-check
import { exchange, plain, selectedPair } from './signaling.js';

/**
 * @typedef {object} WhipOptions
 * @property {string} url
 * @property {Record<string, string>} [headers]
 * @property {'camera' | 'canvas'} [source] canvas by default
 * @property {boolean} [hasVideo] true by default
 * @property {boolean} [hasAudio] true by default
 * @property {string} [videoCodec] preferred codec, e.g. `H264`
 * @property {number} [width]
 * @property {number} [height]
 * @property {number} [framesPerSecond]
 * @property {boolean} [waitForGathering]
 */

export class WhipPublisher {
  /** @param {WhipOptions} options */
  constructor(options) {
    this.options = options;
    this.connection = new RTCPeerConnection();
    /** @type {MediaStream | undefined} */
    this.stream = undefined;
    /** @type {import('./signaling.js').Exchange | undefined} */
    this.exchange = undefined;
    this.timer = 0;
  }

  async start() {
    const { connection, options } = this;
    this.stream = options.source === 'camera' ? await this.openCamera() : this.openCanvas();
    for (const track of this.stream.getTracks()) {
      const init = { direction: /** @type {const} */ ('sendonly'), streams: [this.stream] };
      const transceiver = connection.addTransceiver(track, init);
      if (track.kind === 'video' && options.videoCodec !== undefined) {
        transceiver.setCodecPreferences(preferring(options.videoCodec));
      }
    }
    this.exchange = await exchange(connection, options);
    return this.exchange;
  }

  async report() {
    const stats = await this.connection.getStats();
    return {
      connectionState: this.connection.connectionState,
      exchange: this.exchange,
      video: outbound(stats, 'video'),
      audio: outbound(stats, 'audio'),
      pair: selectedPair(stats),
    };
  }

  async stop() {
    window.clearInterval(this.timer);
    this.connection.close();
    for (const track of this.stream?.getTracks() ?? []) track.stop();
    const location = this.exchange?.location ?? '';
    if (location === '') return 0;
    const response = await fetch(location, {
      method: 'DELETE',
      headers: this.options.headers ?? {},
    });
    return response.status;
  }

  openCamera() {
    const { width = 640, height = 360, hasVideo = true, hasAudio = true } = this.options;
    return navigator.mediaDevices.getUserMedia({
      video: hasVideo && { width, height },
      audio: hasAudio,
    });
  }

  openCanvas() {
    const { width = 640, height = 360, framesPerSecond = 25 } = this.options;
    const stream = new MediaStream();
    if (this.options.hasVideo !== false) {
      const canvas = document.createElement('canvas');
      canvas.width = width;
      canvas.height = height;
      const context = canvas.getContext('2d');
      let frame = 0;
      this.timer = window.setInterval(() => {
        frame += 1;
        if (context !== null) paint(context, frame);
      }, 1000 / framesPerSecond);
      for (const track of canvas.captureStream(framesPerSecond).getTracks()) stream.addTrack(track);
    }
    if (this.options.hasAudio !== false) stream.addTrack(openTone());
    return stream;
  }
}

/** A 440 Hz tone. */
function openTone() {
  const audio = new AudioContext();
  const target = audio.createMediaStreamDestination();
  const tone = audio.createOscillator();
  tone.connect(target);
  tone.start();
  const [track] = target.stream.getAudioTracks();
  if (track === undefined) throw new Error('no audio track');
  return track;
}

/**
 * Stripes that move by some pixels each frame, so that the encoder has work and spends its bitrate.
 * @param {CanvasRenderingContext2D} context
 * @param {number} frame
 */
function paint(context, frame) {
  const { width, height } = context.canvas;
  for (let x = 0; x < width; x += 16) {
    context.fillStyle = `hsl(${(x + frame * 7) % 360} 80% ${30 + ((x / 16 + frame) % 5) * 10}%)`;
    context.fillRect(x, 0, 16, height);
  }
  context.fillStyle = 'white';
  context.font = '48px monospace';
  context.fillText(String(frame), 20, height / 2);
}

/** @param {string} name */
function preferring(name) {
  const all = RTCRtpSender.getCapabilities('video')?.codecs ?? [];
  /** @param {{ mimeType: string }} codec */
  const isWanted = (codec) => codec.mimeType.toLowerCase() === `video/${name}`.toLowerCase();
  return [...all.filter(isWanted), ...all.filter((codec) => !isWanted(codec))];
}

/**
 * @param {RTCStatsReport} stats
 * @param {string} kind
 */
function outbound(stats, kind) {
  for (const each of stats.values()) {
    if (each.type !== 'outbound-rtp' || each.kind !== kind) continue;
    return { ...plain(each), codec: stats.get(each.codecId)?.mimeType ?? '' };
  }
  return null;
}
