// Puts the page's side of the tests on `kit`, where the test drives it by expressions.
// @ts-check
import { BarcodeReader } from './barcode-reader.js';
import { scrubFile } from './file-player.js';
import { WhepViewer } from './whep-viewer.js';
import { WhipPublisher } from './whip-publisher.js';

/** @type {Map<string, WhepViewer>} */
const viewers = new Map();
/** @type {Map<string, WhipPublisher>} */
const publishers = new Map();
/** @type {Map<string, BarcodeReader>} */
const readers = new Map();

/**
 * @template T
 * @param {Map<string, T>} map
 * @param {string} id
 * @returns {T}
 */
function find(map, id) {
  const found = map.get(id);
  if (found === undefined) throw new Error(`nothing is called ${id}`);
  return found;
}

const kit = {
  /**
   * @param {string} id
   * @param {import('./whep-viewer.js').WhepOptions} options
   */
  watch(id, options) {
    const viewer = new WhepViewer(options);
    viewers.set(id, viewer);
    return viewer.start();
  },
  /** @param {string} id */
  watchReport: (id) => find(viewers, id).report(),
  /** @param {string} id */
  restartIce: (id) => find(viewers, id).restartIce(),
  /** @param {string} id */
  stopWatching: (id) => find(viewers, id).stop(),
  /** @param {string} id */
  readBarcode: (id) => readers.set(id, new BarcodeReader(find(viewers, id).video)),
  /** @param {string} id */
  barcodeReport: (id) => find(readers, id).report(),
  /**
   * @param {string} id
   * @param {import('./whip-publisher.js').WhipOptions} options
   */
  publish(id, options) {
    const publisher = new WhipPublisher(options);
    publishers.set(id, publisher);
    return publisher.start();
  },
  /** @param {string} id */
  publishReport: (id) => find(publishers, id).report(),
  /** @param {string} url @param {number[]} positions */
  scrubFile: (url, positions) => scrubFile(url, positions),
  /** @param {string} id */
  stopPublishing: (id) => find(publishers, id).stop(),
};

Object.assign(globalThis, { kit });
