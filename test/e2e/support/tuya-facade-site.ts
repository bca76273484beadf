// The media server with the Tuya façade beside it, a mosquitto that only lets people in by its rules, and viewers.
import { X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import { z } from 'zod';
import { systemClock } from '../../../core/base/clock.ts';
import type { TlsFilePair } from '../../../core/base/tls-files.ts';
import { Lifetime } from '../../../core/base/lifetime.ts';
import { loadConfig } from '../../../core/config/load-config.ts';
import { MediaServer } from '../../../core/server.ts';
import {
  defaultTuyaFacadeOptions,
  type TuyaFacadeOptions,
} from '../../../pro/signaling/tuya/facade-options.ts';
import { TuyaFacade } from '../../../pro/signaling/tuya/tuya-facade.ts';
import { RecordingLogger } from '../../support/recording-logger.ts';
import { ChildProgram } from './child-program.ts';
import { findFreePorts } from './free-ports.ts';
import { MosquittoBroker } from './mosquitto-broker.ts';

/** Who may use the open API of the site. */
export const FACADE_LOGIN = {
  clientId: 'viewer-project-1',
  secret: 'secret-of-the-end-to-end-tests-32',
  uid: 'ay1564026880284vtest',
} as const;
/** The device that shows the path `cam`; its sub stream is `cam_sub`. */
export const FACADE_DEVICE = '6c9a943f2ea6929675ymcq';

const MOTO_ID = 'moto_test001';
const AGENT = { username: 'agent', password: 'agent@pass/word' };
const VIEWER = { username: 'viewer', password: 'viewer-password' };
const VIEWER_TIMEOUT_MS = 45_000;
const PUBLISH_TIMEOUT_MS = 10_000;

const reportSchema = z.object({
  error: z.string().default(''),
  video: z.number().default(0),
  audio: z.number().default(0),
  sizes: z.array(z.string()).default([]),
  answers: z.number().default(0),
  answer: z.string().default(''),
  candidates: z.array(z.string()).default([]),
  control: z.array(z.object({ type: z.string(), value: z.number() })).default([]),
  spied: z.number().default(0),
  foreign: z.number().default(0),
  disconnected: z.boolean().default(false),
  skill: z.string().default(''),
  client_id: z.string().default(''),
});

/** What a viewer prints at its end. */
export type TuyaViewerReport = z.infer<typeof reportSchema>;

/** A running site. Whoever starts it closes it, best with `await using`. */
export class TuyaFacadeSite implements AsyncDisposable {
  readonly broker: MosquittoBroker;
  readonly core: MediaServer;
  readonly facade: TuyaFacade;
  readonly logger: RecordingLogger;
  readonly #lifetime: Lifetime;
  readonly #isSecure: boolean;

  private constructor(parts: {
    readonly broker: MosquittoBroker;
    readonly core: MediaServer;
    readonly facade: TuyaFacade;
    readonly logger: RecordingLogger;
    readonly lifetime: Lifetime;
    readonly isSecure: boolean;
  }) {
    this.broker = parts.broker;
    this.core = parts.core;
    this.facade = parts.facade;
    this.logger = parts.logger;
    this.#lifetime = parts.lifetime;
    this.#isSecure = parts.isSecure;
  }

  /** Resolves when the devices listen on the broker; the paths can be published to by RTSP. */
  static async start(
    options: Partial<TuyaFacadeOptions> & { readonly isSecure?: boolean } = {},
  ): Promise<TuyaFacadeSite> {
    const lifetime = new Lifetime();
    try {
      const { isSecure = false, ...settings } = options;
      return await TuyaFacadeSite.#start(lifetime, settings, isSecure);
    } catch (error) {
      await lifetime.close();
      throw error;
    }
  }

  static async #start(
    lifetime: Lifetime,
    options: Partial<TuyaFacadeOptions>,
    isSecure: boolean,
  ): Promise<TuyaFacadeSite> {
    const logger = new RecordingLogger();
    const broker = await startBroker();
    lifetime.defer(() => broker[Symbol.asyncDispose]());
    const text = configText(await findFreePorts(6));
    const core = new MediaServer(
      { logger },
      { config: loadConfig({ text, env: {} }), searchPath: '/usr/bin' },
    );
    await core.start();
    lifetime.own(core);
    const facade = new TuyaFacade(
      {
        ...{ clock: systemClock, logger, paths: core.pathManager },
        manager: core.webRtcSessions,
        ice: { iceServers: () => Promise.resolve([]) },
        rtspUrl: (path) => core.rtspUrl(path),
      },
      {
        ...{ ...defaultTuyaFacadeOptions, ...optionsFor(broker), ...options },
        ...(isSecure ? { tls: tlsOf(broker) } : {}),
      },
    );
    await facade.start();
    lifetime.own(facade);
    const site = new TuyaFacadeSite({ broker, core, facade, logger, lifetime, isSecure });
    await site.devicesListen();
    return site;
  }

  /** Of the open API, e.g. `http://127.0.0.1:20001`. */
  get origin(): string {
    const { port } = this.facade.address;
    return this.#isSecure ? `https://localhost:${port}` : `http://127.0.0.1:${port}`;
  }

  /** Resolves when the broker's log says that the devices subscribed. */
  async devicesListen(): Promise<void> {
    await this.broker.waitForLog(/Sending SUBACK to agent_/u, 20_000);
  }

  /** @throws TypeError without an RTSP listener. */
  rtspUrl(path: string): string {
    const url = this.core.rtspUrl(path);
    if (url === undefined) throw new TypeError('RTSP is off');
    return url;
  }

  /** Starts a viewer without waiting for its end. */
  startViewer(...args: readonly string[]): ChildProgram {
    const { clientId, secret } = FACADE_LOGIN;
    return new ChildProgram({
      name: 'tuya-viewer',
      command: '/usr/bin/python3',
      args: [
        ...[join(import.meta.dirname, 'tuya-viewer.py'), this.origin, '--ca', this.broker.caFile],
        ...(this.#isSecure ? ['--http-ca', this.broker.caFile] : []),
        ...['--client-id', clientId, '--secret', secret, '--device-id', FACADE_DEVICE, ...args],
      ],
    });
  }

  /** Runs a viewer to its end. */
  async watch(...args: readonly string[]): Promise<TuyaViewerReport> {
    return await viewerReport(this.startViewer(...args));
  }

  /** Whether somebody is connected and reads this path by WebRTC. */
  isPlaying(path: string): boolean {
    const sessions = this.core.sessions.list('webRTCSession');
    return sessions.some((each) => each.path === path && (each.stats()['outboundBytes'] ?? 0) > 0);
  }

  /** Publishes as a viewer, with mosquitto's own client. */
  async publish(topic: string, payload: string): Promise<void> {
    const { username, password } = VIEWER;
    const client = new ChildProgram({
      name: 'mosquitto_pub',
      command: 'mosquitto_pub',
      args: [
        ...['-h', 'localhost', '-p', String(this.broker.port), '--cafile', this.broker.caFile],
        ...['-u', username, '-P', password, '-q', '1', '-t', topic, '-s'],
      ],
      hasInput: true,
    });
    client.stdin.end(payload);
    const { code } = await client.waitForExit(PUBLISH_TIMEOUT_MS);
    if (code !== 0) throw client.failure('did not publish');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#lifetime.close();
  }
}

/** Waits for the end of a viewer. @throws Error with its output when it crashed. */
export async function viewerReport(viewer: ChildProgram): Promise<TuyaViewerReport> {
  const { code } = await viewer.waitForExit(VIEWER_TIMEOUT_MS);
  const line = viewer.stdout.trim().split('\n').at(-1) ?? '';
  if (code !== 0 || line === '') throw viewer.failure('failed');
  return reportSchema.parse(JSON.parse(line));
}

/** The open API shows the broker's certificate. */
function tlsOf({ keyFile, caFile }: MosquittoBroker): TlsFilePair {
  return {
    key: { path: keyFile, configKey: 'tuya.facade.serverKey' },
    cert: { path: caFile, configKey: 'tuya.facade.serverCert' },
  };
}

/** As apidocs/tuya.md tells it: devices and viewers see only what is theirs. */
function startBroker(): Promise<MosquittoBroker> {
  return MosquittoBroker.start({
    users: [
      { ...AGENT, rules: [`topic read /av/moto/${MOTO_ID}/u/+`, 'topic write /av/u/+'] },
      { ...VIEWER, rules: [`topic write /av/moto/${MOTO_ID}/u/+`] },
    ],
    patterns: ['pattern read /av/u/%c'],
  });
}

function optionsFor(
  broker: MosquittoBroker,
): Omit<TuyaFacadeOptions, keyof typeof defaultTuyaFacadeOptions> & Partial<TuyaFacadeOptions> {
  const fingerprint = new X509Certificate(broker.ca).fingerprint256.replaceAll(':', '');
  return {
    ...FACADE_LOGIN,
    address: { host: '127.0.0.1', port: 0 },
    motoId: MOTO_ID,
    broker: { url: broker.url, ...AGENT, fingerprint: fingerprint.toLowerCase() },
    publicBrokerUrl: broker.tuyaUrl,
    viewerUsername: VIEWER.username,
    viewerPassword: VIEWER.password,
    devices: new Map([[FACADE_DEVICE, { path: 'cam', subPath: 'cam_sub' }]]),
  };
}

function configText(firstPort: number): string {
  const at = (offset: number): string => `127.0.0.1:${firstPort + offset}`;
  return JSON.stringify({
    ...{ rtpAddress: at(0), rtcpAddress: at(1), rtspAddress: at(2), webrtcAddress: at(3) },
    ...{ webrtcLocalUDPAddress: at(4), webrtcLocalTCPAddress: at(4) },
    ...{ rtmp: false, hls: false, srt: false },
    ...{ webrtcIPsFromInterfaces: false, webrtcAdditionalHosts: ['127.0.0.1'] },
    paths: { cam: {}, cam_sub: {} },
  });
}
