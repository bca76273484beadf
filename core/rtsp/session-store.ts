// The sessions of the RTSP server by the secret that their clients show.
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import type { MediaError } from '../base/media-error.ts';
import type { SessionRegistry } from '../path/session-registry.ts';
import { ServerSession, type ServerSessionOptions } from './server-session.ts';

/** What the store needs. */
export interface SessionStoreComponents {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly registry: Pick<SessionRegistry, 'add' | 'remove'>;
}

/** Opens sessions, finds them, and keeps the registry in step. */
export class SessionStore {
  readonly #components: SessionStoreComponents;
  readonly #sessions = new Map<string, ServerSession>();

  constructor(components: SessionStoreComponents) {
    this.#components = components;
  }

  get count(): number {
    return this.#sessions.size;
  }

  open(options: ServerSessionOptions): ServerSession {
    const { clock, logger, registry } = this.#components;
    const session = new ServerSession(
      {
        clock,
        logger,
        onClosed: (closed) => {
          this.#sessions.delete(closed.secret);
          registry.remove(closed);
        },
      },
      options,
    );
    this.#sessions.set(session.secret, session);
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
}
