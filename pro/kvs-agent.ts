// The agent between a WebRTC signalling channel and a Kinesis video stream: a core with one path, no listener.
import type { Clock } from '../core/base/clock.ts';
import { delay } from '../core/base/clock.ts';
import { createLogger, type OwnedLogger } from '../core/base/create-logger.ts';
import { Lifetime } from '../core/base/lifetime.ts';
import type { Logger } from '../core/base/logger.ts';
import { toMediaError } from '../core/base/media-error.ts';
import { loadConfig } from '../core/config/load-config.ts';
import { MediaServer } from '../core/server.ts';
import { createKvsPeers } from './assembly/kvs-peers.ts';
import { KvsServices } from './assembly/kvs-services.ts';
import type { KvsAgentSettings } from './command/kvs-agent-arguments.ts';
import { loadProConfig } from './config/load-pro-config.ts';
import { ProKeys } from './config/pro-keys.ts';
import { FfmpegInstallation } from './ffmpeg/ffmpeg-program.ts';

/** The process that it runs in. */
export interface KvsAgentOptions {
  readonly settings: KvsAgentSettings;
  /** The environment of the process. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly output: NodeJS.WritableStream;
  readonly version: string;
}

const PATH_NAME = 'agent';
/** For a stream that is made before its media is known. */
const MEDIA_TYPE = { aac: 'video/h264,audio/aac', none: 'video/h264' } as const;
const RETRY_MS = 5000;
/** What asking again does not change. */
const FINAL_KINDS: ReadonlySet<string> = new Set([
  'unauthenticated',
  'permission-denied',
  'not-found',
  'invalid-argument',
  'unsupported',
]);

/** Everything that runs in the process of the agent. */
export class KvsAgent implements AsyncDisposable {
  readonly logger: OwnedLogger;
  readonly #clock: Clock;
  readonly #options: KvsAgentOptions;
  readonly #services: KvsServices;
  readonly #core: MediaServer;
  readonly #lifetime = new Lifetime();

  /** @throws MediaError for an endpoint of the environment that is none. */
  constructor(clock: Clock, options: KvsAgentOptions) {
    this.#clock = clock;
    this.#options = options;
    const { settings, env, output, version } = options;
    this.logger = createLogger({ level: settings.logLevel, isStructured: false, output });
    const { kvs } = loadProConfig(undefined, { env });
    const { isCreating } = settings;
    const own = { kvs: { ...kvs, isCreating }, environment: env };
    this.#services = new KvsServices(clock, own);
    const searchPath = env['PATH'] ?? '';
    const peers = createKvsPeers(
      {
        ...{ clock, logger: this.logger, services: this.#services },
        clients: () => this.#core.peers.webrtc,
        ffmpeg: new FfmpegInstallation(clock, { searchPath }),
      },
      kvs,
    );
    const config = loadConfig({
      text: configurationOf(settings, clock.nowMs()),
      ...{ env, registry: new ProKeys().registry },
    });
    this.#core = new MediaServer(
      { logger: this.logger, clock, ...peers },
      { config, env, searchPath, version },
    );
  }

  /**
   * Looks whether there are keys, channel and stream, as long as AWS cannot be reached; then begins.
   * @throws MediaError `unauthenticated`, `permission-denied` or `not-found` for what asking again
   * does not change; the signal's reason.
   */
  async start(signal: AbortSignal): Promise<void> {
    const { settings, version } = this.#options;
    const { region, channel, stream } = settings;
    this.logger.info(`KVS agent v${version}, Node.js ${process.version}`);
    this.logger.info(`from channel '${channel}' into stream '${stream}' in ${region}`);
    await this.#prepare(signal);
    await this.#core.start();
    this.#lifetime.own(this.#core);
    this.#lifetime.defer(this.#watch(this.logger.scope('agent')));
    this.logger.info('agent is ready; waiting for the master');
  }

  /** Idempotent. */
  async close(): Promise<void> {
    await this.#lifetime.close();
    this.logger.flush();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #prepare(signal: AbortSignal): Promise<void> {
    for (;;) {
      try {
        await this.#look(signal);
        return;
      } catch (thrown) {
        const error = toMediaError(thrown);
        if (signal.aborted || FINAL_KINDS.has(error.kind)) throw error;
        this.logger.warn(`AWS is asked again in ${RETRY_MS / 1000} s: ${error.message}`);
        await delay(this.#clock, RETRY_MS, signal);
      }
    }
  }

  async #look(signal: AbortSignal): Promise<void> {
    const { region, channel, stream, retentionHours, audio } = this.#options.settings;
    await this.#services.findCredentials(signal);
    await this.#services.channels(region).describe(channel, signal);
    const wanted = { name: stream, retentionHours, mediaType: MEDIA_TYPE[audio] };
    const state = await this.#services.streams(region).prepare(wanted, signal);
    if (state.retentionHours > 0) return;
    this.logger.warn(`stream '${stream}' keeps nothing: its retention is 0 hours`);
  }

  #watch(logger: Logger): () => void {
    return this.#core.pathManager.observe({
      onPathTransition: (path, transition) => {
        if (transition === 'online') {
          const names = path.stream?.tracks.map(({ codec }) => codec.name) ?? [];
          logger.info(`tracks received: ${names.join(', ')}`);
        } else if (transition === 'offline') {
          logger.info('the master is away; waiting for it');
        }
      },
    });
  }
}

/** mediamtx.yml of the agent; JSON is YAML. */
function configurationOf(settings: KvsAgentSettings, nowMs: number): string {
  const { region, channel, stream, retentionHours, audio, clientId } = settings;
  const visitor = clientId === '' ? `viewer-${Math.floor(nowMs / 1000)}` : clientId;
  return JSON.stringify({
    ...{ logLevel: settings.logLevel, rtsp: false, webrtc: false, api: false },
    ...{ metrics: false, playback: false },
    paths: {
      [PATH_NAME]: {
        source: `kvs://${region}/${channel}?clientId=${visitor}`,
        forward: [{ type: 'kvs', region, stream, retentionHours, audio }],
      },
    },
  });
}
