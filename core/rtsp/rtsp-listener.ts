// A TCP or TLS listener for RTSP, with caps on the connections it lets in.
import {
  createServer as createTcpServer,
  type AddressInfo,
  type Server,
  type Socket,
} from 'node:net';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:tls';
import { ConnectionLimiter, type ConnectionLimits } from '../base/connection-limiter.ts';
import { IpSet } from '../base/ip-address.ts';
import type { Logger } from '../base/logger.ts';
import { MediaError } from '../base/media-error.ts';
import type { TlsMaterial } from '../base/tls-files.ts';

/** Where and how to listen. */
export interface RtspListenerOptions {
  readonly scheme: 'rtsp' | 'rtsps';
  /** Configuration key of the address, for errors. */
  readonly configKey: string;
  /** Host undefined or empty is every interface. */
  readonly address: { readonly host: string | undefined; readonly port: number };
  readonly tls: TlsMaterial | undefined;
  readonly limits: ConnectionLimits;
  readonly handshakeTimeoutMs: number;
}

/** What a listener needs. */
export interface RtspListenerComponents {
  readonly logger: Logger;
  readonly onConnection: (socket: Socket) => void;
}

const NO_PROXIES = new IpSet([], 'rtspTrustedProxies');

/** Sockets are handed over after the TLS handshake; before, they already count. */
export class RtspListener {
  readonly scheme: 'rtsp' | 'rtsps';
  readonly #logger: Logger;
  readonly #options: RtspListenerOptions;
  readonly #server: Server;
  readonly #tlsServer: TlsServer | undefined;
  readonly #connections: ConnectionLimiter;
  #hasWarned = false;

  constructor({ logger, onConnection }: RtspListenerComponents, options: RtspListenerOptions) {
    this.scheme = options.scheme;
    this.#logger = logger;
    this.#options = options;
    const { tls, handshakeTimeoutMs } = options;
    this.#connections = new ConnectionLimiter(options.limits, NO_PROXIES);
    if (tls) {
      const server: TlsServer = createTlsServer({ ...tls, handshakeTimeout: handshakeTimeoutMs });
      server.on('secureConnection', onConnection);
      server.on('tlsClientError', (failure, socket) => {
        logger.debug(`TLS handshake failed: ${failure.message}`);
        socket.destroy();
      });
      this.#server = server;
      this.#tlsServer = server;
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

  /** Uses another certificate for connections to come. */
  replaceTls(material: TlsMaterial): void {
    this.#tlsServer?.setSecureContext(material);
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
    this.#connections.destroyAll();
    await closed;
  }

  #admit(socket: Socket): boolean {
    if (this.#connections.admit(socket)) return true;
    if (!this.#hasWarned) {
      this.#logger.warn(
        `too many connections (${this.#connections.open}), refused ${socket.remoteAddress ?? ''}`,
      );
    }
    this.#hasWarned = true;
    return false;
  }
}

function isBound(address: AddressInfo | string | null): address is AddressInfo {
  return address !== null && typeof address !== 'string';
}
