// The listener of the management API (`apiAddress`): one port for the routes of every layer.
import type { Clock } from '../base/clock.ts';
import { Lifetime } from '../base/lifetime.ts';
import type { ListenAddress } from '../base/listen-address.ts';
import type { Logger } from '../base/logger.ts';
import { MediaError } from '../base/media-error.ts';
import type { GlobalConfig } from '../config/config.ts';
import { HttpListener } from '../http/http-listener.ts';
import { defaultErrorEnvelope, type ErrorEnvelope } from '../http/error-reply.ts';
import type { AccessGate, Route, UpgradeRoute } from '../http/route.ts';
import { Router } from '../http/router.ts';

/** What one layer serves on the API's port. */
export interface ApiParts {
  readonly routes: readonly Route[];
  readonly upgrades?: readonly UpgradeRoute[];
  /** Request headers that scripts of other origins may send, beside the usual ones. */
  readonly allowHeaders?: readonly string[];
  /** How failures look below a path where there is no route, e.g. `/api/v2/`. */
  readonly errors?: { readonly below: string; readonly envelope: ErrorEnvelope };
}

/** What the API listener works with. */
export interface ApiServerComponents {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly access: AccessGate;
  readonly parts: readonly ApiParts[];
}

/** Request headers of every part. */
const ALLOWED_HEADERS = ['Authorization', 'Content-Type', 'If-Match'];
/** Response headers that browsers' scripts may read, as the documented API exposes them. */
const EXPOSED_HEADERS = [
  'Content-Type',
  'Content-Length',
  'ETag',
  'ID',
  'Accept-Patch',
  'Link',
  'Location',
];

/** Serves all parts on `apiAddress`. */
export class ApiServer implements AsyncDisposable {
  readonly #listener: HttpListener;
  readonly #lifetime = new Lifetime();

  /** @throws MediaError `internal` for routes that clash, `invalid-argument` without an address. */
  constructor(components: ApiServerComponents, config: GlobalConfig) {
    const { access, clock, logger, parts } = components;
    const address = config.apiAddress;
    if (!address) {
      throw new MediaError('invalid-argument', 'no-api-address', "'apiAddress' is empty");
    }
    const router = new Router(
      parts.flatMap(({ routes }) => routes.map(withExposedHeaders)),
      parts.flatMap(({ upgrades }) => upgrades ?? []),
    );
    this.#listener = new HttpListener(
      { router, access, clock, logger },
      {
        address,
        addressKey: 'apiAddress',
        errorEnvelope: (facts) => envelopeOf(parts, facts.path)(facts),
        cors: {
          allowOrigins: config.apiAllowOrigins,
          allowHeaders: [
            ...ALLOWED_HEADERS,
            ...parts.flatMap(({ allowHeaders }) => allowHeaders ?? []),
          ].join(', '),
        },
        trustedProxies: config.apiTrustedProxies,
        ...(config.apiEncryption
          ? {
              tls: {
                key: { path: config.apiServerKey, configKey: 'apiServerKey' },
                cert: { path: config.apiServerCert, configKey: 'apiServerCert' },
              },
            }
          : {}),
      },
    );
  }

  /** Where it listens; the port is the real one after start(). */
  get address(): ListenAddress {
    return this.#listener.address;
  }

  /** @throws MediaError as HttpListener.start(). */
  async start(): Promise<void> {
    await this.#listener.start();
    this.#lifetime.own(this.#listener);
  }

  /** Idempotent. */
  close(): Promise<void> {
    return this.#lifetime.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

function envelopeOf(parts: readonly ApiParts[], path: string): ErrorEnvelope {
  const found = parts.find(({ errors }) => errors && path.startsWith(errors.below));
  return found?.errors?.envelope ?? defaultErrorEnvelope;
}

function withExposedHeaders(route: Route): Route {
  const exposeHeaders = [...EXPOSED_HEADERS, ...(route.exposeHeaders ?? [])];
  return { ...route, exposeHeaders };
}
