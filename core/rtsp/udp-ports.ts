// The server's pair of UDP sockets for RTP and RTCP, shared by all sessions and told apart by the client's address.
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { isIPv4 } from 'node:net';
import type { Logger } from '../base/logger.ts';
import { MediaError } from '../base/media-error.ts';
import type { TransportPair } from './transport-header.ts';

/** One track of one session, as seen from the sockets. Datagrams are valid only during the call. */
export interface UdpMember {
  onRtpDatagram(bytes: Uint8Array): void;
  onRtcpDatagram(bytes: Uint8Array): void;
}

/** Where to listen; host undefined or empty is every interface. */
export interface UdpAddress {
  readonly host: string | undefined;
  readonly port: number;
}

/** Addresses and buffers of the sockets. */
export interface UdpPortsOptions {
  readonly rtp: UdpAddress;
  readonly rtcp: UdpAddress;
  /** Receive buffer of each socket in bytes; 0 leaves it to the system. */
  readonly receiveBufferBytes: number;
}

/** The right to use a client's pair of ports. */
export interface UdpPeer {
  /** False when the socket is busy: this datagram was not sent and the peer should wait. */
  sendRtp(bytes: Uint8Array, offset: number, length: number): boolean;
  sendRtcp(bytes: Uint8Array): void;
  /** Idempotent. */
  close(): void;
}

interface PeerEntry {
  readonly address: string;
  readonly member: UdpMember;
}

/** Sockets that are open, with the members found by the port they send from. */
export class UdpPorts {
  readonly #options: UdpPortsOptions;
  readonly #logger: Logger;
  readonly #rtpPeers = new Map<number, PeerEntry[]>();
  readonly #rtcpPeers = new Map<number, PeerEntry[]>();
  #rtp: Socket | undefined;
  #rtcp: Socket | undefined;

  constructor(logger: Logger, options: UdpPortsOptions) {
    this.#logger = logger;
    this.#options = options;
  }

  /** Ports that the sockets are bound to; zeros before `start()`. */
  get ports(): TransportPair {
    return { rtp: this.#rtp?.address().port ?? 0, rtcp: this.#rtcp?.address().port ?? 0 };
  }

  /** @throws MediaError `unavailable` when a port is taken. */
  async start(): Promise<void> {
    const { rtp, rtcp } = this.#options;
    this.#rtp = await this.#open('rtpAddress', rtp);
    this.#rtcp = await this.#open('rtcpAddress', rtcp);
    this.#rtp.on('message', (bytes, remote) => {
      findPeer(this.#rtpPeers, remote)?.onRtpDatagram(bytes);
    });
    this.#rtcp.on('message', (bytes, remote) => {
      findPeer(this.#rtcpPeers, remote)?.onRtcpDatagram(bytes);
    });
    this.#checkBuffer(this.#rtp);
  }

  /**
   * Connects `member` with what comes from a client's ports.
   * @throws MediaError `already-exists` when another track uses one of them.
   */
  register(ip: string, ports: TransportPair, member: UdpMember): UdpPeer {
    const rtp = this.#rtp;
    const rtcp = this.#rtcp;
    if (!rtp || !rtcp) {
      throw new MediaError('unsupported', 'rtsp-transport-unsupported', 'UDP is not available');
    }
    const rtpEntry = { address: addressFor(rtp, ip), member };
    const rtcpEntry = { address: addressFor(rtcp, ip), member };
    if (
      isTaken(this.#rtpPeers, ports.rtp, rtpEntry) ||
      isTaken(this.#rtcpPeers, ports.rtcp, rtcpEntry)
    ) {
      throw new MediaError(
        'already-exists',
        'rtsp-client-port-taken',
        `SETUP: client ports ${ports.rtp}-${ports.rtcp} of ${ip} are in use by another track`,
      );
    }
    addPeer(this.#rtpPeers, ports.rtp, rtpEntry);
    addPeer(this.#rtcpPeers, ports.rtcp, rtcpEntry);
    return {
      sendRtp: (bytes, offset, length) => {
        if (rtp.getSendQueueCount() > 0) return false;
        rtp.send(bytes, offset, length, ports.rtp, rtpEntry.address, ignoreSendError);
        return true;
      },
      sendRtcp: (bytes) => {
        if (this.#rtcp) rtcp.send(bytes, ports.rtcp, rtcpEntry.address, ignoreSendError);
      },
      close: () => {
        removePeer(this.#rtpPeers, ports.rtp, rtpEntry);
        removePeer(this.#rtcpPeers, ports.rtcp, rtcpEntry);
      },
    };
  }

  /** Idempotent. */
  async close(): Promise<void> {
    const sockets = [this.#rtp, this.#rtcp].filter((socket) => socket !== undefined);
    this.#rtp = undefined;
    this.#rtcp = undefined;
    await Promise.all(
      sockets.map((socket) => new Promise<void>((resolve) => socket.close(() => resolve()))),
    );
  }

  async #open(configKey: string, address: UdpAddress): Promise<Socket> {
    const host = address.host === '' ? undefined : address.host;
    try {
      if (host !== undefined) return await this.#bind(isIPv4(host) ? 'udp4' : 'udp6', address);
      try {
        return await this.#bind('udp6', address);
      } catch (thrown) {
        if (!isFamilyMissing(thrown)) throw thrown;
        return await this.#bind('udp4', address);
      }
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new MediaError(
        'unavailable',
        'rtsp-listen-failed',
        `${configKey}: can't listen on UDP port ${address.port}: ${reason}`,
        { cause },
      );
    }
  }

  #bind(type: 'udp4' | 'udp6', { host, port }: UdpAddress): Promise<Socket> {
    const recvBufferSize = this.#options.receiveBufferBytes;
    const socket = createSocket({
      type,
      lookup: (address, _options, callback) => callback(null, address, type === 'udp4' ? 4 : 6),
      ...(recvBufferSize > 0 && { recvBufferSize }),
    });
    const { promise, resolve, reject } = Promise.withResolvers<Socket>();
    socket.once('error', (failure) => {
      socket.close();
      reject(failure);
    });
    socket.bind({ port, ...(host !== undefined && host !== '' && { address: host }) }, () => {
      socket.removeAllListeners('error');
      socket.on('error', (failure) => this.#logger.warn(`UDP socket: ${failure.message}`));
      resolve(socket);
    });
    return promise;
  }

  /** Linux tells twice what it gives (socket(7), SO_RCVBUF) and silently gives less than asked. */
  #checkBuffer(socket: Socket): void {
    const wanted = this.#options.receiveBufferBytes;
    const given = socket.getRecvBufferSize();
    if (wanted === 0 || given >= wanted) return;
    this.#logger.warn(
      `UDP receive buffer is ${given} bytes instead of ${wanted} (udpReadBufferSize): publishers ` +
        `over UDP may lose packets; allow more with sysctl net.core.rmem_max=${wanted}`,
    );
  }
}

/** A datagram that can't be sent is lost, as any other; a client that is gone shows by its silence. */
function ignoreSendError(): void {
  // Nothing to do.
}

function addressFor(socket: Socket, ip: string): string {
  return socket.address().family === 'IPv6' && isIPv4(ip) ? `::ffff:${ip}` : ip;
}

function findPeer(
  peers: ReadonlyMap<number, PeerEntry[]>,
  remote: RemoteInfo,
): UdpMember | undefined {
  const entries = peers.get(remote.port);
  if (entries === undefined) return undefined;
  for (let index = 0; index < entries.length; index++) {
    const entry = entries[index];
    if (entry?.address === remote.address) return entry.member;
  }
  return undefined;
}

function isTaken(peers: ReadonlyMap<number, PeerEntry[]>, port: number, entry: PeerEntry): boolean {
  return peers.get(port)?.some(({ address }) => address === entry.address) === true;
}

function addPeer(peers: Map<number, PeerEntry[]>, port: number, entry: PeerEntry): void {
  const entries = peers.get(port);
  if (entries) entries.push(entry);
  else peers.set(port, [entry]);
}

function removePeer(peers: Map<number, PeerEntry[]>, port: number, entry: PeerEntry): void {
  const left = peers.get(port)?.filter((candidate) => candidate !== entry) ?? [];
  if (left.length === 0) peers.delete(port);
  else peers.set(port, left);
}

function isFamilyMissing(thrown: unknown): boolean {
  if (!(thrown instanceof Error) || !('code' in thrown)) return false;
  return thrown.code === 'EAFNOSUPPORT' || thrown.code === 'EADDRNOTAVAIL';
}
