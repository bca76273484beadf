// Reads the clock that the test's camera paints into each frame, and so measures the way through everything.
// @ts-check

const BITS = 32;

export class BarcodeReader {
  /** @param {HTMLVideoElement} video */
  constructor(video) {
    this.video = video;
    this.canvas = document.createElement('canvas');
    this.context = this.canvas.getContext('2d', { willReadFrequently: true });
    /** @type {number[]} milliseconds from paint to presentation, one per frame */
    this.latenciesMs = [];
    /** @type {number[]} milliseconds between presentations */
    this.gapsMs = [];
    this.badReads = 0;
    this.lastAt = 0;
    this.presentedFrames = 0;
    this.next();
  }

  report() {
    return {
      latenciesMs: this.latenciesMs,
      gapsMs: this.gapsMs,
      badReads: this.badReads,
      presentedFrames: this.presentedFrames,
    };
  }

  next() {
    this.video.requestVideoFrameCallback((_, metadata) => {
      const at = performance.timeOrigin + performance.now();
      this.presentedFrames = metadata.presentedFrames;
      this.take(at);
      this.next();
    });
  }

  /** @param {number} at */
  take(at) {
    const stamp = this.read();
    if (stamp === undefined) {
      this.badReads += 1;
      return;
    }
    // The picture carries the low 32 bits of the clock.
    const whole = Math.floor(at);
    const behindMs = ((whole >>> 0) - stamp) | 0;
    this.latenciesMs.push(behindMs + (at - whole));
    if (this.lastAt > 0) this.gapsMs.push(at - this.lastAt);
    this.lastAt = at;
  }

  /** The number in the picture; undefined when the second row is not the complement of the first. */
  read() {
    const { videoWidth: width, videoHeight: height } = this.video;
    if (this.context === null || width === 0) return undefined;
    const rowHeight = Math.floor(height / 10);
    this.canvas.width = width;
    this.canvas.height = rowHeight * 2;
    this.context.drawImage(this.video, 0, 0);
    const { data } = this.context.getImageData(0, 0, width, rowHeight * 2);
    let stamp = 0;
    for (let bit = 0; bit < BITS; bit += 1) {
      const x = Math.floor(((bit + 0.5) * width) / BITS);
      const isSet = isBright(data, width, x, rowHeight >> 1);
      if (isSet === isBright(data, width, x, rowHeight + (rowHeight >> 1))) return undefined;
      stamp = (stamp << 1) | (isSet ? 1 : 0);
    }
    return stamp >>> 0;
  }
}

/**
 * @param {Uint8ClampedArray} data
 * @param {number} width
 * @param {number} x
 * @param {number} y
 */
function isBright(data, width, x, y) {
  return (data[(y * width + x) * 4 + 1] ?? 0) > 127;
}
