// One attempt: discover, offer, answer, connect; it ends once and tells why.
// @ts-check
import { candidateAddresses, trickleFragment } from './sdp-text.js';
import { SessionError, toSessionError } from './session-error.js';

/**
 * @typedef {object} AttemptOptions
 * @property {import('./signaling-client.js').SignalingClient} client
 * @property {number} connectTimeoutMs from the answer to the connection
 * @property {number} disconnectMs how long a connection may stay interrupted
 * @property {(connection: RTCPeerConnection) => void | Promise<void>} prepare adds tracks and transceivers
 * @property {(sdp: string) => string} editOffer
 * @property {(sdp: string) => string} editAnswer
 * @property {(skipped: import('./skipped-tracks.js').SkippedTrack[]) => void} onAnswer
 * @property {() => void} onConnected
 * @property {(error: SessionError) => void} onFailed at most once, never after close()
 */

/** How long a connection waits for the server to know of its end. */
const CLOSE_DELAY_MS = 500;

/** A connection from its beginning to its end. */
export class PeerAttempt {
  #options;
  #abort = new AbortController();
  /** @type {RTCPeerConnection | undefined} */
  #connection;
  #sessionUrl = '';
  #offer = '';
  /** @type {string[]} */
  #addresses = [];
  /** @type {RTCIceCandidate[]} */
  #candidates = [];
  #canTrickle = false;
  #wasConnected = false;
  #isOver = false;
  /** @type {number | undefined} */
  #timer;

  /** @param {AttemptOptions} options */
  constructor(options) {
    this.#options = options;
  }

  /** The connection, once there is one. */
  get connection() {
    return this.#connection;
  }

  /** Begins; whatever goes wrong comes to onFailed. */
  start() {
    this.#run().catch((thrown) => this.fail(toSessionError(thrown)));
  }

  /**
   * Ends the attempt with a failure that somebody else noticed.
   * @param {SessionError} error
   */
  fail(error) {
    if (this.#isOver) return;
    this.close();
    this.#options.onFailed(error);
  }

  /** Ends the attempt and the session on the server. */
  close() {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#abort.abort();
    const connection = this.#connection;
    const removed = this.#options.client.remove(this.#sessionUrl);
    // A server that hears of the end from the connection first no longer knows the session.
    Promise.race([removed, delay(CLOSE_DELAY_MS)]).then(() => connection?.close());
  }

  async #run() {
    const { client, prepare, editOffer, editAnswer, onAnswer, connectTimeoutMs } = this.#options;
    const { signal } = this.#abort;
    const { iceServers, canTrickle } = await client.discover(signal);
    if (this.#isOver) return;
    this.#canTrickle = canTrickle;
    const connection = this.#open(iceServers);
    await prepare(connection);
    const { sdp = '' } = await connection.createOffer();
    this.#offer = editOffer(sdp);
    await connection.setLocalDescription({ type: 'offer', sdp: this.#offer });
    // Sent at once: candidates follow if the server wants them, and most servers learn them anyway.
    const created = await client.post(this.#offer, signal);
    if (this.#isOver) {
      await client.remove(created.url);
      return;
    }
    this.#sessionUrl = created.url;
    this.#addresses = candidateAddresses(created.answer);
    // An ice-lite server answers checks and makes none: it needs no candidates (RFC 8445 section 2.5).
    if (/^a=ice-lite/m.test(created.answer)) this.#canTrickle = false;
    onAnswer(created.skipped);
    await connection.setRemoteDescription({ type: 'answer', sdp: editAnswer(created.answer) });
    if (this.#isOver) return;
    if (!this.#wasConnected) this.#arm(connectTimeoutMs, () => this.fail(this.#noConnection()));
    this.#watchTransport(connection);
    this.#sendCandidates();
  }

  /**
   * @param {RTCIceServer[]} iceServers
   * @returns {RTCPeerConnection}
   */
  #open(iceServers) {
    const connection = new RTCPeerConnection({ iceServers });
    this.#connection = connection;
    connection.addEventListener('icecandidate', ({ candidate }) => {
      if (candidate === null || candidate.candidate === '') return;
      this.#candidates.push(candidate);
      if (this.#sessionUrl !== '') this.#sendCandidates();
    });
    connection.addEventListener('connectionstatechange', () => this.#onState(connection));
    return connection;
  }

  /** @param {RTCPeerConnection} connection */
  #onState(connection) {
    if (this.#isOver) return;
    switch (connection.connectionState) {
      case 'connected':
        clearTimeout(this.#timer);
        if (!this.#wasConnected) this.#options.onConnected();
        this.#wasConnected = true;
        break;
      case 'disconnected':
        this.#arm(this.#options.disconnectMs, () => this.fail(lost()));
        break;
      case 'failed':
      case 'closed':
        this.fail(this.#wasConnected ? lost() : this.#noConnection());
        break;
      default:
    }
  }

  /**
   * A server that ends a session closes DTLS, which not every browser shows in connectionState.
   * @param {RTCPeerConnection} connection
   */
  #watchTransport(connection) {
    const transceiver = connection
      .getTransceivers()
      .find(({ currentDirection }) => currentDirection);
    const transport = transceiver?.receiver.transport ?? transceiver?.sender.transport;
    transport?.addEventListener('statechange', () => {
      if (transport.state === 'closed') this.fail(closedByServer());
      if (transport.state === 'failed') this.fail(lost());
    });
  }

  #sendCandidates() {
    const candidates = this.#candidates.splice(0);
    if (!this.#canTrickle || candidates.length === 0 || this.#sessionUrl === '') return;
    const fragment = trickleFragment(this.#offer, candidates);
    // Without them the server may still be reached: a failed PATCH is no failed connection.
    this.#options.client
      .patch(this.#sessionUrl, fragment, this.#abort.signal)
      .catch(() => undefined);
  }

  /** @returns {SessionError} */
  #noConnection() {
    const addresses = this.#addresses.join(', ');
    const message =
      addresses === ''
        ? 'no connection: the server told no address'
        : `no connection to ${addresses}: is a firewall in the way, or the address not reachable from here?`;
    return new SessionError(message, { code: 'no-connection' });
  }

  /**
   * @param {number} delayMs
   * @param {() => void} action
   */
  #arm(delayMs, action) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(action, delayMs);
  }
}

/** @returns {SessionError} */
function lost() {
  return new SessionError('the connection was lost', { code: 'connection-lost' });
}

/** @returns {SessionError} */
function closedByServer() {
  return new SessionError('the server ended the session', { code: 'connection-lost' });
}

/**
 * @param {number} delayMs
 * @returns {Promise<void>}
 */
function delay(delayMs) {
  return new Promise((resolve) => setTimeout(resolve, delayMs));
}
