// Tokens that wait for their one offer.
import { createHash, randomBytes } from 'node:crypto';
import type { Clock } from '../../../core/base/clock.ts';
import { MediaError } from '../../../core/base/media-error.ts';

const TOKEN_BYTES = 32;
/** Far more than the rate limits of honest clients allow. */
const MAX_TOKENS = 10_000;

/** What a token stands for. */
export interface TokenHolder {
  readonly clientId: string;
  readonly entityId: string;
}

/** Issues tokens of 256 bits and takes each back once. */
export class TokenStore {
  readonly #clock: Clock;
  readonly #ttlMs: number;
  /** By hash, so that looking one up tells nothing by its time; in order of expiry. */
  readonly #tokens = new Map<string, TokenHolder & { readonly expiresAtMs: number }>();

  constructor(clock: Clock, ttlMs: number) {
    this.#clock = clock;
    this.#ttlMs = ttlMs;
  }

  /** Tokens that can still be used, or that no sweep has found yet. */
  get count(): number {
    return this.#tokens.size;
  }

  /** A new token, 43 characters. @throws MediaError `rate-limited` when too many wait. */
  issue(holder: TokenHolder): string {
    if (this.#tokens.size >= MAX_TOKENS) this.sweep();
    if (this.#tokens.size >= MAX_TOKENS) {
      throw new MediaError(
        'resource-exhausted',
        'rate-limited',
        'too many tokens wait for offers',
        {
          context: { retryAfterSeconds: Math.ceil(this.#ttlMs / 1000), rateLimitRemaining: 0 },
        },
      );
    }
    const token = randomBytes(TOKEN_BYTES).toString('base64url');
    const expiresAtMs = this.#clock.monotonicMs() + this.#ttlMs;
    this.#tokens.set(hashOf(token), { ...holder, expiresAtMs });
    return token;
  }

  /** Uses a token up. One of another entity stays valid there. */
  take(token: string, entityId: string): TokenHolder | undefined {
    const hash = hashOf(token);
    const holder = this.#tokens.get(hash);
    if (holder?.entityId !== entityId) return undefined;
    this.#tokens.delete(hash);
    return holder.expiresAtMs > this.#clock.monotonicMs() ? holder : undefined;
  }

  /** Forgets what expired and tells how many that were. */
  sweep(): number {
    const now = this.#clock.monotonicMs();
    let count = 0;
    for (const [hash, { expiresAtMs }] of this.#tokens) {
      if (expiresAtMs > now) break;
      this.#tokens.delete(hash);
      count++;
    }
    return count;
  }
}

function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('base64url');
}
