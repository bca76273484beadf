// One trial: token, offer, candidates, connection, picture, and the candidate pair that won.
// @ts-check
import { requestToken, send } from './smartly-client.js';

const CONNECT_TIMEOUT_MS = 15_000;
const FIRST_PICTURE_TIMEOUT_MS = 10_000;

/** @typedef {{ id: string, secret: string }} Client */

export class Trial {
  #connection;
  #steps;
  #sessionId = '';
  /** @type {import('./smartly-client.js').SmartlyToken | undefined} */
  #token;
  /** @type {RTCIceCandidate[]} */
  #candidates = [];
  #sentCandidates = 0;

  /**
   * @param {import('./step-list.js').StepList} steps
   * @param {HTMLVideoElement} video
   */
  constructor(steps, video) {
    this.#steps = steps;
    this.video = video;
    this.#connection = new RTCPeerConnection();
  }

  get connection() {
    return this.#connection;
  }

  /**
   * @param {Client} client
   * @param {{ entity: string, route: RTCIceTransportPolicy }} options
   */
  async run(client, { entity, route }) {
    const token = await this.#steps.run('Token', async () => {
      const value = await requestToken(client, entity);
      const relays = value.ice_servers.filter(({ urls }) => /^turns?:/i.test(String(urls))).length;
      const servers = `${value.ice_servers.length} ICE servers, ${relays} of them TURN`;
      return { value, detail: `200, valid ${value.expires_in} s, ${servers}` };
    });
    this.#token = token;
    const configuration = { iceServers: token.ice_servers, iceTransportPolicy: route };
    this.#connection.setConfiguration(configuration);
    await this.#offer(token);
    await this.#connect();
    await this.#steps.run('Candidate pair', () => this.#selectedPair());
    await this.#steps.run('Picture', () => this.#firstPicture());
  }

  /** @param {boolean} isLast the page is about to go */
  async hangUp(isLast) {
    const id = this.#sessionId;
    this.#sessionId = '';
    if (id !== '' && this.#token) {
      const { hangup_endpoint: path } = this.#token;
      const body = { session_id: id };
      if (isLast) void send(path, body, true).catch(() => undefined);
      else {
        await this.#steps.run('Hang up', async () => {
          const { status } = await send(path, body);
          return { detail: `200 ${status}`, value: undefined };
        });
      }
    }
    this.#connection.close();
  }

  /** @param {import('./smartly-client.js').SmartlyToken} token */
  async #offer(token) {
    const connection = this.#connection;
    connection.addTransceiver('video', { direction: 'recvonly' });
    connection.addTransceiver('audio', { direction: 'recvonly' });
    const stream = new MediaStream();
    this.video.srcObject = stream;
    connection.addEventListener('track', ({ track }) => stream.addTrack(track));
    connection.addEventListener('icecandidate', ({ candidate }) => {
      if (candidate) this.#candidates.push(candidate);
      void this.#sendCandidates();
    });
    await this.#steps.run('Offer and answer', async () => {
      await connection.setLocalDescription(await connection.createOffer());
      const sdp = connection.localDescription?.sdp ?? '';
      const body = { token: token.token, sdp, type: 'offer' };
      const answer = await send(token.offer_endpoint, body);
      this.#sessionId = answer.session_id;
      await connection.setRemoteDescription({ type: 'answer', sdp: answer.sdp });
      const count = [...answer.sdp.matchAll(/^a=candidate:/gm)].length;
      const candidates = `${count} candidates of the server`;
      return { detail: `200, ${candidates}`, value: undefined };
    });
    await this.#steps.run('Candidates', async () => {
      await gathered(connection);
      await this.#sendCandidates();
      const types = this.#candidates.map(({ type }) => type ?? 'unknown');
      const kinds = ['host', 'srflx', 'relay']
        .map((kind) => [kind, types.filter((type) => type === kind).length])
        .map(([kind, count]) => `${count} ${kind}`);
      return { detail: `${this.#sentCandidates} sent (${kinds.join(', ')})`, value: undefined };
    });
  }

  async #sendCandidates() {
    if (this.#sessionId === '' || !this.#token) return;
    const { ice_endpoint: path } = this.#token;
    const session_id = this.#sessionId;
    const waiting = this.#candidates.slice(this.#sentCandidates);
    this.#sentCandidates = this.#candidates.length;
    await Promise.all(
      waiting.map(async (candidate) => {
        const { candidates } = await send(path, { session_id, candidate: candidate.toJSON() });
        for (const each of candidates) await this.#connection.addIceCandidate(each);
      }),
    );
  }

  async #connect() {
    const connection = this.#connection;
    await this.#steps.run('Connection', async () => {
      await until(connection, 'connectionstatechange', CONNECT_TIMEOUT_MS, () => {
        if (connection.connectionState === 'failed') throw new Error('no candidate pair works');
        return connection.connectionState === 'connected';
      });
      return { detail: 'connected', value: undefined };
    });
  }

  async #selectedPair() {
    const rows = await this.#connection.getStats();
    /** @type {any} */
    const transport = [...rows.values()].find(({ type }) => type === 'transport');
    /** @type {any} */
    const pair =
      rows.get(transport?.selectedCandidatePairId ?? '') ??
      [...rows.values()].find(({ type, selected }) => type === 'candidate-pair' && selected);
    if (!pair) throw new Error('the browser names no pair');
    const local = describe(rows.get(pair.localCandidateId));
    const remote = describe(rows.get(pair.remoteCandidateId));
    const roundTripMs = Math.round((pair.currentRoundTripTime ?? 0) * 1000);
    const detail = `${local} ⇄ ${remote}, round trip ${roundTripMs} ms`;
    return { detail, value: undefined };
  }

  async #firstPicture() {
    const { video } = this;
    await video.play().catch(() => undefined);
    await until(video, 'resize', FIRST_PICTURE_TIMEOUT_MS, () => video.videoWidth > 0);
    return { detail: `${video.videoWidth}×${video.videoHeight}`, value: undefined };
  }
}

/**
 * Resolves when all candidates are known, or soon: a STUN server that is silent holds up nobody.
 * @param {RTCPeerConnection} connection
 */
async function gathered(connection) {
  const isDone = () => connection.iceGatheringState === 'complete';
  await until(connection, 'icegatheringstatechange', 3000, isDone).catch(() => undefined);
}

/**
 * Resolves when `isDone` says so after an event.
 * @param {EventTarget} target
 * @param {string} event
 * @param {number} timeoutMs
 * @param {() => boolean} isDone may throw
 * @returns {Promise<void>}
 */
function until(target, event, timeoutMs, isDone) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      target.removeEventListener(event, look);
      reject(new Error(`not after ${timeoutMs / 1000} s`));
    }, timeoutMs);
    const look = () => {
      try {
        if (!isDone()) return;
        resolve();
      } catch (thrown) {
        reject(thrown);
      }
      clearTimeout(timer);
      target.removeEventListener(event, look);
    };
    target.addEventListener(event, look);
    look();
  });
}

/** @param {any} candidate */
function describe(candidate) {
  if (!candidate) return 'unknown';
  const address = candidate.address ?? candidate.ip ?? 'hidden';
  const host = String(address).includes(':') ? `[${address}]` : address;
  const by = candidate.relayProtocol ? ` over ${candidate.relayProtocol}` : '';
  return `${candidate.candidateType} ${candidate.protocol} ${host}:${candidate.port}${by}`;
}
