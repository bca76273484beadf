// One call of a device: offer, candidates both ways, answer, media, until one of both hangs up.
import type { Clock } from '../../../core/base/clock.ts';
import { MediaError } from '../../../core/base/media-error.ts';
import type { SourceContext } from '../../../core/path/source.ts';
import {
  formatIceCandidate,
  parseIceCandidate,
  type IceCandidate,
} from '../../../core/sdp/ice-candidate.ts';
import type { OfferingPeer } from '../../../core/webrtc/client/offering-peer.ts';
import { receivePulledStream } from '../../../core/webrtc/client/pulled-stream.ts';
import { TrickleQueue } from '../../../core/webrtc/client/trickle-queue.ts';
import type { WebRtcClients } from '../../../core/webrtc/client/webrtc-clients.ts';
import { untilAborted } from './abortable.ts';
import { canChooseResolution, type TuyaDeviceConfig } from './device-config.ts';
import { H265Channel } from './h265-channel.ts';
import { channelTracks } from './h265-tracks.ts';
import type { TuyaAccount, TuyaConversation } from './tuya-account.ts';
import type { TuyaBody } from './tuya-message.ts';
import {
  chooseStream,
  fitOffer,
  tuyaSections,
  withoutCandidates,
  type TuyaStreamChoice,
} from './tuya-offer.ts';
import type { TuyaUrl } from './tuya-url.ts';

/** What a call works with. */
export interface TuyaCallComponents {
  readonly clients: WebRtcClients;
  readonly account: Pick<TuyaAccount, 'converse' | 'wake'>;
  readonly context: SourceContext;
}

/** Whom to call. */
export interface TuyaCallOptions {
  readonly target: TuyaUrl;
  readonly device: TuyaDeviceConfig;
}

const ANSWER_TIMEOUT_MS = 10_000;
const SILENCE_TIMEOUT_MS = 10_000;
const MAX_CANDIDATES = 64;
const HIGH_RESOLUTION = 0;
const LOW_RESOLUTION = 1;

/** Use once: run(), then close(). */
export class TuyaCall {
  readonly #components: TuyaCallComponents;
  readonly #options: TuyaCallOptions;
  readonly #choice: TuyaStreamChoice;
  readonly #hangUp = new AbortController();
  /** Of the path that wants no stream any more, or of the device that hung up. */
  readonly #over: AbortSignal;
  readonly #answer = Promise.withResolvers<string>();
  readonly #queue = new TrickleQueue();
  /** Candidates of the device that came before the peer connects; undefined ends them. */
  #early: (IceCandidate | undefined)[] | undefined = [];
  #candidateCount = 0;
  /** Where the camera sends H.265, which it can't by SRTP. */
  readonly #channel: H265Channel | undefined;
  #peer: OfferingPeer | undefined;
  #conversation: TuyaConversation | undefined;

  constructor(components: TuyaCallComponents, options: TuyaCallOptions) {
    this.#components = components;
    this.#options = options;
    this.#over = AbortSignal.any([components.context.signal, this.#hangUp.signal]);
    const { skill } = options.device;
    this.#choice = chooseStream(skill, options.target.stream);
    if (!this.#choice.isH265) return;
    this.#channel = new H265Channel(
      { clock: components.clients.clock, context: this.#context },
      { tracks: channelTracks(skill), place: this.#place },
    );
  }

  /** Calls, and rejects when the call ends. @throws MediaError why it ended. */
  async run(): Promise<never> {
    const { account, clients } = this.#components;
    const { target, device } = this.#options;
    const { deviceId, subDeviceId } = target;
    await account.wake(deviceId, this.#over);
    this.#conversation = await account.converse(
      { deviceId, subDeviceId, motoId: device.motoId },
      (body) => this.#onMessage(body),
      this.#over,
    );
    const peer = await this.#offer(this.#conversation);
    const answer = peer.answer(await this.#untilAnswer(clients.clock));
    void this.#chooseResolution(this.#conversation);
    const place = this.#place;
    const receiving = this.#channel
      ? this.#channel.receive(peer)
      : receivePulledStream({ clients, context: this.#context }, { peer, answer, place });
    const early = this.#early ?? [];
    this.#early = undefined;
    early.forEach((candidate) => peer.addCandidate(candidate));
    return await receiving;
  }

  /** Hangs up and frees everything; never throws. */
  async close(): Promise<void> {
    this.#queue.close();
    this.#peer?.close();
    await this.#conversation?.close();
  }

  get #context(): SourceContext {
    return { ...this.#components.context, signal: this.#over };
  }

  get #place(): string {
    return `Tuya device ${this.#options.target.deviceId}`;
  }

  async #offer(conversation: TuyaConversation): Promise<OfferingPeer> {
    const { clients, context } = this.#components;
    const { auth, iceServers, deviceIceServers } = this.#options.device;
    const { isSmall, servers } = fitOffer(auth, deviceIceServers);
    const peer = await clients.createPeer({
      sections: tuyaSections({ isSmall, audioDirection: 'recvonly' }),
      iceServers,
      connectTimeoutMs: context.config.whepHandshakeTimeout,
      stunTimeoutMs: context.config.whepSTUNGatherTimeout,
      silenceTimeoutMs: SILENCE_TIMEOUT_MS,
      onCandidate: (candidate) => this.#queue.push(candidate),
      ...(this.#channel ? { dataChannel: this.#channel.wish } : {}),
    });
    this.#peer = peer;
    const { sdp, candidates } = withoutCandidates(await untilAborted(peer.offer(true), this.#over));
    const say = (body: TuyaBody): Promise<void> =>
      untilAborted(conversation.send(body), this.#over);
    await say({
      ...{ type: 'offer', sdp, auth, streamType: this.#choice.streamType },
      isDataChannelEnabled: this.#choice.isH265,
      iceServers: servers,
    });
    for (const candidate of candidates) await say({ type: 'candidate', candidate });
    this.#queue.open(async (later) => {
      for (const each of later) {
        const candidate = each ? `a=${formatIceCandidate(each)}` : '';
        await conversation.send({ type: 'candidate', candidate });
      }
    });
    return peer;
  }

  async #untilAnswer(clock: Clock): Promise<string> {
    const timer = clock.after(ANSWER_TIMEOUT_MS, () => {
      const text = `${this.#place} did not answer within ${ANSWER_TIMEOUT_MS / 1000} s; it may be off or asleep`;
      this.#hangUp.abort(new MediaError('deadline-exceeded', 'tuya-answer-timeout', text));
    });
    try {
      return await untilAborted(this.#answer.promise, this.#over);
    } finally {
      timer.cancel();
    }
  }

  /** Cameras that can change it otherwise keep the resolution that the last viewer chose. */
  async #chooseResolution(conversation: TuyaConversation): Promise<void> {
    if (!canChooseResolution(this.#options.device.skill)) return;
    const value = this.#choice.streamType === 0 ? HIGH_RESOLUTION : LOW_RESOLUTION;
    await conversation.send({ type: 'resolution', value }).catch(() => undefined);
  }

  #onMessage(body: TuyaBody): void {
    switch (body.type) {
      case 'answer':
        this.#answer.resolve(body.sdp);
        break;
      case 'candidate':
        this.#onCandidate(body.candidate);
        break;
      case 'disconnect': {
        const message = `${this.#place} hung up`;
        this.#hangUp.abort(new MediaError('unavailable', 'tuya-device-hung-up', message));
        break;
      }
      case 'offer':
      case 'resolution':
      case 'speaker':
        break;
    }
  }

  #onCandidate(text: string): void {
    const candidate = text === '' ? undefined : parseIceCandidate(text);
    if (text !== '' && !candidate) return;
    this.#candidateCount += 1;
    if (this.#candidateCount > MAX_CANDIDATES) return;
    if (this.#early) this.#early.push(candidate);
    else this.#peer?.addCandidate(candidate);
  }
}
