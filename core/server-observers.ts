// What watches the rooms and disturbs none: hooks, metrics, health and readiness.
import { httpAccess } from './auth/http-access.ts';
import type { Authorizer } from './auth/access-request.ts';
import type { Clock } from './base/clock.ts';
import { Histogram } from './base/histogram.ts';
import { Lifetime } from './base/lifetime.ts';
import type { ListenAddress } from './base/listen-address.ts';
import type { Logger } from './base/logger.ts';
import type { MetricGroup } from './base/metric-family.ts';
import type { Config, GlobalConfig } from './config/config.ts';
import type { ConfigStore } from './config/config-store.ts';
import { ConnectionHooks } from './hooks/connection-hooks.ts';
import { HookOutlets } from './hooks/hook-outlets.ts';
import { PathHooks } from './hooks/path-hooks.ts';
import { SegmentHooks } from './hooks/segment-hooks.ts';
import type { Route } from './http/route.ts';
import { EventLoopMonitor } from './metrics/event-loop-monitor.ts';
import { healthRoutes } from './metrics/health-routes.ts';
import { MetricsServer } from './metrics/metrics-server.ts';
import { processMetrics } from './metrics/process-metrics.ts';
import { Readiness, type ReloadState } from './metrics/readiness.ts';
import { pathMetrics } from './path/path-metrics.ts';
import type { PathManager } from './path/path-manager.ts';
import type { SessionRegistry } from './path/session-registry.ts';
import { SessionTotals } from './path/session-totals.ts';
import { rtspMetrics } from './rtsp/rtsp-metrics.ts';
import type { RtspConnectionInfo, RtspServer } from './rtsp/rtsp-server.ts';
import { webRtcMetrics } from './webrtc/webrtc-metrics.ts';

/** What is watched. */
export interface ServerObserversComponents {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly authorizer: Authorizer;
  readonly pathManager: PathManager;
  readonly sessions: SessionRegistry;
  readonly config: () => Config;
  /** Undefined while RTSP is off. */
  readonly rtsp: () => Pick<RtspServer, 'connections' | 'listenAddresses'> | undefined;
  /** Where the configuration changes; without it, it never did. */
  readonly configStore?: Pick<ConfigStore, 'status'> | undefined;
}

/** Facts that don't change. */
export interface ServerObserversOptions {
  readonly version: string;
  /** Date ms. */
  readonly startedAt: number;
  /** Of outer layers. */
  readonly metricGroups: readonly MetricGroup[];
  /** Environment of the process, for commands of hooks. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Bounds of the time to the first picture, in seconds. */
const FIRST_PICTURE_BOUNDS = [0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10, 30];
/** Configuration and its secrets; commands get what belongs to their event instead. */
const OWN_VARIABLES = /^(?:MTX|RTSP)_/u;

/** Owns hooks and the metrics listener. */
export class ServerObservers implements AsyncDisposable {
  readonly readiness = new Readiness();
  readonly segments: SegmentHooks;
  readonly #components: ServerObserversComponents;
  readonly #options: ServerObserversOptions;
  readonly #lifetime = new Lifetime();
  readonly #hooks: HookOutlets;
  readonly #paths: PathHooks;
  readonly #connections: ConnectionHooks;
  readonly #totals: SessionTotals;
  readonly #eventLoop: EventLoopMonitor;
  readonly #firstPicture = new Histogram({
    name: 'webrtc_first_picture_seconds',
    help: 'Time from the request of a viewer to the first picture that was sent.',
    bounds: FIRST_PICTURE_BOUNDS,
  });
  #metrics: MetricsServer | undefined;

  constructor(components: ServerObserversComponents, options: ServerObserversOptions) {
    this.#components = components;
    this.#options = options;
    const { clock, pathManager, sessions, config } = components;
    const logger = components.logger.scope('hooks');
    const environment = ownEnvironment(options.env);
    const webhooks = (): GlobalConfig['webhooks'] => config().global.webhooks;
    this.#hooks = new HookOutlets({ clock, logger, environment, webhooks });
    const launcher = this.#hooks;
    const rtspPort = (): string => this.#rtspPort();
    const queryOf = (id: string): string => sessions.get(id)?.query ?? '';
    this.#paths = new PathHooks({ clock, launcher, pathManager, queryOf, rtspPort });
    this.#connections = new ConnectionHooks({ launcher, rtspPort, config: () => config().global });
    this.segments = new SegmentHooks({
      ...{ launcher, rtspPort, configOf: (name) => pathManager.get(name)?.config },
      groupsOf: (name) => pathManager.groupsOf(name),
    });
    this.#totals = new SessionTotals(() => sessions.list());
    this.#eventLoop = new EventLoopMonitor(clock);
  }

  /** Where metrics are; undefined while they are off. */
  get metricsAddress(): ListenAddress | undefined {
    return this.#metrics?.address;
  }

  /** `/health` and `/ready`, for other listeners too. */
  get healthRoutes(): readonly Route[] {
    return healthRoutes({ readiness: this.readiness, reload: () => this.#reload() });
  }

  /** Before the first path opens. @throws MediaError when the metrics listener can't be opened. */
  async start(): Promise<void> {
    const { pathManager, sessions } = this.#components;
    this.#lifetime.own(this.#hooks);
    this.#lifetime.defer(pathManager.observe(this.#paths));
    this.#lifetime.defer(sessions.observe(this.#connections));
    this.#lifetime.defer(sessions.observe(this.#totals));
    await this.#startMetrics();
  }

  /** Commands that tell of the end of paths and clients run a moment longer. Idempotent. */
  close(): Promise<void> {
    return this.#lifetime.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  readonly onRtspConnection = (
    { id, isEncrypted }: RtspConnectionInfo,
    change: 'opened' | 'closed',
  ): void => {
    if (change === 'closed') this.#connections.disconnected(id);
    else this.#connections.connected(isEncrypted ? 'rtspsConn' : 'rtspConn', id);
  };

  readonly onFirstPicture = (elapsedMs: number): void => {
    this.#firstPicture.observe(elapsedMs / 1000);
  };

  async #startMetrics(): Promise<void> {
    const { clock, logger, authorizer, config } = this.#components;
    const { global } = config();
    if (!global.metrics) return;
    const groups = this.#groups();
    const metrics = new MetricsServer(
      {
        ...{ clock, logger: logger.scope('metrics'), routes: this.healthRoutes },
        access: httpAccess(authorizer, 'http'),
        groups: () => groups,
      },
      global,
    );
    this.#lifetime.own(metrics);
    await metrics.start();
    this.#metrics = metrics;
    this.#eventLoop.start();
    this.#lifetime.defer(() => this.#eventLoop.close());
  }

  #groups(): readonly MetricGroup[] {
    const { pathManager, sessions, rtsp } = this.#components;
    const { version, startedAt, metricGroups } = this.#options;
    return [
      pathMetrics({ paths: () => pathManager.list(), sessions: () => sessions.list() }),
      ...rtspMetrics({
        sessions: (type) => sessions.list(type),
        connections: () => rtsp()?.connections ?? [],
      }),
      webRtcMetrics(() => sessions.list('webRTCSession')),
      { type: 'first_picture', collect: () => [this.#firstPicture.family] },
      this.#totals.group(() => this.#hooks.drops),
      ...processMetrics({
        ...{ version, startedAt, reload: () => this.#reload() },
        eventLoop: () => this.#eventLoop.family,
      }),
      ...metricGroups,
    ];
  }

  #reload(): ReloadState {
    const status = this.#components.configStore?.status;
    return {
      isCurrent: status?.isStale !== true,
      lastSuccessAt: status?.lastReloadAt ?? this.#options.startedAt,
      successes: status?.reloads ?? 0,
      failures: status?.failures ?? 0,
    };
  }

  #rtspPort(): string {
    const { config, rtsp } = this.#components;
    const open = rtsp()?.listenAddresses.find(({ scheme }) => scheme === 'rtsp');
    const { rtspAddress } = config().global;
    return String(open?.address.port ?? rtspAddress?.port ?? '');
  }
}

function ownEnvironment(env: ServerObserversOptions['env']): Record<string, string> {
  const kept = Object.entries(env).flatMap(([name, value]) =>
    value === undefined || OWN_VARIABLES.test(name) ? [] : [[name, value]],
  );
  return Object.fromEntries<string>(kept.map(([name = '', value = '']) => [name, value]));
}
