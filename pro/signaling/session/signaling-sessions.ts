// The sessions that one dialect holds for its clients: ids nobody can guess, bound to what they were made for.
import { randomBytes } from 'node:crypto';
import type { Clock, Timer } from '../../../core/base/clock.ts';
import type { Logger } from '../../../core/base/logger.ts';
import { MediaError, toMediaError } from '../../../core/base/media-error.ts';
import type { EngineSession, SignalledCandidate } from './engine-session.ts';

/** Bytes of an id: 16 characters, 96 bits. */
const ID_BYTES = 12;

/** Limits of the sessions. */
export interface SignalingSessionsOptions {
  /** A session without activity ends after so long. */
  readonly idleTimeoutMs: number;
  readonly sweepPeriodMs: number;
  /** Whether media and their reports count as activity, not only messages. */
  readonly idleCountsMedia: boolean;
  readonly maxSessions: number;
  /** Told after each sweep how many idle sessions it ended. */
  readonly onSwept?: (idleCount: number) => void;
}

/** Which session a client means. */
export interface SessionReference {
  readonly id: string;
  /** What the message was sent to, e.g. an entity; must be what the session was made for. */
  readonly binding: string;
}

interface Entry extends SessionReference {
  readonly session: EngineSession;
  /** Candidates that the client has been told. */
  readonly delivered: Set<string>;
  readonly sdpMid: string;
  lastActiveMs: number;
  activity: number;
}

/** Create, trickle, close, and the end of whoever is idle; the same for every dialect. */
export class SignalingSessions {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #options: SignalingSessionsOptions;
  readonly #entries = new Map<string, Entry>();
  #opening = 0;
  #timer: Timer | undefined;
  #closedReason: MediaError | undefined;

  constructor(
    components: { readonly clock: Clock; readonly logger: Logger },
    options: SignalingSessionsOptions,
  ) {
    this.#clock = components.clock;
    this.#logger = components.logger;
    this.#options = options;
  }

  /** Sessions that exist now. */
  get count(): number {
    let count = 0;
    for (const { session } of this.#entries.values()) if (session.isAlive) count++;
    return count;
  }

  start(): void {
    this.#timer ??= this.#clock.every(this.#options.sweepPeriodMs, () => this.#sweep());
  }

  /**
   * Opens a session and gives it an id.
   * @throws MediaError `resource-exhausted` when there are too many; whatever `open` throws.
   */
  async create(
    binding: string,
    open: () => Promise<EngineSession>,
  ): Promise<{ readonly id: string; readonly answer: string }> {
    this.#assertOpen();
    const { maxSessions } = this.#options;
    if (this.#entries.size + this.#opening >= maxSessions) this.#dropEnded();
    if (this.#entries.size + this.#opening >= maxSessions) {
      const message = `${maxSessions} sessions are open, no more are let in`;
      throw new MediaError('resource-exhausted', 'too-many-sessions', message);
    }
    this.#opening++;
    let session: EngineSession;
    try {
      session = await open();
    } finally {
      this.#opening--;
    }
    if (this.#closedReason) {
      this.#end(session);
      throw this.#closedReason;
    }
    return { id: this.#add(binding, session), answer: session.answer };
  }

  /**
   * Takes a candidate and returns those of ours that the client has not been told yet.
   * @throws MediaError `session-not-found`, `session-entity-mismatch` or `invalid-candidate`.
   */
  async addCandidate(
    reference: SessionReference,
    candidate: string,
  ): Promise<readonly SignalledCandidate[]> {
    const entry = this.#find(reference);
    if (!entry.session.isAlive) throw notFound();
    entry.session.addCandidate(candidate);
    entry.lastActiveMs = this.#clock.monotonicMs();
    const local = await entry.session.localCandidates().catch(() => []);
    const fresh = local.filter((line) => !entry.delivered.has(line));
    for (const line of fresh) entry.delivered.add(line);
    const { sdpMid } = entry;
    return fresh.map((line) => ({ candidate: line, sdpMid, sdpMLineIndex: 0 }));
  }

  /**
   * Ends a session on the client's wish; one whose connection ended just before counts as well.
   * @throws MediaError `session-not-found` or `session-entity-mismatch`.
   */
  close(reference: SessionReference): void {
    const entry = this.#find(reference);
    this.#entries.delete(entry.id);
    entry.session.close();
  }

  /** Ends every session and takes no more. Idempotent. */
  closeAll(reason: MediaError): void {
    this.#closedReason ??= reason;
    this.#timer?.cancel();
    this.#timer = undefined;
    for (const { session } of this.#entries.values()) this.#end(session);
    this.#entries.clear();
  }

  #add(binding: string, session: EngineSession): string {
    const id = randomBytes(ID_BYTES).toString('base64url');
    this.#entries.set(id, {
      ...{ id, binding, session },
      delivered: new Set(linesOf(session.answer, 'a=', 'candidate:')),
      sdpMid: linesOf(session.answer, 'a=mid:', '')[0] ?? '0',
      lastActiveMs: this.#clock.monotonicMs(),
      activity: session.activity,
    });
    return id;
  }

  #find({ id, binding }: SessionReference): Entry {
    const entry = this.#entries.get(id);
    if (!entry || this.#isIdle(entry)) throw notFound();
    if (entry.binding === binding) return entry;
    throw new MediaError(
      'permission-denied',
      'session-entity-mismatch',
      `the session does not belong to '${binding}'`,
    );
  }

  #isIdle(entry: Entry): boolean {
    const { activity } = entry.session;
    if (this.#options.idleCountsMedia && activity !== entry.activity) {
      entry.lastActiveMs = this.#clock.monotonicMs();
    }
    entry.activity = activity;
    return this.#clock.monotonicMs() - entry.lastActiveMs >= this.#options.idleTimeoutMs;
  }

  #sweep(): void {
    this.#dropEnded();
    let idleCount = 0;
    for (const entry of this.#entries.values()) {
      if (!this.#isIdle(entry)) continue;
      this.#entries.delete(entry.id);
      this.#end(entry.session);
      idleCount++;
    }
    this.#options.onSwept?.(idleCount);
  }

  #dropEnded(): void {
    for (const { id, session } of this.#entries.values()) {
      if (!session.isAlive) this.#entries.delete(id);
    }
  }

  #end(session: EngineSession): void {
    if (!session.isAlive) return;
    try {
      session.close();
    } catch (thrown) {
      this.#logger.debug(`session did not close: ${toMediaError(thrown).message}`);
    }
  }

  #assertOpen(): void {
    if (this.#closedReason) throw this.#closedReason;
  }
}

/** What stands behind `prefix` in the lines that begin with `prefix` and `start`; `start` stays. */
function linesOf(sdp: string, prefix: string, start: string): string[] {
  return sdp
    .split(/\r?\n/u)
    .filter((line) => line.startsWith(prefix + start))
    .map((line) => line.slice(prefix.length));
}

function notFound(): MediaError {
  return new MediaError('not-found', 'session-not-found', 'session not found');
}
