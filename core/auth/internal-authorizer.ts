// Decides by the users of mediamtx.yml (`authMethod: internal`).
import { randomInt } from 'node:crypto';
import { delay, type Clock } from '../base/clock.ts';
import { networkOf } from '../base/ip-address.ts';
import type { Logger } from '../base/logger.ts';
import { MediaError } from '../base/media-error.ts';
import type { AccessRequest, Authorizer, Credentials, Principal } from './access-request.ts';
import { Argon2Verifier, nativeArgon2, type Argon2Function } from './argon2-verifier.ts';
import { FailureLimiter, type FailureLimiterOptions } from './failure-limiter.ts';
import type { InternalUser } from './internal-user.ts';
import { checkStoredCredential } from './stored-credential.ts';
import { UserRule } from './user-rule.ts';

/** What the authorizer works with. */
export interface InternalAuthorizerComponents {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Default: that of Node.js. */
  readonly argon2?: Argon2Function | undefined;
}

/** Bounds of the authorizer. */
export interface InternalAuthorizerOptions {
  /** Longest pause before wrong credentials are refused. */
  readonly maxDelayMs?: number;
  /** Refusals that may pause at once; beyond, they are answered at once. */
  readonly maxDelayed?: number;
  readonly failures?: FailureLimiterOptions;
}

type Verdict = 'granted' | 'forbidden' | 'wrong';
type ShownCredentials = Exclude<Credentials, { readonly type: 'none' }>;

/**
 * Tries the users in order; one lets the client in when address, permission and credentials all
 * match. Wrong credentials are refused after a random pause, counted from the arrival so that the
 * time of the check does not show; after five of them a minute the client's network is refused
 * without looking.
 */
export class InternalAuthorizer implements Authorizer {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #hasArgon2: boolean;
  readonly #verifier: Argon2Verifier;
  readonly #limiter: FailureLimiter;
  readonly #maxDelayMs: number;
  readonly #maxDelayed: number;
  #rules: readonly UserRule[];
  #delayed = 0;
  #hasWarnedOfDigest = false;

  /** @throws MediaError as replaceUsers(). */
  constructor(
    users: readonly InternalUser[],
    components: InternalAuthorizerComponents,
    options: InternalAuthorizerOptions = {},
  ) {
    const { clock, logger } = components;
    const compute = 'argon2' in components ? components.argon2 : nativeArgon2();
    this.#clock = clock;
    this.#logger = logger;
    this.#hasArgon2 = compute !== undefined;
    this.#verifier = new Argon2Verifier({ clock, compute: compute ?? refuseArgon2 });
    this.#limiter = new FailureLimiter(clock, options.failures);
    this.#maxDelayMs = options.maxDelayMs ?? 4000;
    this.#maxDelayed = options.maxDelayed ?? 1024;
    this.#rules = this.#compile(users);
  }

  /**
   * Puts new users in place of the old ones, all or none.
   * @throws MediaError invalid-argument naming the entry, or unsupported `argon2-unavailable`.
   */
  replaceUsers(users: readonly InternalUser[]): void {
    this.#rules = this.#compile(users);
    this.#verifier.forget();
    this.#hasWarnedOfDigest = false;
  }

  /** @throws MediaError unauthenticated, permission-denied, resource-exhausted, unavailable, canceled. */
  async authorize(request: AccessRequest, signal?: AbortSignal): Promise<Principal> {
    const { credentials } = request;
    const rules = this.#rules.filter((rule) => rule.appliesTo(request.ip));
    // Who needs no credentials gets in whatever was shown, even after wrong guesses.
    if (rules.some((rule) => rule.user === undefined && rule.permits(request))) return { user: '' };
    if (credentials.type === 'none') throw refusal(request);
    return await this.#check({ ...request, credentials }, rules, signal);
  }

  async #check(
    request: AccessRequest & { readonly credentials: ShownCredentials },
    rules: readonly UserRule[],
    signal: AbortSignal | undefined,
  ): Promise<Principal> {
    const arrivedAtMs = this.#clock.monotonicMs();
    const { ip, credentials } = request;
    const guess = guessOf(credentials);
    const wasBlocked = this.#limiter.isBlocked(ip, guess);
    const verdict = wasBlocked ? 'wrong' : await this.#judge(request, rules);
    // Asked again: other guesses may have failed while this one was checked.
    const isBlocked = wasBlocked || this.#limiter.isBlocked(ip, guess);
    if (!isBlocked && verdict === 'granted') return { user: userOf(credentials) };
    if (!isBlocked && verdict === 'forbidden') throw forbidden(request);
    if (!wasBlocked) this.#recordFailure(request, guess);
    await this.#pause(arrivedAtMs, signal);
    throw isBlocked ? tooManyFailures(request) : refusal(request);
  }

  /** Entries with the permission first; the others only tell a refusal from wrong credentials. */
  async #judge(
    request: AccessRequest & { readonly credentials: ShownCredentials },
    rules: readonly UserRule[],
  ): Promise<Verdict> {
    const named = rules.filter((rule) => rule.user !== undefined);
    for (const rule of named) {
      if (rule.permits(request) && (await this.#matches(rule, request))) return 'granted';
    }
    for (const rule of named) {
      if (!rule.permits(request) && (await this.#matches(rule, request))) return 'forbidden';
    }
    return 'wrong';
  }

  async #matches(
    rule: UserRule,
    { ip, credentials }: AccessRequest & { readonly credentials: ShownCredentials },
  ): Promise<boolean> {
    if (rule.user === undefined || credentials.type === 'bearer') return false;
    const owner = networkOf(ip);
    const name = { secret: credentials.user, owner };
    if (!(await checkStoredCredential(rule.user, name, this.#verifier))) return false;
    if (rule.password === undefined) return true;
    if (credentials.type === 'digest') return this.#matchesDigest(rule, credentials.matches);
    const password = { secret: credentials.password, owner };
    return await checkStoredCredential(rule.password, password, this.#verifier);
  }

  /** A digest response can only be recomputed from the password itself. */
  #matchesDigest({ password, index }: UserRule, matches: (password: string) => boolean): boolean {
    if (password?.type === 'plain') return matches(password.text);
    if (!this.#hasWarnedOfDigest) {
      this.#hasWarnedOfDigest = true;
      this.#logger.warn(
        `authInternalUsers[${index}]: a client answered with digest authentication, which cannot be ` +
          'checked against a hashed password; store it in plain text or set rtspAuthMethods to [basic]',
      );
    }
    return false;
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

  #compile(users: readonly InternalUser[]): readonly UserRule[] {
    const rules = users.map((user, index) => new UserRule(user, index));
    const slow = rules.find((rule) => rule.needsArgon2);
    if (slow !== undefined && !this.#hasArgon2) {
      throw new MediaError(
        'unsupported',
        'argon2-unavailable',
        `authInternalUsers[${slow.index}] is an argon2 hash, which Node.js ${process.version} ` +
          'cannot check: use Node.js 24.7 or newer, or sha256:',
      );
    }
    return rules;
  }
}

function refuseArgon2(): Promise<Uint8Array> {
  return Promise.reject(new MediaError('unsupported', 'argon2-unavailable', 'no Argon2 here'));
}

/** What makes two attempts the same guess; a digest response differs each time. */
function guessOf(credentials: ShownCredentials): string | undefined {
  switch (credentials.type) {
    case 'password':
      return `password\0${credentials.user}\0${credentials.password}`;
    case 'bearer':
      return `bearer\0${credentials.token}`;
    case 'digest':
      return undefined;
  }
}

function userOf(credentials: ShownCredentials): string {
  return credentials.type === 'bearer' ? '' : credentials.user;
}

/** The text is the one that clients of the peer know. */
function refusal({ credentials, action, path, ip }: AccessRequest): MediaError {
  const hadCredentials = credentials.type !== 'none';
  return new MediaError(
    'unauthenticated',
    hadCredentials ? 'authentication-failed' : 'authentication-required',
    'authentication error',
    { context: { hadCredentials, action, path, ip } },
  );
}

function forbidden({ action, path, ip }: AccessRequest): MediaError {
  const where = path === '' ? '' : ` on path '${path}'`;
  return new MediaError('permission-denied', 'permission-denied', `${action}${where} not allowed`, {
    context: { hadCredentials: true, action, path, ip },
  });
}

function tooManyFailures({ action, path, ip }: AccessRequest): MediaError {
  return new MediaError(
    'resource-exhausted',
    'too-many-failed-logins',
    'too many failed logins from this address, try again in a minute',
    { context: { hadCredentials: true, action, path, ip, retryAfterSeconds: 60 } },
  );
}
