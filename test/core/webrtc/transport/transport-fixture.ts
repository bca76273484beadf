// A transport on loopback with a scripted DTLS, and peers that speak to it over UDP and TCP.
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, type Socket as TcpSocket } from 'node:net';
import { silentLogger } from '../../../../core/base/logger.ts';
import type {
  DtlsCallbacks,
  DtlsConnectedInfo,
  DtlsPortFactory,
} from '../../../../core/webrtc/transport/dtls-port.ts';
import { FrameReader } from '../../../../core/webrtc/transport/frame-reader.ts';
import type { PeerAddress } from '../../../../core/webrtc/transport/peer-address.ts';
import type {
  PeerCallbacks,
  PeerConnectedInfo,
  PeerEnd,
  PeerSession,
} from '../../../../core/webrtc/transport/peer-session.ts';
import {
  WebRtcTransport,
  type WebRtcTransportOptions,
} from '../../../../core/webrtc/transport/webrtc-transport.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { bindingRequest, type BindingRequestOptions } from './stun-request.ts';

const FINGERPRINT = { algorithm: 'sha-256', value: 'AA' } as const;

/** What a handshake would have delivered. */
export const FAKE_KEYS: DtlsConnectedInfo = {
  keys: {
    profile: 1,
    local: { key: new Uint8Array(16), salt: new Uint8Array(14) },
    remote: { key: new Uint8Array(16), salt: new Uint8Array(14) },
  },
  remoteFingerprint: FINGERPRINT,
};

/** A DTLS that does what the test says. */
export class ScriptedDtls implements DtlsPortFactory {
  readonly localFingerprint = FINGERPRINT;
  readonly received: Uint8Array[] = [];
  closed = 0;
  /** Callbacks of the association made last. */
  callbacks: DtlsCallbacks | undefined;

  create(_options: unknown, callbacks: DtlsCallbacks): ReturnType<DtlsPortFactory['create']> {
    this.callbacks = callbacks;
    return {
      receive: (bytes) => this.received.push(Uint8Array.from(bytes)),
      close: () => this.closed++,
    };
  }
}

/** Everything that a session was told. */
export class RecordingSession {
  readonly rtp: Uint8Array[] = [];
  readonly rtcp: Uint8Array[] = [];
  readonly addresses: PeerAddress[] = [];
  readonly ends: PeerEnd[] = [];
  connected: PeerConnectedInfo | undefined;
  readonly callbacks: PeerCallbacks = {
    onRtp: (bytes) => this.rtp.push(Uint8Array.from(bytes)),
    onRtcp: (bytes) => this.rtcp.push(Uint8Array.from(bytes)),
    onConnected: (info) => {
      this.connected = info;
    },
    onAddressChanged: (address) => this.addresses.push(address),
    onClosed: (end) => this.ends.push(end),
  };
}

/** A started transport with UDP, and TCP on demand. */
export class TransportFixture implements AsyncDisposable {
  readonly clock = new FakeClock();
  readonly dtls: ScriptedDtls;
  readonly transport: WebRtcTransport;
  readonly #peers: AsyncDisposable[] = [];

  constructor(options: Partial<WebRtcTransportOptions> = {}, dtls?: DtlsPortFactory) {
    this.dtls = new ScriptedDtls();
    const components = { clock: this.clock, logger: silentLogger, dtls: dtls ?? this.dtls };
    const addresses = { udpAddress: '127.0.0.1:0', tcpAddress: '' };
    this.transport = new WebRtcTransport(components, { ...addresses, ...options });
  }

  static async start(options: Partial<WebRtcTransportOptions> = {}): Promise<TransportFixture> {
    const fixture = new TransportFixture(options);
    await fixture.transport.start();
    return fixture;
  }

  create(remoteUfrag?: string): { session: RecordingSession; peer: PeerSession } {
    const session = new RecordingSession();
    const dtls = { remoteFingerprints: [FINGERPRINT], profiles: [1] as const };
    const options = remoteUfrag === undefined ? dtls : { ...dtls, remoteUfrag };
    return { session, peer: this.transport.create(options, session.callbacks) };
  }

  async udpPeer(): Promise<UdpPeer> {
    return this.own(await UdpPeer.open(this.transport.ports.udpPort));
  }

  async tcpPeer(): Promise<TcpPeer> {
    return this.own(await TcpPeer.open(this.transport.ports.tcpPort));
  }

  /** A peer that is connected by one nominating check and scripted DTLS. */
  async connectedPeer(): Promise<{ session: RecordingSession; peer: PeerSession; udp: UdpPeer }> {
    const { session, peer } = this.create();
    const udp = await this.udpPeer();
    await udp.check(peer);
    this.dtls.callbacks?.onConnected(FAKE_KEYS);
    return { session, peer, udp };
  }

  own<T extends AsyncDisposable>(peer: T): T {
    this.#peers.push(peer);
    return peer;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.transport.close();
    for (const peer of this.#peers) await peer[Symbol.asyncDispose]();
  }
}

/** A valid check for `peer`, nominating unless told otherwise. */
export function checkFor(peer: PeerSession, options: BindingRequestOptions = {}): Buffer {
  const { ufrag, password } = peer.localCredentials;
  return bindingRequest({ username: `${ufrag}:remote`, password, isNominating: true, ...options });
}

/** Hands out what arrives, in order. */
class Inbox {
  readonly #waiting: ((bytes: Uint8Array) => void)[] = [];
  readonly #arrived: Uint8Array[] = [];

  push(bytes: Uint8Array): void {
    const waiter = this.#waiting.shift();
    if (waiter === undefined) this.#arrived.push(Uint8Array.from(bytes));
    else waiter(Uint8Array.from(bytes));
  }

  next(): Promise<Uint8Array> {
    const first = this.#arrived.shift();
    if (first !== undefined) return Promise.resolve(first);
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
    });
  }
}

/** A UDP socket on loopback. */
export class UdpPeer implements AsyncDisposable {
  readonly socket: UdpSocket;
  readonly #inbox = new Inbox();
  readonly #port: number;

  private constructor(socket: UdpSocket, port: number) {
    this.socket = socket;
    this.#port = port;
    socket.on('message', (bytes) => this.#inbox.push(bytes));
  }

  static async open(port: number): Promise<UdpPeer> {
    const socket = createSocket('udp4');
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    return new UdpPeer(socket, port);
  }

  get port(): number {
    return this.socket.address().port;
  }

  send(bytes: Uint8Array): void {
    this.socket.send(bytes, this.#port, '127.0.0.1');
  }

  next(): Promise<Uint8Array> {
    return this.#inbox.next();
  }

  /** Sends a valid check and waits for its answer, and so for everything sent before it. */
  check(peer: PeerSession, options: BindingRequestOptions = {}): Promise<Uint8Array> {
    this.send(checkFor(peer, options));
    return this.next();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.socket, 'close');
    this.socket.close();
    await closed;
  }
}

/** A TCP connection that frames as RFC 4571. */
export class TcpPeer implements AsyncDisposable {
  readonly socket: TcpSocket;
  readonly #inbox = new Inbox();
  readonly closed: Promise<unknown>;

  private constructor(socket: TcpSocket) {
    this.socket = socket;
    const reader = new FrameReader(65_535, (frame) => this.#inbox.push(frame));
    socket.on('data', (chunk: Buffer) => reader.push(chunk));
    socket.on('error', () => undefined);
    this.closed = once(socket, 'close');
  }

  static async open(port: number): Promise<TcpPeer> {
    const socket = connect(port, '127.0.0.1');
    const peer = new TcpPeer(socket);
    await once(socket, 'connect');
    return peer;
  }

  send(bytes: Uint8Array): void {
    this.socket.write(TcpPeer.frame(bytes));
  }

  next(): Promise<Uint8Array> {
    return this.#inbox.next();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.socket.destroy();
    await this.closed;
  }

  static frame(bytes: Uint8Array): Buffer {
    const header = Buffer.alloc(2);
    header.writeUInt16BE(bytes.length);
    return Buffer.concat([header, bytes]);
  }
}
