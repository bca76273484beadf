// One trial: token, offer, candidates, connection, picture, and the candidate pair that won.
// @ts-check
import { requestToken, send } from './smartly-client.js';

const CONNECT_TIMEOUT_MS = 15_000;
const FIRST_PICTURE_TIMEOUT_MS = 10_000;
const GATHERING_TIMEOUT_MS = 3000;

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
  /** @type {Promise<unknown>[]} */
  #sends = [];
  #end = new AbortController();

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
      // What the browser says to these servers belongs to the step that brought them.
      const configuration = { iceServers: value.ice_servers, iceTransportPolicy: route };
      if (!this.#end.signal.aborted) this.#connection.setConfiguration(configuration);
      const relays = value.ice_servers.filter(({ urls }) => /^turns?:/i.test(String(urls))).length;
      const servers = `${value.ice_servers.length} ICE servers, ${relays} of them TURN`;
      return { value, detail: `200, valid ${value.expires_in} s, ${servers}` };
    });
    this.#token = token;
    await this.#offer(token);
    await this.#connect();
    await this.#steps.run('Candidate pair', () => this.#selectedPair());
    await this.#steps.run('Picture', () => this.#firstPicture());
  }

  /** @param {boolean} isLast the page is about to go */
  async hangUp(isLast) {
    this.#end.abort(new Error('hung up'));
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
    const { signal } = this.#end;
    signal.throwIfAborted();
    connection.addTransceiver('video', { direction: 'recvonly' });
    connection.addTransceiver('audio', { direction: 'recvonly' });
    const stream = new MediaStream();
    this.video.srcObject = stream;
    connection.addEventListener('track', ({ track }) => stream.addTrack(track));
    connection.addEventListener('icecandidate', ({ candidate }) => {
      // Firefox ends them by an empty one.
      if (candidate?.candidate) this.#candidates.push(candidate);
      this.#sendCandidates();
    });
    await this.#steps.run('Offer and answer', async () => {
      await connection.setLocalDescription(await connection.createOffer());
      const sdp = connection.localDescription?.sdp ?? '';
      const body = { token: token.token, sdp, type: 'offer' };
      const answer = await send(token.offer_endpoint, body);
      if (signal.aborted) {
        // Nobody knew the session when it was hung up.
        await send(token.hangup_endpoint, { session_id: answer.session_id });
        signal.throwIfAborted();
      }
      this.#sessionId = answer.session_id;
      await connection.setRemoteDescription({ type: 'answer', sdp: answer.sdp });
      const count = [...answer.sdp.matchAll(/^a=candidate:/gm)].length;
      const candidates = `${count} candidates of the server`;
      return { detail: `200, ${candidates}`, value: undefined };
    });
    await this.#steps.run('Candidates', async () => {
      await gathered(connection, signal);
      this.#sendCandidates();
      await Promise.all(this.#sends);
      const types = this.#candidates.map(({ type }) => type ?? 'unknown');
      const kinds = ['host', 'srflx', 'relay']
        .map((kind) => [kind, types.filter((type) => type === kind).length])
        .map(([kind, count]) => `${count} ${kind}`);
      return { detail: `${this.#sentCandidates} sent (${kinds.join(', ')})`, value: undefined };
    });
  }

  #sendCandidates() {
    if (this.#sessionId === '' || !this.#token) return;
    const { ice_endpoint: path } = this.#token;
    const session_id = this.#sessionId;
    const waiting = this.#candidates.slice(this.#sentCandidates);
    this.#sentCandidates = this.#candidates.length;
    const sent = Promise.all(
      waiting.map(async (candidate) => {
        const { candidates } = await send(path, { session_id, candidate: candidate.toJSON() });
        for (const each of candidates) await this.#connection.addIceCandidate(each);
      }),
    );
    // The step that waits for all of them says which one was refused.
    sent.catch(() => undefined);
    this.#sends.push(sent);
  }

  async #connect() {
    const connection = this.#connection;
    await this.#steps.run('Connection', async () => {
      const isDone = () => {
        if (connection.connectionState === 'failed') throw new Error('no candidate pair works');
        return connection.connectionState === 'connected';
      };
      const { signal } = this.#end;
      const timeoutMs = CONNECT_TIMEOUT_MS;
      await until(connection, 'connectionstatechange', { isDone, timeoutMs, signal });
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
    const isDone = () => video.videoWidth > 0;
    const { signal } = this.#end;
    await until(video, 'resize', { isDone, timeoutMs: FIRST_PICTURE_TIMEOUT_MS, signal });
    return { detail: `${video.videoWidth}×${video.videoHeight}`, value: undefined };
  }
}

/**
 * Resolves when all candidates are known, or soon: a STUN server that is silent holds up nobody.
 * @param {RTCPeerConnection} connection
 * @param {AbortSignal} signal
 */
async function gathered(connection, signal) {
  const isDone = () => connection.iceGatheringState === 'complete';
  const wait = { isDone, timeoutMs: GATHERING_TIMEOUT_MS, signal };
  await until(connection, 'icegatheringstatechange', wait).catch(() => undefined);
  signal.throwIfAborted();
}

/**
 * Resolves when `isDone` says so after an event.
 * @param {EventTarget} target
 * @param {string} event
 * @param {{ isDone: () => boolean, timeoutMs: number, signal: AbortSignal }} wait isDone may throw
 * @returns {Promise<void>}
 */
function until(target, event, { isDone, timeoutMs, signal }) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => end(new Error(`not after ${timeoutMs / 1000} s`)), timeoutMs);
    const onAbort = () => end(signal.reason);
    const look = () => {
      try {
        if (isDone()) end();
      } catch (thrown) {
        end(thrown);
      }
    };
    /** @param {unknown} [failure] */
    function end(failure) {
      clearTimeout(timer);
      target.removeEventListener(event, look);
      signal.removeEventListener('abort', onAbort);
      if (failure === undefined) resolve();
      else reject(failure);
    }
    target.addEventListener(event, look);
    signal.addEventListener('abort', onAbort);
    if (signal.aborted) onAbort();
    else look();
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
