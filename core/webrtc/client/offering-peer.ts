// A peer that offers: makes the offer, takes the answer, then is the transport of a session.
import type { Clock, Timer } from '../../base/clock.ts';
import { MediaError } from '../../base/media-error.ts';
import type { IceCandidate } from '../../sdp/ice-candidate.ts';
import type { IceCredentials } from '../transport/ice-credentials.ts';
import type { DtlsConnectedInfo, DtlsPort, SrtpProfile } from '../transport/dtls-port.ts';
import { packetKind } from '../transport/packet-kind.ts';
import { createPeerAddress, type PeerAddress } from '../transport/peer-address.ts';
import type { PeerCallbacks, PeerSession, PeerState } from '../transport/peer-session.ts';
import type { DataChannelWish } from './data-channel.ts';
import { DataChannelLink } from './data-channel-link.ts';
import type { IceLink, IceLinkFactory, IceLinkOptions, SelectedPair } from './ice-link.ts';
import type { PeerDtls } from './peer-dtls.ts';
import { readAnswer, type PeerAnswer } from './read-answer.ts';
import { MAX_MESSAGE_BYTES } from './sctp-inbound.ts';
import { writeOffer, type OfferedSection } from './write-offer.ts';

/** What a peer works with. */
export interface OfferingPeerComponents {
  readonly clock: Clock;
  readonly links: IceLinkFactory;
  readonly dtls: PeerDtls;
}

/** What is offered, and how long connecting may take. */
export interface OfferingPeerOptions {
  readonly sections: readonly OfferedSection[];
  readonly ice: IceLinkOptions;
  /** Wanted SRTP profiles, best first. */
  readonly profiles: readonly SrtpProfile[];
  /** From the answer to the SRTP keys. */
  readonly connectTimeoutMs: number;
  /** Longest silence of a connected peer; reports come every second. */
  readonly silenceTimeoutMs: number;
  /** One of our candidates that is not in the offer; undefined ends them. */
  readonly onCandidate?: (candidate: IceCandidate | undefined) => void;
  /** Offers a data channel behind the sections. */
  readonly dataChannel?: DataChannelWish;
}

const MAX_EARLY_DATAGRAMS = 16;
const SILENCE_CHECK_MS = 1000;
const SCTP_PORT = 5000;

/**
 * The other side of a signalling of any dialect. Order of calls: `offer()`, `answer()`, then the
 * callbacks tell how it goes; `addCandidate()` any time after `answer()`.
 */
export class OfferingPeer implements PeerSession {
  readonly #components: OfferingPeerComponents;
  readonly #options: OfferingPeerOptions;
  readonly #link: IceLink;
  readonly #known: IceCandidate[] = [];
  #callbacks: PeerCallbacks | undefined;
  #answer: PeerAnswer | undefined;
  #dtls: DtlsPort | undefined;
  #channel: DataChannelLink | undefined;
  #address: PeerAddress | undefined;
  #pair: SelectedPair | undefined;
  #state: PeerState = 'new';
  #hasOffered = false;
  /** Called when every address of this machine has its candidate. */
  #onHosts: () => void = () => undefined;
  #timer: Timer | undefined;
  /** Handshake datagrams that came before our end of ICE was ready. */
  #early: Uint8Array[] = [];
  #isLinkUp = false;
  /** Monotonic time of the newest packet of media or report; undefined before the first. */
  #lastReceivedMs: number | undefined;
  #bytesReceived = 0;
  #bytesSent = 0;

  constructor(components: OfferingPeerComponents, options: OfferingPeerOptions) {
    this.#components = components;
    this.#options = options;
    this.#link = components.links.create(options.ice, {
      onCandidate: (candidate) => this.#onCandidate(candidate),
      onConnected: () => this.#onLinkUp(),
      onData: (bytes) => this.#onData(bytes),
      onFailed: (message) => this.#fail('ice-failed', message),
    });
  }

  get localCredentials(): IceCredentials {
    return this.#link.credentials;
  }

  get state(): PeerState {
    return this.#state;
  }

  get selectedAddress(): PeerAddress | undefined {
    return this.#address;
  }

  get localCandidate(): string {
    return this.#pair?.local ?? '';
  }

  get remoteCandidate(): string {
    return this.#pair?.remote ?? '';
  }

  get bytesReceived(): number {
    return this.#bytesReceived;
  }

  get bytesSent(): number {
    return this.#bytesSent;
  }

  /**
   * Opens sockets and writes the offer: with all candidates, or with `isTrickling` at once with
   * those of this machine while STUN and TURN servers are still asked.
   * @throws MediaError `unavailable` when this machine has no address to offer.
   */
  async offer(isTrickling: boolean): Promise<string> {
    const { promise: hosts, resolve } = Promise.withResolvers<undefined>();
    this.#onHosts = () => resolve(undefined);
    const gathered = this.#link.gather().then(() => {
      if (this.#hasOffered) this.#options.onCandidate?.(undefined);
    });
    await (isTrickling ? Promise.race([hosts, gathered]) : gathered);
    if (isTrickling) gathered.catch(() => undefined);
    if (this.#isOver()) throw closed();
    if (this.#known.length === 0) {
      const message = 'this machine has no address to offer to a WebRTC peer';
      throw new MediaError('unavailable', 'no-ice-candidates', message);
    }
    this.#hasOffered = true;
    return writeOffer(
      this.#options.sections,
      {
        credentials: this.#link.credentials,
        fingerprint: this.#components.dtls.localFingerprint,
        candidates: this.#known,
      },
      this.#options.dataChannel && {
        sctpPort: SCTP_PORT,
        maxMessageSizeBytes: MAX_MESSAGE_BYTES,
      },
    );
  }

  /**
   * Reads the answer; nothing is sent yet, so that the caller can plan its tracks.
   * @throws MediaError `invalid-argument` `answer-invalid`, or codes of parseSdp().
   */
  answer(text: string): PeerAnswer {
    const { sections, dataChannel } = this.#options;
    const answer = readAnswer(text, sections, dataChannel !== undefined);
    this.#answer = answer;
    return answer;
  }

  /** Begins to connect with what the answer said. */
  connect(callbacks: PeerCallbacks): void {
    const answer = this.#answer;
    if (!answer || this.#state !== 'new') throw closed();
    this.#callbacks = callbacks;
    this.#state = 'checking';
    const { connectTimeoutMs } = this.#options;
    this.#timer = this.#components.clock.after(connectTimeoutMs, () => {
      const what = this.#isLinkUp ? 'DTLS handshake' : 'ICE connection';
      this.#fail('connect-timeout', `no ${what} with the peer within ${connectTimeoutMs} ms`);
    });
    this.#link.connect({
      credentials: { ufrag: answer.iceUfrag, password: answer.icePwd },
      isLite: answer.isIceLite,
    });
    if (!answer.sctp) this.#options.dataChannel?.onRefused('the answer refuses the data channel');
    const { medias } = answer.description;
    for (const { candidates } of medias) candidates.forEach((each) => this.addCandidate(each));
    if (medias.some(({ hasEndOfCandidates }) => hasEndOfCandidates)) this.addCandidate(undefined);
  }

  /** A candidate of the other end; undefined ends them. */
  addCandidate(candidate: IceCandidate | undefined): void {
    if (this.#isOver()) return;
    if (candidate) this.#link.addRemoteCandidate(candidate);
    else this.#link.endRemoteCandidates();
  }

  send(bytes: Uint8Array): boolean {
    if (!this.#link.send(bytes)) return false;
    this.#bytesSent += bytes.length;
    return true;
  }

  /** Whoever offers restarts with a new session. @throws MediaError `unsupported`, always. */
  restartIce(): IceCredentials {
    const message = 'a peer that offers does not restart ICE';
    throw new MediaError('unsupported', 'ice-restart-unsupported', message);
  }

  /** Says close_notify and frees everything; idempotent, calls nothing back. */
  close(): void {
    if (this.#isOver()) return;
    this.#end('closed');
  }

  #onCandidate(candidate: IceCandidate): void {
    if (this.#hasOffered) this.#options.onCandidate?.(candidate);
    else this.#known.push(candidate);
    // All sockets of this machine open in one turn: the others come before the promise goes on.
    if (this.#known.length >= this.#options.ice.localAddresses.length) this.#onHosts();
  }

  #onLinkUp(): void {
    const answer = this.#answer;
    const pair = this.#link.selectedPair;
    if (this.#isOver() || !answer || !pair) return;
    this.#isLinkUp = true;
    this.#pair = pair;
    this.#address = this.#addressOf(pair);
    this.#dtls = this.#components.dtls.start(
      answer.isActive ? 'server' : 'client',
      { remoteFingerprints: answer.fingerprints, profiles: this.#options.profiles },
      {
        send: (datagram) => void this.send(datagram),
        onConnected: (info) => this.#onConnected(info),
        onClosed: () => this.#close('closed', 'close-notify', 'the peer closed the connection'),
        onFailed: (failure, message) => this.#fail(failure, message),
        ...(answer.sctp && { onApplicationData: this.#onApplicationData }),
      },
    );
    for (const datagram of this.#early.splice(0)) this.#dtls.receive(datagram);
  }

  #onConnected(info: DtlsConnectedInfo): void {
    const { clock } = this.#components;
    if (this.#isOver() || !this.#address) return;
    this.#timer?.cancel();
    this.#state = 'connected';
    this.#timer = clock.every(SILENCE_CHECK_MS, () => this.#checkSilence());
    this.#callbacks?.onConnected({ ...info, address: this.#address });
    if (info.sendApplicationData) this.#openChannel(info.sendApplicationData);
  }

  #openChannel(send: (bytes: Uint8Array) => boolean): void {
    const { dataChannel: wish } = this.#options;
    const answer = this.#answer;
    if (this.#isOver() || !wish || !answer?.sctp) return;
    this.#channel = new DataChannelLink(
      { clock: this.#components.clock, send: (bytes) => void send(bytes) },
      {
        ...{ wish, localPort: SCTP_PORT, remotePort: answer.sctp.port },
        remoteMaxMessageBytes: answer.sctp.maxMessageSizeBytes,
        isDtlsClient: !answer.isActive,
      },
    );
    this.#channel.start();
  }

  readonly #onApplicationData = (bytes: Uint8Array): void => {
    // A peer that sends its media here may send no reports any more.
    if (this.#lastReceivedMs !== undefined) {
      this.#lastReceivedMs = this.#components.clock.monotonicMs();
    }
    this.#channel?.receive(bytes);
  };

  #onData(bytes: Uint8Array): void {
    this.#bytesReceived += bytes.length;
    const kind = packetKind(bytes);
    if (kind === 'rtp' || kind === 'rtcp') {
      this.#lastReceivedMs = this.#components.clock.monotonicMs();
    }
    switch (kind) {
      case 'rtp':
        if (this.#state === 'connected') this.#callbacks?.onRtp(bytes);
        break;
      case 'rtcp':
        if (this.#state === 'connected') this.#callbacks?.onRtcp(bytes);
        break;
      case 'dtls':
        if (this.#dtls) this.#dtls.receive(bytes);
        else if (this.#early.length < MAX_EARLY_DATAGRAMS) this.#early.push(bytes.slice());
        break;
      case 'stun':
      case 'unknown':
        break;
    }
  }

  /** ICE's own consent takes 30 s to expire (RFC 7675); viewers should not look at a still so long. */
  #checkSilence(): void {
    const { silenceTimeoutMs } = this.#options;
    const nowMs = this.#components.clock.monotonicMs();
    // Who never sent a report may be one of those that send none.
    if (nowMs - (this.#lastReceivedMs ?? nowMs) < silenceTimeoutMs) return;
    this.#fail('silent', `nothing received for ${Math.round(silenceTimeoutMs / 1000)} s`);
  }

  #addressOf(pair: SelectedPair): PeerAddress {
    const link = this.#link;
    return createPeerAddress(pair.remoteAddress, pair.remotePort, {
      get isClosed() {
        return false;
      },
      localAddress: '',
      isAuthenticated: true,
      send: (bytes) => this.send(bytes),
      close: () => link.close(),
    });
  }

  #fail(code: string, message: string): void {
    this.#close('failed', code, message);
  }

  #close(state: 'closed' | 'failed', code: string, message: string): void {
    if (this.#isOver()) return;
    const channel = this.#channel;
    this.#end(state);
    channel?.fail(message);
    this.#callbacks?.onClosed({ state, code, message });
  }

  #end(state: 'closed' | 'failed'): void {
    this.#state = state;
    this.#timer?.cancel();
    this.#channel?.dispose();
    this.#dtls?.close();
    this.#early = [];
    this.#link.close();
  }

  #isOver(): boolean {
    return this.#state === 'closed' || this.#state === 'failed';
  }
}

function closed(): MediaError {
  return new MediaError('failed-precondition', 'peer-closed', 'the WebRTC peer is closed');
}
