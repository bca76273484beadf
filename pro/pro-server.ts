// The product put together: configuration files, logger, core and the Pro layer above it.
import { networkInterfaces } from 'node:os';
import { libraryRecordings } from '../core/api/library-recordings.ts';
import { systemClock } from '../core/base/clock.ts';
import { createLogger, type OwnedLogger } from '../core/base/create-logger.ts';
import { Lifetime } from '../core/base/lifetime.ts';
import { ConfigStore } from '../core/config/config-store.ts';
import { MediaServer } from '../core/server.ts';
import type { WebRtcClients } from '../core/webrtc/client/webrtc-clients.ts';
import { ConfiguredIceServers } from '../core/webrtc/configured-ice-servers.ts';
import { assembleAccess } from './assembly/assemble-access.ts';
import { assembleApi } from './assembly/assemble-api.ts';
import { assembleDevices } from './assembly/assemble-devices.ts';
import { assembleExport } from './assembly/assemble-export.ts';
import { assembleGo2rtc } from './assembly/assemble-go2rtc.ts';
import { assembleKvsMasters } from './assembly/assemble-kvs.ts';
import { assemblePictures } from './assembly/assemble-pictures.ts';
import { assemblePlayback } from './assembly/assemble-playback.ts';
import { assembleRecorder, assembleRecordings } from './assembly/assemble-recordings.ts';
import { assembleSignaling, createIceService } from './assembly/assemble-signaling.ts';
import { assembleTuyaFacade } from './assembly/assemble-tuya.ts';
import { assembleSmart } from './assembly/assemble-smart.ts';
import { createKvsPeers } from './assembly/kvs-peers.ts';
import { KvsServices } from './assembly/kvs-services.ts';
import { createTuyaPeers, type TuyaPeers } from './assembly/tuya-peers.ts';
import { followConfiguration, logOptions } from './assembly/follow-configuration.ts';
import { ProConfigWatch } from './assembly/pro-config-watch.ts';
import type { ProContext } from './assembly/pro-context.ts';
import { publishStreamEvents } from './assembly/publish-stream-events.ts';
import { loadConfiguration, type Configuration } from './config/load-configuration.ts';
import { loadProConfig } from './config/load-pro-config.ts';
import { resolveRecordFolder } from './config/record-folder.ts';
import { sharedSettings } from './config/shared-settings.ts';
import { EventBus } from './events/event-bus.ts';
import { FfmpegInstallation } from './ffmpeg/ffmpeg-program.ts';
import type { IceService } from './ice/ice-service.ts';
import { fileUrl } from './library/file-url.ts';
import { WebSocketHub } from './websocket/websocket-hub.ts';

/** Files, environment and output of the process. */
export interface ProServerOptions {
  readonly mediamtxFile?: string;
  readonly proConfigFile?: string;
  /** Where relative defaults are looked for. */
  readonly folder: string;
  /** The environment of the process. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly output: NodeJS.WritableStream;
  readonly version: string;
}

/** Everything that runs in this process. */
export class ProServer {
  readonly logger: OwnedLogger;
  readonly #options: ProServerOptions;
  readonly #configuration: Configuration;
  readonly #lifetime = new Lifetime();
  readonly #core: MediaServer;
  readonly #store: ConfigStore;
  readonly #proConfig: ProConfigWatch;
  readonly #iceServers: ConfiguredIceServers;
  readonly #ice: IceService;
  readonly #ffmpeg: FfmpegInstallation;
  readonly #kvs: KvsServices;
  readonly #tuya: TuyaPeers;
  readonly #startedAt = systemClock.nowMs();

  /** Loads the configuration. @throws MediaError naming file, line and column. */
  constructor(options: ProServerOptions) {
    this.#options = options;
    const { env, output } = options;
    this.#configuration = loadConfiguration(options, env);
    const { core: config, pro } = this.#configuration;
    this.logger = createLogger(logOptions(config, output));
    const { logger } = this;
    const { registry } = this.#configuration.proKeys;
    const clock = systemClock;
    this.#store = new ConfigStore({ clock, logger }, { config, env, registry });
    this.#proConfig = new ProConfigWatch({
      ...{ clock, logger, running: pro },
      load: (filePath) => loadProConfig(filePath, { env }),
    });
    this.#iceServers = new ConfiguredIceServers(clock, config.global.webrtcICEServers2);
    this.#ice = createIceService({ clock, logger, configured: this.#iceServers }, pro);
    const searchPath = env['PATH'] ?? '';
    this.#ffmpeg = new FfmpegInstallation(clock, { searchPath });
    this.#kvs = new KvsServices(clock, { kvs: pro.kvs, environment: env });
    const clients = (): WebRtcClients => this.#core.peers.webrtc;
    const kvs = createKvsPeers(
      { ...{ clock, logger, clients }, services: this.#kvs, ffmpeg: this.#ffmpeg },
      pro.kvs,
    );
    this.#tuya = createTuyaPeers({ clock, logger, clients }, pro.tuya.accounts);
    const sourceFactories = [...kvs.sourceFactories, ...this.#tuya.sourceFactories];
    this.#core = new MediaServer(
      { logger, iceServers: this.#ice, configStore: this.#store, ...kvs, sourceFactories },
      { config, env, searchPath, version: options.version },
    );
  }

  /** Reads both files again, as if they had changed. */
  reload(): Promise<void> {
    this.#proConfig.check();
    return this.#store.reload();
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

  /** Idempotent. */
  async close(): Promise<void> {
    await this.#lifetime.close();
    this.logger.flush();
  }

  async #startAll(): Promise<void> {
    this.#logStart();
    this.#lifetime.own(this.#tuya);
    await this.#core.start();
    this.#lifetime.own(this.#core);
    await this.#startPro();
    const { logger } = this;
    await followConfiguration(
      {
        ...{ clock: systemClock, logger, store: this.#store, lifetime: this.#lifetime },
        ...{ iceServers: this.#iceServers, proKeys: this.#configuration.proKeys },
      },
      { output: this.#options.output },
    );
    this.#lifetime.own(this.#proConfig);
    await this.#proConfig.start();
    for (const warning of this.#core.accessWarnings) logger.warn(warning);
    const { listeners } = this.#core;
    const width = Math.max(...listeners.map(({ name }) => name.length), 0);
    for (const { name, url } of listeners) logger.info(`${name.padEnd(width)}  ${url}`);
    logger.info('server is ready');
  }

  #logStart(): void {
    const { logger } = this;
    const { core: config, pro } = this.#configuration;
    logger.info(`MediaMTX Pro v${this.#options.version}, Node.js ${process.version}`);
    const files = [pro.filePath, config.filePath].filter((file) => file !== undefined);
    logger.info(
      files.length === 0
        ? 'no configuration file was found: built-in defaults without any path'
        : `configuration loaded from ${files.join(' and ')}`,
    );
    for (const { message } of [...pro.warnings, ...config.warnings]) logger.warn(message);
  }

  /** Each room is closed before those that were built earlier. */
  async #startPro(): Promise<void> {
    const context = this.#createContext();
    const { clock, logger, events, lifetime, pro } = context;
    const access = await assembleAccess(context);
    const devices = assembleDevices(context);
    const recordings = await assembleRecordings(context);
    const recorder = assembleRecorder(context, recordings);
    await assemblePlayback(context, recordings.library);
    const pictures = await assemblePictures(context, {
      devices,
      register: (image, pathName) => recordings.registerImage(image.filePath, pathName),
    });
    const smart = assembleSmart(context, { devices, pictures, recorder });
    const exports = await assembleExport(context, recordings);
    const signaling = assembleSignaling(context, { ice: this.#ice, access });
    await assembleGo2rtc(context, { pictures, access });
    assembleKvsMasters(context, this.#kvs);
    await assembleTuyaFacade(context, this.#ice);
    const { websocket } = pro;
    const hub = new WebSocketHub(
      { clock, logger: logger.scope('websocket'), events, fileUrlOf: context.fileUrl },
      {
        maxClients: websocket.maxClients,
        maxQueueMessages: websocket.queueMessages,
        pingPeriodMs: websocket.pingIntervalMs,
        pongWaitMs: websocket.pongTimeoutMs,
        writeWaitMs: websocket.writeTimeoutMs,
        overflowMs: websocket.overflowTimeoutMs,
        maxInboundBytes: websocket.maxInboundBytes,
        maxHistoryEvents: websocket.historyEvents,
        maxHistoryBytes: websocket.historyBytes,
        allowedOrigins: websocket.allowedOrigins.length > 0 ? websocket.allowedOrigins : undefined,
      },
    );
    hub.start();
    lifetime.own(hub);
    lifetime.defer(publishStreamEvents({ pathManager: this.#core.pathManager, events }));
    const api = assembleApi(context, {
      ...{ devices, pictures, recordings, recorder, smart, exports, hub, signaling },
      proConfig: this.#proConfig,
    });
    lifetime.defer(
      this.#store.subscribe(async () => {
        devices.reload();
        smart.reload();
        recorder.refresh();
        await Promise.resolve();
      }),
    );
    await this.#core.openApi({
      parts: [api, ...signaling.parts],
      access: access.gate,
      control: {
        version: `v${context.version}`,
        recordings: libraryRecordings(recordings.library),
      },
    });
  }

  #createContext(): ProContext {
    const { core: config, pro, proKeys } = this.#configuration;
    const { logger } = this;
    const clock = systemClock;
    const shared = sharedSettings(pro, proKeys.global.read(config.global));
    const { recordPath } = config.pathDefaults;
    return {
      ...{ clock, logger, core: this.#core, pro, proKeys, shared },
      configNow: () => this.#store.config,
      events: new EventBus(logger),
      lifetime: this.#lifetime,
      recordFolder: resolveRecordFolder(recordPath, config.filePath),
      fileUrl: (filePath) =>
        fileUrl({ apiDomain: shared.apiDomain, fallbackOrigin: this.#origin() }, filePath),
      ffmpeg: this.#ffmpeg,
      version: this.#options.version,
      startedAt: this.#startedAt,
    };
  }

  /** How others reach the API when no public address is configured: by the first address of this machine. */
  #origin(): string {
    const { apiAddress, apiEncryption } = this.#configuration.core.global;
    const scheme = apiEncryption ? 'https' : 'http';
    const host = apiAddress?.host ?? '';
    const name = host === '' ? firstAddress() : host.includes(':') ? `[${host}]` : host;
    return `${scheme}://${name}:${apiAddress?.port ?? 0}`;
  }
}

function firstAddress(): string {
  const all = Object.values(networkInterfaces()).flatMap((entries) => entries ?? []);
  return all.find(({ internal, family }) => !internal && family === 'IPv4')?.address ?? '127.0.0.1';
}
