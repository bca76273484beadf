// What every source of TURN servers gives, and the two that need nobody else: fixed and shared-secret.
import { createHmac, randomBytes } from 'node:crypto';
import type { Clock } from '../../core/base/clock.ts';
import type { IceServer } from '../../core/webrtc/ice-server-provider.ts';

/** Servers with the credentials of one client. */
export interface IssuedServers {
  readonly servers: readonly IceServer[];
  /** How long the credentials still work, in seconds. */
  readonly ttlSeconds: number;
  /** Whether the list is whole, STUN servers included, and stands alone. */
  readonly isComplete: boolean;
}

/** One source of TURN servers. */
export interface TurnProvider {
  /** @throws MediaError when the servers can't be had now. */
  issue(signal?: AbortSignal): Promise<IssuedServers>;
}

/** Servers whose user name and password never change. */
export class FixedTurnProvider implements TurnProvider {
  readonly #issued: IssuedServers;

  constructor(options: {
    readonly urls: readonly string[];
    readonly username: string;
    readonly credential: string;
    readonly ttlSeconds: number;
  }) {
    const { urls, username, credential, ttlSeconds } = options;
    const servers = urls.map((url) => ({ url, username, credential }));
    this.#issued = { servers, ttlSeconds, isComplete: false };
  }

  issue(): Promise<IssuedServers> {
    return Promise.resolve(this.#issued);
  }
}

/**
 * Makes credentials that coturn accepts without having heard of them (`use-auth-secret`,
 * draft-uberti-behave-turn-rest-00 section 2.2): the user name begins with the second of expiry.
 */
export class SharedSecretTurnProvider implements TurnProvider {
  readonly #clock: Clock;
  readonly #options: {
    readonly urls: readonly string[];
    readonly secret: string;
    readonly ttlSeconds: number;
  };

  constructor(
    clock: Clock,
    options: {
      readonly urls: readonly string[];
      readonly secret: string;
      readonly ttlSeconds: number;
    },
  ) {
    this.#clock = clock;
    this.#options = options;
  }

  issue(): Promise<IssuedServers> {
    const { urls, secret, ttlSeconds } = this.#options;
    const expiresAtS = Math.floor(this.#clock.nowMs() / 1000) + ttlSeconds;
    const user = randomBytes(8).toString('hex');
    const { username, credential } = turnCredentials(secret, { expiresAtS, user });
    const servers = urls.map((url) => ({ url, username, credential }));
    return Promise.resolve({ servers, ttlSeconds, isComplete: false });
  }
}

/** Credentials for `user` until a second since 1970: `<expiry>:<user>` and base64 of its HMAC-SHA1. */
export function turnCredentials(
  secret: string,
  { expiresAtS, user }: { readonly expiresAtS: number; readonly user: string },
): { readonly username: string; readonly credential: string } {
  const username = `${expiresAtS}:${user}`;
  return { username, credential: createHmac('sha1', secret).update(username).digest('base64') };
}

/** Whether a server relays, by its URL. */
export function isTurnUrl(url: string): boolean {
  return /^turns?:/iu.test(url);
}
