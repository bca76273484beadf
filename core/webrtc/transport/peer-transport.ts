// One peer: its ICE-lite agent, its DTLS association, its addresses and its end.
import type { Clock } from '../../base/clock.ts';
import type { DtlsConnectedInfo, DtlsPort, DtlsPortFactory, DtlsPortOptions } from './dtls-port.ts';
import type { IceCredentials } from './ice-credentials.ts';
import { IceLiteAgent, type IceGeneration, type IcePath } from './ice-lite-agent.ts';
import type { PacketKind } from './packet-kind.ts';
import { formatPeerAddress, type PeerAddress } from './peer-address.ts';
import type { PeerCallbacks, PeerEnd, PeerSession, PeerState } from './peer-session.ts';
import type { TransportOptions } from './transport-options.ts';

/** The doors of the socket that a peer uses. */
export interface PeerSocket {
  sendTo(peer: PeerAddress, bytes: Uint8Array): boolean;
  sendControl(peer: PeerAddress, bytes: Uint8Array): boolean;
  /** Our address as the peer most likely sees it. */
  localAddressFor(peer: PeerAddress): string;
}

/** Keeps the tables by which packets find their peer. */
export interface PeerRegistry {
  ufragsChanged(peer: PeerTransport, before: readonly string[], after: readonly string[]): void;
  pathRemoved(path: PeerPath): void;
  connected(peer: PeerTransport): void;
  /** `end` is undefined after a local close(). */
  ended(peer: PeerTransport, end: PeerEnd | undefined): void;
}

/** A path that knows its peer. */
export interface PeerPath extends IcePath {
  readonly peer: PeerTransport;
}

/** What a peer needs. */
export interface PeerTransportComponents {
  readonly clock: Clock;
  readonly socket: PeerSocket;
  readonly dtls: DtlsPortFactory;
  readonly registry: PeerRegistry;
}

/** What the offer said. */
export interface PeerOptions extends DtlsPortOptions {
  /** `a=ice-ufrag` of the offer; undefined accepts any. */
  readonly remoteUfrag?: string;
}

/** Built by WebRtcTransport.create(). */
export class PeerTransport implements PeerSession {
  readonly agent: IceLiteAgent<PeerPath>;
  readonly #components: PeerTransportComponents;
  readonly #limits: TransportOptions;
  readonly #callbacks: PeerCallbacks;
  readonly #dtls: DtlsPort;
  readonly #createdMs: number;
  #ufrags: readonly string[];
  #state: PeerState = 'new';
  #lastReceivedMs: number;
  #bytesReceived = 0;
  #bytesSent = 0;

  constructor(
    components: PeerTransportComponents,
    options: { readonly peer: PeerOptions; readonly limits: TransportOptions },
    callbacks: PeerCallbacks,
  ) {
    this.#components = components;
    this.#limits = options.limits;
    this.#callbacks = callbacks;
    this.#createdMs = components.clock.monotonicMs();
    this.#lastReceivedMs = this.#createdMs;
    this.agent = new IceLiteAgent({
      remoteUfrag: options.peer.remoteUfrag,
      pathSilenceMs: this.#limits.pathSilenceMs,
      maxPaths: this.#limits.maxAddressesPerPeer,
    });
    this.#ufrags = this.agent.ufrags;
    this.#dtls = components.dtls.create(options.peer, {
      send: (datagram) => this.#sendControl(datagram),
      onConnected: (info) => this.#onDtlsConnected(info),
      onClosed: () => {
        const message = 'the peer closed the DTLS association';
        this.#end({ state: 'closed', code: 'close-notify', message });
      },
      onFailed: (code, message) => this.#end({ state: 'failed', code, message }),
    });
  }

  get localCredentials(): IceCredentials {
    return this.agent.localCredentials;
  }

  get state(): PeerState {
    return this.#state;
  }

  get selectedAddress(): PeerAddress | undefined {
    return this.agent.selected?.address;
  }

  get localCandidate(): string {
    const peer = this.selectedAddress;
    return peer === undefined ? '' : `host/${this.#components.socket.localAddressFor(peer)}`;
  }

  get remoteCandidate(): string {
    const peer = this.selectedAddress;
    return peer === undefined ? '' : `prflx/${formatPeerAddress(peer)}`;
  }

  get bytesReceived(): number {
    return this.#bytesReceived;
  }

  get bytesSent(): number {
    return this.#bytesSent;
  }

  /** Monotonic time of the last packet. */
  get lastReceivedMs(): number {
    return this.#lastReceivedMs;
  }

  send(bytes: Uint8Array): boolean {
    const address = this.agent.selected?.address;
    if (address === undefined || this.#isEnded()) return false;
    const isSent = this.#components.socket.sendTo(address, bytes);
    if (isSent) this.#bytesSent += bytes.length;
    return isSent;
  }

  restartIce(remoteUfrag: string | undefined): IceCredentials {
    // A peer that ended stays out of the tables.
    if (this.#isEnded()) return this.agent.localCredentials;
    const credentials = this.agent.restart(remoteUfrag);
    this.#syncUfrags();
    return credentials;
  }

  /** Takes one packet that is not STUN from an address known to be this peer's. */
  receive(kind: PacketKind, bytes: Uint8Array, path: PeerPath): void {
    this.#noteReceived(bytes.length, path);
    switch (kind) {
      case 'rtp':
        if (this.#state === 'connected') this.#callbacks.onRtp(bytes);
        return;
      case 'rtcp':
        if (this.#state === 'connected') this.#callbacks.onRtcp(bytes);
        return;
      case 'dtls':
        this.#dtls.receive(bytes);
        return;
      case 'stun':
      case 'unknown':
        return;
    }
  }

  /** Adds an address that showed a valid check. */
  addPath(path: PeerPath): void {
    const evicted = this.agent.addPath(path);
    if (evicted !== undefined) this.#components.registry.pathRemoved(evicted);
  }

  /** Takes note that a path is gone: its connection closed, or the address is another peer's now. */
  removePath(path: PeerPath): void {
    if (!this.agent.removePath(path) || this.#state !== 'connected') return;
    const address = this.agent.selected?.address;
    if (address !== undefined) this.#callbacks.onAddressChanged(address);
  }

  /** Takes an authenticated check of `bytes` length that came over `path`. */
  acceptCheck(path: PeerPath, check: AcceptedCheck): void {
    this.#noteReceived(check.lengthBytes, path);
    const isChanged = this.agent.acceptCheck(path, { ...check, nowMs: this.#lastReceivedMs });
    this.#syncUfrags();
    if (this.#state === 'new') this.#state = 'checking';
    if (isChanged && this.#state === 'connected') this.#callbacks.onAddressChanged(path.address);
  }

  /** Sends a STUN response to where its request came from. */
  respond(path: PeerPath, response: Uint8Array): void {
    if (this.#components.socket.sendControl(path.address, response)) {
      this.#bytesSent += response.length;
    }
  }

  /** Ends a peer that did not connect in time or went silent; called by the one sweep. */
  sweep(nowMs: number): void {
    const { connectTimeoutMs, silenceTimeoutMs } = this.#limits;
    if (this.#state === 'connected') {
      if (nowMs - this.#lastReceivedMs <= silenceTimeoutMs) return;
      const message = `nothing received for ${silenceTimeoutMs} ms`;
      this.#end({ state: 'closed', code: 'silent', message });
    } else if (nowMs - this.#createdMs > connectTimeoutMs) {
      const seen = this.selectedAddress;
      const detail =
        seen === undefined
          ? 'no connectivity check arrived'
          : `no DTLS handshake with ${formatPeerAddress(seen)}`;
      const message = `deadline exceeded while waiting connection: ${detail}`;
      this.#end({ state: 'failed', code: 'connect-timeout', message });
    }
  }

  close(): void {
    this.#end(undefined);
  }

  #noteReceived(lengthBytes: number, path: PeerPath): void {
    this.#lastReceivedMs = this.#components.clock.monotonicMs();
    path.lastReceivedMs = this.#lastReceivedMs;
    this.#bytesReceived += lengthBytes;
  }

  #sendControl(bytes: Uint8Array): void {
    const address = this.agent.selected?.address;
    if (address === undefined) return;
    if (this.#components.socket.sendControl(address, bytes)) this.#bytesSent += bytes.length;
  }

  #onDtlsConnected(info: DtlsConnectedInfo): void {
    const address = this.agent.selected?.address;
    if (address === undefined || this.#isEnded()) return;
    this.#state = 'connected';
    this.#components.registry.connected(this);
    this.#callbacks.onConnected({ ...info, address });
  }

  #syncUfrags(): void {
    const after = this.agent.ufrags;
    if (after[0] === this.#ufrags[0] && after.length === this.#ufrags.length) return;
    const before = this.#ufrags;
    this.#ufrags = after;
    this.#components.registry.ufragsChanged(this, before, after);
  }

  #isEnded(): boolean {
    return this.#state === 'closed' || this.#state === 'failed';
  }

  #end(end: PeerEnd | undefined): void {
    if (this.#isEnded()) return;
    this.#state = end?.state ?? 'closed';
    this.#dtls.close();
    this.#components.registry.ended(this, end);
    if (end !== undefined) this.#callbacks.onClosed(end);
  }
}

/** A check after authentication. */
export interface AcceptedCheck {
  readonly generation: IceGeneration;
  readonly isNominating: boolean;
  readonly lengthBytes: number;
}
