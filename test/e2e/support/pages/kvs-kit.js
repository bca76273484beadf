// Puts the SDK's MASTER and VIEWER on `kit`, where the test drives them by expressions.
// @ts-check
import { KvsMaster } from './kvs-master.js';
import { KvsViewer } from './kvs-viewer.js';

/** @type {Map<string, KvsMaster | KvsViewer>} */
const ends = new Map();

/** @param {string} id */
function find(id) {
  const found = ends.get(id);
  if (found === undefined) throw new Error(`nothing is called ${id}`);
  return found;
}

const kit = {
  /**
   * @param {string} id
   * @param {import('./kvs-master.js').KvsMasterOptions} options
   */
  master(id, options) {
    const master = new KvsMaster(options);
    ends.set(id, master);
    return master.start();
  },
  /**
   * @param {string} id
   * @param {import('./kvs-viewer.js').KvsViewerOptions} options
   */
  viewer(id, options) {
    const viewer = new KvsViewer(options);
    ends.set(id, viewer);
    return viewer.start();
  },
  /** @param {string} id */
  report: (id) => find(id).report(),
  /** @param {string} id */
  reopen: (id) => find(id).reopen(),
  /** @param {string} id @param {string} correlationId */
  sendTooMuch: (id, correlationId) => find(id).sendTooMuch(correlationId),
  /** @param {string} id */
  stop: (id) => find(id).stop(),
};

Object.assign(globalThis, { kit });
