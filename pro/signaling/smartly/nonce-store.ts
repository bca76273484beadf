// Nonces that were used, for as long as their requests could be sent again.
import type { Clock } from '../../../core/base/clock.ts';

/** Most nonces that are kept; more come only with a rate limit beyond reason. */
const MAX_NONCES = 100_000;

/** Remembers nonces per client, oldest first. */
export class NonceStore {
  readonly #clock: Clock;
  readonly #ttlMs: number;
  /** Monotonic time of forgetting, by client and nonce; in order, as all live equally long. */
  readonly #forgetAtMs = new Map<string, number>();

  constructor(clock: Clock, ttlMs: number) {
    this.#clock = clock;
    this.#ttlMs = ttlMs;
  }

  /** Whether one more can be kept. Forgetting one early would let its request in again. */
  get isFull(): boolean {
    this.#forget();
    return this.#forgetAtMs.size >= MAX_NONCES;
  }

  has(clientId: string, nonce: string): boolean {
    this.#forget();
    return this.#forgetAtMs.has(keyOf(clientId, nonce));
  }

  add(clientId: string, nonce: string): void {
    this.#forgetAtMs.set(keyOf(clientId, nonce), this.#clock.monotonicMs() + this.#ttlMs);
  }

  #forget(): void {
    const now = this.#clock.monotonicMs();
    for (const [key, forgetAtMs] of this.#forgetAtMs) {
      if (forgetAtMs > now) return;
      this.#forgetAtMs.delete(key);
    }
  }
}

/** A header holds no line end, so nobody's key is another one's. */
function keyOf(clientId: string, nonce: string): string {
  return `${clientId}\n${nonce}`;
}
