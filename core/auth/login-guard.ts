// What every method of authentication does about wrong credentials: count, pause, refuse.
import { randomInt } from 'node:crypto';
import { delay, type Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import { MediaError } from '../base/media-error.ts';
import {
  authenticationFailed,
  permissionDenied,
  tokenNotValidNow,
  tooManyFailures,
} from './access-refusals.ts';
import type { AccessRequest, Principal } from './access-request.ts';
import { FailureLimiter, type FailureLimiterOptions } from './failure-limiter.ts';

/** Bounds of the guard. */
export interface LoginGuardOptions {
  /** Longest pause before wrong credentials are refused. */
  readonly maxDelayMs?: number;
  /** Refusals that may pause at once; beyond, they are answered at once. */
  readonly maxDelayed?: number;
  readonly failures?: FailureLimiterOptions;
}

/** What a method found out about credentials. */
export type Verdict =
  | { readonly type: 'granted'; readonly principal: Principal }
  /** Right credentials without the permission: refused at once. */
  | { readonly type: 'forbidden' }
  /** A genuine token outside its time: refused at once, since nobody guesses those. */
  | { readonly type: 'expired' | 'early' }
  /** `isForbidden`: refused as without permission, though counted and paused as a guess. */
  | { readonly type: 'wrong'; readonly isForbidden?: boolean };

/** Somebody who shows credentials. */
export interface LoginAttempt {
  readonly request: AccessRequest;
  /** What makes two attempts the same guess; undefined when it differs each time. */
  readonly guess: string | undefined;
  /** @throws MediaError when the method can't tell; that counts for nothing. */
  readonly judge: () => Promise<Verdict>;
  readonly signal: AbortSignal | undefined;
}

/**
 * Wrong credentials are refused after a random pause, counted from the arrival so that the time of
 * the check does not show; after five of them a minute the client's network is refused without
 * looking.
 */
export class LoginGuard {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #limiter: FailureLimiter;
  readonly #maxDelayMs: number;
  readonly #maxDelayed: number;
  #delayed = 0;

  constructor(
    { clock, logger }: { readonly clock: Clock; readonly logger: Logger },
    options: LoginGuardOptions = {},
  ) {
    this.#clock = clock;
    this.#logger = logger;
    this.#limiter = new FailureLimiter(clock, options.failures);
    this.#maxDelayMs = options.maxDelayMs ?? 4000;
    this.#maxDelayed = options.maxDelayed ?? 1024;
  }

  /**
   * Resolves when the verdict is `granted`.
   * @throws MediaError unauthenticated, permission-denied, resource-exhausted, canceled, or what
   * `judge` throws.
   */
  async admit({ request, guess, judge, signal }: LoginAttempt): Promise<Principal> {
    const arrivedAtMs = this.#clock.monotonicMs();
    const { ip } = request;
    const wasBlocked = this.#limiter.isBlocked(ip, guess);
    const verdict: Verdict = wasBlocked ? { type: 'wrong' } : await judge();
    // Asked again: other guesses may have failed while this one was checked.
    const isBlocked = wasBlocked || this.#limiter.isBlocked(ip, guess);
    if (!isBlocked && verdict.type === 'granted') return verdict.principal;
    if (!isBlocked && verdict.type !== 'wrong') throw refusalOf(request, verdict);
    if (!wasBlocked) this.#recordFailure(request, guess);
    await this.#pause(arrivedAtMs, signal);
    throw isBlocked ? tooManyFailures(request) : refusalOf(request, verdict);
  }

  #recordFailure(request: AccessRequest, guess: string | undefined): void {
    const { ip, action, path, protocol, id } = request;
    this.#limiter.recordFailure(ip, guess);
    this.#logger.warn('authentication failed', { ip, action, path, protocol, id });
  }

  async #pause(arrivedAtMs: number, signal: AbortSignal | undefined): Promise<void> {
    if (this.#maxDelayMs <= 0 || this.#delayed >= this.#maxDelayed) return;
    const elapsedMs = this.#clock.monotonicMs() - arrivedAtMs;
    const remainingMs = randomInt(this.#maxDelayMs + 1) - elapsedMs;
    if (remainingMs <= 0) return;
    this.#delayed++;
    try {
      await delay(this.#clock, remainingMs, signal);
    } catch (cause) {
      throw new MediaError('canceled', 'auth-canceled', 'client left before the answer', { cause });
    } finally {
      this.#delayed--;
    }
  }
}

function refusalOf(request: AccessRequest, verdict: Verdict): MediaError {
  switch (verdict.type) {
    case 'forbidden':
      return permissionDenied(request);
    case 'expired':
    case 'early':
      return tokenNotValidNow(request, verdict.type);
    case 'wrong':
      return verdict.isForbidden === true
        ? permissionDenied(request)
        : authenticationFailed(request);
    case 'granted':
      return authenticationFailed(request);
  }
}
