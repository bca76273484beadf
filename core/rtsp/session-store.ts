// The sessions of the RTSP server by the secret that their clients show.
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import { networkOf } from '../base/ip-address.ts';
import { MediaError } from '../base/media-error.ts';
import type { SessionRegistry } from '../path/session-registry.ts';
import { ServerSession, type ServerSessionOptions } from './server-session.ts';

/** What the store needs. */
export interface SessionStoreComponents {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly registry: Pick<SessionRegistry, 'add' | 'remove'>;
}

/** How many sessions may be open at once: those over UDP outlive their connections. */
export interface SessionLimits {
  readonly maxSessions: number;
  /** Per IPv4 address or IPv6 /64. */
  readonly maxSessionsPerIp: number;
}

/** Opens sessions, finds them, and keeps the registry in step. */
export class SessionStore {
  readonly #components: SessionStoreComponents;
  readonly #limits: SessionLimits;
  readonly #sessions = new Map<string, ServerSession>();
  readonly #countByNetwork = new Map<string, number>();

  constructor(components: SessionStoreComponents, limits: SessionLimits) {
    this.#components = components;
    this.#limits = limits;
  }

  get count(): number {
    return this.#sessions.size;
  }

  /** @throws MediaError `resource-exhausted` when there are too many, in all or of one network. */
  open(options: ServerSessionOptions): ServerSession {
    const network = networkOf(options.connection.remoteIp);
    const count = this.#countByNetwork.get(network) ?? 0;
    if (this.#sessions.size >= this.#limits.maxSessions || count >= this.#limits.maxSessionsPerIp) {
      throw new MediaError(
        'resource-exhausted',
        'rtsp-too-many-sessions',
        `too many sessions (${this.#sessions.size}, ${count} of ${network})`,
      );
    }
    const { clock, logger, registry } = this.#components;
    const session = new ServerSession(
      {
        clock,
        logger,
        onClosed: (closed) => {
          this.#sessions.delete(closed.secret);
          this.#forget(network);
          registry.remove(closed);
        },
      },
      options,
    );
    this.#sessions.set(session.secret, session);
    this.#countByNetwork.set(network, count + 1);
    registry.add(session);
    session.logger.info(`created by ${session.remoteAddress}`);
    return session;
  }

  /** The session with this Session header. */
  find(secret: string): ServerSession | undefined {
    return this.#sessions.get(secret);
  }

  tick(nowMs: number): void {
    for (const session of this.#sessions.values()) session.tick(nowMs);
  }

  closeAll(reason: MediaError): void {
    for (const session of [...this.#sessions.values()]) session.close(reason);
  }

  #forget(network: string): void {
    const left = (this.#countByNetwork.get(network) ?? 1) - 1;
    if (left > 0) this.#countByNetwork.set(network, left);
    else this.#countByNetwork.delete(network);
  }
}
