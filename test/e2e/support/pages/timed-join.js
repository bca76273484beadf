// Watches the clock of a barcode camera until the picture is live, and tells when each step was done; the bench of joining loads it.
// @ts-check
import { BarcodeReader } from './barcode-reader.js';

const TIMEOUT_MS = 15_000;
/** A picture painted at most so long ago is live. */
const LIVE_MS = 200;

/**
 * One join of a recvonly video. Times are milliseconds from the start of the POST; the offer is
 * ready before it, as making one waits for nobody.
 * @param {string} url WHEP URL
 */
async function timeJoin(url) {
  const connection = new RTCPeerConnection();
  const video = document.createElement('video');
  const stream = new MediaStream();
  connection.addTransceiver('video', { direction: 'recvonly' });
  connection.addEventListener('track', ({ track }) => stream.addTrack(track));
  video.autoplay = true;
  video.muted = true;
  video.srcObject = stream;
  document.body.append(video);
  const connected = whenConnected(connection);
  const picture = whenShown(video);
  let location = null;
  try {
    await connection.setLocalDescription();
    const startedMs = performance.now();
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'Content-Type': 'application/sdp' },
      body: connection.localDescription?.sdp ?? '',
    });
    const answer = await response.text();
    const answeredMs = performance.now();
    if (response.status !== 201) throw new Error(`${response.status}: ${answer}`);
    location = response.headers.get('Location');
    await connection.setRemoteDescription({ type: 'answer', sdp: answer });
    const connectedMs = await connected;
    const firstPictureMs = await picture;
    const livePictureMs = await whenLive(video);
    return {
      answerMs: answeredMs - startedMs,
      connectedMs: connectedMs - startedMs,
      firstPictureMs: firstPictureMs - startedMs,
      livePictureMs: livePictureMs - startedMs,
    };
  } finally {
    connection.close();
    video.remove();
    if (location !== null) await fetch(new URL(location, url), { method: 'DELETE' });
  }
}

/**
 * @param {RTCPeerConnection} connection
 * @returns {Promise<number>}
 */
function whenConnected(connection) {
  return new Promise((resolve, reject) => {
    setTimeout(() => reject(new Error(`not connected in ${TIMEOUT_MS} ms`)), TIMEOUT_MS);
    connection.addEventListener('connectionstatechange', () => {
      if (connection.connectionState === 'connected') resolve(performance.now());
    });
  });
}

/**
 * @param {HTMLVideoElement} video
 * @returns {Promise<number>}
 */
function whenShown(video) {
  return new Promise((resolve, reject) => {
    setTimeout(() => reject(new Error(`no picture in ${TIMEOUT_MS} ms`)), TIMEOUT_MS);
    video.requestVideoFrameCallback(() => resolve(performance.now()));
  });
}

/**
 * @param {HTMLVideoElement} video that shows a picture now
 * @returns {Promise<number>}
 */
async function whenLive(video) {
  const reader = new BarcodeReader(video);
  reader.take(performance.timeOrigin + performance.now());
  for (;;) {
    const ageMs = reader.latenciesMs.at(-1);
    if (ageMs !== undefined && ageMs <= LIVE_MS) return performance.now();
    await whenShown(video);
  }
}

Object.assign(globalThis, { timeJoin });
