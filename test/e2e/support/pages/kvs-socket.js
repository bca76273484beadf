// The signalling client of AWS's own SDK, and a diary of what it tells.
// @ts-check
import { plain } from './signaling.js';

/**
 * The client as an emitter: it extends Node's, whose types a page has not.
 * @typedef {(payload: never, clientId: string) => void} KvsListener
 * @typedef {{ on(name: string, listener: KvsListener): void, once(name: string, listener: KvsListener): void }} KvsEmitter
 */

/**
 * @typedef {object} KvsSocketOptions
 * @property {string} region
 * @property {string} channelARN
 * @property {string} endpoint `wss://...` of the role
 * @property {{ accessKeyId: string, secretAccessKey: string, sessionToken?: string }} credentials
 * @property {string} [clientId] of a viewer
 * @property {RTCIceServer[]} [iceServers]
 * @property {boolean} [isRelayOnly]
 */

const sdk = /** @type {typeof import('amazon-kinesis-video-streams-webrtc')} */ (
  Reflect.get(globalThis, 'KVSWebRTC')
);

/** Above the 10 KB that a message may have. */
const TOO_MUCH = 12_000;

export class KvsSocket {
  /**
   * @param {'MASTER' | 'VIEWER'} role
   * @param {KvsSocketOptions} options
   */
  constructor(role, options) {
    const { region, channelARN, endpoint, credentials, clientId } = options;
    this.client = new sdk.SignalingClient({
      role: sdk.Role[role],
      ...{ region, channelARN, credentials, channelEndpoint: endpoint },
      ...(clientId === undefined ? {} : { clientId }),
    });
    this.emitter = /** @type {KvsEmitter} */ (/** @type {unknown} */ (this.client));
    /** @type {string[]} */
    this.events = [];
    /** @type {unknown[]} */
    this.statusResponses = [];
    for (const name of ['open', 'close', 'error']) {
      this.emitter.on(name, () => this.events.push(name));
    }
    this.emitter.on('statusResponse', (status) => this.statusResponses.push(status));
  }

  /** Resolves with `open`, `close` or `error`. */
  open() {
    return new Promise((resolve) => {
      for (const name of ['open', 'close', 'error']) this.emitter.once(name, () => resolve(name));
      this.client.open();
    });
  }

  /** @param {string} correlationId @param {string} [recipient] */
  sendTooMuch(correlationId, recipient) {
    const candidate = /** @type {RTCIceCandidate} */ ({ candidate: 'x'.repeat(TOO_MUCH) });
    this.client.sendIceCandidate(candidate, recipient, correlationId);
  }
}

/** @param {KvsSocketOptions} options */
export function openConnection({ iceServers = [], isRelayOnly = false }) {
  return new RTCPeerConnection({ iceServers, iceTransportPolicy: isRelayOnly ? 'relay' : 'all' });
}

/**
 * The row of a kind, with the name of its codec.
 * @param {RTCStatsReport} stats
 * @param {'inbound-rtp' | 'outbound-rtp'} type
 * @param {string} kind
 */
export function rtpRow(stats, type, kind) {
  for (const each of stats.values()) {
    if (each.type !== type || each.kind !== kind) continue;
    return { ...plain(each), codec: stats.get(each.codecId)?.mimeType ?? '' };
  }
  return null;
}
