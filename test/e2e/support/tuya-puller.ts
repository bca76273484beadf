// A second media server that pulls the devices of a Tuya façade with our own tuya:// source.
import { systemClock } from '../../../core/base/clock.ts';
import { Lifetime } from '../../../core/base/lifetime.ts';
import { ConfigRegistry } from '../../../core/config/config-registry.ts';
import { loadConfig } from '../../../core/config/load-config.ts';
import { MediaServer } from '../../../core/server.ts';
import { addProUrlSchemes } from '../../../pro/config/pro-url-schemes.ts';
import { TuyaAccount, type TuyaAccountOptions } from '../../../pro/signaling/tuya/tuya-account.ts';
import { TuyaSourceFactory } from '../../../pro/signaling/tuya/tuya-source.ts';
import { RecordingLogger } from '../../support/recording-logger.ts';
import { findFreePorts } from './free-ports.ts';
import { FACADE_DEVICE, FACADE_LOGIN, type TuyaFacadeSite } from './tuya-facade-site.ts';

/** A running server. Whoever starts it closes it, best with `await using`. */
export class TuyaPuller implements AsyncDisposable {
  /** The path `pulled` by RTSP. */
  readonly url: string;
  readonly logger: RecordingLogger;
  readonly #lifetime: Lifetime;

  private constructor(url: string, logger: RecordingLogger, lifetime: Lifetime) {
    this.url = url;
    this.logger = logger;
    this.#lifetime = lifetime;
  }

  /** Its path `pulled` is the stream of the façade's device. */
  static async start(
    site: TuyaFacadeSite,
    how: Pick<TuyaAccountOptions, 'signMethod' | 'mqttConfigApi'> & {
      readonly stream: 'main' | 'sub';
    },
  ): Promise<TuyaPuller> {
    const lifetime = new Lifetime();
    const logger = new RecordingLogger();
    const { stream, ...dialect } = how;
    const account = new TuyaAccount(
      { clock: systemClock, logger },
      {
        ...{ ...FACADE_LOGIN, ...dialect, name: 'main', endpoint: site.origin },
        ...{ authMode: 'easy', code: '', mqttFingerprint: '', localKeys: new Map() },
        mqttCertificateAuthority: site.broker.ca,
      },
    );
    lifetime.own(account);
    const registry = new ConfigRegistry();
    addProUrlSchemes(registry);
    const clients = (): MediaServer['peers']['webrtc'] => server.peers.webrtc;
    const sources = new TuyaSourceFactory({ clients, accounts: new Map([['main', account]]) });
    const text = configText(
      await findFreePorts(6),
      `tuya://main/${FACADE_DEVICE}?stream=${stream}`,
    );
    const server: MediaServer = new MediaServer(
      { logger, sourceFactories: [sources] },
      { config: loadConfig({ text, env: {}, registry }), searchPath: '/usr/bin' },
    );
    await server.start();
    lifetime.own(server);
    return new TuyaPuller(server.rtspUrl('pulled') ?? '', logger, lifetime);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#lifetime.close();
  }
}

function configText(firstPort: number, source: string): string {
  const at = (offset: number): string => `127.0.0.1:${firstPort + offset}`;
  return JSON.stringify({
    ...{ rtpAddress: at(0), rtcpAddress: at(1), rtspAddress: at(2), webrtcAddress: at(3) },
    ...{ webrtcLocalUDPAddress: at(4), webrtcLocalTCPAddress: at(4) },
    ...{ rtmp: false, hls: false, srt: false },
    ...{ webrtcIPsFromInterfaces: false, webrtcAdditionalHosts: ['127.0.0.1'] },
    paths: { pulled: { source } },
  });
}
