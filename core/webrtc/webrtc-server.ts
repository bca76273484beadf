// The WebRTC side of the server put together: transport, engine, sessions, HTTP.
import { lookup } from 'node:dns/promises';
import { networkInterfaces } from 'node:os';
import type { Authorizer } from '../auth/access-request.ts';
import { httpAccess } from '../auth/http-access.ts';
import type { Clock } from '../base/clock.ts';
import { Lifetime } from '../base/lifetime.ts';
import type { ListenAddress } from '../base/listen-address.ts';
import type { Logger } from '../base/logger.ts';
import { MediaError } from '../base/media-error.ts';
import { Restartable } from '../base/restartable.ts';
import { formatListenAddress } from '../config/listen-address.ts';
import type { GlobalConfig } from '../config/config.ts';
import { TsEgressEngine } from '../egress/ts-egress-engine.ts';
import { HttpListener } from '../http/http-listener.ts';
import { Router } from '../http/router.ts';
import type { PathManager } from '../path/path-manager.ts';
import type { SessionRegistry } from '../path/session-registry.ts';
import { parseIceCandidate, type IceCandidate } from '../sdp/ice-candidate.ts';
import type { AudioTranscoders } from './audio-transcoders.ts';
import type { IceServerProvider } from './ice-server-provider.ts';
import { pageRoutes } from './page-routes.ts';
import { WebRtcSessionManager } from './session-manager.ts';
import { signalingRoutes } from './signaling-routes.ts';
import { WeriftDtlsFactory } from './transport/dtls-werift.ts';
import { HostCandidates } from './transport/host-candidates.ts';
import type { PeerAddress } from './transport/peer-address.ts';
import { defaultTransportOptions } from './transport/transport-options.ts';
import { WebRtcTransport } from './transport/webrtc-transport.ts';

/** What the WebRTC server works with. */
export interface WebRtcServerComponents {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly authorizer: Authorizer;
  readonly pathManager: PathManager;
  readonly sessions: SessionRegistry;
  readonly iceServers: IceServerProvider;
  readonly transcoders: AudioTranscoders;
  /** As WebRtcSessionManagerComponents has it. */
  readonly onFirstPicture?: (elapsedMs: number) => void;
}

/** Ports that are really open; useful when the configuration says 0. */
export interface WebRtcPorts {
  readonly http: ListenAddress;
  readonly udpPort: number;
  readonly tcpPort: number;
}

/** WHIP, WHEP, their pages and their media. */
export class WebRtcServer {
  readonly #components: WebRtcServerComponents;
  #config: GlobalConfig;
  readonly #lifetime = new Lifetime();
  #transport: WebRtcTransport | undefined;
  readonly #listener = new Restartable((config: GlobalConfig) => this.#openListener(config));
  #hosts: HostCandidates | undefined;
  #manager: WebRtcSessionManager | undefined;

  constructor(components: WebRtcServerComponents, config: GlobalConfig) {
    this.#components = components;
    this.#config = config;
  }

  /** The session manager, for other signalling dialects. @throws MediaError before start(). */
  get manager(): WebRtcSessionManager {
    if (this.#manager) return this.#manager;
    throw new MediaError('failed-precondition', 'not-started', 'the WebRTC server is not started');
  }

  /** @throws MediaError before start(). */
  get ports(): WebRtcPorts {
    const http = this.#listener.current?.address;
    if (!http || !this.#transport) {
      throw new MediaError(
        'failed-precondition',
        'not-started',
        'the WebRTC server is not started',
      );
    }
    return {
      http,
      udpPort: this.#transport.ports.udpPort,
      tcpPort: this.#transport.ports.tcpPort,
    };
  }

  /** @throws MediaError when a port can't be opened or a certificate can't be read. */
  async start(): Promise<void> {
    const { clock } = this.#components;
    const transport = await this.#startTransport();
    const engine = new TsEgressEngine<PeerAddress>({ socket: transport.socket, clock });
    this.#lifetime.own(engine);
    const manager = this.#createManager(transport, engine);
    this.#manager = manager;
    manager.start();
    this.#lifetime.defer(() => {
      manager.closeAll(new MediaError('unavailable', 'server-stopping', 'the server is stopping'));
    });
    this.#lifetime.own(this.#listener);
    await this.#listener.start(this.#config);
  }

  /**
   * Offers other addresses from now on; with `isHttpNew` the pages and the signalling move to
   * another listener, sessions stay. The other keys need another server.
   * @throws MediaError when the listener can't be opened; it stays where it was then.
   */
  async reconfigure(config: GlobalConfig, { isHttpNew }: { isHttpNew: boolean }): Promise<void> {
    this.#config = config;
    this.#hosts = undefined;
    if (isHttpNew) await this.#listener.replace(config);
  }

  /** Idempotent. */
  close(): Promise<void> {
    return this.#lifetime.close();
  }

  async #startTransport(): Promise<WebRtcTransport> {
    const { clock, logger } = this.#components;
    const config = this.#config;
    const dtls = await WeriftDtlsFactory.create(clock, {
      maxHandshakes: defaultTransportOptions.maxHandshakes,
      handshakeTimeoutMs: config.webrtcHandshakeTimeout,
    });
    const transport = new WebRtcTransport(
      { clock, logger, dtls },
      {
        udpAddress: formatListenAddress(config.webrtcLocalUDPAddress),
        tcpAddress: formatListenAddress(config.webrtcLocalTCPAddress),
        connectTimeoutMs: config.webrtcHandshakeTimeout,
        handshakeTimeoutMs: config.webrtcHandshakeTimeout,
      },
    );
    this.#transport = transport;
    this.#lifetime.defer(() => transport.close());
    await transport.start();
    return transport;
  }

  #createManager(
    transport: WebRtcTransport,
    engine: TsEgressEngine<PeerAddress>,
  ): WebRtcSessionManager {
    const { clock, logger, pathManager, sessions, transcoders, onFirstPicture } = this.#components;
    const candidates = this.#candidateSource(transport);
    return new WebRtcSessionManager(
      {
        ...{ clock, logger, pathManager, sessions, transcoders, transport, engine, candidates },
        onFirstPicture,
      },
      { trackGatherTimeoutMs: this.#config.webrtcTrackGatherTimeout },
    );
  }

  #candidateSource(transport: WebRtcTransport): () => Promise<readonly IceCandidate[]> {
    return async () => {
      this.#hosts ??= this.#createHosts();
      const lines = await this.#hosts.gather(transport.ports);
      return lines.flatMap((line) => parseIceCandidate(line) ?? []);
    };
  }

  #createHosts(): HostCandidates {
    const { clock, logger } = this.#components;
    const config = this.#config;
    return new HostCandidates(
      { clock, logger, networkInterfaces, resolve: resolveAll },
      {
        ipsFromInterfaces: config.webrtcIPsFromInterfaces,
        interfacesList: config.webrtcIPsFromInterfacesList,
        additionalHosts: config.webrtcAdditionalHosts,
      },
    );
  }

  async #openListener(config: GlobalConfig): Promise<HttpListener> {
    const { clock, logger, authorizer, pathManager, iceServers } = this.#components;
    const { manager } = this;
    const router = new Router([
      ...signalingRoutes({ manager, pathManager, iceServers }),
      ...pageRoutes({ pathManager, authorizer }, { rtspPort: rtspPortOf(config) }),
    ]);
    const address = config.webrtcAddress;
    if (!address) {
      throw new MediaError('invalid-argument', 'no-webrtc-address', "'webrtcAddress' is empty");
    }
    const listener = new HttpListener(
      { router, access: httpAccess(authorizer, 'webrtc'), clock, logger: logger.scope('http') },
      {
        address,
        addressKey: 'webrtcAddress',
        cors: { allowOrigins: config.webrtcAllowOrigins },
        trustedProxies: config.webrtcTrustedProxies,
        ...(config.webrtcEncryption
          ? {
              tls: {
                key: { path: config.webrtcServerKey, configKey: 'webrtcServerKey' },
                cert: { path: config.webrtcServerCert, configKey: 'webrtcServerCert' },
              },
            }
          : {}),
      },
    );
    await listener.start();
    return listener;
  }
}

/** Null when nobody can read by RTSP without encryption. */
function rtspPortOf(config: GlobalConfig): number | null {
  const isPlain = config.rtsp && config.rtspEncryption !== 'strict';
  return isPlain ? (config.rtspAddress?.port ?? null) : null;
}

async function resolveAll(host: string): Promise<readonly string[]> {
  const found = await lookup(host, { all: true });
  return found.map((entry) => entry.address);
}
