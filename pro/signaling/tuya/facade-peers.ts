// The viewers of the façade's devices: an offer becomes a session that reads a path, a disconnect ends it.
import type { Clock, Timer } from '../../../core/base/clock.ts';
import type { Logger } from '../../../core/base/logger.ts';
import { MediaError, toMediaError } from '../../../core/base/media-error.ts';
import type { PathManager } from '../../../core/path/path-manager.ts';
import type { EngineSession } from '../session/engine-session.ts';
import { openLocalSession, type LocalSessionManager } from '../session/local-session.ts';
import { FacadeBudget } from './facade-budget.ts';
import type { FacadeIdentity } from './facade-identity.ts';
import type { TuyaFacadeOptions } from './facade-options.ts';
import type { TuyaBody, TuyaHeader, TuyaMessage, TuyaOffer } from './tuya-message.ts';

/** What the peers work with. */
export interface FacadePeersComponents {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly identity: FacadeIdentity;
  readonly paths: Pick<PathManager, 'grant'>;
  /** Absent when WebRTC is switched off. */
  readonly manager?: LocalSessionManager | undefined;
  /** Sends a message to the viewer `message.header.to`; never throws. */
  readonly send: (message: TuyaMessage) => void;
}

type PeersOptions = Pick<
  TuyaFacadeOptions,
  | 'clientId'
  | 'motoId'
  | 'devices'
  | 'maxSessions'
  | 'maxSessionsPerDevice'
  | 'messagesPerSecond'
  | 'messageBurst'
  | 'sweepPeriodMs'
>;

interface Peer {
  readonly key: string;
  /** As our messages carry it. */
  readonly header: TuyaHeader;
  /** 0 = main, 1 = sub: what the viewer gets. */
  readonly streamType: number;
  readonly abort: AbortController;
  session: EngineSession | undefined;
}

const NAME_CHARS = 8;

/** One peer per device, viewer and session id. */
export class FacadePeers {
  readonly #components: FacadePeersComponents;
  readonly #options: PeersOptions;
  readonly #logger: Logger;
  readonly #budget: FacadeBudget;
  /** Lines about refusals, of all viewers together. */
  readonly #lines: FacadeBudget;
  readonly #peers = new Map<string, Peer>();
  #timer: Timer | undefined;
  #ignoredCount = 0;
  #isClosed = false;

  constructor(components: FacadePeersComponents, options: PeersOptions) {
    this.#components = components;
    this.#options = options;
    this.#logger = components.logger;
    this.#budget = new FacadeBudget(components.clock, options);
    this.#lines = new FacadeBudget(components.clock, { messagesPerSecond: 1, messageBurst: 20 });
  }

  /** Sessions that exist or are being opened. */
  get count(): number {
    return this.#peers.size;
  }

  /** Messages that nobody here had to care for. */
  get ignoredCount(): number {
    return this.#ignoredCount;
  }

  start(): void {
    this.#timer ??= this.#components.clock.every(this.#options.sweepPeriodMs, () => this.#sweep());
  }

  /** Takes a message that came on the topic of `deviceId`; never throws. */
  take(deviceId: string, message: TuyaMessage): void {
    const { header, body } = message;
    if (this.#isClosed || !this.#isForUs(deviceId, header)) {
      this.#ignoredCount += 1;
      return;
    }
    const key = `${deviceId} ${header.from} ${header.sessionId}`;
    switch (body.type) {
      case 'offer':
        this.#offer(key, header, body);
        return;
      case 'candidate':
        this.#candidate(key, body.candidate);
        return;
      case 'disconnect':
        this.#end(key);
        return;
      case 'resolution':
      case 'speaker':
        this.#control(key, body.type);
        return;
      case 'answer':
        this.#ignoredCount += 1;
    }
  }

  /** Says goodbye to every viewer and ends its session. Idempotent. */
  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
    this.#timer = undefined;
    for (const { key, header } of [...this.#peers.values()]) {
      this.#send(header, { type: 'disconnect' });
      this.#end(key);
    }
  }

  /** A name that we made; what others invent gets no answer, which could go anywhere. */
  #isForUs(deviceId: string, { from, to, motoId }: TuyaHeader): boolean {
    const isOurs = to === deviceId && (motoId === '' || motoId === this.#options.motoId);
    return isOurs && this.#components.identity.isMsid(from) && this.#budget.take(from);
  }

  #offer(key: string, asked: TuyaHeader, offer: TuyaOffer): void {
    const { to: deviceId, from: viewer, sessionId, subDeviceId } = asked;
    const { motoId } = this.#options;
    const header = { from: deviceId, to: viewer, sessionId, subDeviceId, motoId };
    try {
      this.#checkAuth(offer.auth, deviceId);
      // An offer in a session that exists takes its place.
      this.#end(key);
      this.#checkRoom(deviceId);
    } catch (thrown) {
      this.#refuse(header, toMediaError(thrown));
      return;
    }
    const device = this.#options.devices.get(deviceId);
    const streamType = offer.streamType === 1 && device?.subPath !== '' ? 1 : 0;
    const peer = { key, header, streamType, abort: new AbortController(), session: undefined };
    this.#peers.set(key, peer);
    void this.#open(peer, offer);
  }

  async #open(peer: Peer, offer: TuyaOffer): Promise<void> {
    const { signal } = peer.abort;
    try {
      const session = await this.#answer(peer, offer, signal);
      if (signal.aborted) {
        closeQuietly(session);
        return;
      }
      peer.session = session;
      const sdp = session.answer;
      this.#send(peer.header, { type: 'answer', sdp });
      // They are in the answer too; devices tell them one by one, each with its line end.
      for (const line of new Set(sdp.match(/^a=candidate:[^\r\n]+/gmu))) {
        this.#send(peer.header, { type: 'candidate', candidate: `${line}\r\n` });
      }
      this.#send(peer.header, { type: 'candidate', candidate: '' });
    } catch (thrown) {
      if (signal.aborted) return;
      this.#peers.delete(peer.key);
      this.#refuse(peer.header, toMediaError(thrown));
    }
  }

  /** @throws MediaError as openLocalSession(), `webrtc-not-available`. */
  async #answer(peer: Peer, offer: TuyaOffer, signal: AbortSignal): Promise<EngineSession> {
    const { manager, paths } = this.#components;
    if (!manager) {
      throw new MediaError('unavailable', 'webrtc-not-available', 'WebRTC is switched off');
    }
    const user = this.#options.clientId;
    const grant = paths.grant(this.#pathOf(peer), { user });
    const identity = { user, remoteAddress: '', query: '', userAgent: 'Tuya' };
    return await openLocalSession(manager, 'read', { grant, identity, offer: offer.sdp, signal });
  }

  #pathOf({ header, streamType }: Peer): string {
    const device = this.#options.devices.get(header.from);
    return (streamType === 1 ? device?.subPath : device?.path) ?? '';
  }

  /** Only its form matters to a server that learns addresses from checks (RFC 8445 section 2.5). */
  #candidate(key: string, line: string): void {
    const session = this.#peers.get(key)?.session;
    if (!session?.isAlive) return;
    try {
      session.addCandidate(line.replace(/^a=/u, ''));
    } catch (thrown) {
      this.#logger.debug(`candidate of a viewer: ${toMediaError(thrown).message}`);
    }
  }

  /** Streams keep their resolution and nobody listens to a speaker: the answer is what holds. */
  #control(key: string, type: 'resolution' | 'speaker'): void {
    const peer = this.#peers.get(key);
    if (!peer) return;
    const value = type === 'resolution' ? peer.streamType : 0;
    this.#send(peer.header, { type, value });
  }

  #checkAuth(auth: string, deviceId: string): void {
    const { identity, clock } = this.#components;
    const verdict = identity.checkAuth(auth, deviceId, clock.nowMs());
    if (verdict === 'valid') return;
    const message = `'auth' of the offer is ${verdict}`;
    throw new MediaError('unauthenticated', 'tuya-auth-invalid', message);
  }

  #checkRoom(deviceId: string): void {
    const { maxSessions, maxSessionsPerDevice } = this.#options;
    const all = [...this.#peers.values()];
    const own = all.filter(({ header }) => header.from === deviceId);
    if (all.length < maxSessions && own.length < maxSessionsPerDevice) return;
    const message = `the device has ${own.length} viewers of at most ${maxSessionsPerDevice}`;
    throw new MediaError('resource-exhausted', 'too-many-sessions', message);
  }

  #refuse(header: TuyaHeader, error: MediaError): void {
    const viewer = header.to.slice(0, NAME_CHARS);
    // Who asks twenty times a second must not fill the disk.
    const level = this.#lines.take('refused') ? 'info' : 'debug';
    this.#logger[error.kind === 'internal' ? 'error' : level](
      `device ${header.from} refuses viewer ${viewer}: ${error.message}`,
    );
    this.#send(header, { type: 'disconnect' });
  }

  /** Ends a peer without a word; unknown ones ended before. */
  #end(key: string): void {
    const peer = this.#peers.get(key);
    if (!peer) return;
    this.#peers.delete(key);
    peer.abort.abort(new MediaError('canceled', 'client-left', 'the viewer left'));
    if (peer.session?.isAlive) closeQuietly(peer.session);
  }

  /** Tells viewers whose connection or path ended, in case they still listen. */
  #sweep(): void {
    for (const { key, header, session } of [...this.#peers.values()]) {
      if (session === undefined || session.isAlive) continue;
      this.#peers.delete(key);
      this.#send(header, { type: 'disconnect' });
    }
  }

  #send(header: TuyaHeader, body: TuyaBody): void {
    this.#components.send({ header, body });
  }
}

/** One that ended at this moment is no failure. */
function closeQuietly(session: EngineSession): void {
  try {
    session.close();
  } catch {
    return;
  }
}
