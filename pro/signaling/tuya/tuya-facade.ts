// The Tuya façade put together: an open API for viewers, and devices on a broker that show our paths.
import type { Clock } from '../../../core/base/clock.ts';
import type { ListenAddress } from '../../../core/base/listen-address.ts';
import { Lifetime } from '../../../core/base/lifetime.ts';
import type { Logger } from '../../../core/base/logger.ts';
import { toMediaError } from '../../../core/base/media-error.ts';
import { HttpListener } from '../../../core/http/http-listener.ts';
import { Router } from '../../../core/http/router.ts';
import type { PathManager } from '../../../core/path/path-manager.ts';
import type { IceServerProvider } from '../../../core/webrtc/ice-server-provider.ts';
import type { LocalSessionManager } from '../session/local-session.ts';
import { FacadeAgent } from './facade-agent.ts';
import { FacadeAnswers } from './facade-answers.ts';
import { FacadeGate } from './facade-gate.ts';
import { FacadeIdentity } from './facade-identity.ts';
import type { TuyaFacadeOptions } from './facade-options.ts';
import { FacadePeers } from './facade-peers.ts';
import { facadeEnvelope, facadeRoutes } from './facade-routes.ts';
import { FacadeTokens } from './facade-tokens.ts';
import type { OpenMqttLink } from './mqtt-link.ts';

/** What the façade works with. */
export interface TuyaFacadeComponents {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly paths: Pick<PathManager, 'get' | 'grant'>;
  /** Absent when WebRTC is switched off. */
  readonly manager?: LocalSessionManager | undefined;
  /** Told to viewers. */
  readonly ice: IceServerProvider;
  /** URL of a path for a client that calls us `host`; undefined while RTSP is off. */
  readonly rtspUrl: (pathName: string, host: string) => string | undefined;
  /** A test brings a double. */
  readonly openLink?: OpenMqttLink;
}

/** Numbers of the façade. */
export interface TuyaFacadeStats {
  readonly isBrokerConnected: boolean;
  readonly sessions: number;
  readonly malformedMessages: number;
  readonly ignoredMessages: number;
  readonly unsentMessages: number;
}

/** Starts and stops as one. */
export class TuyaFacade implements AsyncDisposable {
  readonly #listener: HttpListener;
  readonly #agent: FacadeAgent;
  readonly #peers: FacadePeers;
  readonly #lifetime = new Lifetime();
  readonly #facts: Pick<TuyaFacadeComponents, 'paths' | 'logger'> &
    Pick<TuyaFacadeOptions, 'devices' | 'clientId'>;

  constructor(components: TuyaFacadeComponents, options: TuyaFacadeOptions) {
    const { clock, paths, ice, rtspUrl, openLink } = components;
    const logger = components.logger.scope('tuya');
    const { devices, clientId } = options;
    this.#facts = { paths, logger, devices, clientId };
    const identity = new FacadeIdentity(options);
    this.#agent = new FacadeAgent(
      {
        ...{ clock, logger, ...(openLink ? { openLink } : {}) },
        onMessage: (deviceId, message) => this.#peers.take(deviceId, message),
      },
      options,
    );
    this.#peers = new FacadePeers(
      {
        ...{ clock, logger, identity, paths },
        // A reload may put another in its place.
        get manager() {
          return components.manager;
        },
        send: (message) => this.#agent.send(message),
      },
      options,
    );
    const routes = facadeRoutes(
      {
        ...{ clock, logger, gate: new FacadeGate(clock, options) },
        tokens: new FacadeTokens(clock, options),
        answers: new FacadeAnswers({ clock, identity, paths, ice, rtspUrl }, options),
      },
      options,
    );
    const { address, tls } = options;
    this.#listener = new HttpListener(
      {
        ...{ clock, logger, router: new Router(routes) },
        access: () => Promise.resolve({ user: '' }),
      },
      {
        ...{ address, addressKey: 'tuya.facade.address', tls },
        cors: { allowOrigins: [], allowMethods: '', allowHeaders: '' },
        errorEnvelope: facadeEnvelope(clock),
      },
    );
  }

  /** Where the open API listens; the port is the real one after start(). */
  get address(): ListenAddress {
    return this.#listener.address;
  }

  get stats(): TuyaFacadeStats {
    const { malformed, unsent } = this.#agent.stats;
    return {
      isBrokerConnected: this.#agent.isConnected,
      sessions: this.#peers.count,
      malformedMessages: malformed,
      ignoredMessages: this.#peers.ignoredCount,
      unsentMessages: unsent,
    };
  }

  /**
   * Opens the listener; the broker is connected to in the background, for it may come later.
   * @throws MediaError as HttpListener.start().
   */
  async start(): Promise<void> {
    this.#lifetime.own(this.#agent);
    // Before the agent, which carries their farewell.
    this.#lifetime.defer(() => this.#peers.close());
    this.#lifetime.own(this.#listener);
    await this.#listener.start();
    this.#warnAboutPaths();
    this.#peers.start();
    this.#agent.start();
  }

  /** Ends sessions, devices and listener. Idempotent. */
  close(): Promise<void> {
    return this.#lifetime.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Paths may come later by the API, so this is no reason not to start. */
  #warnAboutPaths(): void {
    const { paths, logger, devices, clientId: user } = this.#facts;
    for (const [deviceId, { path, subPath }] of devices) {
      for (const [key, name] of Object.entries({ path, subPath })) {
        if (name === '') continue;
        try {
          paths.grant(name, { user });
        } catch (thrown) {
          const place = `tuya.facade.devices.${deviceId}.${key}`;
          logger.warn(`${place}: ${toMediaError(thrown).message}`);
        }
      }
    }
  }
}
