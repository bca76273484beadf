// A house with Tuya cameras: a broker, a double of the cloud, and our server in this process.
import { systemClock } from '../../../core/base/clock.ts';
import { Lifetime } from '../../../core/base/lifetime.ts';
import { ConfigRegistry } from '../../../core/config/config-registry.ts';
import { loadConfig } from '../../../core/config/load-config.ts';
import { MediaServer } from '../../../core/server.ts';
import { addProUrlSchemes } from '../../../pro/config/pro-url-schemes.ts';
import { TuyaAccount } from '../../../pro/signaling/tuya/tuya-account.ts';
import { TuyaSourceFactory } from '../../../pro/signaling/tuya/tuya-source.ts';
import { RecordingLogger } from '../../support/recording-logger.ts';
import { OpenApiDouble } from '../../support/tuya/open-api-double.ts';
import { findFreePorts } from './free-ports.ts';
import { MosquittoBroker } from './mosquitto-broker.ts';
import { TuyaCamera } from './tuya-camera.ts';

/** What differs from site to site. */
export interface TuyaSiteOptions {
  /** `skill` of webrtc-configs by device id; each device has a login at the broker. */
  readonly devices: Readonly<Record<string, unknown>>;
  /** `source` by path name. */
  readonly sources: Readonly<Record<string, string>>;
  /** What the cloud tells as our password at the broker. */
  readonly mqttPassword?: string;
  /** Instead of that of the double. */
  readonly secret?: string;
}

const CLIENT_ID = 'project0123456789';
const SECRET = 'canary-secret-of-the-project';
const PASSWORD = 'canary-password-of-the-viewer';
const AUTH = 'canary-auth-of-the-device';
const MSID = 'msid0123456789abcdef';
const MOTO = 'moto_test001';
const POLL_MS = 50;

/** Texts that no log and no error may hold. */
export const tuyaSecrets: readonly string[] = [
  SECRET,
  PASSWORD,
  AUTH,
  'token-1',
  'device-password',
];

/** Broker, cloud and server. Whoever starts it closes it, best with `await using`. */
export class TuyaSite implements AsyncDisposable {
  readonly broker: MosquittoBroker;
  readonly cloud: OpenApiDouble;
  readonly server: MediaServer;
  readonly account: TuyaAccount;
  readonly logger: RecordingLogger;
  readonly whepPort: number;
  readonly #lifetime: Lifetime;

  private constructor(
    parts: Pick<TuyaSite, 'broker' | 'cloud' | 'server' | 'account' | 'logger' | 'whepPort'>,
    lifetime: Lifetime,
  ) {
    ({
      broker: this.broker,
      cloud: this.cloud,
      server: this.server,
      account: this.account,
      logger: this.logger,
      whepPort: this.whepPort,
    } = parts);
    this.#lifetime = lifetime;
  }

  static async start(options: TuyaSiteOptions): Promise<TuyaSite> {
    const lifetime = new Lifetime();
    const broker = await startBroker(Object.keys(options.devices));
    lifetime.defer(() => broker[Symbol.asyncDispose]());
    const cloud = cloudFor(broker, options);
    const listening = await cloud.listen();
    lifetime.defer(async () => await listening[Symbol.asyncDispose]());
    const logger = new RecordingLogger();
    const account = new TuyaAccount(
      { clock: systemClock, logger },
      {
        ...{ name: 'main', endpoint: listening.endpoint, clientId: CLIENT_ID },
        ...{ secret: options.secret ?? SECRET, uid: 'user1', authMode: 'easy', code: '' },
        ...{ signMethod: 'hmac', mqttConfigApi: 'auto', mqttFingerprint: '' },
        mqttCertificateAuthority: broker.ca,
        localKeys: new Map(),
      },
    );
    lifetime.own(account);
    const port = await findFreePorts(6);
    const text = configText(port, options.sources);
    const registry = new ConfigRegistry();
    addProUrlSchemes(registry);
    const clients = (): MediaServer['peers']['webrtc'] => server.peers.webrtc;
    const sources = new TuyaSourceFactory({ clients, accounts: new Map([['main', account]]) });
    const server: MediaServer = new MediaServer(
      { logger, sourceFactories: [sources] },
      { config: loadConfig({ text, env: {}, registry }), searchPath: '/usr/bin:/bin' },
    );
    return new TuyaSite({ broker, cloud, server, account, logger, whepPort: port + 3 }, lifetime);
  }

  /** Starts the server: its sources call at once, so cameras should listen by now. */
  async serve(): Promise<void> {
    this.#lifetime.own(this.server);
    await this.server.start();
  }

  camera(deviceId: string, quirks: readonly string[] = []): Promise<TuyaCamera> {
    const { broker } = this;
    const password = 'device-password';
    return TuyaCamera.start({ broker, deviceId, password, auth: AUTH, motoId: MOTO, quirks });
  }

  rtspUrl(path: string): string {
    const url = this.server.rtspUrl(path);
    if (url === undefined) throw new TypeError('RTSP is off');
    return url;
  }

  whepUrl(path: string): string {
    return `http://127.0.0.1:${this.whepPort}/${path}/whep`;
  }

  /** The log as text. */
  get log(): string {
    return this.logger.lines.map(({ message }) => message).join('\n');
  }

  /** Resolves once the log has `pattern` behind its first `skip` characters. */
  async waitForLog(pattern: RegExp, timeoutMs = 20_000, skip = 0): Promise<void> {
    for (let polls = Math.ceil(timeoutMs / POLL_MS); polls > 0; polls -= 1) {
      if (pattern.test(this.log.slice(skip))) return;
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
    throw new Error(`no ${String(pattern)} in the log:\n${this.log}`);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#lifetime.close();
  }
}

function startBroker(deviceIds: readonly string[]): Promise<MosquittoBroker> {
  return MosquittoBroker.start({
    users: [
      {
        ...{ username: 'viewer', password: PASSWORD },
        rules: [`topic read /av/u/${MSID}`, 'topic write /av/moto/#', 'topic write m/w/#'],
      },
      ...deviceIds.map((id) => ({
        ...{ username: id, password: 'device-password' },
        rules: [`topic read /av/moto/${MOTO}/u/${id}`, 'topic write /av/u/#'],
      })),
    ],
  });
}

function cloudFor(broker: MosquittoBroker, options: TuyaSiteOptions): OpenApiDouble {
  const devices: Record<string, unknown> = {};
  for (const [id, skill] of Object.entries(options.devices)) {
    devices[id] = {
      ...{ auth: AUTH, id, moto_id: MOTO, supports_webrtc: true, vedio_clarity: 4, skill },
      audio_attributes: { call_mode: [1, 2], hardware_capability: [1, 2] },
      p2p_config: { ices: [{ urls: 'nat:127.0.0.1:9' }] },
    };
  }
  return new OpenApiDouble({
    ...{ clientId: CLIENT_ID, secret: SECRET, knowsV1: false },
    devices,
    mqtt: {
      url: broker.tuyaUrl,
      client_id: 'cloud_viewer',
      username: 'viewer',
      password: options.mqttPassword ?? PASSWORD,
      source_topic: { ipc: `/av/u/${MSID}` },
      sink_topic: { ipc: '/av/moto/moto_id/u/{device_id}' },
      expire_time: 7200,
    },
  });
}

function configText(firstPort: number, sources: Readonly<Record<string, string>>): string {
  const at = (offset: number): string => `127.0.0.1:${firstPort + offset}`;
  const paths: Record<string, unknown> = {};
  for (const [name, source] of Object.entries(sources)) paths[name] = { source };
  return JSON.stringify({
    rtpAddress: at(0),
    rtcpAddress: at(1),
    rtspAddress: at(2),
    ...{ rtmp: false, hls: false, srt: false },
    webrtcAddress: at(3),
    webrtcLocalUDPAddress: at(4),
    webrtcLocalTCPAddress: at(4),
    webrtcIPsFromInterfaces: false,
    webrtcAdditionalHosts: ['127.0.0.1'],
    paths,
  });
}
