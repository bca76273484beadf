// Switches in the query of the player's URL.
// @ts-check

/**
 * @typedef {object} PlayerFlags
 * @property {boolean} controls
 * @property {boolean} muted
 * @property {boolean} autoplay
 * @property {boolean} playsInline
 * @property {boolean} disablePictureInPicture
 */

/**
 * @param {string} query
 * @returns {PlayerFlags}
 */
export function readPlayerFlags(query) {
  const parameters = new URLSearchParams(query);
  const flag = (/** @type {string} */ name, /** @type {boolean} */ fallback) =>
    toBoolean(parameters.get(name), fallback);
  return {
    controls: flag('controls', true),
    muted: flag('muted', true),
    autoplay: flag('autoplay', true),
    playsInline: flag('playsinline', true),
    disablePictureInPicture: flag('disablepictureinpicture', false),
  };
}

/**
 * @param {string | null} text
 * @param {boolean} fallback for what is neither yes nor no
 * @returns {boolean}
 */
export function toBoolean(text, fallback) {
  const word = (text ?? '').toLowerCase();
  if (['1', 'yes', 'true'].includes(word)) return true;
  if (['0', 'no', 'false'].includes(word)) return false;
  return fallback;
}
