// ICE servers from `webrtcICEServers2`, with time-limited TURN credentials where a shared secret is given.
import { createHmac, randomBytes } from 'node:crypto';
import type { Clock } from '../base/clock.ts';
import type { IceServerConfig } from '../config/config.ts';
import type { IceServer, IceServerProvider } from './ice-server-provider.ts';

/** User name that marks `password` as a shared secret instead of a password. */
const SHARED_SECRET = 'AUTH_SECRET';
const LIFETIME_S = 24 * 60 * 60;

/** Serves the configured list. */
export class ConfiguredIceServers implements IceServerProvider {
  readonly #clock: Clock;
  #servers: readonly IceServerConfig[];

  constructor(clock: Clock, servers: readonly IceServerConfig[]) {
    this.#clock = clock;
    this.#servers = servers;
  }

  /** Puts another list in place, for sessions from now on. */
  replace(servers: readonly IceServerConfig[]): void {
    this.#servers = servers;
  }

  iceServers(): Promise<readonly IceServer[]> {
    return Promise.resolve(this.#servers.map((server) => this.#resolve(server)));
  }

  /** Credentials by draft-uberti-behave-turn-rest-00 section 2.2: user is expiry and a random name. */
  #resolve({ url, username, password }: IceServerConfig): IceServer {
    if (username !== SHARED_SECRET) return { url, username, credential: password };
    const expiresAtS = Math.floor(this.#clock.nowMs() / 1000) + LIFETIME_S;
    const user = `${expiresAtS}:${randomBytes(8).toString('hex')}`;
    const credential = createHmac('sha1', password).update(user).digest('base64');
    return { url, username: user, credential };
  }
}
