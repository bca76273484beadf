// Sessions by the secret of their location, and the secrets whose client left without saying so by HTTP.
import { randomUUID } from 'node:crypto';

/** Most secrets of departed clients that are remembered. */
const MAX_DEPARTED = 1000;

/** Finds sessions by secret; knows nothing else of them. */
export class SessionTable<Session> {
  readonly #bySecret = new Map<string, Session>();
  readonly #secretOf = new Map<Session, string>();
  readonly #departed = new Set<string>();

  get count(): number {
    return this.#bySecret.size;
  }

  /** A copy, so that sessions may end while it is walked. */
  get all(): readonly Session[] {
    return [...this.#bySecret.values()];
  }

  /** Adds a session under a new secret (a random UUID) and returns that. */
  add(session: Session): string {
    const secret = randomUUID();
    this.#bySecret.set(secret, session);
    this.#secretOf.set(session, secret);
    return secret;
  }

  find(secret: string): Session | undefined {
    return this.#bySecret.get(secret);
  }

  /** Removes a session; `hasDeparted` when its client ended it below HTTP. Idempotent. */
  remove(session: Session, hasDeparted: boolean): void {
    const secret = this.#secretOf.get(session);
    if (secret === undefined) return;
    this.#secretOf.delete(session);
    this.#bySecret.delete(secret);
    if (!hasDeparted) return;
    if (this.#departed.size >= MAX_DEPARTED) this.#departed.clear();
    this.#departed.add(secret);
  }

  /** Whether the client of this secret departed; true only once for each. */
  takeDeparted(secret: string): boolean {
    return this.#departed.delete(secret);
  }
}
