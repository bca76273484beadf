// The playback listener (`playbackAddress`): recordings of a path as a list, and any span as one file.
import type { Authorizer } from '../auth/access-request.ts';
import { httpAccess } from '../auth/http-access.ts';
import type { Clock } from '../base/clock.ts';
import { Lifetime } from '../base/lifetime.ts';
import type { ListenAddress } from '../base/listen-address.ts';
import type { Logger } from '../base/logger.ts';
import { MediaError } from '../base/media-error.ts';
import type { GlobalConfig } from '../config/config.ts';
import { HttpListener } from '../http/http-listener.ts';
import { Router } from '../http/router.ts';
import { playbackRoutes } from './playback-routes.ts';
import { RecordedSpans } from './recorded-spans.ts';
import type { PlaybackLibrary } from './recording-source.ts';

/** What the server works with. */
export interface PlaybackServerComponents {
  readonly authorizer: Authorizer;
  readonly library: PlaybackLibrary;
  /** Whether an entry of `paths` covers a name. */
  readonly isConfigured: (pathName: string) => boolean;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Serves `/list` and `/get`. */
export class PlaybackServer implements AsyncDisposable {
  readonly #listener: HttpListener;
  readonly #lifetime = new Lifetime();

  /** @throws MediaError `invalid-argument` without an address. */
  constructor(components: PlaybackServerComponents, config: GlobalConfig) {
    const { authorizer, clock, isConfigured, library, logger } = components;
    const { playbackAddress: address } = config;
    if (!address) {
      throw new MediaError('invalid-argument', 'no-playback-address', "'playbackAddress' is empty");
    }
    const spans = new RecordedSpans(library);
    const router = new Router(playbackRoutes({ library, spans, isConfigured }), []);
    this.#listener = new HttpListener(
      { router, clock, logger, access: httpAccess(authorizer, 'http') },
      {
        ...{ address, addressKey: 'playbackAddress' },
        cors: {
          allowOrigins: config.playbackAllowOrigins,
          allowHeaders: 'Authorization, Range, If-Range',
        },
        trustedProxies: config.playbackTrustedProxies,
        ...(config.playbackEncryption ? { tls: tlsOf(config) } : {}),
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

function tlsOf({ playbackServerKey, playbackServerCert }: GlobalConfig): {
  readonly key: { readonly path: string; readonly configKey: string };
  readonly cert: { readonly path: string; readonly configKey: string };
} {
  return {
    key: { path: playbackServerKey, configKey: 'playbackServerKey' },
    cert: { path: playbackServerCert, configKey: 'playbackServerCert' },
  };
}
