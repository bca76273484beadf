// The listener of `metricsAddress`: /metrics, /health and /ready.
import type { Clock } from '../base/clock.ts';
import type { ListenAddress } from '../base/listen-address.ts';
import type { Logger } from '../base/logger.ts';
import { MediaError } from '../base/media-error.ts';
import type { MetricGroup } from '../base/metric-family.ts';
import type { GlobalConfig } from '../config/config.ts';
import { HttpListener } from '../http/http-listener.ts';
import type { AccessGate, Route } from '../http/route.ts';
import { Router } from '../http/router.ts';
import { METRICS_TYPE, metricsText } from './metrics-text.ts';
import { selectFamilies } from './select-families.ts';

/** What the listener works with. */
export interface MetricsServerComponents {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly access: AccessGate;
  readonly groups: () => readonly MetricGroup[];
  /** Served beside the metrics. */
  readonly routes: readonly Route[];
}

/** The keys of mediamtx.yml that the listener reads. */
export type MetricsServerOptions = Pick<
  GlobalConfig,
  | 'metricsAddress'
  | 'metricsEncryption'
  | 'metricsServerKey'
  | 'metricsServerCert'
  | 'metricsAllowOrigins'
  | 'metricsTrustedProxies'
>;

/** Serves what the groups tell at the moment of asking. */
export class MetricsServer implements AsyncDisposable {
  readonly #listener: HttpListener;

  /** @throws MediaError `invalid-argument` without an address. */
  constructor(components: MetricsServerComponents, options: MetricsServerOptions) {
    const { access, clock, logger, groups, routes } = components;
    const address = options.metricsAddress;
    if (!address) {
      throw new MediaError('invalid-argument', 'no-metrics-address', "'metricsAddress' is empty");
    }
    const router = new Router([metricsRoute(groups), ...routes]);
    const key = { path: options.metricsServerKey, configKey: 'metricsServerKey' };
    const cert = { path: options.metricsServerCert, configKey: 'metricsServerCert' };
    this.#listener = new HttpListener(
      { router, access, clock, logger },
      {
        ...{ address, addressKey: 'metricsAddress' },
        cors: { allowOrigins: options.metricsAllowOrigins },
        trustedProxies: options.metricsTrustedProxies,
        ...(options.metricsEncryption ? { tls: { key, cert } } : {}),
      },
    );
  }

  /** Where it listens; the port is the real one after start(). */
  get address(): ListenAddress {
    return this.#listener.address;
  }

  /** @throws MediaError as HttpListener.start(). */
  start(): Promise<void> {
    return this.#listener.start();
  }

  /** Idempotent. */
  close(): Promise<void> {
    return this.#listener.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

function metricsRoute(groups: () => readonly MetricGroup[]): Route {
  return {
    methods: ['GET'],
    pattern: '/metrics',
    access: { type: 'action', action: 'metrics' },
    action: ({ query }) => ({
      status: 200,
      headers: { 'Content-Type': METRICS_TYPE, 'Cache-Control': 'no-store' },
      body: metricsText(selectFamilies(groups(), query)),
    }),
  };
}
