// One HTTP or HTTPS listener with its route table, its limits and its graceful end.
import http, { type Server, type ServerResponse } from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Clock } from '../base/clock.ts';
import { Lifetime } from '../base/lifetime.ts';
import type { ListenAddress } from '../base/listen-address.ts';
import type { Logger } from '../base/logger.ts';
import { MediaError } from '../base/media-error.ts';
import { ConnectionLimiter } from '../base/connection-limiter.ts';
import { listen } from './listen.ts';
import {
  defaultHttpLimits,
  type HttpLimits,
  type HttpListenerOptions,
} from './listener-options.ts';
import { writeRawError } from './raw-error.ts';
import { RequestFront } from './request-front.ts';
import { RequestPipeline } from './request-pipeline.ts';
import type { AccessGate } from './route.ts';
import type { Router } from './router.ts';
import {
  readTlsFiles,
  TlsFileWatcher,
  type TlsFilePair,
  type TlsMaterial,
} from '../base/tls-files.ts';
import { UpgradePipeline } from './upgrade-pipeline.ts';

/** What a listener works with. */
export interface HttpListenerComponents {
  readonly router: Router;
  readonly access: AccessGate;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Numbers of a listener, for metrics. */
export interface HttpListenerStats {
  readonly openConnections: number;
  /** Closed because there were too many, since the start. */
  readonly refusedConnections: number;
}

/** Serves a route table on one address. */
export class HttpListener implements AsyncDisposable {
  readonly #components: HttpListenerComponents;
  readonly #options: HttpListenerOptions;
  readonly #limits: HttpLimits;
  readonly #pipeline: RequestPipeline;
  readonly #upgrades: UpgradePipeline;
  readonly #connections: ConnectionLimiter;
  readonly #lifetime = new Lifetime();
  readonly #responses = new WeakMap<Duplex, ServerResponse>();
  #port: number | undefined;
  #refusedLogged = 0;

  /** @throws MediaError invalid-argument for a malformed trusted proxy. */
  constructor(components: HttpListenerComponents, options: HttpListenerOptions) {
    const { router, access, clock, logger } = components;
    this.#components = components;
    this.#options = options;
    this.#limits = { ...defaultHttpLimits, ...options.limits };
    const limits = this.#limits;
    const errorEnvelope = options.errorEnvelope;
    const front = new RequestFront(access, options);
    this.#pipeline = new RequestPipeline(
      { router, front, clock, logger },
      { limits, errorEnvelope },
    );
    const { maxUrlChars } = limits;
    this.#upgrades = new UpgradePipeline({ router, front, logger }, { maxUrlChars, errorEnvelope });
    this.#connections = new ConnectionLimiter(limits, front.trustedProxies);
  }

  /** Where it listens; the port is the real one after start(). */
  get address(): ListenAddress {
    const { host, port } = this.#options.address;
    return { host, port: this.#port ?? port };
  }

  get stats(): HttpListenerStats {
    const { open, refused } = this.#connections;
    return { openConnections: open, refusedConnections: refused };
  }

  /**
   * Reads the certificate and starts listening.
   * @throws MediaError unavailable `address-in-use`, failed-precondition `address-not-permitted`,
   * `listen-failed`, `tls-file-unreadable` or `tls-file-invalid`.
   */
  async start(): Promise<void> {
    const { logger, clock } = this.#components;
    const server = await this.#createServer();
    this.#attach(server);
    await listen(server, this.#options);
    server.on('error', (failure) => logger.error(`listener failed: ${failure.message}`));
    this.#port = portOf(server);
    this.#lifetime.defer(() => this.#closeServer(server));
    const { tls } = this.#options;
    if (tls !== undefined) this.#watchCertificate(server, tls);
    const report = clock.every(60_000, () => this.#reportRefused());
    this.#lifetime.defer(() => report.cancel());
    const { host } = this.#options.address;
    const scheme = tls === undefined ? 'HTTP' : 'HTTPS';
    logger.info(`${scheme} listener opened on ${host}:${this.#port}`);
  }

  /**
   * Stops listening, closes idle connections at once and running ones after the grace period.
   * Idempotent.
   */
  close(): Promise<void> {
    return this.#lifetime.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #createServer(): Promise<Server> {
    const { tls } = this.#options;
    const options = this.#serverOptions();
    if (tls === undefined) return http.createServer(options);
    const material = await readTlsFiles(tls);
    const handshakeTimeout = this.#limits.tlsHandshakeTimeoutMs;
    return https.createServer({ ...options, ...material, handshakeTimeout });
  }

  #watchCertificate(server: Server, tls: TlsFilePair): void {
    if (!(server instanceof https.Server)) return;
    const { clock, logger } = this.#components;
    const onChange = (changed: TlsMaterial): void => server.setSecureContext(changed);
    this.#lifetime.own(new TlsFileWatcher({ clock, logger, onChange }, tls));
  }

  #serverOptions(): http.ServerOptions {
    const limits = this.#limits;
    const shortestMs = Math.min(limits.headersTimeoutMs, limits.requestTimeoutMs);
    return {
      maxHeaderSize: limits.maxHeaderBytes,
      headersTimeout: limits.headersTimeoutMs,
      requestTimeout: limits.requestTimeoutMs,
      keepAliveTimeout: limits.keepAliveTimeoutMs,
      keepAliveTimeoutBuffer: Math.min(1000, limits.keepAliveTimeoutMs),
      connectionsCheckingInterval: Math.min(1000, shortestMs),
      noDelay: true,
      shouldUpgradeCallback: (incoming) => this.#upgrades.wants(incoming),
    };
  }

  #attach(server: Server): void {
    server.on('connection', (socket) => void this.#connections.admit(socket));
    server.on('request', (incoming, response) => {
      this.#responses.set(incoming.socket, response);
      this.#pipeline.serve(incoming, response);
    });
    server.on('checkContinue', (incoming, response) => {
      this.#responses.set(incoming.socket, response);
      this.#pipeline.serveAwaitingContinue(incoming, response);
    });
    server.on('upgrade', (incoming, socket, head) => {
      void this.#upgrades.serve({ incoming, socket, head });
    });
    server.on('clientError', (failure, socket) => this.#onClientError(failure, socket));
  }

  /** The parser gave up on a connection, or a request took too long. */
  #onClientError(failure: NodeJS.ErrnoException, socket: Duplex): void {
    const response = this.#responses.get(socket);
    const isAnswering = response !== undefined && response.headersSent && !response.writableEnded;
    // Anything else is a connection that broke or a TLS handshake that failed: nobody to answer.
    const isProtocolError = /^(?:HPE_|ERR_HTTP_)/u.test(failure.code ?? '');
    if (!isProtocolError || isAnswering) {
      socket.destroy();
      return;
    }
    const headers = { Server: 'mediamtx-pro', 'X-Content-Type-Options': 'nosniff' };
    const { errorEnvelope: envelope } = this.#options;
    const request = { requestId: '', path: '', headers, envelope };
    writeRawError(socket, toProtocolError(failure.code ?? '', this.#limits), request);
  }

  async #closeServer(server: Server): Promise<void> {
    const { clock } = this.#components;
    this.#pipeline.prepareClose();
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeIdleConnections();
    const grace = clock.after(this.#limits.closeGraceMs, () => {
      this.#pipeline.abortAll();
      this.#connections.destroyAll();
    });
    await closed;
    grace.cancel();
  }

  #reportRefused(): void {
    const { refused } = this.#connections;
    if (refused === this.#refusedLogged) return;
    const count = refused - this.#refusedLogged;
    this.#refusedLogged = refused;
    this.#components.logger.warn(`refused ${count} connections: too many are open`);
  }
}

function portOf(server: Server): number | undefined {
  const address: AddressInfo | string | null = server.address();
  return typeof address === 'object' ? address?.port : undefined;
}

/** Names what the parser of Node.js objects to. */
function toProtocolError(code: string, limits: HttpLimits): MediaError {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return new MediaError(
        'invalid-argument',
        'headers-too-large',
        `request line and headers are larger than ${limits.maxHeaderBytes} bytes`,
      );
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new MediaError('deadline-exceeded', 'request-timeout', 'request took too long');
    default:
      return new MediaError(
        'invalid-argument',
        'malformed-request',
        'request is not valid HTTP/1.1',
      );
  }
}
