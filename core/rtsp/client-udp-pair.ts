// Two UDP sockets that receive one track from one camera: RTP and RTCP.
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { isIPv4 } from 'node:net';
import { normalizeIp } from '../base/ip-address.ts';
import { MediaError } from '../base/media-error.ts';
import type { TransportPair } from './transport-header.ts';

/** Takes what the camera sends; bytes are valid only during the call. */
export interface UdpPairHandler {
  onRtpDatagram(bytes: Uint8Array): void;
  onRtcpDatagram(bytes: Uint8Array): void;
}

/** Where the sockets are opened. */
export interface UdpPairOptions {
  /** First and last port (`rtspUDPSourcePortRange`). */
  readonly portRange: readonly [number, number];
  /** Our end of the RTSP connection; decides the address family too. */
  readonly localIp: string;
  /** Receive buffer of the RTP socket; 0 leaves it to the system. */
  readonly receiveBufferBytes: number;
  /** 0..1; Math.random in production. */
  readonly random: () => number;
}

/** Who may send. */
export interface UdpCamera {
  /** The first one is sent to. */
  readonly addresses: readonly string[];
  /** What the camera announced; undefined takes the port of the first datagram. */
  readonly ports: TransportPair | undefined;
  /** Whether datagrams from other ports are taken too (`rtspAnyPort`). */
  readonly isAnyPort: boolean;
}

const MAX_TRIES = 64;
/** An RTP header without payload and an RTCP receiver report without blocks: they open NATs and firewalls. */
const EMPTY_RTP = Uint8Array.of(0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
const EMPTY_RTCP = Uint8Array.of(0x80, 0xc9, 0, 1, 0, 0, 0, 0);

/** Remembers from where datagrams are taken. */
class SourceGate {
  strangerCount = 0;
  #camera: UdpCamera | undefined;
  #port: number | undefined;
  #knownAddress = '';

  setCamera(camera: UdpCamera, port: number | undefined): void {
    this.#camera = camera;
    this.#port = port;
  }

  get port(): number | undefined {
    return this.#port;
  }

  admits(remote: RemoteInfo): boolean {
    const isKnown = remote.address === this.#knownAddress || this.#learn(remote.address);
    if (isKnown && (remote.port === this.#port || this.#acceptsPort(remote.port))) return true;
    this.strangerCount++;
    return false;
  }

  #learn(address: string): boolean {
    const isAllowed = this.#camera?.addresses.includes(normalizeIp(address) ?? '') === true;
    if (isAllowed) this.#knownAddress = address;
    return isAllowed;
  }

  #acceptsPort(port: number): boolean {
    if (this.#port !== undefined) return this.#camera?.isAnyPort === true;
    this.#port = port;
    return true;
  }
}

/** A pair of sockets; whoever opens it closes it. */
export class ClientUdpPair {
  readonly ports: TransportPair;
  readonly #rtp: Socket;
  readonly #rtcp: Socket;
  readonly #rtpGate = new SourceGate();
  readonly #rtcpGate = new SourceGate();
  #address = '';
  #handler: UdpPairHandler | undefined;
  #closed: Promise<void> | undefined;

  private constructor(rtp: Socket, rtcp: Socket) {
    this.#rtp = rtp;
    this.#rtcp = rtcp;
    this.ports = { rtp: rtp.address().port, rtcp: rtcp.address().port };
    rtp.on('message', (bytes, remote) => {
      if (this.#handler && this.#rtpGate.admits(remote)) this.#handler.onRtpDatagram(bytes);
    });
    rtcp.on('message', (bytes, remote) => {
      if (this.#handler && this.#rtcpGate.admits(remote)) this.#handler.onRtcpDatagram(bytes);
    });
  }

  /**
   * Opens a pair of an even port and the next one, from a random place in the range on.
   * @throws MediaError `resource-exhausted` when no pair is free, `invalid-argument` for a range
   * without a pair.
   */
  static async open(options: UdpPairOptions): Promise<ClientUdpPair> {
    const [min, max] = options.portRange;
    const first = min + (min % 2);
    const pairCount = Math.floor((max - first + 1) / 2);
    if (pairCount < 1 || first < 1) {
      throw new MediaError(
        'invalid-argument',
        'rtsp-udp-port-range',
        `rtspUDPSourcePortRange [${min}, ${max}] has no even port with the next one`,
      );
    }
    const start = Math.floor(options.random() * pairCount);
    const tries = Math.min(pairCount, MAX_TRIES);
    for (let attempt = 0; attempt < tries; attempt++) {
      const port = first + 2 * ((start + attempt) % pairCount);
      const pair = await openAt(port, options);
      if (pair) return new ClientUdpPair(pair[0], pair[1]);
    }
    throw new MediaError(
      'resource-exhausted',
      'rtsp-udp-ports-taken',
      `no pair of UDP ports is free in rtspUDPSourcePortRange [${min}, ${max}] after ${tries} tries`,
    );
  }

  /** Datagrams that did not come from the camera. */
  get strangerCount(): number {
    return this.#rtpGate.strangerCount + this.#rtcpGate.strangerCount;
  }

  /** Says who may send; what came before is dropped. */
  setCamera(camera: UdpCamera): void {
    this.#rtpGate.setCamera(camera, camera.ports?.rtp);
    this.#rtcpGate.setCamera(camera, camera.ports?.rtcp);
    this.#address = camera.addresses[0] ?? '';
  }

  /** Says who takes the datagrams. */
  setHandler(handler: UdpPairHandler): void {
    this.#handler = handler;
  }

  /** Sends one empty packet on each port, so that those of the camera find the way back. */
  punch(): void {
    this.#send(this.#rtp, EMPTY_RTP, this.#rtpGate.port);
    this.#send(this.#rtcp, EMPTY_RTCP, this.#rtcpGate.port);
  }

  /** False when the socket is busy: this datagram was not sent and the sender should wait. */
  sendRtp(bytes: Uint8Array, offset: number, length: number): boolean {
    const port = this.#rtpGate.port;
    if (port === undefined || port === 0 || this.#address === '' || this.#closed) return false;
    if (this.#rtp.getSendQueueCount() > 0) return false;
    this.#rtp.send(bytes, offset, length, port, this.#address, ignore);
    return true;
  }

  /** Sends a report; dropped while the camera's port is unknown. */
  sendRtcp(bytes: Uint8Array): void {
    this.#send(this.#rtcp, bytes, this.#rtcpGate.port);
  }

  /** Idempotent. */
  close(): Promise<void> {
    this.#handler = undefined;
    this.#closed ??= Promise.all([closeSocket(this.#rtp), closeSocket(this.#rtcp)]).then(ignore);
    return this.#closed;
  }

  #send(socket: Socket, bytes: Uint8Array, port: number | undefined): void {
    if (port === undefined || port === 0 || this.#address === '' || this.#closed) return;
    socket.send(bytes, port, this.#address, ignore);
  }
}

async function openAt(
  port: number,
  options: UdpPairOptions,
): Promise<readonly [Socket, Socket] | undefined> {
  const rtp = await bind(port, options);
  if (!rtp) return undefined;
  const rtcp = await bind(port + 1, { ...options, receiveBufferBytes: 0 });
  if (rtcp) return [rtp, rtcp];
  await closeSocket(rtp);
  return undefined;
}

/** A bound socket, or undefined when the port can't be had. */
function bind(port: number, options: UdpPairOptions): Promise<Socket | undefined> {
  const { localIp, receiveBufferBytes } = options;
  const type = isIPv4(localIp) ? 'udp4' : 'udp6';
  const socket = createSocket({
    type,
    ...(receiveBufferBytes > 0 && { recvBufferSize: receiveBufferBytes }),
  });
  const { promise, resolve } = Promise.withResolvers<Socket | undefined>();
  socket.once('error', () => {
    socket.close();
    resolve(undefined);
  });
  // The zone of a link-local address is not known here.
  const isBindable = localIp !== '' && !localIp.startsWith('fe80:');
  socket.bind({ port, exclusive: true, ...(isBindable && { address: localIp }) }, () => {
    socket.removeAllListeners('error');
    // Errors of sending come back to send(); a datagram that can't be received is lost.
    socket.on('error', ignore);
    resolve(socket);
  });
  return promise;
}

function closeSocket(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.close(() => resolve());
  });
}

function ignore(): void {
  // Nothing to do.
}
