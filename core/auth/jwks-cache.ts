// Keeps the public keys of `authJWTJWKS`: fetched when needed, once at a time, not too often.
import { delay, type Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import { MediaError, toMediaError } from '../base/media-error.ts';
import type { AuthHttpAnswer, AuthHttpQuestion } from './auth-http-client.ts';
import { parseJsonWebKeySet, type VerificationKey } from './json-web-key-set.ts';

/** What the cache works with. */
export interface JwksCacheComponents {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly client: { ask(question: AuthHttpQuestion): Promise<AuthHttpAnswer> };
}

/** How old keys may be. */
export interface JwksCacheOptions {
  /** Age at which keys are fetched again; default 60 min, as the peer has it. */
  readonly lifetimeMs?: number;
  /** How long keys serve beyond that while the service doesn't answer; default 60 min. */
  readonly graceMs?: number;
  /** Shortest time between two fetches, whatever tokens say; default 5 s. */
  readonly minPeriodMs?: number;
}

interface KeySet {
  readonly keys: readonly VerificationKey[];
  readonly fetchedMs: number;
}

/** Keys that a token without key id is tried with. */
const MAX_TRIED = 8;
/** Tokens that may wait for the next fetch at once; beyond, the keys that are here decide. */
const MAX_WAITING = 1000;

/** Finds keys; a key that is not known makes it look again, since services change theirs. */
export class JwksCache {
  readonly #components: JwksCacheComponents;
  readonly #options: Required<JwksCacheOptions>;
  #set: KeySet | undefined;
  #loading: Promise<KeySet> | undefined;
  #triedMs = Number.NEGATIVE_INFINITY;
  #failure: MediaError | undefined;
  #waiting = 0;

  constructor(components: JwksCacheComponents, options: JwksCacheOptions = {}) {
    this.#components = components;
    const defaults = { lifetimeMs: 3_600_000, graceMs: 3_600_000, minPeriodMs: 5000 };
    this.#options = { ...defaults, ...options };
  }

  /**
   * The keys that a token may have been signed with; none when the service doesn't have them.
   * @throws MediaError unavailable `auth-unavailable` when there are no keys to look at, or the
   * reason of `signal`.
   */
  async find(
    token: { readonly algorithm: string; readonly keyId: string | undefined },
    signal: AbortSignal | undefined,
  ): Promise<readonly VerificationKey[]> {
    const before = this.#usable();
    const found = select(before?.keys ?? [], token);
    const mayAsk = this.#loading !== undefined || this.#mayFetch();
    if (before && found.length > 0) {
      // New keys are for those who come later: nobody waits while the old ones still count.
      if (mayAsk && this.#isOld(before)) void this.#load();
      return found;
    }
    if (!mayAsk) {
      if (!before || this.#failure) throw unavailable(this.#failure);
      if (this.#waiting >= MAX_WAITING) return found;
    }
    try {
      const set = mayAsk ? await unlessAborted(this.#load(), signal) : await this.#next(signal);
      return select(set.keys, token);
    } catch (thrown) {
      if (signal?.aborted === true) throw toMediaError(signal.reason);
      throw unavailable(thrown);
    }
  }

  /** Forgets the keys: the next token is checked with new ones. */
  forget(): void {
    this.#set = undefined;
    this.#loading = undefined;
    this.#failure = undefined;
    this.#triedMs = Number.NEGATIVE_INFINITY;
  }

  #usable(): KeySet | undefined {
    const { lifetimeMs, graceMs } = this.#options;
    const set = this.#set;
    return set && this.#ageMs(set) <= lifetimeMs + graceMs ? set : undefined;
  }

  #isOld(set: KeySet): boolean {
    return this.#ageMs(set) > this.#options.lifetimeMs;
  }

  #ageMs({ fetchedMs }: KeySet): number {
    return this.#components.clock.monotonicMs() - fetchedMs;
  }

  #mayFetch(): boolean {
    return this.#components.clock.monotonicMs() - this.#triedMs >= this.#options.minPeriodMs;
  }

  /** The keys of the next fetch: a key that is not here may have been made since the last one. */
  async #next(signal: AbortSignal | undefined): Promise<KeySet> {
    const { clock } = this.#components;
    const calledMs = clock.monotonicMs();
    this.#waiting++;
    try {
      await delay(clock, this.#triedMs + this.#options.minPeriodMs - calledMs, signal);
    } finally {
      this.#waiting--;
    }
    const set = this.#set;
    if (set && set.fetchedMs > calledMs) return set;
    return await unlessAborted(this.#load(), signal);
  }

  /** Everybody who needs keys now waits for the same answer. */
  #load(): Promise<KeySet> {
    if (this.#loading !== undefined) return this.#loading;
    const { logger } = this.#components;
    const loading = this.#fetch();
    this.#loading = loading;
    loading.then(
      (set) => {
        // Forgotten meanwhile: what was asked before may be what the operator wants to be rid of.
        if (this.#loading !== loading) return;
        this.#loading = undefined;
        this.#failure = undefined;
        this.#set = set;
        logger.info(`authJWTJWKS: ${set.keys.length} keys can check tokens`);
      },
      (thrown: unknown) => {
        if (this.#loading !== loading) return;
        this.#loading = undefined;
        this.#failure = toMediaError(thrown);
        logger.error(`authJWTJWKS: ${this.#failure.message}`);
      },
    );
    return loading;
  }

  async #fetch(): Promise<KeySet> {
    const { clock, client } = this.#components;
    this.#triedMs = clock.monotonicMs();
    const { status, text, isCut } = await client.ask({ method: 'GET' });
    if (status !== 200) throw unusable(`answered ${status} instead of 200`);
    if (isCut) throw unusable('sent too long an answer');
    return { keys: parseJsonWebKeySet(text), fetchedMs: clock.monotonicMs() };
  }
}

function select(
  keys: readonly VerificationKey[],
  { algorithm, keyId }: { readonly algorithm: string; readonly keyId: string | undefined },
): readonly VerificationKey[] {
  return keys
    .filter(({ id, algorithms }) => {
      const isNamed = keyId === undefined || id === keyId;
      return isNamed && algorithms.some((name) => name === algorithm);
    })
    .slice(0, MAX_TRIED);
}

function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(toMediaError(signal.reason));
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    void work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}

function unusable(problem: string): MediaError {
  return new MediaError('unavailable', 'auth-keys-invalid', `the service of the keys ${problem}`);
}

function unavailable(cause: unknown): MediaError {
  return new MediaError(
    'unavailable',
    'auth-unavailable',
    'the keys that check tokens are not available, try again later',
    { cause, context: { retryAfterSeconds: 2 } },
  );
}
