// Accepts ICE-TCP connections, caps them in all and per address, and closes those that stay mute.
import { createServer, type Server, type Socket } from 'node:net';
import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import {
  IceTcpConnection,
  type IceTcpConnectionOptions,
  type IceTcpListenerCallbacks,
} from './ice-tcp-connection.ts';
import { listeningPort, type SocketAddressText } from './socket-address.ts';
import type { TransportCounters } from './transport-counters.ts';
import type { TransportOptions } from './transport-options.ts';

/** What the listener needs. */
export interface IceTcpListenerComponents {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly counters: TransportCounters;
}

/** The passive side of RFC 6544 on one port. */
export class IceTcpListener {
  readonly #components: IceTcpListenerComponents;
  readonly #callbacks: IceTcpListenerCallbacks;
  readonly #options: TransportOptions;
  readonly #connections = new Set<IceTcpConnection>();
  readonly #perAddress = new Map<string, number>();
  #server: Server | undefined;
  #host: string | undefined;

  constructor(
    components: IceTcpListenerComponents,
    callbacks: IceTcpListenerCallbacks,
    options: TransportOptions,
  ) {
    this.#components = components;
    this.#callbacks = callbacks;
    this.#options = options;
  }

  get connectionCount(): number {
    return this.#connections.size;
  }

  /** Port in use, 0 when not listening. */
  get port(): number {
    return listeningPort(this.#server?.address());
  }

  /** True when IPv6 connections are accepted. */
  get isIpv6(): boolean {
    const address = this.#server?.address();
    return typeof address === 'object' && address?.family === 'IPv6';
  }

  /** The one address bound to; undefined means every address. */
  get host(): string | undefined {
    return this.#host;
  }

  /** @throws the system's error when the port cannot be bound. */
  listen(address: SocketAddressText): Promise<void> {
    const server = createServer((socket) => this.#accept(socket));
    this.#server = server;
    this.#host = address.host;
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen({ port: address.port, host: address.host }, () => {
        server.off('error', reject);
        server.on('error', (error) => {
          this.#components.logger.warn('ICE-TCP listener failed', { error: error.message });
        });
        resolve();
      });
    });
  }

  /** Closes connections without a valid check in time and half-open ones; call it periodically. */
  sweep(nowMs: number): void {
    for (const connection of this.#connections) {
      const isLate = connection.isAuthenticated
        ? nowMs - connection.lastFrameMs > this.#options.tcpSilenceTimeoutMs
        : nowMs - connection.openedMs >= this.#options.tcpCheckTimeoutMs;
      if (isLate && !connection.isClosed) this.#components.counters.tcpTimedOut++;
      // A closed one had a sweep's time to send what was queued.
      if (isLate || connection.isClosed) connection.abort();
    }
  }

  async close(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    for (const connection of this.#connections) connection.abort();
    if (server === undefined) return;
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
    });
  }

  #accept(socket: Socket): void {
    const address = socket.remoteAddress ?? '';
    const count = this.#perAddress.get(address) ?? 0;
    const isFull =
      this.#connections.size >= this.#options.maxTcpConnections ||
      count >= this.#options.maxTcpConnectionsPerAddress;
    if (address === '' || isFull) {
      this.#components.counters.tcpRefused++;
      socket.destroy();
      return;
    }
    this.#components.counters.tcpAccepted++;
    this.#perAddress.set(address, count + 1);
    const options: IceTcpConnectionOptions = { clock: this.#components.clock, ...this.#options };
    const callbacks: IceTcpListenerCallbacks = {
      onFrame: this.#callbacks.onFrame,
      onClosed: (connection) => this.#forget(connection),
    };
    this.#connections.add(new IceTcpConnection(socket, callbacks, options));
  }

  #forget(connection: IceTcpConnection): void {
    this.#connections.delete(connection);
    this.#components.counters.tcpFramesDropped += connection.framesDropped;
    const count = (this.#perAddress.get(connection.remoteAddress) ?? 1) - 1;
    if (count > 0) this.#perAddress.set(connection.remoteAddress, count);
    else this.#perAddress.delete(connection.remoteAddress);
    this.#callbacks.onClosed(connection);
  }
}
