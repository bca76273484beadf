// Reads the header in which the server tells which tracks of the stream a viewer does not get.
// @ts-check

/**
 * @typedef {object} SkippedTrack
 * @property {string} kind `video`, `audio` or another
 * @property {string} codec e.g. `H265`
 * @property {string} code e.g. `codec-not-offered`
 * @property {string} message for the viewer
 */

/**
 * @param {string | null} header `kind;codec;code;message`, percent-encoded, separated by commas
 * @returns {SkippedTrack[]}
 */
export function parseSkippedTracks(header) {
  if (header === null || header.trim() === '') return [];
  return header.split(',').map((item) => {
    const [kind = '', codec = '', code = '', message = ''] = item.trim().split(';').map(decode);
    return { kind, codec, code, message };
  });
}

/**
 * @param {string} text
 * @returns {string}
 */
function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
