// Who may use the API: application tokens, named tokens, and the users of mediamtx.yml.
import type { Authorizer, Principal } from '../../core/auth/access-request.ts';
import { FailureLimiter } from '../../core/auth/failure-limiter.ts';
import { httpAccess, type HttpAccessQuestion } from '../../core/auth/http-access.ts';
import type { Clock } from '../../core/base/clock.ts';
import { MediaError } from '../../core/base/media-error.ts';
import { APP_TOKEN_LEEWAY_MS, type AppTokens } from './app-tokens.ts';
import { hashToken, isNamedToken } from './named-token.ts';
import type { NamedTokens } from './named-tokens.ts';
import { findToken } from './token-carrier.ts';
import { grantFault } from './token-grants.ts';

/** What a listener knows about a request for a protected route. */
export interface TokenQuestion extends HttpAccessQuestion {
  readonly method: string;
  /** Path of the URL, decoded, without query. */
  readonly urlPath: string;
}

/** What the gate asks. */
export interface TokenGateComponents {
  readonly clock: Clock;
  /** Undefined: tokens are off, and `users` decides alone. */
  readonly appTokens: Pick<AppTokens, 'verify'> | undefined;
  readonly namedTokens: Pick<NamedTokens, 'verify'>;
  /** All users of mediamtx.yml. */
  readonly users: Authorizer;
  /** Only those with a name: where a token is asked for, `any` is nobody. */
  readonly namedUsers: Authorizer;
}

/** Bounds and rules. */
export interface TokenGateOptions {
  /** Whether grants inside application tokens count. */
  readonly hasGrants: boolean;
  /** Wrong tokens that one network may show at once; default 5. */
  readonly failureBurst?: number;
  /** Time after which one more is allowed; default 12 s. */
  readonly failureRefillMs?: number;
}

/** Who was let in; the same shape as AdmittedUser of core/http. */
export interface Admission extends Principal {
  /**
   * Whether a named token still counts.
   * @throws MediaError `unauthenticated`, `permission-denied`, or `unavailable` when nobody can tell.
   */
  readonly recheck?: () => Promise<void>;
}

type Verdict =
  | { readonly type: 'valid'; readonly admission: Admission }
  | { readonly type: 'invalid'; readonly text: string }
  | { readonly type: 'forbidden'; readonly text: string };

const MAX_REMEMBERED = 4096;
const MAX_SHOWN_IDENTITY = 64;

/**
 * The gate of the API listener; `access` fits AccessGate of core/http. Wrong tokens are counted per
 * client network. A token that was right before is never refused for the wrong ones of a neighbour.
 */
export class TokenGate {
  readonly #components: TokenGateComponents;
  readonly #hasGrants: boolean;
  readonly #limiter: FailureLimiter;
  readonly #askUsers: (question: HttpAccessQuestion) => Promise<Principal>;
  readonly #askNamedUsers: (question: HttpAccessQuestion) => Promise<Principal>;
  /** Hashes of tokens that were right. */
  readonly #remembered = new Set<string>();

  constructor(components: TokenGateComponents, options: TokenGateOptions) {
    this.#components = components;
    this.#hasGrants = options.hasGrants;
    this.#limiter = new FailureLimiter(components.clock, {
      burst: options.failureBurst ?? 5,
      refillMs: options.failureRefillMs ?? 12_000,
    });
    this.#askUsers = httpAccess(components.users, 'http');
    this.#askNamedUsers = httpAccess(components.namedUsers, 'http');
  }

  /**
   * Resolves to who it is: `app`, `app:<identity>`, `token:<name>`, or a user; and until when.
   * @throws MediaError `unauthenticated`, `permission-denied`, `resource-exhausted` (too many wrong
   * tokens), `unavailable` (token file broken), and those of the authorizers.
   */
  readonly access = async (question: TokenQuestion): Promise<Admission> => {
    const { appTokens } = this.#components;
    if (appTokens === undefined) return await this.#askUsers(question);
    const carrier = findToken(question.headers.authorization, question.query);
    switch (carrier.type) {
      case 'none':
        throw refusal('permissions denied', false);
      case 'foreign':
        throw refusal('invalid authorization header. Must start with Bearer ', true);
      case 'password':
        return await this.#checkUser(question);
      case 'token':
        return this.#decide(
          carrier.token,
          question,
          await this.#verify(carrier.token, question, appTokens),
        );
    }
  };

  async #checkUser(question: TokenQuestion): Promise<Principal> {
    const principal = await this.#askNamedUsers(question);
    if (principal.user === '') throw refusal('permissions denied', true);
    return principal;
  }

  async #verify(
    token: string,
    question: TokenQuestion,
    appTokens: Pick<AppTokens, 'verify'>,
  ): Promise<Verdict> {
    if (isNamedToken(token)) {
      const verdict = await this.#components.namedTokens.verify(token, question);
      if (verdict.type !== 'valid') return verdict;
      const { method, urlPath } = question;
      const recheck = (): Promise<void> => this.#recheck(token, { method, urlPath });
      return { type: 'valid', admission: { user: `token:${verdict.name}`, recheck } };
    }
    const verdict = appTokens.verify(token);
    if (verdict.type === 'invalid') return verdict;
    const { identity, expiresAt, video } = verdict.claims;
    const fault = this.#hasGrants ? grantFault(video, question) : undefined;
    if (fault !== undefined) return { type: 'forbidden', text: fault };
    const user = identity === '' ? 'app' : `app:${printable(identity)}`;
    return { type: 'valid', admission: { user, expiresAt: expiresAt + APP_TOKEN_LEEWAY_MS } };
  }

  /** A connection that stays is no guess: nothing is counted. */
  async #recheck(token: string, request: Pick<TokenQuestion, 'method' | 'urlPath'>): Promise<void> {
    const verdict = await this.#components.namedTokens.verify(token, request);
    if (verdict.type === 'invalid') throw refusal(verdict.text, true);
    if (verdict.type === 'forbidden') throw forbidden(verdict.text);
  }

  #decide(token: string, { ip }: TokenQuestion, verdict: Verdict): Admission {
    const hash = hashToken(token);
    const isBlocked = this.#limiter.isBlocked(ip, hash);
    if (verdict.type === 'invalid') {
      this.#remembered.delete(hash);
      if (isBlocked) throw tooManyFailures(ip);
      this.#limiter.recordFailure(ip, hash);
      throw refusal(verdict.text, true);
    }
    // A first right token from a blocked network is refused too: else guessing would go on unlimited.
    if (isBlocked && !this.#remembered.has(hash)) throw tooManyFailures(ip);
    this.#remember(hash);
    if (verdict.type === 'valid') return verdict.admission;
    throw forbidden(verdict.text);
  }

  #remember(hash: string): void {
    this.#remembered.delete(hash);
    const [oldest] = this.#remembered;
    if (oldest !== undefined && this.#remembered.size >= MAX_REMEMBERED)
      this.#remembered.delete(oldest);
    this.#remembered.add(hash);
  }
}

function printable(identity: string): string {
  return identity.slice(0, MAX_SHOWN_IDENTITY).replace(/[^\p{L}\p{N}._@ -]/gu, '?');
}

function refusal(text: string, hadCredentials: boolean): MediaError {
  const error = hadCredentials ? ', error="invalid_token"' : '';
  const code = hadCredentials ? 'authentication-failed' : 'authentication-required';
  return new MediaError('unauthenticated', code, text, {
    context: { hadCredentials, challenge: `Bearer realm="mediamtx-pro"${error}` },
  });
}

function forbidden(text: string): MediaError {
  return new MediaError('permission-denied', 'permission-denied', text);
}

function tooManyFailures(ip: string): MediaError {
  const message = 'too many wrong tokens from this address, try again in a minute';
  return new MediaError('resource-exhausted', 'too-many-failed-logins', message, {
    context: { hadCredentials: true, ip, retryAfterSeconds: 60 },
  });
}
