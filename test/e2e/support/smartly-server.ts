// The media server with the Smartly endpoints and the ICE service beside it, in the process of the tests.
import { systemClock } from '../../../core/base/clock.ts';
import { Lifetime } from '../../../core/base/lifetime.ts';
import { loadConfig } from '../../../core/config/load-config.ts';
import { HttpListener } from '../../../core/http/http-listener.ts';
import { Router } from '../../../core/http/router.ts';
import { MediaServer } from '../../../core/server.ts';
import { iceConfigRoutes } from '../../../pro/ice/ice-config-routes.ts';
import { defaultIceOptions, type IceOptions } from '../../../pro/ice/ice-options.ts';
import { IceService } from '../../../pro/ice/ice-service.ts';
import { SmartlyBridge } from '../../../pro/signaling/smartly/smartly-bridge.ts';
import {
  defaultSmartlyOptions,
  type SmartlyOptions,
} from '../../../pro/signaling/smartly/smartly-options.ts';
import { smartlyRoutes } from '../../../pro/signaling/smartly/smartly-routes.ts';
import { tryPageRoutes } from '../../../pro/signaling/smartly/try-page-routes.ts';
import { RecordingLogger } from '../../support/recording-logger.ts';
import { findFreePorts } from './free-ports.ts';

/** What a test asks of the server. */
export interface SmartlyServerOptions {
  readonly smartly?: Partial<SmartlyOptions>;
  readonly ice?: Partial<IceOptions>;
}

/** The client that the server knows. */
export const SMARTLY_CLIENT = {
  id: 'ha_e2e',
  secret: 'secret-of-the-end-to-end-tests-32',
  allowedCidrs: [],
  entities: ['*'],
} as const;

/** A running server. Whoever starts it closes it, best with `await using`. */
export class SmartlyServer implements AsyncDisposable {
  /** Of the listener with the endpoints, e.g. `http://127.0.0.1:20001`. */
  readonly origin: string;
  readonly core: MediaServer;
  readonly bridge: SmartlyBridge;
  readonly #lifetime: Lifetime;
  readonly #firstPort: number;

  private constructor(parts: {
    readonly firstPort: number;
    readonly origin: string;
    readonly core: MediaServer;
    readonly bridge: SmartlyBridge;
    readonly lifetime: Lifetime;
  }) {
    this.#firstPort = parts.firstPort;
    this.origin = parts.origin;
    this.core = parts.core;
    this.bridge = parts.bridge;
    this.#lifetime = parts.lifetime;
  }

  /** Starts the server; its streams are published by RTSP, its path `cam` is there from the start. */
  static async start(options: SmartlyServerOptions = {}): Promise<SmartlyServer> {
    const firstPort = await findFreePorts(6);
    const logger = new RecordingLogger();
    const lifetime = new Lifetime();
    const ice = new IceService(
      { clock: systemClock, logger },
      { ...defaultIceOptions, ...options.ice },
    );
    const core = new MediaServer(
      { logger, iceServers: ice },
      { config: loadConfig({ text: configText(firstPort), env: {} }), searchPath: '/usr/bin' },
    );
    await core.start();
    lifetime.own(core);
    const bridge = new SmartlyBridge(
      {
        ...{ clock: systemClock, logger, paths: core.pathManager },
        manager: core.webRtcSessions,
        turnServers: (signal) => ice.turnServers(signal),
      },
      { ...defaultSmartlyOptions, clients: [SMARTLY_CLIENT], stunUrls: [], ...options.smartly },
    );
    bridge.start();
    lifetime.own(bridge);
    const routes = [
      ...smartlyRoutes(bridge),
      ...tryPageRoutes(),
      ...iceConfigRoutes({ service: ice }),
    ];
    const listener = new HttpListener(
      {
        ...{ router: new Router(routes), clock: systemClock, logger },
        access: () => Promise.resolve({ user: '' }),
      },
      {
        address: { host: '127.0.0.1', port: 0 },
        addressKey: 'apiAddress',
        cors: { allowOrigins: ['*'] },
      },
    );
    await listener.start();
    lifetime.own(listener);
    const origin = `http://127.0.0.1:${listener.address.port}`;
    return new SmartlyServer({ firstPort, origin, core, bridge, lifetime });
  }

  rtspUrl(path: string): string {
    return `rtsp://127.0.0.1:${this.#firstPort + 2}/${path}`;
  }

  whepUrl(path: string): string {
    return `http://127.0.0.1:${this.#firstPort + 3}/${path}/whep`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#lifetime.close();
  }
}

function configText(firstPort: number): string {
  const at = (offset: number): string => `127.0.0.1:${firstPort + offset}`;
  return JSON.stringify({
    rtpAddress: at(0),
    rtcpAddress: at(1),
    rtspAddress: at(2),
    rtmp: false,
    hls: false,
    srt: false,
    webrtcAddress: at(3),
    webrtcLocalUDPAddress: at(4),
    webrtcLocalTCPAddress: at(4),
    webrtcIPsFromInterfaces: false,
    webrtcAdditionalHosts: ['127.0.0.1'],
    paths: { cam: {} },
  });
}
