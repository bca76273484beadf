// The one UDP socket of all peers: bound once, big buffers, sends without DNS and without queueing.
import { createSocket, type Socket, type SocketType } from 'node:dgram';
import type { Logger } from '../../base/logger.ts';
import type { PeerAddress } from './peer-address.ts';
import { listeningPort, type SocketAddressText } from './socket-address.ts';
import type { TransportOptions } from './transport-options.ts';

/** One received datagram; `address` and `port` are the sender's. */
export type DatagramListener = (bytes: Uint8Array, address: string, port: number) => void;

/** What the system really gave, bytes; Linux reports twice the usable size. */
export interface SocketBufferSizes {
  readonly receiveBytes: number;
  readonly sendBytes: number;
}

/** Datagrams of STUN and DTLS that may wait in libuv while media is held back. */
const MAX_QUEUED_CONTROL = 1_024;

/** Wraps dgram; not bound until bind(). */
export class UdpEndpoint {
  readonly #logger: Logger;
  readonly #options: TransportOptions;
  #socket: Socket | undefined;
  #family: 4 | 6 = 4;
  #host: string | undefined;

  constructor(logger: Logger, options: TransportOptions) {
    this.#logger = logger;
    this.#options = options;
  }

  /** Port in use, 0 when not bound. */
  get port(): number {
    return this.#socket === undefined ? 0 : listeningPort(this.#socket.address());
  }

  /** The one address bound to; undefined means every address. */
  get host(): string | undefined {
    return this.#host;
  }

  /** True when the socket also takes IPv6. */
  get isIpv6(): boolean {
    return this.#family === 6;
  }

  get bufferSizes(): SocketBufferSizes {
    return {
      receiveBytes: this.#socket?.getRecvBufferSize() ?? 0,
      sendBytes: this.#socket?.getSendBufferSize() ?? 0,
    };
  }

  /** Without a host the socket is dual-stack, or IPv4 where IPv6 is switched off. */
  async bind(address: SocketAddressText, listener: DatagramListener): Promise<void> {
    const isIpv6 = address.host === undefined || address.host.includes(':');
    try {
      this.#socket = await bindSocket(isIpv6 ? 'udp6' : 'udp4', address, listener);
      this.#family = isIpv6 ? 6 : 4;
    } catch (error) {
      if (address.host !== undefined || !isIpv6Missing(error)) throw error;
      this.#socket = await bindSocket('udp4', address, listener);
    }
    this.#host = address.host;
    this.#socket.on('error', (error) => {
      this.#logger.warn('UDP socket failed', { error: error.message });
    });
    this.#growBuffers(this.#socket);
  }

  queueCount(): number {
    return this.#socket?.getSendQueueCount() ?? 0;
  }

  queueBytes(): number {
    return this.#socket?.getSendQueueSize() ?? 0;
  }

  isCongested(): boolean {
    return this.queueCount() > this.#options.maxQueuedDatagrams;
  }

  /** False when the datagram was dropped because others wait already. */
  sendMedia(peer: PeerAddress, bytes: Uint8Array): boolean {
    const socket = this.#socket;
    if (socket === undefined) return false;
    if (socket.getSendQueueCount() > this.#options.maxQueuedDatagrams) return false;
    socket.send(bytes, peer.port, peer.wireAddress);
    return true;
  }

  /** As sendMedia(), with room in the queue for signalling. */
  sendControl(peer: PeerAddress, bytes: Uint8Array): boolean {
    const socket = this.#socket;
    if (socket === undefined || socket.getSendQueueCount() > MAX_QUEUED_CONTROL) return false;
    socket.send(bytes, peer.port, peer.wireAddress);
    return true;
  }

  async close(): Promise<void> {
    const socket = this.#socket;
    this.#socket = undefined;
    if (socket === undefined) return;
    await new Promise<void>((resolve) => {
      socket.close(() => resolve());
    });
  }

  /** Asks for what is wanted and halves the wish where a system refuses instead of capping it. */
  #growBuffers(socket: Socket): void {
    setLargest(this.#options.receiveBufferBytes, (bytes) => socket.setRecvBufferSize(bytes));
    setLargest(this.#options.sendBufferBytes, (bytes) => socket.setSendBufferSize(bytes));
    const { receiveBytes, sendBytes } = this.bufferSizes;
    const isSmall =
      receiveBytes < this.#options.receiveBufferBytes || sendBytes < this.#options.sendBufferBytes;
    const fields = { receiveBytes, sendBytes };
    if (isSmall) this.#logger.warn('UDP buffers are smaller than asked; raise rmem_max', fields);
    else this.#logger.debug('UDP buffers', fields);
  }
}

/** dgram hands every send to its lookup; numeric addresses need none, least of all a DNS query. */
function numericLookup(
  address: string,
  family: unknown,
  callback: (error: NodeJS.ErrnoException | null, address: string, family: number) => void,
): void {
  callback(null, address, typeof family === 'number' ? family : 0);
}

function bindSocket(
  type: SocketType,
  address: SocketAddressText,
  listener: DatagramListener,
): Promise<Socket> {
  const socket = createSocket({ type, ipv6Only: false, lookup: numericLookup });
  return new Promise((resolve, reject) => {
    socket.once('error', (error) => {
      socket.close();
      reject(error);
    });
    socket.on('message', (bytes, sender) => {
      // Port 0 cannot be answered; sending there would throw.
      if (sender.port !== 0) listener(bytes, sender.address, sender.port);
    });
    const anyHost = type === 'udp6' ? '::' : '0.0.0.0';
    socket.bind({ port: address.port, address: address.host ?? anyHost }, () => {
      socket.removeAllListeners('error');
      resolve(socket);
    });
  });
}

function setLargest(wantedBytes: number, set: (bytes: number) => void): void {
  for (let bytes = wantedBytes; bytes >= 65_536; bytes >>= 1) {
    try {
      set(bytes);
      return;
    } catch {
      // ENOBUFS on systems that refuse: try half.
    }
  }
}

function isIpv6Missing(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return code === 'EAFNOSUPPORT' || code === 'EADDRNOTAVAIL' || code === 'EINVAL';
}
