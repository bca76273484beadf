// Notices that a connection which looks healthy no longer shows anything.
// @ts-check

/**
 * Counters that only grow.
 * @typedef {object} Progress
 * @property {number} packets received, of all tracks
 * @property {number} videoPackets
 * @property {number} framesDecoded
 */

/** Fed once a second; knows no clock and no connection. */
export class StallWatch {
  #stallMs;
  #silenceMs;
  /** @type {Progress} */
  #last = { packets: 0, videoPackets: 0, framesDecoded: 0 };
  /** @type {number | undefined} */
  #pictureAtMs;
  /** @type {number | undefined} */
  #packetAtMs;

  /**
   * @param {{ stallMs: number, silenceMs: number }} options how long media may arrive without a
   * picture, and how long nothing may arrive; 0 switches a check off
   */
  constructor({ stallMs, silenceMs }) {
    this.#stallMs = stallMs;
    this.#silenceMs = silenceMs;
  }

  /**
   * @param {Progress} now
   * @param {number} nowMs
   * @returns {'stalled' | 'no-media' | undefined}
   */
  update(now, nowMs) {
    const last = this.#last;
    this.#last = now;
    if (this.#packetAtMs === undefined || now.packets > last.packets) this.#packetAtMs = nowMs;
    const hasPicture = now.framesDecoded > last.framesDecoded;
    const hasVideo = now.videoPackets > last.videoPackets;
    // The time counts from the first packet that shows no picture.
    if (hasPicture || (this.#pictureAtMs === undefined && hasVideo)) this.#pictureAtMs = nowMs;
    if (this.#silenceMs > 0 && nowMs - this.#packetAtMs >= this.#silenceMs) return 'no-media';
    if (!hasVideo || this.#stallMs === 0 || this.#pictureAtMs === undefined) return undefined;
    return nowMs - this.#pictureAtMs >= this.#stallMs ? 'stalled' : undefined;
  }

  /** While a page is hidden, browsers may stop decoding: the time starts anew. */
  pause() {
    this.#pictureAtMs = undefined;
    this.#packetAtMs = undefined;
  }
}
