// Checks passwords against Argon2 hashes: few at a time, the same one once, successes remembered.
import crypto from 'node:crypto';
import type { Clock } from '../base/clock.ts';
import { MediaError } from '../base/media-error.ts';
import type { Argon2Hash } from './argon2-hash.ts';

/** Computes the raw Argon2 hash of `secret` with the costs and the salt of `stored`. */
export type Argon2Function = (secret: string, stored: Argon2Hash) => Promise<Uint8Array>;

/** Bounds of the work. */
export interface Argon2VerifierOptions {
  readonly maxConcurrent?: number;
  readonly maxQueued?: number;
  readonly maxQueuedPerOwner?: number;
  /** How long a success is remembered. */
  readonly rememberMs?: number;
  readonly maxRemembered?: number;
}

interface WaitingCheck {
  /** Whose check it is, so that one client cannot fill the queue. */
  readonly owner: string;
  readonly start: () => void;
}

/** One question to the verifier. */
export interface Argon2Question {
  readonly secret: string;
  readonly stored: Argon2Hash;
  /** Client on whose behalf we work, e.g. its network. */
  readonly owner: string;
}

/** Runs Argon2 off the main thread; each run takes up to 256 MiB, so runs are counted. */
export class Argon2Verifier {
  readonly #clock: Clock;
  readonly #compute: Argon2Function;
  readonly #options: Required<Argon2VerifierOptions>;
  /** Keys are HMACs under a key of this process: a memory dump shows no password hash to attack. */
  readonly #key = crypto.randomBytes(32);
  readonly #verifiedUntilMs = new Map<string, number>();
  readonly #running = new Map<string, Promise<boolean>>();
  readonly #queue: WaitingCheck[] = [];
  #active = 0;

  constructor(
    components: { readonly clock: Clock; readonly compute: Argon2Function },
    options: Argon2VerifierOptions = {},
  ) {
    this.#clock = components.clock;
    this.#compute = components.compute;
    this.#options = {
      ...{ maxConcurrent: 2, maxQueued: 64, maxQueuedPerOwner: 8 },
      ...{ rememberMs: 60_000, maxRemembered: 1024 },
      ...options,
    };
  }

  /**
   * Whether `secret` is what `stored` was made from, compared in constant time.
   * @throws MediaError unavailable `auth-busy` when too many checks are waiting.
   */
  verify(question: Argon2Question): Promise<boolean> {
    const key = this.#keyOf(question);
    if (this.#isRemembered(key)) return Promise.resolve(true);
    const running = this.#running.get(key);
    if (running !== undefined) return running;
    const check = this.#check(question, key).finally(() => this.#running.delete(key));
    this.#running.set(key, check);
    return check;
  }

  /** Forgets all successes, after the users were replaced. */
  forget(): void {
    this.#verifiedUntilMs.clear();
  }

  async #check({ secret, stored, owner }: Argon2Question, key: string): Promise<boolean> {
    await this.#takeTurn(owner);
    try {
      const computed = await this.#compute(secret, stored);
      const matches =
        computed.length === stored.hash.length && crypto.timingSafeEqual(computed, stored.hash);
      if (matches) this.#remember(key);
      return matches;
    } finally {
      this.#passTurn();
    }
  }

  async #takeTurn(owner: string): Promise<void> {
    if (this.#active < this.#options.maxConcurrent) {
      this.#active++;
      return;
    }
    const ofOwner = this.#queue.reduce((sum, item) => sum + (item.owner === owner ? 1 : 0), 0);
    const { maxQueued, maxQueuedPerOwner } = this.#options;
    if (this.#queue.length >= maxQueued || ofOwner >= maxQueuedPerOwner) {
      throw new MediaError(
        'unavailable',
        'auth-busy',
        `${this.#queue.length} password checks are waiting, try again later`,
      );
    }
    await new Promise<void>((resolve) => this.#queue.push({ owner, start: resolve }));
  }

  /** The next check that waits takes over the turn, so `#active` stays. */
  #passTurn(): void {
    const next = this.#queue.shift();
    if (next === undefined) this.#active--;
    else next.start();
  }

  #keyOf({ secret, stored }: Argon2Question): string {
    const { algorithm, memoryKib, passes, parallelism, salt, hash } = stored;
    return crypto
      .createHmac('sha256', this.#key)
      .update(`${algorithm}:${memoryKib}:${passes}:${parallelism}:${salt.length}:`)
      .update(salt)
      .update(hash)
      .update(secret)
      .digest('base64');
  }

  #isRemembered(key: string): boolean {
    const untilMs = this.#verifiedUntilMs.get(key);
    if (untilMs === undefined) return false;
    if (untilMs > this.#clock.monotonicMs()) return true;
    this.#verifiedUntilMs.delete(key);
    return false;
  }

  /** Full: the oldest success makes room. */
  #remember(key: string): void {
    if (this.#verifiedUntilMs.size >= this.#options.maxRemembered) {
      const [oldest] = this.#verifiedUntilMs.keys();
      if (oldest !== undefined) this.#verifiedUntilMs.delete(oldest);
    }
    this.#verifiedUntilMs.set(key, this.#clock.monotonicMs() + this.#options.rememberMs);
  }
}

/** Argon2 of Node.js, or undefined before Node 24.7. */
export function nativeArgon2(
  available: { readonly argon2?: typeof crypto.argon2 } = crypto,
): Argon2Function | undefined {
  const { argon2 } = available;
  if (argon2 === undefined) return undefined;
  return (secret, stored) =>
    new Promise((resolve, reject) => {
      const parameters = {
        message: secret,
        nonce: stored.salt,
        parallelism: stored.parallelism,
        tagLength: stored.hash.length,
        memory: stored.memoryKib,
        passes: stored.passes,
      };
      argon2(stored.algorithm, parameters, (failure, derived) => {
        if (failure === null) resolve(derived);
        else reject(failure);
      });
    });
}
