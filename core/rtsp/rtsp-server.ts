// The RTSP and RTSPS server: listeners, UDP ports, connections, sessions and the tick that watches them.
import type { Socket } from 'node:net';
import type { Clock } from '../base/clock.ts';
import type { ConnectionLimits } from '../base/connection-limiter.ts';
import { Lifetime } from '../base/lifetime.ts';
import type { Logger } from '../base/logger.ts';
import { MediaError } from '../base/media-error.ts';
import {
  readTlsFiles,
  TlsFileWatcher,
  type TlsFilePair,
  type TlsMaterial,
} from '../base/tls-files.ts';
import type { GlobalConfig } from '../config/config.ts';
import type { SessionRegistry } from '../path/session-registry.ts';
import { FanoutRegistry } from './fanout-registry.ts';
import type { MethodServices } from './method-context.ts';
import { RtspListener } from './rtsp-listener.ts';
import { ServerConnection } from './server-connection.ts';
import { SessionStore } from './session-store.ts';
import { UdpPorts } from './udp-ports.ts';

/** What the server works with. */
export interface RtspServerComponents {
  readonly pathManager: MethodServices['pathManager'];
  readonly sessions: Pick<SessionRegistry, 'add' | 'remove'>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Told of every connection, for hooks. Must not throw. */
  readonly onConnection?: (connection: RtspConnectionInfo, change: 'opened' | 'closed') => void;
}

/** The keys of mediamtx.yml that the server reads. */
export type RtspServerOptions = Pick<
  GlobalConfig,
  | 'rtspTransports'
  | 'rtspEncryption'
  | 'rtspAddress'
  | 'rtspsAddress'
  | 'rtpAddress'
  | 'rtcpAddress'
  | 'rtspServerKey'
  | 'rtspServerCert'
  | 'rtspAuthMethods'
  | 'readTimeout'
  | 'writeTimeout'
  | 'udpReadBufferSize'
>;

/** A listener that is open. */
export interface RtspListenAddress {
  readonly scheme: 'rtsp' | 'rtsps';
  /** Host is empty for every interface. */
  readonly address: { readonly host: string; readonly port: number };
}

/** A connection as the Control API lists it (RTSPConn). */
export interface RtspConnectionInfo {
  readonly id: string;
  readonly createdAt: number;
  readonly remoteAddress: string;
  /** Id of its session. */
  readonly session: string | undefined;
  readonly isEncrypted: boolean;
  readonly inboundBytes: number;
  readonly outboundBytes: number;
}

const DEFAULT_LIMITS: ConnectionLimits = { maxConnections: 10_000, maxConnectionsPerIp: 6000 };
const TICK_MS = 1000;

/** The server; nothing is open before `start()`. */
export class RtspServer {
  readonly #components: RtspServerComponents;
  #options: RtspServerOptions;
  readonly #limits: ConnectionLimits;
  readonly #lifetime = new Lifetime();
  readonly #listeners: RtspListener[] = [];
  readonly #connections = new Set<ServerConnection>();
  readonly #sessions: SessionStore;
  readonly #fanouts: FanoutRegistry;
  #udp: UdpPorts | undefined;
  #services: MethodServices | undefined;

  constructor(
    components: RtspServerComponents,
    options: RtspServerOptions,
    limits: ConnectionLimits = DEFAULT_LIMITS,
  ) {
    const { clock, logger, sessions } = components;
    this.#components = components;
    this.#options = options;
    this.#limits = limits;
    this.#sessions = new SessionStore(
      { clock, logger, registry: sessions },
      { maxSessions: limits.maxConnections, maxSessionsPerIp: limits.maxConnectionsPerIp },
    );
    this.#fanouts = new FanoutRegistry(clock);
  }

  /** Where clients can connect. */
  get listenAddresses(): readonly RtspListenAddress[] {
    return this.#listeners.map(({ scheme, address }) => ({ scheme, address }));
  }

  /** Bound UDP ports; undefined while UDP is off. */
  get udpPorts(): { readonly rtp: number; readonly rtcp: number } | undefined {
    return this.#udp?.ports;
  }

  /** Open connections, oldest first. */
  get connections(): readonly RtspConnectionInfo[] {
    return [...this.#connections].map(connectionInfo);
  }

  /** @throws MediaError when a port is taken or a TLS file unusable; what was opened is closed again. */
  async start(): Promise<void> {
    try {
      await this.#startAll();
    } catch (failure) {
      await this.close();
      throw failure;
    }
  }

  /**
   * Puts time-outs and authentication methods in place for connections from now on; the other
   * keys need another server.
   */
  reconfigure({ readTimeout, writeTimeout, rtspAuthMethods }: RtspServerOptions): void {
    this.#options = { ...this.#options, readTimeout, writeTimeout, rtspAuthMethods };
    this.#services = undefined;
  }

  /** Ends every session and connection and closes the ports. Idempotent. */
  close(): Promise<void> {
    return this.#lifetime.close();
  }

  async #startAll(): Promise<void> {
    const { rtspEncryption, rtspAddress, rtspsAddress, rtspTransports } = this.#options;
    const files = this.#tlsFiles();
    const tls = rtspEncryption === 'no' ? undefined : await readTlsFiles(files);
    const hasPlain = rtspEncryption !== 'strict';
    if (hasPlain && rtspTransports.includes('udp')) await this.#startUdp();
    if (hasPlain && rtspAddress) {
      await this.#listen({ scheme: 'rtsp', address: rtspAddress, tls: undefined });
    }
    if (tls && rtspsAddress) {
      const listener = await this.#listen({ scheme: 'rtsps', address: rtspsAddress, tls });
      const onChange = (material: TlsMaterial): void => listener.replaceTls(material);
      const { clock, logger } = this.#components;
      this.#lifetime.own(new TlsFileWatcher({ clock, logger, onChange }, files));
    }
    this.#lifetime.defer(() => this.#closeSessions());
    const tick = this.#components.clock.every(TICK_MS, () => this.#tick());
    this.#lifetime.defer(() => tick.cancel());
  }

  #tlsFiles(): TlsFilePair {
    const { rtspServerKey, rtspServerCert } = this.#options;
    return {
      key: { path: rtspServerKey, configKey: 'rtspServerKey' },
      cert: { path: rtspServerCert, configKey: 'rtspServerCert' },
    };
  }

  async #startUdp(): Promise<void> {
    const { rtpAddress, rtcpAddress, udpReadBufferSize } = this.#options;
    if (!rtpAddress || !rtcpAddress) return;
    const udp = new UdpPorts(this.#components.logger, {
      rtp: rtpAddress,
      rtcp: rtcpAddress,
      receiveBufferBytes: udpReadBufferSize,
    });
    this.#lifetime.own(udp);
    await udp.start();
    this.#udp = udp;
  }

  async #listen({ scheme, address, tls }: ListenPlan): Promise<RtspListener> {
    const { logger } = this.#components;
    const listener = new RtspListener(
      { logger, onConnection: (socket) => this.#accept(socket, tls !== undefined) },
      {
        ...{ scheme, address, tls, limits: this.#limits },
        configKey: tls ? 'rtspsAddress' : 'rtspAddress',
        handshakeTimeoutMs: this.#options.readTimeout,
      },
    );
    this.#lifetime.own(listener);
    await listener.start();
    this.#listeners.push(listener);
    logger.info(`${scheme.toUpperCase()} listener opened on port ${listener.address.port} (TCP)`);
    return listener;
  }

  #accept(socket: Socket, isEncrypted: boolean): void {
    const connection = new ServerConnection(
      {
        socket,
        services: (this.#services ??= this.#createServices()),
        sessions: this.#sessions,
        logger: this.#components.logger,
        onClosed: (closed) => {
          if (!this.#connections.delete(closed)) return;
          this.#components.onConnection?.(connectionInfo(closed), 'closed');
        },
      },
      { isEncrypted, authMethods: this.#options.rtspAuthMethods },
    );
    this.#connections.add(connection);
    this.#components.onConnection?.(connectionInfo(connection), 'opened');
    connection.start();
  }

  #createServices(): MethodServices {
    const { rtspTransports, readTimeout, writeTimeout } = this.#options;
    return {
      pathManager: this.#components.pathManager,
      clock: this.#components.clock,
      fanouts: this.#fanouts,
      udp: this.#udp,
      isTcpAllowed: rtspTransports.includes('tcp'),
      readTimeoutMs: readTimeout,
      writeTimeoutMs: writeTimeout,
    };
  }

  #tick(): void {
    const nowMs = this.#components.clock.monotonicMs();
    this.#sessions.tick(nowMs);
    for (const connection of this.#connections) connection.tick(nowMs);
  }

  #closeSessions(): void {
    const reason = new MediaError('unavailable', 'server-stopping', 'the server is stopping');
    this.#sessions.closeAll(reason);
    for (const connection of [...this.#connections]) connection.transport.destroy(reason);
  }
}

function connectionInfo(connection: ServerConnection): RtspConnectionInfo {
  const { remoteAddress, inboundBytes, outboundBytes } = connection.transport;
  const { id, createdAt, session, isEncrypted } = connection;
  const bytes = { inboundBytes, outboundBytes };
  return { id, createdAt, remoteAddress, session: session?.id, isEncrypted, ...bytes };
}

interface ListenPlan {
  readonly scheme: 'rtsp' | 'rtsps';
  readonly address: { readonly host: string | undefined; readonly port: number };
  readonly tls: TlsMaterial | undefined;
}
