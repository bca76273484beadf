// The go2rtc façade put together: one listener on which clients of go2rtc find what they know.
import type { Clock } from '../../../core/base/clock.ts';
import type { ListenAddress } from '../../../core/base/listen-address.ts';
import { Lifetime } from '../../../core/base/lifetime.ts';
import type { Logger } from '../../../core/base/logger.ts';
import { HttpListener } from '../../../core/http/http-listener.ts';
import { Router } from '../../../core/http/router.ts';
import type { PathManager } from '../../../core/path/path-manager.ts';
import type { SessionRegistry } from '../../../core/path/session-registry.ts';
import type { LocalSessionManager } from '../session/local-session.ts';
import { go2rtcAccess } from './access-gate.ts';
import { Go2rtcPeers } from './go2rtc-peers.ts';
import { defaultGo2rtcOptions, type Go2rtcOptions } from './go2rtc-options.ts';
import { mediaRoutes, type FrameCamera } from './media-routes.ts';
import { Preloads } from './preloads.ts';
import { Publications, type StreamForwards } from './publications.ts';
import { SocketRoute } from './socket-route.ts';
import { StreamDirectory, type PathRegistrar } from './stream-directory.ts';
import { streamRoutes } from './stream-routes.ts';
import { webRtcRoutes } from './webrtc-routes.ts';

/** What the façade works with. */
export interface Go2rtcServerComponents {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly paths: Pick<PathManager, 'get' | 'list' | 'grant' | 'waitForStream' | 'read'>;
  readonly sessions: Pick<SessionRegistry, 'get'>;
  /** Absent when WebRTC is switched off. */
  readonly manager?: LocalSessionManager | undefined;
  /** Absent where clients can't add streams. */
  readonly registrar?: PathRegistrar | undefined;
  /** Absent where nothing can be sent to other servers. */
  readonly forwards?: StreamForwards | undefined;
  /** Refuses requests while a licence is missing; `host` is the Host header. Absent where none is needed. */
  readonly requireLicence?: (host: string | undefined) => void;
  /** Absent where nothing can decode pictures. */
  readonly camera?: FrameCamera | undefined;
}

/** Starts and stops as one. */
export class Go2rtcServer implements AsyncDisposable {
  readonly #listener: HttpListener;
  readonly #peers: Go2rtcPeers;
  readonly #sockets: SocketRoute;
  readonly #preloads: Preloads;
  readonly #publications: Publications;
  readonly #lifetime = new Lifetime();

  constructor(components: Go2rtcServerComponents, options: Partial<Go2rtcOptions> = {}) {
    const settings = { ...defaultGo2rtcOptions, ...options };
    const logger = components.logger.scope('go2rtc');
    const parts = {
      ...components,
      logger,
      // A reload may put another in its place.
      get manager() {
        return components.manager;
      },
    };
    const { clock, paths, sessions } = components;
    const directory = new StreamDirectory(parts, settings);
    const peers = new Go2rtcPeers(parts, settings);
    const preloads = new Preloads(parts);
    const publications = new Publications(parts);
    this.#publications = publications;
    this.#peers = peers;
    this.#preloads = preloads;
    this.#sockets = new SocketRoute({ clock, logger, peers, directory }, settings);
    const formatOf = (id: string): string | undefined => peers.formatOf(id);
    const held = { directory, preloads, publications };
    const routes = [
      ...streamRoutes({ ...held, paths, sessions, formatOf }, settings),
      ...webRtcRoutes({ peers, directory }),
      ...mediaRoutes({ clock, directory, paths, camera: components.camera }, settings),
    ];
    const { address, origin } = settings;
    const login = go2rtcAccess(clock, settings);
    this.#listener = new HttpListener(
      {
        ...{ clock, logger, router: new Router(routes, [this.#sockets.route]) },
        access: async (question) => {
          const user = await login(question);
          components.requireLicence?.(question.headers.host);
          return user;
        },
      },
      {
        ...{ address, addressKey: 'go2rtc.address' },
        cors: {
          allowOrigins: origin === '' ? [] : [origin],
          allowMethods: 'GET, POST, PUT, PATCH, DELETE, OPTIONS',
          allowHeaders: 'Authorization, Content-Type',
        },
      },
    );
  }

  /** Where it listens; the port is the real one after start(). */
  get address(): ListenAddress {
    return this.#listener.address;
  }

  /** Clients and sessions that exist now. */
  get stats(): { readonly sockets: number; readonly sessions: number } {
    return { sockets: this.#sockets.count, sessions: this.#peers.count };
  }

  /** @throws MediaError as HttpListener.start(). */
  async start(): Promise<void> {
    this.#lifetime.defer(() => this.#preloads.close());
    this.#lifetime.defer(() => this.#publications.close());
    this.#lifetime.defer(() => this.#peers.close());
    this.#peers.start();
    this.#lifetime.own(this.#listener);
    // Closed first: the listener waits for open connections.
    this.#lifetime.own(this.#sockets);
    this.#sockets.start();
    await this.#listener.start();
  }

  /** Ends connections and sessions; streams that clients added stay with their registrar. Idempotent. */
  close(): Promise<void> {
    return this.#lifetime.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
