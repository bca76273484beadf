// The settings of the publish page: fields, choices, and the same values in the URL.
// @ts-check
import { byId, create } from './dom.js';
import { toBoolean } from './query-flags.js';

/**
 * @typedef {object} PublishSettings
 * @property {string} videoDevice a device id, `screen` or `none`
 * @property {string} videoCodec e.g. `h264/90000`
 * @property {number} videoBitrate kbit/s
 * @property {number} videoFramerate
 * @property {number} videoWidth
 * @property {number} videoHeight
 * @property {string} audioDevice a device id, `screen` or `none`
 * @property {string} audioCodec e.g. `opus/48000`
 * @property {number} audioBitrate kbit/s
 * @property {boolean} audioVoice
 */

/** Best to receive first: what every browser and camera program plays. */
const VIDEO_ORDER = ['h264', 'vp8', 'vp9', 'av1', 'h265'];
const AUDIO_ORDER = ['opus', 'g722', 'pcmu', 'pcma'];
const FIELDS = [
  'video-device',
  'video-codec',
  'video-bitrate',
  'video-framerate',
  'video-width',
  'video-height',
  'audio-device',
  'audio-codec',
  'audio-bitrate',
  'audio-voice',
];

/** Reads and fills the form. */
export class PublishForm {
  /** What the URL asked for; a device appears only once it may be listed. */
  #wanted = new URLSearchParams(location.search);

  /** Fills the form; codecs are known at once, devices after refreshDevices(). */
  fill() {
    fillSelect('video-codec', codecChoices('video', VIDEO_ORDER), '');
    fillSelect('audio-codec', codecChoices('audio', AUDIO_ORDER), '');
    for (const id of FIELDS) this.#apply(id);
    for (const id of FIELDS) {
      byId(id, HTMLElement).addEventListener('change', () => {
        this.#showAvailable();
        this.#mirror();
      });
    }
    this.#showAvailable();
  }

  /** Lists cameras and microphones; their names come with the first permission. */
  async refreshDevices() {
    const devices = (await navigator.mediaDevices?.enumerateDevices()) ?? [];
    const videos = deviceChoices(devices, 'videoinput', 'Camera');
    const audios = deviceChoices(devices, 'audioinput', 'Microphone');
    fillSelect('video-device', [...videos, ['screen', 'Screen'], ['none', 'None']], 'none');
    fillSelect(
      'audio-device',
      [...audios, ['screen', 'Sound of the screen'], ['none', 'None']],
      'none',
    );
    this.#apply('video-device');
    this.#apply('audio-device');
    this.#showAvailable();
  }

  /** @returns {PublishSettings} */
  read() {
    return {
      videoDevice: byId('video-device', HTMLSelectElement).value,
      videoCodec: byId('video-codec', HTMLSelectElement).value,
      videoBitrate: numberOf('video-bitrate'),
      videoFramerate: numberOf('video-framerate'),
      videoWidth: numberOf('video-width'),
      videoHeight: numberOf('video-height'),
      audioDevice: byId('audio-device', HTMLSelectElement).value,
      audioCodec: byId('audio-codec', HTMLSelectElement).value,
      audioBitrate: numberOf('audio-bitrate'),
      audioVoice: byId('audio-voice', HTMLInputElement).checked,
    };
  }

  /**
   * Shows which devices are captured. The first permission may have given others than the URL
   * names, since devices have no names before it.
   * @param {MediaStream} stream
   * @returns {boolean} whether the form names another device than the stream has
   */
  adopt(stream) {
    let isOther = false;
    for (const track of stream.getTracks()) {
      const id = `${track.kind}-device`;
      const select = byId(id, HTMLSelectElement);
      const { deviceId } = track.getSettings();
      if (select.value === 'screen' || select.value === deviceId) continue;
      if (select.value === this.#wanted.get(id)) isOther = true;
      else if (deviceId !== undefined) select.value = deviceId;
    }
    return isOther;
  }

  /** @param {boolean} isLocked while media are sent */
  lock(isLocked) {
    byId('video-fields', HTMLFieldSetElement).disabled = isLocked;
    byId('audio-fields', HTMLFieldSetElement).disabled = isLocked;
  }

  /** @param {string} id */
  #apply(id) {
    const value = this.#wanted.get(id);
    const field = byId(id, HTMLElement);
    if (value === null) return;
    if (field instanceof HTMLSelectElement) {
      const hasValue = [...field.options].some((option) => option.value === value);
      if (hasValue) field.value = value;
    } else if (field instanceof HTMLInputElement) {
      if (field.type === 'checkbox') field.checked = toBoolean(value, field.checked);
      else if (Number(value) > 0) field.value = String(Number(value));
    }
  }

  /** Keeps the URL in step, so that it can be stored or sent to somebody. */
  #mirror() {
    for (const id of FIELDS) {
      const field = byId(id, HTMLElement);
      if (field instanceof HTMLSelectElement) this.#wanted.set(id, field.value);
      if (field instanceof HTMLInputElement) {
        this.#wanted.set(id, field.type === 'checkbox' ? String(field.checked) : field.value);
      }
    }
    history.replaceState(null, '', `?${this.#wanted}`);
  }

  #showAvailable() {
    const { videoDevice, audioDevice, audioCodec } = this.read();
    for (const id of FIELDS) {
      if (id.endsWith('-device')) continue;
      const isOff = (id.startsWith('video') ? videoDevice : audioDevice) === 'none';
      const isFixed = id === 'audio-bitrate' && !audioCodec.startsWith('opus');
      const field = byId(id, HTMLElement);
      if (field instanceof HTMLSelectElement || field instanceof HTMLInputElement) {
        field.disabled = isOff || isFixed;
      }
    }
  }
}

/**
 * @param {string} kind
 * @param {readonly string[]} order
 * @returns {[string, string][]} value and label
 */
function codecChoices(kind, order) {
  const codecs = RTCRtpSender.getCapabilities(kind)?.codecs ?? [];
  const names = new Map();
  for (const { mimeType, clockRate } of codecs) {
    const name = mimeType.split('/')[1]?.toLowerCase() ?? '';
    if (order.includes(name)) names.set(name, `${name}/${clockRate}`);
  }
  return order.flatMap((name) => {
    const value = names.get(name);
    return value === undefined ? [] : [[value, name === 'opus' ? 'Opus' : name.toUpperCase()]];
  });
}

/**
 * @param {readonly MediaDeviceInfo[]} devices
 * @param {MediaDeviceKind} kind
 * @param {string} fallback name before the permission
 * @returns {[string, string][]}
 */
function deviceChoices(devices, kind, fallback) {
  const own = devices.filter((device) => device.kind === kind);
  return own.map(({ deviceId, label }, index) => [
    // Before the permission there is one device without id: the default one.
    deviceId === '' ? 'default' : deviceId,
    label === '' ? `${fallback}${own.length > 1 ? ` ${index + 1}` : ''}` : label,
  ]);
}

/**
 * @param {string} id
 * @param {readonly (readonly [string, string])[]} choices value and label
 * @param {string} fallback value when the one chosen before is gone and there is no other
 */
function fillSelect(id, choices, fallback) {
  const select = byId(id, HTMLSelectElement);
  const before = select.value;
  select.replaceChildren(
    ...choices.map(([value, label]) => {
      const option = create('option', { text: label });
      option.value = value;
      return option;
    }),
  );
  const values = choices.map(([value]) => value);
  // After the permission "default" gets a real id: the first one is the same device.
  const isKnown = values.includes(before);
  select.value = isKnown ? before : (values[0] ?? fallback);
}

/**
 * @param {string} id
 * @returns {number}
 */
function numberOf(id) {
  const input = byId(id, HTMLInputElement);
  const value = input.valueAsNumber;
  return Number.isFinite(value) && value > 0 ? value : Number(input.defaultValue);
}
