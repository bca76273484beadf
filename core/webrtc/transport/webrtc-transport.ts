// All WebRTC peers on one port: finds the peer of each packet, sweeps the silent ones away.
import { networkInterfaces } from 'node:os';
import type { Clock, Timer } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import { MediaError } from '../../base/media-error.ts';
import type { CertificateFingerprint, DtlsPortFactory } from './dtls-port.ts';
import type { CandidatePorts } from './host-candidates.ts';
import type { IceTcpConnection } from './ice-tcp-connection.ts';
import { unmapIpAddress } from './ip-address.ts';
import { guessLocalAddress } from './local-address.ts';
import type { MediaSocket } from './media-socket.ts';
import { MuxSocket, type MuxSocketAddresses, type PacketReceiver } from './mux-socket.ts';
import { packetKind } from './packet-kind.ts';
import { createPeerAddress, type PeerAddress } from './peer-address.ts';
import type { PeerCallbacks, PeerEnd, PeerSession } from './peer-session.ts';
import { PeerTable, type PacketSource } from './peer-table.ts';
import {
  PeerTransport,
  type PeerOptions,
  type PeerPath,
  type PeerRegistry,
  type PeerSocket,
} from './peer-transport.ts';
import { StunResponder } from './stun-responder.ts';
import { bindingSuccess } from './stun-response.ts';
import { createTransportCounters, type TransportCounters } from './transport-counters.ts';
import { defaultTransportOptions, type TransportOptions } from './transport-options.ts';
import type { SocketBufferSizes } from './udp-endpoint.ts';

/** What the transport needs. */
export interface WebRtcTransportComponents {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly dtls: DtlsPortFactory;
}

/** Listen addresses, and limits where they differ from the defaults. */
export interface WebRtcTransportOptions extends MuxSocketAddresses, Partial<TransportOptions> {}

/** Factory and registry of PeerTransports. Nothing is opened before start(). */
export class WebRtcTransport implements PacketReceiver, AsyncDisposable {
  readonly counters: TransportCounters = createTransportCounters();
  readonly #components: WebRtcTransportComponents;
  readonly #options: TransportOptions & MuxSocketAddresses;
  readonly #socket: MuxSocket;
  readonly #peerSocket: PeerSocket;
  readonly #registry: PeerRegistry;
  readonly #table = new PeerTable();
  readonly #responder: StunResponder<PeerTransport>;
  #sweep: Timer | undefined;

  constructor(components: WebRtcTransportComponents, options: WebRtcTransportOptions) {
    this.#components = components;
    this.#options = { ...defaultTransportOptions, ...options };
    const { clock, logger } = components;
    this.#socket = new MuxSocket({ clock, logger, counters: this.counters }, this.#options);
    this.#peerSocket = {
      sendTo: (peer, bytes) => this.#socket.sendTo(peer, bytes),
      sendControl: (peer, bytes) => this.#socket.sendControl(peer, bytes),
      localAddressFor: (peer) => this.#localAddressFor(peer),
    };
    this.#registry = this.#createRegistry();
    this.#responder = new StunResponder((ufrag) => this.#table.findByUfrag(ufrag), this.counters);
  }

  /** Where the media engine sends. */
  get socket(): MediaSocket {
    return this.#socket;
  }

  /** For `a=fingerprint`. */
  get localFingerprint(): CertificateFingerprint {
    return this.#components.dtls.localFingerprint;
  }

  /** Ports and addresses in use, as HostCandidates.gather() wants them. */
  get ports(): CandidatePorts {
    const { udpPort, tcpPort, udpHost, tcpHost, isIpv6 } = this.#socket;
    return { udpPort, tcpPort, udpHost, tcpHost, isIpv6 };
  }

  /** Sizes that the system gave to the UDP socket's buffers. */
  get bufferSizes(): SocketBufferSizes {
    return this.#socket.bufferSizes;
  }

  get peerCount(): number {
    return this.#table.peers.size;
  }

  /** Remote addresses known. */
  get pathCount(): number {
    return this.#table.pathCount;
  }

  get tcpConnectionCount(): number {
    return this.#socket.tcpConnectionCount;
  }

  /** @throws the system's error when a port is taken, MediaError when an address is malformed. */
  async start(): Promise<void> {
    await this.#socket.open(this.#options, this);
    this.#sweep = this.#components.clock.every(this.#options.sweepPeriodMs, () => {
      this.#sweepPeers();
    });
  }

  /**
   * A peer that waits for its first check; it ends by itself when none comes.
   * @throws MediaError `resource-exhausted` when there are too many peers.
   */
  create(options: PeerOptions, callbacks: PeerCallbacks): PeerSession {
    if (this.peerCount >= this.#options.maxPeers) {
      const message = `WebRTC has ${this.peerCount} peers, its limit`;
      throw new MediaError('resource-exhausted', 'too-many-peers', message);
    }
    const { clock, dtls } = this.#components;
    const components = { clock, dtls, socket: this.#peerSocket, registry: this.#registry };
    const peer = new PeerTransport(components, { peer: options, limits: this.#options }, callbacks);
    this.#table.add(peer);
    this.counters.peersCreated++;
    return peer;
  }

  onDatagram(bytes: Uint8Array, address: string, port: number): void {
    const kind = packetKind(bytes);
    if (kind === 'stun') {
      this.#onStun(bytes, { address, port, connection: undefined });
    } else if (kind === 'unknown') {
      this.counters.unknownKind++;
    } else {
      const path = this.#table.findUdpPath(address, port);
      if (path === undefined) this.counters.unknownSender++;
      else path.peer.receive(kind, bytes, path);
    }
  }

  onFrame(bytes: Uint8Array, connection: IceTcpConnection): void {
    const kind = packetKind(bytes);
    if (kind === 'stun') {
      const { remoteAddress, remotePort } = connection;
      this.#onStun(bytes, { address: remoteAddress, port: remotePort, connection });
    } else if (kind === 'unknown') {
      this.counters.unknownKind++;
    } else {
      const path = this.#table.findTcpPath(connection);
      if (path === undefined) this.counters.unknownSender++;
      else path.peer.receive(kind, bytes, path);
    }
  }

  onConnectionClosed(connection: IceTcpConnection): void {
    const path = this.#table.findTcpPath(connection);
    if (path === undefined) return;
    this.#table.removePath(path);
    path.peer.removePath(path);
  }

  /** Closes every peer without calling it back, then the socket; idempotent. */
  async close(): Promise<void> {
    this.#sweep?.cancel();
    for (const peer of this.#table.peers) peer.close();
    await this.#socket.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #onStun(bytes: Uint8Array, source: PacketSource): void {
    const verdict = this.#responder.judge(bytes);
    if (verdict.kind === 'refused' && verdict.response !== undefined) {
      const address = createPeerAddress(source.address, source.port, source.connection);
      this.#socket.sendControl(address, verdict.response);
    }
    if (verdict.kind !== 'valid') return;
    const { owner, generation, request } = verdict;
    const path = this.#pathOf(owner, source);
    if (path === undefined) return;
    const response = bindingSuccess(request, path.address, generation.local.password);
    const isNominating = request.hasUseCandidate;
    owner.acceptCheck(path, { generation, isNominating, lengthBytes: bytes.length });
    owner.respond(path, response);
  }

  /** The path of an authenticated source; undefined when the address is another live peer's. */
  #pathOf(peer: PeerTransport, source: PacketSource): PeerPath | undefined {
    const known = this.#table.findPath(source);
    if (known?.peer === peer) return known;
    const nowMs = this.#components.clock.monotonicMs();
    if (known !== undefined) {
      // One session must not be able to take another's address by a forged sender address.
      if (nowMs - known.lastReceivedMs <= this.#options.pathSilenceMs) {
        this.counters.stunAddressTaken++;
        return undefined;
      }
      this.#table.removePath(known);
      known.peer.removePath(known);
    }
    if (source.connection !== undefined) source.connection.isAuthenticated = true;
    const path = this.#table.addPath(peer, source, nowMs);
    peer.addPath(path);
    return path;
  }

  #createRegistry(): PeerRegistry {
    return {
      ufragsChanged: (peer, before, after) => this.#table.replaceUfrags(peer, before, after),
      pathRemoved: (path) => this.#table.removePath(path),
      connected: () => {
        this.counters.peersConnected++;
      },
      ended: (peer, end) => this.#onPeerEnded(peer, end),
    };
  }

  #onPeerEnded(peer: PeerTransport, end: PeerEnd | undefined): void {
    this.#table.remove(peer);
    for (const path of peer.agent.paths) path.address.connection?.close();
    if (end?.state === 'failed') this.counters.peersFailed++;
    if (end?.code === 'silent') this.counters.peersVanished++;
  }

  #sweepPeers(): void {
    const nowMs = this.#components.clock.monotonicMs();
    this.#socket.sweep(nowMs);
    // A Set may lose members while it is walked.
    for (const peer of this.#table.peers) peer.sweep(nowMs);
  }

  #localAddressFor(peer: PeerAddress): string {
    const { connection } = peer;
    const local = connection?.localAddress ?? this.#socket.udpHost;
    const address = local ?? guessLocalAddress(peer, networkInterfaces());
    return connection === undefined
      ? `udp/${address}/${this.#socket.udpPort}`
      : `tcp/${unmapIpAddress(address)}/${this.#socket.tcpPort}`;
  }
}
