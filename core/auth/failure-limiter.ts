// Counts wrong credentials per client network, so that guessing is slow and nobody else is locked out.
import { createHmac, randomBytes } from 'node:crypto';
import { networkOf } from '../base/ip-address.ts';
import type { Clock } from '../base/clock.ts';

/** How many wrong guesses are allowed. */
export interface FailureLimiterOptions {
  /** Wrong guesses at once. */
  readonly burst?: number;
  /** Time after which one more guess is allowed. */
  readonly refillMs?: number;
  /** Networks that are remembered; the one that failed least recently is forgotten first. */
  readonly maxNetworks?: number;
}

interface Bucket {
  tokens: number;
  updatedAtMs: number;
}

interface NetworkFailures {
  readonly bucket: Bucket;
  /** Wrong credentials seen before; HMACs, never the credentials. */
  readonly guesses: Map<string, Bucket>;
}

const MAX_GUESSES = 8;

/**
 * A token bucket per IPv4 address or IPv6 /64. The same wrong credentials again take from a bucket
 * of their own: one viewer with an old password, trying every two seconds, teaches an attacker
 * nothing and does not lock out its neighbours behind the same address.
 */
export class FailureLimiter {
  readonly #clock: Clock;
  readonly #burst: number;
  readonly #refillMs: number;
  readonly #maxNetworks: number;
  readonly #networks = new Map<string, NetworkFailures>();
  readonly #key = randomBytes(32);

  constructor(clock: Clock, options: FailureLimiterOptions = {}) {
    this.#clock = clock;
    this.#burst = options.burst ?? 5;
    this.#refillMs = options.refillMs ?? 12_000;
    this.#maxNetworks = options.maxNetworks ?? 10_000;
  }

  /** Networks that are remembered now. */
  get size(): number {
    return this.#networks.size;
  }

  /** Whether this client must wait; `guess` is what it showed, undefined when it changes each time. */
  isBlocked(ip: string, guess: string | undefined): boolean {
    const failures = this.#networks.get(networkOf(ip));
    if (failures === undefined) return false;
    if (this.#refill(failures.bucket) < 1) return true;
    const repeated = guess === undefined ? undefined : failures.guesses.get(this.#hash(guess));
    return repeated !== undefined && this.#refill(repeated) < 1;
  }

  /** Counts one wrong guess. */
  recordFailure(ip: string, guess: string | undefined): void {
    const failures = this.#failuresOf(networkOf(ip));
    const key = guess === undefined ? undefined : this.#hash(guess);
    const repeated = key === undefined ? undefined : failures.guesses.get(key);
    this.#take(repeated ?? failures.bucket);
    if (key === undefined || repeated !== undefined) return;
    if (failures.guesses.size >= MAX_GUESSES) forgetOldest(failures.guesses);
    failures.guesses.set(key, this.#newBucket(this.#burst - 1));
  }

  #failuresOf(network: string): NetworkFailures {
    const known = this.#networks.get(network);
    const failures = known ?? { bucket: this.#newBucket(this.#burst), guesses: new Map() };
    // Set again to move it to the end: the map's order is the order of the last failure.
    this.#networks.delete(network);
    if (this.#networks.size >= this.#maxNetworks) forgetOldest(this.#networks);
    this.#networks.set(network, failures);
    return failures;
  }

  #newBucket(tokens: number): Bucket {
    return { tokens, updatedAtMs: this.#clock.monotonicMs() };
  }

  #take(bucket: Bucket): void {
    bucket.tokens = Math.max(0, this.#refill(bucket) - 1);
  }

  #refill(bucket: Bucket): number {
    const nowMs = this.#clock.monotonicMs();
    const gained = (nowMs - bucket.updatedAtMs) / this.#refillMs;
    bucket.tokens = Math.min(this.#burst, bucket.tokens + gained);
    bucket.updatedAtMs = nowMs;
    return bucket.tokens;
  }

  #hash(guess: string): string {
    return createHmac('sha256', this.#key).update(guess).digest('base64');
  }
}

function forgetOldest(map: Map<string, unknown>): void {
  const [oldest] = map.keys();
  if (oldest !== undefined) map.delete(oldest);
}
