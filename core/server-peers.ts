// Other servers that streams are pulled from or pushed to, over WebRTC and RTSP.
import type { Clock } from './base/clock.ts';
import { Lifetime } from './base/lifetime.ts';
import type { Logger } from './base/logger.ts';
import type { Config } from './config/config.ts';
import { ForwardManager } from './forward/forward-manager.ts';
import type { ForwardTargetFactory } from './path/forward-target.ts';
import type { PathManager } from './path/path-manager.ts';
import type { SourceFactory } from './path/source.ts';
import { RtspForwardFactory } from './rtsp/rtsp-forward.ts';
import type { AudioTranscoders } from './webrtc/audio-transcoders.ts';
import { WebRtcClients } from './webrtc/client/webrtc-clients.ts';
import { WhepSourceFactory } from './webrtc/client/whep-source.ts';
import { WhipForwardFactory } from './webrtc/client/whip-forward.ts';

/** What peers are made of. */
export interface ServerPeersComponents {
  readonly clock: Clock;
  readonly logger: Logger;
  /** The configuration in effect; asked for each connection. */
  readonly config: () => Config;
  readonly transcoders: AudioTranscoders;
  /** Targets that outer layers know. */
  readonly forwardFactories: readonly ForwardTargetFactory[];
}

/** Sources that ask for a stream, and forwards; both make connections of their own. */
export class ServerPeers implements AsyncDisposable {
  /** For PathManager. */
  readonly sourceFactories: readonly SourceFactory[];
  /** For other rooms that offer, such as signalling dialects. */
  readonly webrtc: WebRtcClients;
  readonly #components: ServerPeersComponents;
  readonly #lifetime = new Lifetime();
  #forwards: ForwardManager | undefined;

  constructor(components: ServerPeersComponents) {
    this.#components = components;
    const { clock, config } = components;
    const clients = new WebRtcClients(
      { clock },
      {
        addresses: () => {
          const { global } = config();
          return {
            ipsFromInterfaces: global.webrtcIPsFromInterfaces,
            interfacesList: global.webrtcIPsFromInterfacesList,
            additionalHosts: global.webrtcAdditionalHosts,
          };
        },
        requestTimeoutMs: () => config().global.readTimeout,
      },
    );
    this.webrtc = clients;
    this.#lifetime.own(clients);
    this.sourceFactories = [new WhepSourceFactory(clients)];
  }

  /** Targets of a path, for the API. */
  readonly forwards: ForwardManager['list'] = (pathName) => this.#forwards?.list(pathName) ?? [];

  /** Sends paths to other servers, beside what their configuration says; see ForwardManager. */
  readonly extraForwards: Pick<ForwardManager, 'add' | 'remove'> = {
    add: (pathName, dest) => this.#forwards?.add(pathName, dest),
    remove: (pathName, dest) => this.#forwards?.remove(pathName, dest),
  };

  /** Begins to forward; call it once, when the paths are open. */
  start(pathManager: PathManager): void {
    const { clock, logger, config, transcoders, forwardFactories } = this.#components;
    this.#forwards = this.#lifetime.own(
      new ForwardManager({
        ...{ clock, logger, pathManager, random: Math.random },
        factories: [
          new RtspForwardFactory(clock, {
            readTimeoutMs: () => config().global.readTimeout,
            writeTimeoutMs: () => config().global.writeTimeout,
          }),
          new WhipForwardFactory({ clients: this.webrtc, transcoders }),
          ...forwardFactories,
        ],
      }),
    );
    this.#forwards.start();
  }

  /** Ends every forward. Idempotent. */
  close(): Promise<void> {
    return this.#lifetime.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
