// Finds out which audio formats this browser can play although it does not offer them.
// @ts-check
import { withAudioFormats } from './sdp-text.js';

/** @typedef {{ encoding: string, fmtp?: string }} AudioFormat */

/**
 * What cameras and encoders send and browsers hide. Each row is asked for once, by its first.
 * @type {readonly (readonly AudioFormat[])[]}
 */
const HIDDEN_FORMATS = [
  [{ encoding: 'PCMA/8000/2' }, { encoding: 'PCMU/8000/2' }],
  [
    { encoding: 'L16/48000/2' },
    { encoding: 'L16/48000' },
    { encoding: 'L16/16000' },
    { encoding: 'L16/16000/2' },
    { encoding: 'L16/8000' },
    { encoding: 'L16/8000/2' },
  ],
];

/** @type {Promise<AudioFormat[]> | undefined} */
let probed;

/**
 * Formats to add to an offer; found out once for each page.
 * @returns {Promise<AudioFormat[]>}
 */
export function hiddenAudioFormats() {
  probed ??= Promise.all(
    HIDDEN_FORMATS.map(async (row) => ((await plays(row)) ? [...row] : [])),
  ).then((rows) => rows.flat());
  return probed;
}

/**
 * Negotiates the first format of a row with an answer that accepts nothing else.
 * @param {readonly AudioFormat[]} row
 * @returns {Promise<boolean>}
 */
async function plays(row) {
  const connection = new RTCPeerConnection();
  try {
    connection.addTransceiver('audio', { direction: 'recvonly' });
    const { sdp = '' } = await connection.createOffer();
    const offer = withAudioFormats(sdp, row.slice(0, 1));
    await connection.setLocalDescription({ type: 'offer', sdp: offer });
    await connection.setRemoteDescription({ type: 'answer', sdp: onlyAnswer(offer, row[0]) });
    return true;
  } catch {
    return false;
  } finally {
    connection.close();
  }
}

/**
 * @param {string} offer
 * @param {AudioFormat | undefined} format
 * @returns {string}
 */
function onlyAnswer(offer, format) {
  const encoding = format?.encoding ?? '';
  const type = new RegExp(`^a=rtpmap:(\\d+) ${encoding}\\r?$`, 'm').exec(offer)?.[1] ?? '';
  const mid = /^a=mid:(\S+)/m.exec(offer)?.[1] ?? '0';
  const fingerprint = Array.from({ length: 32 }, () => 'AB').join(':');
  return (
    'v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n' +
    `a=group:BUNDLE ${mid}\r\na=fingerprint:sha-256 ${fingerprint}\r\n` +
    `m=audio 9 UDP/TLS/RTP/SAVPF ${type}\r\nc=IN IP4 0.0.0.0\r\na=setup:active\r\na=mid:${mid}\r\n` +
    'a=ice-ufrag:probeprobe\r\na=ice-pwd:probeprobeprobeprobeprobe\r\na=rtcp-mux\r\na=sendonly\r\n' +
    `a=rtpmap:${type} ${encoding}\r\n`
  );
}
