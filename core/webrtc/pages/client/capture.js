// Gets camera, screen and microphone, and says in words what stands in the way.
// @ts-check

/** Why there is nothing to send; the text is for the one who wants to publish. */
export class CaptureError extends Error {}

/**
 * @param {import('./publish-form.js').PublishSettings} settings
 * @returns {Promise<MediaStream>}
 */
export async function capture(settings) {
  const { videoDevice, audioDevice } = settings;
  if (videoDevice === 'none' && audioDevice === 'none') {
    throw new CaptureError('Nothing to send: choose a video or an audio source.');
  }
  if (!isSecureContext || !navigator.mediaDevices) throw new CaptureError(insecureText());
  const stream = new MediaStream();
  try {
    const usesScreen = videoDevice === 'screen' || audioDevice === 'screen';
    if (usesScreen) addAll(stream, await captureScreen(settings));
    const constraints = deviceConstraints(settings);
    if (constraints.video !== undefined || constraints.audio !== undefined) {
      addAll(stream, await navigator.mediaDevices.getUserMedia(constraints));
    }
    return stream;
  } catch (thrown) {
    for (const track of stream.getTracks()) track.stop();
    throw new CaptureError(failureText(thrown), { cause: thrown });
  }
}

/**
 * @param {import('./publish-form.js').PublishSettings} settings
 * @returns {Promise<MediaStream>}
 */
async function captureScreen(settings) {
  const { videoDevice, audioDevice } = settings;
  const screen = await navigator.mediaDevices.getDisplayMedia({
    // Browsers give the sound of a screen only together with its picture.
    video: videoDevice === 'screen' ? videoConstraints(settings) : true,
    audio: audioDevice === 'screen' ? audioConstraints(settings) : false,
  });
  if (audioDevice === 'screen' && screen.getAudioTracks().length === 0) {
    for (const track of screen.getTracks()) track.stop();
    throw new CaptureError(
      'The chosen screen or window gives no sound: allow it in the dialog, or choose another audio source.',
    );
  }
  if (videoDevice !== 'screen') {
    for (const track of screen.getVideoTracks()) {
      track.stop();
      screen.removeTrack(track);
    }
  }
  return screen;
}

/**
 * @param {import('./publish-form.js').PublishSettings} settings
 * @returns {MediaStreamConstraints}
 */
function deviceConstraints(settings) {
  /** @type {MediaStreamConstraints} */
  const constraints = {};
  const { videoDevice, audioDevice } = settings;
  if (videoDevice !== 'none' && videoDevice !== 'screen') {
    constraints.video = { ...videoConstraints(settings), ...deviceId(videoDevice) };
  }
  if (audioDevice !== 'none' && audioDevice !== 'screen') {
    constraints.audio = { ...audioConstraints(settings), ...deviceId(audioDevice) };
  }
  return constraints;
}

/**
 * @param {import('./publish-form.js').PublishSettings} settings
 * @returns {MediaTrackConstraints}
 */
function videoConstraints({ videoWidth, videoHeight, videoFramerate }) {
  return {
    width: { ideal: videoWidth },
    height: { ideal: videoHeight },
    frameRate: { ideal: videoFramerate },
  };
}

/**
 * @param {import('./publish-form.js').PublishSettings} settings
 * @returns {MediaTrackConstraints}
 */
function audioConstraints({ audioVoice }) {
  return {
    autoGainControl: audioVoice,
    echoCancellation: audioVoice,
    noiseSuppression: audioVoice,
    ...(audioVoice ? { channelCount: 1 } : { channelCount: { ideal: 2 } }),
  };
}

/**
 * @param {string} id
 * @returns {MediaTrackConstraints}
 */
function deviceId(id) {
  return id === 'default' ? {} : { deviceId: { exact: id } };
}

/**
 * @param {MediaStream} to
 * @param {MediaStream} from
 */
function addAll(to, from) {
  for (const track of from.getTracks()) to.addTrack(track);
}

/** @returns {string} */
function insecureText() {
  const { hostname, port, pathname } = location;
  const place = `${port === '' ? '' : `:${port}`}${pathname}`;
  return (
    'Browsers give camera, microphone and screen only to pages opened by HTTPS or from localhost.\n' +
    `Set webrtcEncryption and open https://${hostname}${place}, ` +
    `or, on the machine of the server, open http://localhost${place}`
  );
}

/**
 * @param {unknown} thrown
 * @returns {string}
 */
function failureText(thrown) {
  if (thrown instanceof CaptureError) return thrown.message;
  if (!(thrown instanceof DOMException)) return String(thrown);
  switch (thrown.name) {
    case 'NotAllowedError':
      return 'Permission denied: allow camera, microphone or screen for this page in the browser, then start again.';
    case 'NotFoundError':
      return 'No such device: connect a camera or microphone, or choose None for it.';
    case 'NotReadableError':
      return 'The device does not start: another program may be using it.';
    case 'OverconstrainedError':
      return 'The device is gone or cannot do what the settings ask for: choose another one.';
    default:
      return `${thrown.name}: ${thrown.message}`;
  }
}
