// Everybody who publishes or reads right now: list, get, kick, one reading order for all protocols.
import { MediaError } from '../base/media-error.ts';

/** What a session does, as the Control API names it. */
export type SessionState = 'idle' | 'read' | 'publish';

/** One client of one protocol. */
export interface Session {
  /** UUID shown in the API; never the secret of a WHEP location. */
  readonly id: string;
  /** As the Control API names it: `rtspSession`, `rtspsSession`, `webRTCSession`. */
  readonly type: string;
  /** Date ms. */
  readonly createdAt: number;
  /** `address:port` of the client. */
  readonly remoteAddress: string;
  readonly state: SessionState;
  /** Path name, empty while unknown. */
  readonly path: string;
  readonly query: string;
  readonly user: string;
  readonly userAgent: string;
  /** Of RTSP, as the Control API spells it; null before the first SETUP. */
  readonly transport?: 'TCP' | 'UDP' | null;
  /** Of WebRTC: whether the handshake is done. */
  readonly isConnected?: boolean;
  /** Of WebRTC, e.g. `host/udp/192.0.2.1/8189`; empty before the first check. */
  readonly localCandidate?: string;
  readonly remoteCandidate?: string;
  /** Counters by name; only grow. */
  stats(): Readonly<Record<string, number>>;
  /** Ends the session and frees what it holds; idempotent. */
  close(reason: MediaError): void;
}

/** Told of sessions as they come and go, synchronously. Must not throw. */
export interface SessionObserver {
  onSessionAdded?(session: Session): void;
  /** Its counters are final. */
  onSessionRemoved?(session: Session): void;
}

/** Registry of sessions in order of creation. */
export class SessionRegistry {
  readonly #sessions = new Map<string, Session>();
  readonly #observers = new Set<SessionObserver>();

  get count(): number {
    return this.#sessions.size;
  }

  add(session: Session): void {
    this.#sessions.set(session.id, session);
    for (const observer of this.#observers) observer.onSessionAdded?.(session);
  }

  remove(session: Session): void {
    if (!this.#sessions.delete(session.id)) return;
    for (const observer of this.#observers) observer.onSessionRemoved?.(session);
  }

  /** Returns what ends the observation. */
  observe(observer: SessionObserver): () => void {
    this.#observers.add(observer);
    return () => void this.#observers.delete(observer);
  }

  get(id: string): Session | undefined {
    return this.#sessions.get(id);
  }

  /** Sessions of one type, or all, oldest first. */
  list(type?: string): readonly Session[] {
    const all = [...this.#sessions.values()];
    return type === undefined ? all : all.filter((session) => session.type === type);
  }

  /** @throws MediaError `not-found` when no session has this id. */
  kick(id: string): void {
    const session = this.#sessions.get(id);
    if (!session) throw new MediaError('not-found', 'session-not-found', 'session not found');
    session.close(new MediaError('canceled', 'session-kicked', 'closed by the operator'));
  }

  /** Closes every session, newest first. */
  closeAll(reason: MediaError): void {
    for (const session of [...this.#sessions.values()].reverse()) session.close(reason);
  }
}
