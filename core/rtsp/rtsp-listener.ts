// A TCP or TLS listener for RTSP, with caps on the connections it lets in.
import {
  createServer as createTcpServer,
  type AddressInfo,
  type Server,
  type Socket,
} from 'node:net';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:tls';
import { networkOf } from '../base/ip-address.ts';
import type { Logger } from '../base/logger.ts';
import { MediaError } from '../base/media-error.ts';

/** PEM texts of a TLS listener. */
export interface TlsIdentity {
  readonly key: Buffer;
  readonly cert: Buffer;
}

/** Where and how to listen. */
export interface RtspListenerOptions {
  readonly scheme: 'rtsp' | 'rtsps';
  /** Configuration key of the address, for errors. */
  readonly configKey: string;
  /** Host undefined or empty is every interface. */
  readonly address: { readonly host: string | undefined; readonly port: number };
  readonly tls: TlsIdentity | undefined;
  readonly limits: ConnectionLimits;
  readonly handshakeTimeoutMs: number;
}

/** How many connections may be open at once. */
export interface ConnectionLimits {
  readonly maxConnections: number;
  /** Per IPv4 address or IPv6 /64. */
  readonly maxConnectionsPerIp: number;
}

/** What a listener needs. */
export interface RtspListenerComponents {
  readonly logger: Logger;
  readonly onConnection: (socket: Socket) => void;
}

/** Sockets are handed over after the TLS handshake; before, they already count. */
export class RtspListener {
  readonly scheme: 'rtsp' | 'rtsps';
  readonly #logger: Logger;
  readonly #options: RtspListenerOptions;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #countByNetwork = new Map<string, number>();
  #hasWarned = false;

  constructor({ logger, onConnection }: RtspListenerComponents, options: RtspListenerOptions) {
    this.scheme = options.scheme;
    this.#logger = logger;
    this.#options = options;
    const { tls, handshakeTimeoutMs } = options;
    if (tls) {
      const server: TlsServer = createTlsServer({ ...tls, handshakeTimeout: handshakeTimeoutMs });
      server.on('secureConnection', onConnection);
      server.on('tlsClientError', (failure, socket) => {
        logger.debug(`TLS handshake failed: ${failure.message}`);
        socket.destroy();
      });
      this.#server = server;
    } else {
      this.#server = createTcpServer();
    }
    this.#server.on('connection', (socket: Socket) => {
      if (this.#admit(socket) && !tls) onConnection(socket);
    });
  }

  /** Bound host (empty for every interface) and port. */
  get address(): { readonly host: string; readonly port: number } {
    const bound = this.#server.address();
    return { host: this.#options.address.host ?? '', port: isBound(bound) ? bound.port : 0 };
  }

  /** @throws MediaError `unavailable` `rtsp-listen-failed`. */
  async start(): Promise<void> {
    const { address, configKey } = this.#options;
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    this.#server.once('error', reject);
    const host = address.host === '' ? undefined : address.host;
    this.#server.listen({ port: address.port, backlog: 1024, ...(host && { host }) }, () =>
      resolve(undefined),
    );
    try {
      await promise;
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new MediaError(
        'unavailable',
        'rtsp-listen-failed',
        `${configKey}: can't listen on TCP port ${address.port}: ${reason}`,
        { cause },
      );
    }
    this.#server.removeListener('error', reject);
    this.#server.on('error', (failure) => this.#logger.error(`listener: ${failure.message}`));
  }

  /** Stops listening and destroys what is left. Idempotent. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #admit(socket: Socket): boolean {
    const { maxConnections, maxConnectionsPerIp } = this.#options.limits;
    const network = networkOf(socket.remoteAddress ?? '');
    const count = this.#countByNetwork.get(network) ?? 0;
    if (this.#sockets.size >= maxConnections || count >= maxConnectionsPerIp) {
      socket.destroy();
      if (!this.#hasWarned) {
        this.#logger.warn(`too many connections (${this.#sockets.size}, ${count} of ${network})`);
      }
      this.#hasWarned = true;
      return false;
    }
    this.#sockets.add(socket);
    this.#countByNetwork.set(network, count + 1);
    socket.once('close', () => {
      this.#sockets.delete(socket);
      const left = (this.#countByNetwork.get(network) ?? 1) - 1;
      if (left > 0) this.#countByNetwork.set(network, left);
      else this.#countByNetwork.delete(network);
    });
    return true;
  }
}

function isBound(address: AddressInfo | string | null): address is AddressInfo {
  return address !== null && typeof address !== 'string';
}
