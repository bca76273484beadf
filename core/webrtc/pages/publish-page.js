// The publish page: shows what would be sent, sends it, and says how it goes.
// @ts-check
import { capture } from './client/capture.js';
import { byId, showRows, siblingUrl } from './client/dom.js';
import { PublishForm } from './client/publish-form.js';
import { describeStats } from './client/stats-text.js';
import { MediaMTXWebRTCPublisher } from './publisher.js';

const STATE_LABELS = {
  idle: 'Not publishing',
  connecting: 'Connecting…',
  connected: 'Publishing',
  waiting: 'Not connected',
  unauthorized: 'Not allowed',
  closed: 'Not publishing',
};

/** Everything on the page. */
class PublishPage {
  #form = new PublishForm();
  /** @type {MediaStream | undefined} */
  #stream;
  /** @type {MediaMTXWebRTCPublisher | undefined} */
  #publisher;
  #isCapturing = false;

  async start() {
    this.#form.fill();
    byId('form', HTMLFormElement).addEventListener('submit', (event) => {
      event.preventDefault();
      void this.#publish();
    });
    byId('preview-button', HTMLButtonElement).addEventListener('click', () => void this.#preview());
    byId('stop', HTMLButtonElement).addEventListener('click', () => this.#stop());
    // Another device, size or rate: what was captured before is not what would be sent.
    byId('form', HTMLFormElement).addEventListener('change', () => void this.#onSettings());
    navigator.mediaDevices?.addEventListener(
      'devicechange',
      () => void this.#form.refreshDevices(),
    );
    await this.#form.refreshDevices();
    if (!isSecureContext) await this.#capture();
  }

  async #publish() {
    if (this.#publisher || !(this.#stream ?? (await this.#capture()))) return;
    const stream = this.#stream;
    if (!stream) return;
    const settings = this.#form.read();
    this.#showProblem('');
    this.#showSending(true);
    this.#publisher = new MediaMTXWebRTCPublisher({
      url: siblingUrl('whip'),
      stream,
      videoCodec: settings.videoCodec,
      videoBitrate: settings.videoBitrate,
      audioCodec: settings.audioCodec,
      audioBitrate: settings.audioBitrate,
      audioVoice: settings.audioVoice,
      onStateChange: (state) => this.#onState(state),
      onError: (message, { state }) => this.#onError(message, state),
      onConnected: () => this.#showProblem(''),
      onStats: (stats) => this.#onStats(stats),
    });
  }

  async #preview() {
    if (this.#stream && !this.#publisher) this.#release();
    else await this.#capture();
  }

  async #onSettings() {
    if (this.#publisher || !this.#stream) return;
    await this.#capture();
  }

  /** @returns {Promise<MediaStream | undefined>} */
  async #capture() {
    if (this.#isCapturing) return undefined;
    this.#isCapturing = true;
    try {
      this.#release();
      let stream = await capture(this.#form.read());
      // Names and ids of devices are known from now on.
      await this.#form.refreshDevices();
      if (this.#form.adopt(stream)) {
        stopAll(stream);
        stream = await capture(this.#form.read());
      }
      this.#keep(stream);
      this.#showProblem('');
      return stream;
    } catch (thrown) {
      this.#showProblem(thrown instanceof Error ? thrown.message : String(thrown));
      return undefined;
    } finally {
      this.#isCapturing = false;
    }
  }

  /** @param {MediaStream} stream */
  #keep(stream) {
    this.#stream = stream;
    for (const track of stream.getTracks()) {
      track.addEventListener('ended', () => this.#onTrackEnded(stream, track));
    }
    this.#showPreview();
  }

  /**
   * The user ended the sharing, or a device was unplugged.
   * @param {MediaStream} stream
   * @param {MediaStreamTrack} track
   */
  #onTrackEnded(stream, track) {
    if (stream !== this.#stream) return;
    this.#stop();
    this.#showProblem(`Stopped: ${track.label || `the ${track.kind} source`} ended.`);
  }

  #stop() {
    this.#publisher?.close();
    this.#publisher = undefined;
    this.#release();
    this.#showSending(false);
    this.#showState('idle');
    byId('stats', HTMLElement).hidden = true;
  }

  #release() {
    if (this.#stream) stopAll(this.#stream);
    this.#stream = undefined;
    this.#showPreview();
  }

  #showPreview() {
    const video = byId('preview', HTMLVideoElement);
    const stream = this.#stream;
    video.srcObject = stream ?? null;
    const hasPicture = (stream?.getVideoTracks().length ?? 0) > 0;
    const empty = byId('preview-empty', HTMLElement);
    empty.hidden = hasPicture;
    empty.textContent = stream
      ? 'Audio only: no video source is chosen.'
      : 'Choose what to send, then start. Nothing leaves this computer before.';
    byId('preview-button', HTMLButtonElement).textContent = stream ? 'End preview' : 'Preview';
  }

  /** @param {boolean} isSending */
  #showSending(isSending) {
    this.#form.lock(isSending);
    byId('start', HTMLButtonElement).hidden = isSending;
    byId('preview-button', HTMLButtonElement).hidden = isSending;
    const stop = byId('stop', HTMLButtonElement);
    stop.hidden = !isSending;
    if (isSending) stop.focus();
  }

  /** @param {import('./client/retrying-session.js').SessionState} state */
  #onState(state) {
    this.#showState(state);
    if (state !== 'connected') byId('stats', HTMLElement).hidden = true;
  }

  /**
   * @param {string} message
   * @param {import('./client/retrying-session.js').SessionState} state
   */
  #onError(message, state) {
    this.#showProblem(message.charAt(0).toUpperCase() + message.slice(1));
    if (state !== 'unauthorized') return;
    this.#publisher?.close();
    this.#publisher = undefined;
    this.#showSending(false);
    this.#showState('unauthorized');
  }

  /** @param {import('./client/stream-stats.js').StreamStats} stats */
  #onStats(stats) {
    byId('stats', HTMLElement).hidden = false;
    showRows(byId('stats-list', HTMLElement), describeStats(stats));
  }

  /** @param {keyof typeof STATE_LABELS} state */
  #showState(state) {
    const line = byId('state', HTMLElement);
    line.dataset['state'] = state;
    line.textContent = STATE_LABELS[state];
  }

  /** @param {string} text */
  #showProblem(text) {
    const problem = byId('problem', HTMLElement);
    problem.hidden = text === '';
    problem.textContent = text;
  }
}

/** @param {MediaStream} stream */
function stopAll(stream) {
  for (const track of stream.getTracks()) track.stop();
}

void new PublishPage().start();
