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
import { toMediaError, MediaError } from './base/media-error.ts';
import { Restartable } from './base/restartable.ts';
import { Lifetime } from './base/lifetime.ts';
import type { MetricGroup } from './base/metric-family.ts';
import type { Logger } from './base/logger.ts';
import type { ConfigChange, ConfigStore } from './config/config-store.ts';
import type { Config } from './config/config.ts';
import { keysWithEffect, type ReloadEffect } from './config/reload-effects.ts';
import { FileSourceFactory } from './file/file-source.ts';
import { slateFactory } from './offline/create-slate.ts';
import { PathManager } from './path/path-manager.ts';
import { SessionRegistry } from './path/session-registry.ts';
import type { ForwardTargetFactory } from './path/forward-target.ts';
import type { SourceFactory } from './path/source.ts';
import { RtspServer } from './rtsp/rtsp-server.ts';
import { currentSourceOptions } from './rtsp/current-source-options.ts';
import { RtspSourceFactory } from './rtsp/rtsp-source.ts';
import { OpusTranscoders } from './transcode/opus-transcoders.ts';
import { ConfiguredIceServers } from './webrtc/configured-ice-servers.ts';
import type { IceServerProvider } from './webrtc/ice-server-provider.ts';
import type { WebRtcSessionManager } from './webrtc/session-manager.ts';
import {
  apiListener,
  hostOf,
  metricsListener,
  webRtcListeners,
  type ListenerInfo,
} from './server-listeners.ts';
import { ServerObservers } from './server-observers.ts';
import { ServerPeers } from './server-peers.ts';
import { WebRtcServer } from './webrtc/webrtc-server.ts';

/** Parts that an outer layer may bring. */
export interface MediaServerComponents {
  readonly logger: Logger;
  readonly clock?: Clock;
  /** Tells clients which STUN and TURN servers to use; by default `webrtcICEServers2`. */
  readonly iceServers?: IceServerProvider;
  /** Where the configuration changes; without it, only reconfigure() changes it. */
  readonly configStore?: ConfigStore;
  readonly sourceFactories?: readonly SourceFactory[];
  readonly forwardFactories?: readonly ForwardTargetFactory[];
  readonly metricGroups?: readonly MetricGroup[];
}

/** Settings of the media server. */
export interface MediaServerOptions {
  readonly config: Config;
  /** Folders to look for ffmpeg in, separated as in PATH. */
  readonly searchPath: string;
  /** Of the product, for metrics. */
  readonly version?: string;
  /** Environment of the process, for commands of hooks; MTX_ variables are kept back. */
  readonly env?: Readonly<Record<string, string | undefined>>;
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

/** The core of the product: RTSP, WebRTC and file sources around one set of paths. */
export class MediaServer {
  readonly sessions = new SessionRegistry();
  readonly pathManager: PathManager;
  readonly authorizer: MethodAuthorizer;
  /** Hooks, metrics and readiness. */
  readonly observers: ServerObservers;
  /** Connections that this server makes: what dialects pull by. */
  readonly peers: ServerPeers;

  readonly #components: MediaServerComponents;

  readonly #clock: Clock;
  readonly #lifetime = new Lifetime();
  readonly #startedAt: number;
  readonly #rtsp = new Restartable((config: Config) => this.#openRtsp(config));
  readonly #webrtc = new Restartable((config: Config) => this.#openWebRtc(config));
  readonly #api = new Restartable((config: Config) => this.#openApi(config));
  readonly #iceServers: ConfiguredIceServers;
  readonly #transcoders: OpusTranscoders;
  #config: Config;
  #extension: ApiExtension | undefined;

  /** @throws MediaError `invalid-argument` for users that can't be understood. */
  constructor(components: MediaServerComponents, options: MediaServerOptions) {
    this.#components = components;
    this.#clock = components.clock ?? systemClock;
    this.#startedAt = this.#clock.nowMs();
    const { logger } = components;
    const { config } = options;
    this.#config = config;
    this.#iceServers = new ConfiguredIceServers(this.#clock, config.global.webrtcICEServers2);
    this.#transcoders = new OpusTranscoders(
      { clock: this.#clock, logger: logger.scope('WebRTC') },
      { searchPath: options.searchPath },
    );
    this.peers = new ServerPeers({
      ...{ clock: this.#clock, logger, transcoders: this.#transcoders },
      config: () => this.#config,
      forwardFactories: components.forwardFactories ?? [],
    });
    this.authorizer = new MethodAuthorizer(config.global, {
      clock: this.#clock,
      logger: logger.scope('auth'),
    });
    this.pathManager = new PathManager(
      {
        ...{ clock: this.#clock, logger, authorizer: this.authorizer, random: Math.random },
        createSlate: slateFactory(this.#clock, config.filePath),
        sourceFactories: [
          new RtspSourceFactory(
            this.#clock,
            currentSourceOptions(() => this.#config.global),
          ),
          new FileSourceFactory(this.#clock, config.filePath),
          ...this.peers.sourceFactories,
          ...(components.sourceFactories ?? []),
        ],
      },
      config,
    );
    const { authorizer, pathManager, sessions } = this;
    const { metricGroups = [] } = components;
    this.observers = new ServerObservers(
      {
        ...{ clock: this.#clock, logger, authorizer, pathManager, sessions },
        ...{ configStore: components.configStore, config: () => this.#config },
        rtsp: () => this.#rtsp.current,
      },
      {
        ...{ version: options.version ?? '', startedAt: this.#startedAt, metricGroups },
        env: options.env ?? {},
      },
    );
  }

  /** The configuration in effect. */
  get config(): Config {
    return this.#config;
  }

  /** What runs where, in the order of starting. */
  get listeners(): readonly ListenerInfo[] {
    const listeners: ListenerInfo[] = [];
    const [webrtc, api] = [this.#webrtc.current, this.#api.current];
    for (const { scheme, address } of this.#rtsp.current?.listenAddresses ?? []) {
      const name = scheme === 'rtsps' ? 'RTSPS' : 'RTSP';
      listeners.push({ name, url: `${scheme}://${hostOf(address.host)}:${address.port}/<path>` });
    }
    if (webrtc) listeners.push(...webRtcListeners(webrtc, this.#config));
    if (api) listeners.push(apiListener(api, this.#config));
    const { metricsAddress } = this.observers;
    if (metricsAddress) listeners.push(metricsListener(metricsAddress, this.#config));
    return listeners;
  }

  /** The sessions of WebRTC, for other signalling dialects; undefined while WebRTC is off. Ask each time. */
  get webRtcSessions(): WebRtcSessionManager | undefined {
    return this.#webrtc.current?.manager;
  }

  /** TCP ports that are open, for rules about requests to this server itself. */
  get tcpPorts(): readonly number[] {
    const rtsp = (this.#rtsp.current?.listenAddresses ?? []).map(({ address }) => address.port);
    const { http, tcpPort } = this.#webrtc.current?.ports ?? {};
    const web = [http?.port ?? 0, tcpPort ?? 0, this.#api.current?.address.port ?? 0];
    return [...rtsp, ...web].filter((port) => port > 0);
  }

  /** URL by which a program that knows us as `ourName` reads a path; undefined when RTSP without TLS is off. */
  rtspUrl(pathName: string, ourName = '127.0.0.1'): string | undefined {
    const plain = this.#rtsp.current?.listenAddresses.find(({ scheme }) => scheme === 'rtsp');
    if (!plain) return undefined;
    const name = pathName.split('/').map(encodeURIComponent).join('/');
    const { host, port } = plain.address;
    return `rtsp://${hostOf(host === '' ? ourName : host)}:${port}/${name}`;
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
    this.#extension = extension;
    this.#lifetime.own(this.#api);
    await this.#api.start(this.#config);
    this.observers.readiness.fulfill('API');
  }

  /**
   * Puts another configuration in effect with the least disturbance; what fails leaves the rest
   * alone. A listener that can't be opened stays where it was.
   * @throws MediaError `unavailable` naming everything that failed.
   */
  async reconfigure({ config, diff }: Pick<ConfigChange, 'config' | 'diff'>): Promise<void> {
    this.#config = config;
    this.#iceServers.replace(config.global.webrtcICEServers2);
    const has = (effect: ReloadEffect): boolean => keysWithEffect(diff.global, effect).length > 0;
    const { logger } = this.#components;
    const failures: string[] = [];
    const attempt = async (action: () => Promise<void> | void): Promise<void> => {
      try {
        await action();
      } catch (thrown) {
        failures.push(toMediaError(thrown).message);
      }
    };
    await attempt(() => this.authorizer.reconfigure(config.global));
    await attempt(() => this.pathManager.reconfigure(config));
    await attempt(() => this.#reconfigureRtsp(has('rtsp')));
    await attempt(() => this.#reconfigureWebRtc(has));
    // Who asked for the change may wait for the answer on the very listener.
    if (has('api') && this.#extension) {
      void this.#api.replace(config).catch((thrown: unknown) => {
        logger.error(`the API stays where it was: ${toMediaError(thrown).message}`);
      });
    }
    const later = keysWithEffect(diff.global, 'start');
    if (later.length > 0) logger.warn(`counts from the next start: ${later.join(', ')}`);
    if (failures.length === 0) return;
    throw new MediaError('unavailable', 'config-not-applied', failures.join('; '));
  }

  /** Ends every session, source and listener. Idempotent. */
  close(): Promise<void> {
    this.observers.readiness.stop();
    return this.#lifetime.close();
  }

  #controlApi({ version = '', configuration, recordings }: ControlApiExtension): ApiParts {
    const { pathManager, sessions } = this;
    return controlApi({
      server: {
        ...{ version, startedAt: this.#startedAt },
        refreshKeys: () => this.authorizer.refreshKeys(),
      },
      configuration: configuration ?? this.#configuration(),
      paths: {
        paths: () => pathManager.list(),
        path: (name) => pathManager.get(name),
        session: (id) => sessions.get(id),
        forwards: this.peers.forwards,
      },
      sessions: {
        sessions: (type) => sessions.list(type),
        rtspConnections: () => this.#rtsp.current?.connections ?? [],
      },
      recordings: recordings ?? noRecordings,
    });
  }

  #configuration(): ConfigurationApi {
    const { configStore } = this.#components;
    if (!configStore) return readOnlyConfiguration(() => this.#config);
    return {
      current: () => this.#config,
      registry: configStore.registry,
      edit: async (change, options) => {
        const { failures } = await configStore.edit(change, options);
        const [failure] = failures;
        if (!failure) return;
        const message = `the change is made, but not everything of it works: ${failure.message}`;
        throw new MediaError(failure.kind, 'config-not-applied', message, { cause: failure });
      },
    };
  }

  async #startAll(): Promise<void> {
    const { readiness } = this.observers;
    this.#lifetime.own(this.authorizer);
    this.#lifetime.own(this.observers);
    for (const name of ['RTSP', 'WebRTC']) readiness.expect(name);
    if (this.#config.global.api) readiness.expect('API');
    await this.observers.start();
    this.#lifetime.own(this.pathManager);
    this.#lifetime.own(this.peers);
    this.pathManager.start();
    this.peers.start(this.pathManager);
    this.#lifetime.own(this.#rtsp);
    await this.#rtsp.start(this.#config);
    readiness.fulfill('RTSP');
    this.#lifetime.own(this.#transcoders);
    this.#lifetime.own(this.#webrtc);
    await this.#webrtc.start(this.#config);
    readiness.fulfill('WebRTC');
    const end = this.#components.configStore?.subscribe((change) => this.reconfigure(change));
    if (end) this.#lifetime.defer(end);
  }

  async #reconfigureRtsp(isNew: boolean): Promise<void> {
    if (isNew) await this.#rtsp.replace(this.#config);
    else this.#rtsp.current?.reconfigure(this.#config.global);
  }

  async #reconfigureWebRtc(has: (effect: ReloadEffect) => boolean): Promise<void> {
    if (has('webrtc')) {
      await this.#webrtc.replace(this.#config);
      return;
    }
    // The pages name the port of RTSP.
    const isHttpNew = has('webrtcHttp') || has('rtsp');
    await this.#webrtc.current?.reconfigure(this.#config.global, { isHttpNew });
  }

  async #openRtsp({ global }: Config): Promise<RtspServer | undefined> {
    if (!global.rtsp) return undefined;
    const { pathManager, sessions } = this;
    const logger = this.#components.logger.scope('RTSP');
    const { onRtspConnection: onConnection } = this.observers;
    const rtsp = new RtspServer(
      { pathManager, sessions, clock: this.#clock, logger, onConnection },
      global,
    );
    await rtsp.start();
    return rtsp;
  }

  async #openWebRtc({ global }: Config): Promise<WebRtcServer | undefined> {
    if (!global.webrtc) return undefined;
    const { authorizer, pathManager, sessions } = this;
    const logger = this.#components.logger.scope('WebRTC');
    const iceServers = this.#components.iceServers ?? this.#iceServers;
    const webrtc = new WebRtcServer(
      {
        ...{ logger, authorizer, pathManager, sessions, iceServers },
        ...{ clock: this.#clock, transcoders: this.#transcoders },
        onFirstPicture: this.observers.onFirstPicture,
      },
      global,
    );
    await webrtc.start();
    return webrtc;
  }

  async #openApi({ global }: Config): Promise<ApiServer | undefined> {
    const extension = this.#extension;
    if (!global.api || !extension) return undefined;
    const api = new ApiServer(
      {
        clock: this.#clock,
        logger: this.#components.logger.scope('API'),
        access: extension.access ?? httpAccess(this.authorizer, 'http'),
        parts: [
          { routes: this.observers.healthRoutes },
          this.#controlApi(extension.control ?? {}),
          ...extension.parts,
        ],
      },
      global,
    );
    await api.start();
    return api;
  }
}
