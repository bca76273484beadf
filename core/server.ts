// The media server put together: builds every room, starts them in order, stops them in reverse.
import { MethodAuthorizer } from './auth/method-authorizer.ts';
import { ApiServer, type ApiParts } from './api/api-server.ts';
import type { ConfigurationApi } from './api/config-endpoints.ts';
import { controlApi } from './api/control-api.ts';
import { noRecordings, type RecordingsApi } from './api/recording-endpoints.ts';
import { readOnlyConfiguration } from './api/read-only-configuration.ts';
import { httpAccess } from './auth/http-access.ts';
import type { AccessGate } from './http/route.ts';
import type { Clock } from './base/clock.ts';
import { systemClock } from './base/clock.ts';
import { Lifetime } from './base/lifetime.ts';
import type { Logger } from './base/logger.ts';
import type { Config } from './config/config.ts';
import { FileSourceFactory } from './file/file-source.ts';
import { PathManager } from './path/path-manager.ts';
import { SessionRegistry } from './path/session-registry.ts';
import type { SourceFactory } from './path/source.ts';
import { RtspServer } from './rtsp/rtsp-server.ts';
import { RtspSourceFactory } from './rtsp/rtsp-source.ts';
import { OpusTranscoders } from './transcode/opus-transcoders.ts';
import { ConfiguredIceServers } from './webrtc/configured-ice-servers.ts';
import type { IceServerProvider } from './webrtc/ice-server-provider.ts';
import type { WebRtcSessionManager } from './webrtc/session-manager.ts';
import { WebRtcServer } from './webrtc/webrtc-server.ts';

/** Parts that an outer layer may bring. */
export interface MediaServerComponents {
  readonly logger: Logger;
  readonly clock?: Clock;
  /** Tells clients which STUN and TURN servers to use; by default `webrtcICEServers2`. */
  readonly iceServers?: IceServerProvider;
  readonly sourceFactories?: readonly SourceFactory[];
}

/** Settings of the media server. */
export interface MediaServerOptions {
  readonly config: Config;
  /** Folders to look for ffmpeg in, separated as in PATH. */
  readonly searchPath: string;
}

/** What outer layers know that Control API v3 tells or does. */
export interface ControlApiExtension {
  /** Of the product, e.g. `v1.2.3`. */
  readonly version?: string;
  /** Takes changes; without it the configuration can only be read. */
  readonly configuration?: ConfigurationApi;
  readonly recordings?: RecordingsApi;
}

/** What outer layers put on the API's port. */
export interface ApiExtension {
  readonly parts: readonly ApiParts[];
  readonly control?: ControlApiExtension;
  /** Who may use protected routes; by default the users of mediamtx.yml. */
  readonly access?: AccessGate;
}

/** A listener for the table printed at start. */
export interface ListenerInfo {
  readonly name: string;
  /** What to open or connect to, e.g. `rtsp://localhost:8554`. */
  readonly url: string;
}

/** The core of the product: RTSP, WebRTC and file sources around one set of paths. */
export class MediaServer {
  readonly sessions = new SessionRegistry();
  readonly pathManager: PathManager;
  readonly authorizer: MethodAuthorizer;

  readonly #components: MediaServerComponents;
  readonly #options: MediaServerOptions;
  readonly #clock: Clock;
  readonly #lifetime = new Lifetime();
  readonly #startedAt: number;
  #rtsp: RtspServer | undefined;
  #webrtc: WebRtcServer | undefined;
  #api: ApiServer | undefined;

  /** @throws MediaError `invalid-argument` for users that can't be understood. */
  constructor(components: MediaServerComponents, options: MediaServerOptions) {
    this.#components = components;
    this.#options = options;
    this.#clock = components.clock ?? systemClock;
    this.#startedAt = this.#clock.nowMs();
    const { logger } = components;
    const { config } = options;
    this.authorizer = new MethodAuthorizer(config.global, {
      clock: this.#clock,
      logger: logger.scope('auth'),
    });
    this.pathManager = new PathManager(
      {
        clock: this.#clock,
        logger,
        authorizer: this.authorizer,
        random: Math.random,
        sourceFactories: [
          new RtspSourceFactory(this.#clock, {
            readTimeoutMs: config.global.readTimeout,
            udpReadBufferBytes: config.global.udpReadBufferSize,
          }),
          new FileSourceFactory(this.#clock, config.filePath),
          ...(components.sourceFactories ?? []),
        ],
      },
      config,
    );
  }

  /** What runs where, in the order of starting. */
  get listeners(): readonly ListenerInfo[] {
    const listeners: ListenerInfo[] = [];
    for (const { scheme, address } of this.#rtsp?.listenAddresses ?? []) {
      const name = scheme === 'rtsps' ? 'RTSPS' : 'RTSP';
      listeners.push({ name, url: `${scheme}://${hostOf(address.host)}:${address.port}/<path>` });
    }
    if (this.#webrtc) listeners.push(...webRtcListeners(this.#webrtc, this.#options.config));
    if (this.#api) listeners.push(apiListener(this.#api, this.#options.config));
    return listeners;
  }

  /** The sessions of WebRTC, for other signalling dialects; undefined when WebRTC is off. */
  get webRtcSessions(): WebRtcSessionManager | undefined {
    return this.#webrtc?.manager;
  }

  /** TCP ports that are open, for rules about requests to this server itself. */
  get tcpPorts(): readonly number[] {
    const rtsp = (this.#rtsp?.listenAddresses ?? []).map(({ address }) => address.port);
    const { http, tcpPort } = this.#webrtc?.ports ?? {};
    const web = [http?.port ?? 0, tcpPort ?? 0, this.#api?.address.port ?? 0];
    return [...rtsp, ...web].filter((port) => port > 0);
  }

  /** URL by which a program of this machine reads a path; undefined when RTSP without TLS is off. */
  rtspUrl(pathName: string): string | undefined {
    const plain = this.#rtsp?.listenAddresses.find(({ scheme }) => scheme === 'rtsp');
    if (!plain) return undefined;
    const name = pathName.split('/').map(encodeURIComponent).join('/');
    const { host, port } = plain.address;
    return `rtsp://${host === '' ? '127.0.0.1' : hostOf(host)}:${port}/${name}`;
  }

  /** What is open to others, one sentence each. */
  get accessWarnings(): readonly string[] {
    return this.authorizer.warnings;
  }

  /** @throws MediaError when a listener can't be opened; what was opened is closed again. */
  async start(): Promise<void> {
    try {
      await this.#startAll();
    } catch (failure) {
      await this.close();
      throw failure;
    }
  }

  /**
   * Opens the API's port, when `api` is on, for Control API v3 and the routes of outer layers. Call it after start(),
   * at most once.
   * @throws MediaError when the listener can't be opened.
   */
  async openApi(extension: ApiExtension): Promise<void> {
    const { global } = this.#options.config;
    if (!global.api) return;
    const api = new ApiServer(
      {
        clock: this.#clock,
        logger: this.#components.logger.scope('API'),
        access: extension.access ?? httpAccess(this.authorizer, 'http'),
        parts: [this.#controlApi(extension.control ?? {}), ...extension.parts],
      },
      global,
    );
    this.#lifetime.own(api);
    await api.start();
    this.#api = api;
  }

  /** Ends every session, source and listener. Idempotent. */
  close(): Promise<void> {
    return this.#lifetime.close();
  }

  #controlApi({ version = '', configuration, recordings }: ControlApiExtension): ApiParts {
    const { pathManager, sessions } = this;
    return controlApi({
      server: {
        ...{ version, startedAt: this.#startedAt },
        refreshKeys: () => this.authorizer.refreshKeys(),
      },
      configuration: configuration ?? readOnlyConfiguration(() => this.#options.config),
      paths: {
        paths: () => pathManager.list(),
        path: (name) => pathManager.get(name),
        session: (id) => sessions.get(id),
        forwards: () => [],
      },
      sessions: {
        sessions: (type) => sessions.list(type),
        rtspConnections: () => this.#rtsp?.connections ?? [],
      },
      recordings: recordings ?? noRecordings,
    });
  }

  async #startAll(): Promise<void> {
    const { config } = this.#options;
    this.#lifetime.own(this.authorizer);
    this.#lifetime.own(this.pathManager);
    this.pathManager.start();
    if (config.global.rtsp) await this.#startRtsp();
    if (config.global.webrtc) await this.#startWebRtc();
  }

  async #startRtsp(): Promise<void> {
    const rtsp = new RtspServer(
      {
        pathManager: this.pathManager,
        sessions: this.sessions,
        clock: this.#clock,
        logger: this.#components.logger.scope('RTSP'),
      },
      this.#options.config.global,
    );
    this.#lifetime.own(rtsp);
    await rtsp.start();
    this.#rtsp = rtsp;
  }

  async #startWebRtc(): Promise<void> {
    const { config, searchPath } = this.#options;
    const logger = this.#components.logger.scope('WebRTC');
    const clock = this.#clock;
    const transcoders = new OpusTranscoders({ clock, logger }, { searchPath });
    this.#lifetime.own(transcoders);
    const webrtc = new WebRtcServer(
      {
        clock,
        logger,
        transcoders,
        authorizer: this.authorizer,
        pathManager: this.pathManager,
        sessions: this.sessions,
        iceServers:
          this.#components.iceServers ??
          new ConfiguredIceServers(clock, config.global.webrtcICEServers2),
      },
      config.global,
    );
    this.#lifetime.own(webrtc);
    await webrtc.start();
    this.#webrtc = webrtc;
  }
}

function apiListener(api: ApiServer, config: Config): ListenerInfo {
  const { host, port } = api.address;
  const scheme = config.global.apiEncryption ? 'https' : 'http';
  return { name: 'API', url: `${scheme}://${hostOf(host)}:${port}/` };
}

function webRtcListeners(webrtc: WebRtcServer, config: Config): ListenerInfo[] {
  const { http, udpPort, tcpPort } = webrtc.ports;
  const scheme = config.global.webrtcEncryption ? 'https' : 'http';
  const listeners = [
    { name: 'Player and WHIP/WHEP', url: `${scheme}://${hostOf(http.host)}:${http.port}/` },
  ];
  if (udpPort > 0) listeners.push({ name: 'WebRTC media', url: `udp port ${udpPort}` });
  if (tcpPort > 0) listeners.push({ name: 'WebRTC media', url: `tcp port ${tcpPort}` });
  return listeners;
}

/** What to type for a listener on every interface. */
function hostOf(host: string): string {
  if (host === '') return 'localhost';
  return host.includes(':') ? `[${host}]` : host;
}
