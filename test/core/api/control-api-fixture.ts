// Control API v3 on a real listener over real paths and a configuration that is kept in memory.
import { randomUUID } from 'node:crypto';
import { silentLogger } from '../../../core/base/logger.ts';
import type { MediaError } from '../../../core/base/media-error.ts';
import { controlApi, type ControlApiServices } from '../../../core/api/control-api.ts';
import type { ConfigurationApi } from '../../../core/api/config-endpoints.ts';
import type { ForwardItem } from '../../../core/api/path-endpoints.ts';
import type { RecordingsApi } from '../../../core/api/recording-endpoints.ts';
import type { RtspConnection } from '../../../core/api/rtsp-items.ts';
import type { TrackDescription } from '../../../core/codec/codec.ts';
import type { ConfigRegistry } from '../../../core/config/config-registry.ts';
import { loadConfig } from '../../../core/config/load-config.ts';
import { restoreSecrets } from '../../../core/config/restore-secrets.ts';
import { writeBack } from '../../../core/config/write-back.ts';
import type { AccessGate } from '../../../core/http/route.ts';
import { PathManager } from '../../../core/path/path-manager.ts';
import { SessionRegistry, type Session } from '../../../core/path/session-registry.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { httpRequest } from '../../support/http-client.ts';
import { startListener } from '../http/listener-fixture.ts';

const VIDEO = 90_000;
const SPS = 'Z2QAHqwsaoLA9puCgIKgAAADACAAAAMD0IAA';

/** One track of every kind whose properties the API shows. */
const TRACKS: readonly TrackDescription[] = [
  {
    kind: 'video',
    codec: {
      ...{ name: 'H264', clockRateHz: VIDEO, packetizationMode: 1 },
      sps: Buffer.from(SPS, 'base64'),
    },
  },
  { kind: 'video', codec: { name: 'H265', clockRateHz: VIDEO } },
  { kind: 'video', codec: { name: 'AV1', clockRateHz: VIDEO } },
  { kind: 'video', codec: { name: 'VP9', clockRateHz: VIDEO } },
  { kind: 'video', codec: { name: 'VP8', clockRateHz: VIDEO } },
  { kind: 'audio', codec: { name: 'Opus', clockRateHz: 48_000, channelCount: 2 } },
  { kind: 'audio', codec: { name: 'G711', clockRateHz: 8000, channelCount: 1, isMuLaw: true } },
  { kind: 'audio', codec: { name: 'LPCM', clockRateHz: 8000, channelCount: 1, bitDepth: 16 } },
  {
    kind: 'audio',
    codec: { name: 'Generic', clockRateHz: 48_000, rtpmap: 'AC3/48000/2', fmtp: '' },
  },
].map((track, index) => ({ ...track, payloadType: 96 + index }) as TrackDescription);

/** Recordings of `cam` at these times. */
export const RECORDED = [Date.UTC(2026, 0, 2, 3, 4, 5, 678), Date.UTC(2026, 0, 2, 4)];

/** A file in memory; persisted changes are in `text`, the others only in force. */
export class MemoryConfiguration implements ConfigurationApi {
  text: string;
  readonly registry: ConfigRegistry | undefined;
  #config: ReturnType<typeof loadConfig>;

  constructor(text: string, registry?: ConfigRegistry) {
    this.text = text;
    this.registry = registry;
    this.#config = this.#load(text);
  }

  readonly current = (): ReturnType<typeof loadConfig> => this.#config;

  readonly edit: ConfigurationApi['edit'] = async (change, { persist }) => {
    await Promise.resolve();
    const edits = change(this.#config).map((edit) =>
      restoreSecrets(this.#config, edit, this.registry),
    );
    const text = edits.reduce(writeBack, this.text);
    this.#config = this.#load(text);
    if (persist) this.text = text;
  };

  #load(text: string): ReturnType<typeof loadConfig> {
    return loadConfig({ text, env: {}, ...(this.registry ? { registry: this.registry } : {}) });
  }
}

/** A session without anybody behind it. */
export class FakeSession implements Session {
  readonly id = randomUUID();
  readonly createdAt = Date.UTC(2026, 0, 1);
  readonly remoteAddress = '192.0.2.7:50000';
  readonly query = 'a=b';
  readonly user = 'me';
  readonly userAgent = 'test';
  readonly type: string;
  readonly state: Session['state'];
  readonly path: string;
  readonly transport?: 'TCP' | null;
  readonly isConnected = true;
  readonly localCandidate = 'host/udp/192.0.2.1/8189';
  readonly remoteCandidate = 'prflx/udp/192.0.2.7/50000';
  closedFor: MediaError | undefined;
  counters: Record<string, number> = { inboundBytes: 10, outboundBytes: 20 };

  constructor(type: string, state: Session['state'], path = 'cam') {
    this.type = type;
    this.state = state;
    this.path = path;
    if (type !== 'webRTCSession') this.transport = state === 'idle' ? null : 'TCP';
  }

  stats(): Readonly<Record<string, number>> {
    return this.counters;
  }

  close(reason: MediaError): void {
    this.closedFor = reason;
  }
}

export interface ControlApiFixture extends AsyncDisposable {
  readonly configuration: MemoryConfiguration;
  readonly manager: PathManager;
  readonly sessions: SessionRegistry;
  readonly connections: RtspConnection[];
  readonly forwards: ForwardItem[];
  readonly deleted: string[];
  /** `target` is method and URL. */
  ask(target: string, body?: unknown): Promise<{ readonly status: number; readonly json: unknown }>;
  /** Somebody publishes to a path; returns what ends it. */
  publish(path: string): () => void;
}

export interface ControlApiFixtureOptions {
  readonly yml?: string;
  readonly registry?: ConfigRegistry;
  readonly access?: AccessGate;
}

/** Serves until disposed. */
export async function serveControlApi(
  options: ControlApiFixtureOptions = {},
): Promise<ControlApiFixture> {
  const configuration = new MemoryConfiguration(
    options.yml ?? 'paths:\n  cam:\n',
    options.registry,
  );
  const manager = createManager(configuration);
  const sessions = new SessionRegistry();
  const connections: RtspConnection[] = [];
  const forwards: ForwardItem[] = [];
  const deleted: string[] = [];
  const services: ControlApiServices = {
    server: { version: 'v1.2.3', startedAt: 0, refreshKeys: () => void deleted.push('keys') },
    configuration,
    paths: {
      paths: () => manager.list(),
      path: (name) => manager.get(name),
      session: (id) => sessions.get(id),
      forwards: () => forwards,
    },
    sessions: { sessions: (type) => sessions.list(type), rtspConnections: () => connections },
    recordings: memoryRecordings(deleted),
  };
  const { routes } = controlApi(services);
  const access = options.access ? { access: options.access } : {};
  const { port, listener } = await startListener({ routes, ...access });
  return {
    ...{ configuration, manager, sessions, connections, forwards, deleted },
    ask: (target, body) => askApi(port, target, body),
    publish: (path) => publishTo(manager, path),
    [Symbol.asyncDispose]: async () => {
      await listener.close();
      await manager.close();
    },
  };
}

function createManager(configuration: MemoryConfiguration): PathManager {
  const manager = new PathManager(
    {
      clock: new FakeClock(),
      logger: silentLogger,
      random: () => 0,
      sourceFactories: [],
      authorizer: { authorize: () => Promise.resolve({ user: '' }) },
    },
    configuration.current(),
  );
  manager.start();
  return manager;
}

function memoryRecordings(deleted: string[]): RecordingsApi {
  return {
    recordedPaths: () => Promise.resolve(['gone', 'cam']),
    starts: (path) => Promise.resolve(path === 'cam' || path === 'gone' ? RECORDED : []),
    deleteSegment: (path, startAt) => {
      const isThere = path === 'cam' && RECORDED.includes(startAt);
      if (isThere) deleted.push(`${path} ${startAt}`);
      return Promise.resolve(isThere);
    },
  };
}

async function askApi(
  port: number,
  target: string,
  body: unknown,
): Promise<{ status: number; json: unknown }> {
  const [method = 'GET', path = '/'] = target.split(' ');
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const sent = body === undefined ? {} : { body: text };
  const reply = await httpRequest({ ...{ port, method, path }, ...sent });
  const json: unknown = JSON.parse(reply.body);
  return { status: reply.status, json };
}

function publishTo(manager: PathManager, path: string): () => void {
  const publisher = { id: randomUUID(), type: 'rtspSession', onPathClosed: () => undefined };
  const grant = manager.grant(path, { user: '' });
  const lease = manager.publish(grant, { publisher, tracks: TRACKS });
  return () => lease.close();
}
