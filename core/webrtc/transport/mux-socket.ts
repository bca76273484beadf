// One UDP socket and one ICE-TCP listener for all peers: packets in, packets out, no session state.
import type { Clock } from '../../base/clock.ts';
import { Lifetime } from '../../base/lifetime.ts';
import type { Logger } from '../../base/logger.ts';
import { MediaError } from '../../base/media-error.ts';
import type { IceTcpConnection } from './ice-tcp-connection.ts';
import { IceTcpListener } from './ice-tcp-listener.ts';
import type { MediaSocket } from './media-socket.ts';
import type { PeerAddress } from './peer-address.ts';
import { parseSocketAddress } from './socket-address.ts';
import type { TransportCounters } from './transport-counters.ts';
import type { TransportOptions } from './transport-options.ts';
import { UdpEndpoint, type SocketBufferSizes } from './udp-endpoint.ts';

/** Who takes the packets; called synchronously, `bytes` are valid during the call only. */
export interface PacketReceiver {
  onDatagram(bytes: Uint8Array, address: string, port: number): void;
  onFrame(bytes: Uint8Array, connection: IceTcpConnection): void;
  onConnectionClosed(connection: IceTcpConnection): void;
}

/** Listen addresses as in mediamtx.yml (`:8189`); empty switches that protocol off. */
export interface MuxSocketAddresses {
  readonly udpAddress: string;
  readonly tcpAddress: string;
}

/** What the socket needs; `counters` are written here and read elsewhere. */
export interface MuxSocketComponents {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly counters: TransportCounters;
}

/** The single port of webrtcLocalUDPAddress and webrtcLocalTCPAddress. */
export class MuxSocket implements MediaSocket, AsyncDisposable {
  readonly #components: MuxSocketComponents;
  readonly #options: TransportOptions;
  readonly #lifetime = new Lifetime();
  #udp: UdpEndpoint | undefined;
  #tcp: IceTcpListener | undefined;

  constructor(components: MuxSocketComponents, options: TransportOptions) {
    this.#components = components;
    this.#options = options;
  }

  /** Ports in use, 0 when that protocol is off. */
  get udpPort(): number {
    return this.#udp?.port ?? 0;
  }

  get tcpPort(): number {
    return this.#tcp?.port ?? 0;
  }

  /** The one address that UDP or TCP is bound to; undefined means every address. */
  get udpHost(): string | undefined {
    return this.#udp?.host;
  }

  get tcpHost(): string | undefined {
    return this.#tcp?.host;
  }

  /** True when peers can come over IPv6, too. */
  get isIpv6(): boolean {
    return (this.#udp?.isIpv6 ?? false) || (this.#tcp?.isIpv6 ?? false);
  }

  get tcpConnectionCount(): number {
    return this.#tcp?.connectionCount ?? 0;
  }

  get bufferSizes(): SocketBufferSizes {
    return this.#udp?.bufferSizes ?? { receiveBytes: 0, sendBytes: 0 };
  }

  /** @throws MediaError `invalid-argument` for a bad address, `unavailable` when it can't be opened. */
  async open(addresses: MuxSocketAddresses, receiver: PacketReceiver): Promise<void> {
    try {
      const { udpAddress, tcpAddress } = addresses;
      if (udpAddress !== '') {
        await named('webrtcLocalUDPAddress', udpAddress, this.#openUdp(udpAddress, receiver));
      }
      if (tcpAddress !== '') {
        await named('webrtcLocalTCPAddress', tcpAddress, this.#openTcp(tcpAddress, receiver));
      }
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  sendTo(peer: PeerAddress, bytes: Uint8Array): boolean {
    const isSent =
      peer.connection === undefined
        ? (this.#udp?.sendMedia(peer, bytes) ?? false)
        : peer.connection.send(bytes);
    if (!isSent) this.#components.counters.mediaDropped++;
    return isSent;
  }

  /** Sends STUN or DTLS: allowed to wait where media would be dropped. */
  sendControl(peer: PeerAddress, bytes: Uint8Array): boolean {
    const isSent =
      peer.connection === undefined
        ? (this.#udp?.sendControl(peer, bytes) ?? false)
        : peer.connection.send(bytes);
    if (!isSent) this.#components.counters.controlDropped++;
    return isSent;
  }

  isCongested(): boolean {
    return this.#udp?.isCongested() ?? false;
  }

  sendQueueBytes(): number {
    return this.#udp?.queueBytes() ?? 0;
  }

  sendQueueCount(): number {
    return this.#udp?.queueCount() ?? 0;
  }

  /** Enforces the time limits of TCP connections; call it periodically. */
  sweep(nowMs: number): void {
    this.#tcp?.sweep(nowMs);
  }

  close(): Promise<void> {
    return this.#lifetime.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #openUdp(text: string, receiver: PacketReceiver): Promise<void> {
    const { counters, logger } = this.#components;
    const udp = this.#lifetime.own(new UdpEndpoint(logger, this.#options));
    await udp.bind(parseSocketAddress(text), (bytes, address, port) => {
      counters.datagramsReceived++;
      counters.bytesReceived += bytes.length;
      receiver.onDatagram(bytes, address, port);
    });
    this.#udp = udp;
  }

  async #openTcp(text: string, receiver: PacketReceiver): Promise<void> {
    const { counters } = this.#components;
    const callbacks = {
      onFrame: (frame: Uint8Array, connection: IceTcpConnection) => {
        counters.bytesReceived += frame.length;
        receiver.onFrame(frame, connection);
      },
      onClosed: (connection: IceTcpConnection) => receiver.onConnectionClosed(connection),
    };
    const tcp = new IceTcpListener(this.#components, callbacks, this.#options);
    await this.#lifetime.own(tcp).listen(parseSocketAddress(text));
    this.#tcp = tcp;
  }
}

/** Gives a system error the name of the configuration key that caused it. */
async function named(key: string, address: string, opening: Promise<void>): Promise<void> {
  try {
    await opening;
  } catch (cause) {
    if (cause instanceof MediaError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new MediaError('unavailable', 'listen-failed', `${key} ${address}: ${reason}`, { cause });
  }
}
