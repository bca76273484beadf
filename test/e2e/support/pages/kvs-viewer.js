// A KVS viewer: AWS's SDK; it offers to receive and counts what it decodes.
// @ts-check
import { KvsSocket, openConnection, rtpRow } from './kvs-socket.js';
import { selectedPair } from './signaling.js';

/** @typedef {import('./kvs-socket.js').KvsSocketOptions & { clientId: string }} KvsViewerOptions */

export class KvsViewer {
  /** @param {KvsViewerOptions} options */
  constructor(options) {
    this.socket = new KvsSocket('VIEWER', options);
    this.connection = openConnection(options);
    /** @type {string[]} */
    this.states = [];
    /** @type {string[]} */
    this.errors = [];
    this.candidateCount = 0;
    this.video = Object.assign(document.createElement('video'), { muted: true, autoplay: true });
  }

  /** Resolves with `open` after the offer, or with `close` or `error`. */
  async start() {
    const { connection, socket } = this;
    const { client, emitter } = socket;
    connection.addEventListener('connectionstatechange', () => {
      this.states.push(connection.connectionState);
    });
    connection.addEventListener('icecandidate', ({ candidate }) => {
      if (candidate !== null) client.sendIceCandidate(candidate);
    });
    connection.addEventListener('track', ({ streams: [stream] }) => {
      this.video.srcObject = stream ?? null;
    });
    emitter.on('sdpAnswer', (/** @type {RTCSessionDescriptionInit} */ answer) => {
      connection.setRemoteDescription(answer).catch((error) => this.errors.push(String(error)));
    });
    emitter.on('iceCandidate', (/** @type {RTCIceCandidateInit} */ candidate) => {
      this.candidateCount += 1;
      connection.addIceCandidate(candidate).catch((error) => this.errors.push(String(error)));
    });
    const opened = await socket.open();
    if (opened === 'open') await this.offer();
    return opened;
  }

  async offer() {
    const { connection, socket } = this;
    for (const kind of ['video', 'audio']) {
      connection.addTransceiver(kind, { direction: 'recvonly' });
    }
    await connection.setLocalDescription(await connection.createOffer());
    const { localDescription } = connection;
    if (localDescription !== null) socket.client.sendSdpOffer(localDescription);
  }

  async report() {
    const stats = await this.connection.getStats();
    const { events, statusResponses } = this.socket;
    const { states, errors, candidateCount } = this;
    return {
      ...{ events, statusResponses, states, errors, candidateCount },
      connectionState: this.connection.connectionState,
      video: rtpRow(stats, 'inbound-rtp', 'video'),
      audio: rtpRow(stats, 'inbound-rtp', 'audio'),
      pair: selectedPair(stats),
    };
  }

  /** Opens the signalling anew, e.g. after the service closed it; media stays. */
  reopen() {
    return this.socket.open();
  }

  /** @param {string} correlationId */
  sendTooMuch(correlationId) {
    this.socket.sendTooMuch(correlationId);
  }

  stop() {
    this.socket.client.close();
    this.connection.close();
  }
}
