// A KVS master: AWS's SDK with the browser's fake camera and microphone; it answers each viewer.
// @ts-check
import { KvsSocket, openConnection, rtpRow } from './kvs-socket.js';
import { selectedPair } from './signaling.js';

/**
 * @typedef {object} MasterExtras
 * @property {number} [width]
 * @property {number} [height]
 * @property {boolean} [hasAudio] true by default
 * @property {string} [videoCodec] H264 by default; another one when the viewer does not offer it
 * @typedef {import('./kvs-socket.js').KvsSocketOptions & MasterExtras} KvsMasterOptions
 */

export class KvsMaster {
  /** @param {KvsMasterOptions} options */
  constructor(options) {
    this.options = options;
    this.socket = new KvsSocket('MASTER', options);
    /** @type {Map<string, { connection: RTCPeerConnection, states: string[], errors: string[] }>} */
    this.viewers = new Map();
    this.stream = new MediaStream();
  }

  async start() {
    const { width = 640, height = 360, hasAudio = true } = this.options;
    this.stream = await navigator.mediaDevices.getUserMedia({
      video: { width, height },
      audio: hasAudio,
    });
    const { emitter } = this.socket;
    emitter.on('sdpOffer', (/** @type {RTCSessionDescriptionInit} */ offer, clientId) => {
      this.answer(offer, clientId).catch((error) => {
        this.viewers.get(clientId)?.errors.push(String(error));
      });
    });
    emitter.on('iceCandidate', (/** @type {RTCIceCandidateInit} */ candidate, clientId) => {
      const viewer = this.viewers.get(clientId);
      viewer?.connection.addIceCandidate(candidate).catch((error) => {
        viewer.errors.push(String(error));
      });
    });
    return this.socket.open();
  }

  /**
   * @param {RTCSessionDescriptionInit} offer
   * @param {string} clientId
   */
  async answer(offer, clientId) {
    this.viewers.get(clientId)?.connection.close();
    const { client } = this.socket;
    const connection = openConnection(this.options);
    /** @type {{ connection: RTCPeerConnection, states: string[], errors: string[] }} */
    const viewer = { connection, states: [], errors: [] };
    this.viewers.set(clientId, viewer);
    connection.addEventListener('connectionstatechange', () => {
      viewer.states.push(connection.connectionState);
    });
    connection.addEventListener('icecandidate', ({ candidate }) => {
      if (candidate !== null) client.sendIceCandidate(candidate, clientId);
    });
    for (const track of this.stream.getTracks()) connection.addTrack(track, this.stream);
    await connection.setRemoteDescription(offer);
    await connection.setLocalDescription(await connection.createAnswer());
    await preferCodec(connection, this.options.videoCodec ?? 'H264');
    const { localDescription } = connection;
    if (localDescription !== null) client.sendSdpAnswer(localDescription, clientId);
  }

  async report() {
    const viewers = [];
    for (const [clientId, { connection, states, errors }] of this.viewers) {
      const stats = await connection.getStats();
      viewers.push({
        ...{ clientId, states, errors, connectionState: connection.connectionState },
        video: rtpRow(stats, 'outbound-rtp', 'video'),
        audio: rtpRow(stats, 'outbound-rtp', 'audio'),
        pair: selectedPair(stats),
      });
    }
    const { events, statusResponses } = this.socket;
    return { events, statusResponses, viewers };
  }

  /** Opens the signalling anew, e.g. after the service closed it; media stays. */
  reopen() {
    return this.socket.open();
  }

  /** @param {string} correlationId */
  sendTooMuch(correlationId) {
    this.socket.sendTooMuch(correlationId, 'nobody');
  }

  stop() {
    this.socket.client.close();
    for (const { connection } of this.viewers.values()) connection.close();
    for (const track of this.stream.getTracks()) track.stop();
  }
}

/**
 * Chromium sends the first codec of the offer, whatever the answer says: the sender itself has to be told.
 * @param {RTCPeerConnection} connection
 * @param {string} name
 */
async function preferCodec(connection, name) {
  const sender = connection.getSenders().find(({ track }) => track?.kind === 'video');
  const parameters = sender?.getParameters();
  const isWanted = (/** @type {RTCRtpCodec} */ { mimeType }) =>
    mimeType.toLowerCase() === `video/${name}`.toLowerCase();
  const codec = parameters?.codecs.find(isWanted);
  if (sender === undefined || parameters === undefined || codec === undefined) return;
  for (const encoding of parameters.encodings) Object.assign(encoding, { codec });
  await sender.setParameters(parameters);
}
