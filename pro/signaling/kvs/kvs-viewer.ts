// A viewer of a signalling channel: offers until its master answers, then hands the connection on.
import { BoundedLog } from '../../../core/base/bounded-log.ts';
import { delay, type Clock } from '../../../core/base/clock.ts';
import type { Logger } from '../../../core/base/logger.ts';
import { MediaError } from '../../../core/base/media-error.ts';
import {
  formatIceCandidate,
  parseIceCandidate,
  type IceCandidate,
} from '../../../core/sdp/ice-candidate.ts';
import type { OfferingPeer } from '../../../core/webrtc/client/offering-peer.ts';
import type { PeerAnswer } from '../../../core/webrtc/client/read-answer.ts';
import { receivingSections } from '../../../core/webrtc/client/receiving-sections.ts';
import type { PeerWish, WebRtcClients } from '../../../core/webrtc/client/webrtc-clients.ts';
import type { KinesisChannels } from '../../aws/kinesis-channels.ts';
import { KvsConnection } from './kvs-connection.ts';
import type { KvsMessage } from './kvs-messages.ts';

/** What a viewer works with. */
export interface KvsViewerComponents {
  readonly clock: Clock;
  readonly logger: Logger;
  /** 0..1; Math.random in production. */
  readonly random: () => number;
  readonly clients: Pick<WebRtcClients, 'createPeer'>;
  readonly channels: KinesisChannels;
}

/** Whom to watch, and how. */
export interface KvsViewerOptions {
  readonly channel: string;
  readonly clientId: string;
  /** STUN URL; empty for none. */
  readonly stun: string;
  readonly peer: Omit<PeerWish, 'iceServers' | 'onCandidate' | 'sections'>;
  /** Longest wait for an answer to any offer. */
  readonly giveUpAfterMs: number;
  /** The offer is on its way: until it is answered, this is why there is no stream. */
  readonly onWaiting?: ((reason: MediaError) => void) | undefined;
}

/** Offer and answer are done; `peer.connect()`, then flushCandidates() come next. */
export interface AnsweredPeer {
  readonly peer: OfferingPeer;
  readonly answer: PeerAnswer;
}

const FIRST_REOFFER_MS = 10_000;
const LAST_REOFFER_MS = 30_000;
/** Answers to several offers come together; only the newest has a peer behind it. */
const SETTLE_MS = 300;
const MAX_CANDIDATES = 64;
/** Attempts to connect again before a viewer without media gives up. */
const MAX_REOPEN_ATTEMPTS = 5;

/** One run: one client id, one connection to the channel, at the end one peer. */
export class KvsViewer {
  readonly #components: KvsViewerComponents;
  readonly #options: KvsViewerOptions;
  readonly #connection: KvsConnection;
  readonly #log: BoundedLog;
  /** Ends negotiate() when the signalling is lost for good. */
  readonly #lost = new AbortController();
  #peer: OfferingPeer | undefined;
  #answer: PeerAnswer | undefined;
  #isConnecting = false;
  /** Ours, told after each offer. */
  #local: (IceCandidate | undefined)[] = [];
  #hasOffered = false;
  #offers = 0;
  /** Text of the newest answer to an offer of ours. */
  #answerText: string | undefined;
  #onAnswer: () => void = () => undefined;
  /** The master's, until there is someone to tell. */
  #remote: Extract<KvsMessage, { type: 'candidate' }>[] = [];
  #hasNamedForeigner = false;
  #lastStatus = '';
  #startedMs = 0;

  constructor(components: KvsViewerComponents, options: KvsViewerOptions) {
    const { channel, clientId } = options;
    this.#components = components;
    this.#options = options;
    this.#log = new BoundedLog(components);
    this.#connection = new KvsConnection(components, {
      ...{ channel, clientId, role: 'VIEWER' },
      onMessage: (message) => this.#receive(message),
      onReopenFailed: (failure, attempts) => this.#onReopenFailed(failure, attempts),
    });
  }

  /**
   * Offers again and again until the master answers.
   * @throws MediaError as KvsConnection.open(), `kvs-no-master`, `answer-invalid`, the reason of the
   * signal.
   */
  async negotiate(outer: AbortSignal): Promise<AnsweredPeer> {
    const signal = AbortSignal.any([outer, this.#lost.signal]);
    await this.#connection.open(signal);
    this.#startedMs = this.#components.clock.monotonicMs();
    for (;;) {
      const peer = await this.#createPeer(signal);
      const text = await this.#offerUntilAnswered(peer, signal);
      signal.throwIfAborted();
      if (text === undefined) {
        // The TURN servers of this peer are about to end: another one, with new ones.
        peer.close();
        continue;
      }
      const answer = peer.answer(text);
      this.#answer = answer;
      return { peer, answer };
    }
  }

  /** The peer connects: it gets what the master told meanwhile, and what it tells from now on. */
  flushCandidates(): void {
    this.#isConnecting = true;
    for (const candidate of this.#remote.splice(0)) this.#addCandidate(candidate);
  }

  /** Idempotent. */
  close(): void {
    this.#connection.close();
    this.#peer?.close();
  }

  async #createPeer(signal: AbortSignal): Promise<OfferingPeer> {
    const { stun, peer: wish } = this.#options;
    const turn = await this.#connection.iceServers(signal);
    const stunServers = stun === '' ? [] : [{ url: stun, username: '', credential: '' }];
    this.#local = [];
    this.#remote = [];
    this.#hasOffered = false;
    const peer = await this.#components.clients.createPeer({
      ...{ ...wish, sections: receivingSections, iceServers: [...stunServers, ...turn] },
      onCandidate: (candidate) => {
        this.#local.push(candidate);
        if (this.#hasOffered) this.#sendCandidate(candidate);
      },
    });
    this.#peer = peer;
    if (signal.aborted) peer.close();
    signal.throwIfAborted();
    return peer;
  }

  /** The answer; undefined when it is time for another peer. */
  async #offerUntilAnswered(peer: OfferingPeer, signal: AbortSignal): Promise<string | undefined> {
    const { clock, random } = this.#components;
    const offer = await peer.offer(true);
    this.#answerText = undefined;
    this.#offers = 0;
    this.#options.onWaiting?.(this.#noMaster(''));
    for (;;) {
      signal.throwIfAborted();
      this.#sendOffer(offer);
      const span = LAST_REOFFER_MS - FIRST_REOFFER_MS;
      if (await this.#waitForAnswer(FIRST_REOFFER_MS + random() * span, signal)) break;
      signal.throwIfAborted();
      this.#wait();
      if (!this.#connection.hasFreshIce) return undefined;
    }
    if (this.#offers > 1) await delay(clock, SETTLE_MS, signal);
    return this.#answerText;
  }

  #sendOffer(sdp: string): void {
    this.#offers++;
    this.#connection.send({
      ...{ action: 'SDP_OFFER', payload: { type: 'offer', sdp } },
      correlationId: `offer-${this.#offers}`,
    });
    this.#hasOffered = true;
    for (const candidate of this.#local) this.#sendCandidate(candidate);
  }

  /** False when the time is over. */
  #waitForAnswer(timeoutMs: number, signal: AbortSignal): Promise<boolean> {
    const { clock } = this.#components;
    if (this.#answerText !== undefined) return Promise.resolve(true);
    return new Promise((resolve) => {
      const settle = (isAnswered: boolean): void => {
        timer.cancel();
        signal.removeEventListener('abort', onAbort);
        this.#onAnswer = () => undefined;
        resolve(isAnswered);
      };
      const onAbort = (): void => settle(false);
      const timer = clock.after(timeoutMs, () => settle(false));
      signal.addEventListener('abort', onAbort, { once: true });
      this.#onAnswer = () => settle(true);
    });
  }

  #sendCandidate(candidate: IceCandidate | undefined): void {
    // Their end is not told: some masters take the empty candidate for an error.
    if (!candidate) return;
    this.#connection.send({
      action: 'ICE_CANDIDATE',
      payload: { candidate: formatIceCandidate(candidate), sdpMid: '0', sdpMLineIndex: 0 },
    });
  }

  #receive(message: KvsMessage): void {
    if (message.type === 'status') {
      this.#onStatus(message.problem);
      return;
    }
    if (message.type !== 'description' && message.type !== 'candidate') return;
    if (message.sender !== '') {
      this.#ignoreForeigner(message.sender);
      return;
    }
    if (message.type === 'candidate') this.#takeCandidate(message);
    // Only the newest counts, and none once the peer connects.
    else if (message.kind === 'answer' && this.#hasOffered && !this.#answer) {
      this.#answerText = message.sdp;
      this.#onAnswer();
    }
  }

  #takeCandidate(message: Extract<KvsMessage, { type: 'candidate' }>): void {
    if (this.#isConnecting) this.#addCandidate(message);
    else if (this.#remote.length < MAX_CANDIDATES) this.#remote.push(message);
  }

  #addCandidate({ candidate, ufrag }: Extract<KvsMessage, { type: 'candidate' }>): void {
    // Of another answer, to an earlier offer.
    if (ufrag !== undefined && ufrag !== this.#answer?.iceUfrag) return;
    if (candidate === '') return;
    const parsed = parseIceCandidate(candidate);
    if (parsed) this.#peer?.addCandidate(parsed);
    else this.#components.logger.debug('signalling brought what is no ICE candidate; ignored');
  }

  /** Said once: while there is no master, each offer may come to nothing in the same way. */
  #onStatus(problem: string): void {
    if (problem === this.#lastStatus) return;
    this.#lastStatus = problem;
    this.#log.warn(`${this.#place}: a message could not be delivered: ${problem}`);
  }

  #ignoreForeigner(sender: string): void {
    if (this.#hasNamedForeigner) return;
    this.#hasNamedForeigner = true;
    const name = sender.replace(/[^\w.-]/gu, '').slice(0, 50);
    this.#components.logger.warn(`${this.#place}: '${name}' is not the master; ignored`);
  }

  #onReopenFailed(failure: MediaError, attempts: number): void {
    this.#components.logger.debug(`signalling: ${failure.message}`);
    if (this.#answer) return;
    const isRefused = failure.kind !== 'unavailable' && failure.kind !== 'deadline-exceeded';
    if (isRefused || attempts >= MAX_REOPEN_ATTEMPTS) this.#lost.abort(failure);
  }

  /** Nobody answered: a master that is away is nothing unusual. */
  #wait(): void {
    const { clock, logger } = this.#components;
    const waitedMs = clock.monotonicMs() - this.#startedMs;
    if (waitedMs < this.#options.giveUpAfterMs) {
      logger.info(this.#noMaster('').message);
      return;
    }
    throw this.#noMaster(`: nobody answered for ${Math.round(waitedMs / 1000)} s`);
  }

  #noMaster(details: string): MediaError {
    const message = `waiting for a master of ${this.#place}${details}`;
    return new MediaError('unavailable', 'kvs-no-master', message);
  }

  get #place(): string {
    return `channel '${this.#options.channel}' in ${this.#components.channels.region}`;
  }
}
