// The player page: the stream of its path, and why there is none.
// @ts-check
import { byId, showRows, siblingUrl } from './client/dom.js';
import { readPlayerFlags } from './client/query-flags.js';
import { describeStats } from './client/stats-text.js';
import { MediaMTXWebRTCReader } from './reader.js';

/** How long the buttons stay after the pointer moved. */
const ACTIVE_MS = 2500;
/** Without a picture for so long, a stream with sound is taken for audio only. */
const AUDIO_ONLY_AFTER_SECONDS = 2;

const NOT_FOUND_TEXT = 'No stream yet: nobody sends it, or its source does not answer';

/** Everything on the page. */
class PlayerPage {
  #body = document.body;
  #video = byId('video', HTMLVideoElement);
  #flags = readPlayerFlags(location.search);
  #stream = new MediaStream();
  /** @type {MediaMTXWebRTCReader} */
  #reader;
  /** @type {number | undefined} */
  #countdown;
  /** @type {number | undefined} */
  #activeTimer;
  #audioOnlySeconds = 0;

  constructor() {
    this.#prepareVideo();
    this.#prepareButtons();
    this.#prepareActivity();
    this.#reader = new MediaMTXWebRTCReader({
      url: siblingUrl('whep'),
      onTrack: ({ track }) => this.#addTrack(track),
      onError: (_, details) => this.#onError(details),
      onStateChange: (state) => this.#onState(state),
      onStats: (stats) => this.#onStats(stats),
      onSkippedTracks: (skipped) => this.#showSkipped(skipped),
    });
  }

  #prepareVideo() {
    const { muted, playsInline, disablePictureInPicture } = this.#flags;
    const video = this.#video;
    video.muted = muted;
    video.autoplay = this.#flags.autoplay;
    video.playsInline = playsInline;
    video.disablePictureInPicture = disablePictureInPicture;
    video.addEventListener('volumechange', () => this.#showMute());
    video.addEventListener('playing', () => {
      video.controls = this.#flags.controls;
      if (this.#reader.state === 'connected' && video.videoWidth > 0) this.#hideMessage();
    });
  }

  #prepareButtons() {
    byId('unmute', HTMLButtonElement).addEventListener('click', () => {
      this.#video.muted = false;
      if (this.#video.volume === 0) this.#video.volume = 1;
      this.#video.play().catch(() => undefined);
      this.#video.focus();
    });
    const statsButton = byId('stats-button', HTMLButtonElement);
    statsButton.addEventListener('click', () => this.#toggleStats());
    byId('message-button', HTMLButtonElement).addEventListener('click', () =>
      this.#onMessageButton(),
    );
    byId('notice-close', HTMLButtonElement).addEventListener('click', () => {
      byId('notice', HTMLElement).hidden = true;
      statsButton.focus();
    });
    addEventListener('keydown', ({ key, ctrlKey, metaKey, altKey, repeat }) => {
      if (ctrlKey || metaKey || altKey || repeat) return;
      if (key.toLowerCase() === 's') this.#toggleStats();
      if (key === 'Escape' && !byId('stats', HTMLElement).hidden) this.#toggleStats();
    });
  }

  /** The buttons go away while nobody moves. */
  #prepareActivity() {
    const onActivity = () => {
      this.#body.classList.add('is-active');
      clearTimeout(this.#activeTimer);
      this.#activeTimer = setTimeout(() => this.#body.classList.remove('is-active'), ACTIVE_MS);
    };
    for (const name of ['pointermove', 'pointerdown', 'keydown'])
      addEventListener(name, onActivity);
  }

  /** @param {MediaStreamTrack} track */
  #addTrack(track) {
    this.#stream.addTrack(track);
    // Until something plays, the controls would only show a second spinner.
    if (!this.#flags.autoplay) this.#video.controls = this.#flags.controls;
    // Setting it again would begin anew and end what play() began.
    if (this.#video.srcObject !== this.#stream) this.#video.srcObject = this.#stream;
    if (this.#flags.autoplay) void this.#play();
  }

  /** Sound without a gesture is refused by most browsers: then at least the picture plays. */
  async #play() {
    try {
      await this.#video.play();
    } catch (thrown) {
      const isRefused = thrown instanceof DOMException && thrown.name === 'NotAllowedError';
      if (!isRefused || this.#video.muted) return;
      this.#video.muted = true;
      await this.#video.play().catch(() => undefined);
    }
  }

  /** @param {import('./client/retrying-session.js').SessionState} state */
  #onState(state) {
    this.#body.dataset['state'] = state;
    clearInterval(this.#countdown);
    if (state === 'connecting') {
      // The last picture stays until there are new tracks.
      this.#stream = new MediaStream();
      this.#showMessage({ text: this.#body.dataset['reason'] ?? 'Connecting…' });
    }
    if (state === 'connected') {
      this.#audioOnlySeconds = 0;
      const isShown = this.#video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA;
      if (isShown || !this.#flags.autoplay) this.#hideMessage();
      else this.#showMessage({ text: 'Waiting for media…' });
    }
    this.#showMute();
  }

  /** @param {import('./client/retrying-session.js').ErrorDetails} details */
  #onError({ reason, code, state, retryInMs }) {
    const text = code === 'not-found' ? NOT_FOUND_TEXT : sentence(reason);
    this.#body.dataset['reason'] = text;
    this.#setAudioOnly(false);
    if (state === 'unauthorized') {
      this.#showMessage({ text, button: 'Log in again' });
      return;
    }
    this.#showMessage({ text, button: 'Try now' });
    const endMs = performance.now() + retryInMs;
    const count = () => {
      const seconds = Math.max(0, Math.ceil((endMs - performance.now()) / 1000));
      byId('message-retry', HTMLElement).textContent = `Next attempt in ${seconds} s`;
    };
    count();
    this.#countdown = setInterval(count, 250);
  }

  /** @param {import('./client/stream-stats.js').StreamStats} stats */
  #onStats(stats) {
    const { video, audio } = stats;
    showRows(byId('stats-list', HTMLElement), describeStats(stats));
    this.#body.dataset['frames'] = String(video?.frames ?? 0);
    const isSilentPicture = (video?.packets ?? 0) === 0 && (audio?.packets ?? 0) > 0;
    this.#audioOnlySeconds = isSilentPicture ? this.#audioOnlySeconds + 1 : 0;
    this.#setAudioOnly(this.#audioOnlySeconds >= AUDIO_ONLY_AFTER_SECONDS);
    const level = Math.min(1, Math.sqrt(audio?.level ?? 0));
    byId('audio-only', HTMLElement).style.setProperty('--level', level.toFixed(3));
    if ((video?.frames ?? 0) > 0) this.#hideMessage();
  }

  /** @param {boolean} isAudioOnly */
  #setAudioOnly(isAudioOnly) {
    byId('audio-only', HTMLElement).hidden = !isAudioOnly;
    this.#body.classList.toggle('has-audio-only', isAudioOnly);
    if (!isAudioOnly) return;
    this.#hideMessage();
    if (this.#flags.autoplay && this.#video.paused) void this.#play();
  }

  /** @param {import('./client/skipped-tracks.js').SkippedTrack[]} skipped */
  #showSkipped(skipped) {
    const lines = skipped
      .filter(({ code }) => code !== 'one-track-per-kind')
      .map(({ kind, message }) => `No ${kind}: ${message}.`);
    byId('notice', HTMLElement).hidden = lines.length === 0;
    byId('notice-text', HTMLElement).textContent = lines.join(' ');
  }

  #showMute() {
    const hasAudio = this.#stream.getAudioTracks().some(({ readyState }) => readyState === 'live');
    const isMuted = this.#video.muted || this.#video.volume === 0;
    const asks = hasAudio && isMuted && this.#reader.state === 'connected';
    byId('unmute', HTMLElement).hidden = !asks;
    byId('audio-hint', HTMLElement).hidden = !isMuted;
    this.#body.classList.toggle('is-muted', asks);
  }

  #toggleStats() {
    const panel = byId('stats', HTMLElement);
    panel.hidden = !panel.hidden;
    byId('stats-button', HTMLElement).setAttribute('aria-expanded', String(!panel.hidden));
  }

  #onMessageButton() {
    if (this.#reader.state === 'unauthorized') location.reload();
    else this.#reader.retryNow();
  }

  /** @param {{ text: string, button?: string }} content */
  #showMessage({ text, button = '' }) {
    const line = byId('message-text', HTMLElement);
    if (line.textContent !== text) line.textContent = text;
    byId('message-retry', HTMLElement).textContent = '';
    byId('message', HTMLElement).hidden = false;
    byId('spinner', HTMLElement).hidden = button === 'Log in again';
    const buttonElement = byId('message-button', HTMLButtonElement);
    buttonElement.hidden = button === '';
    buttonElement.textContent = button;
  }

  #hideMessage() {
    byId('message', HTMLElement).hidden = true;
    delete this.#body.dataset['reason'];
  }
}

/**
 * @param {string} text
 * @returns {string}
 */
function sentence(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

new PlayerPage();
