// Statistics in words, for the panels of the player and of the publisher.
// @ts-check

/** @typedef {readonly (readonly [string, string])[]} StatsRows */

/**
 * @param {import('./stream-stats.js').StreamStats} stats
 * @returns {StatsRows}
 */
export function describeStats({ video, audio, connection }) {
  /** @type {[string, string][]} */
  const rows = [];
  if (video) {
    const { codec, width, height, framesPerSecond, framesDropped, freezes, frames } = video;
    rows.push(['Video', `${codec} ${width}×${height}, ${Math.round(framesPerSecond)} fps`]);
    rows.push(['Video bitrate', bitrateText(video.bitrateBps)]);
    rows.push(['Video loss', lossText(video)]);
    if (video.jitterBufferMs !== null) {
      rows.push(['Frames', `${frames} shown, ${framesDropped} dropped, ${freezes} freezes`]);
      rows.push(['Video buffer', `${Math.round(video.jitterBufferMs)} ms`]);
    }
    if (video.limitation !== '') rows.push(['Held back by', video.limitation]);
  }
  if (audio) {
    const channels = ['', ', mono', ', stereo'][audio.channels] ?? `, ${audio.channels} channels`;
    rows.push(['Audio', `${audio.codec}${channels}`]);
    rows.push(['Audio bitrate', bitrateText(audio.bitrateBps)]);
    rows.push(['Audio loss', lossText(audio)]);
    if (audio.jitterBufferMs !== null) {
      rows.push(['Audio buffer', `${Math.round(audio.jitterBufferMs)} ms`]);
    }
  }
  if (connection.roundTripMs !== null) {
    const { roundTripMs } = connection;
    rows.push(['Round trip', roundTripMs < 1 ? 'below 1 ms' : `${Math.round(roundTripMs)} ms`]);
  }
  if (connection.remote !== '') rows.push(['Server', connection.remote]);
  if (connection.local !== '') rows.push(['Way', wayText(connection.local)]);
  return rows;
}

/**
 * @param {number} bitsPerSecond
 * @returns {string}
 */
function bitrateText(bitsPerSecond) {
  const kilobits = bitsPerSecond / 1000;
  return kilobits < 1000
    ? `${Math.round(kilobits)} kbit/s`
    : `${(kilobits / 1000).toFixed(2)} Mbit/s`;
}

/**
 * @param {{ packets: number, packetsLost: number }} track
 * @returns {string}
 */
function lossText({ packets, packetsLost }) {
  if (packetsLost <= 0) return 'none';
  const percent = (packetsLost * 100) / (packets + packetsLost);
  return `${packetsLost} packets (${percent.toFixed(percent < 1 ? 2 : 1)} %)`;
}

/**
 * @param {string} candidateType
 * @returns {string}
 */
function wayText(candidateType) {
  switch (candidateType) {
    case 'host':
      return 'direct';
    case 'relay':
      return 'over a TURN server';
    default:
      return `through a router (${candidateType})`;
  }
}
