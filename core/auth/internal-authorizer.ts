// Decides by the users of mediamtx.yml (`authMethod: internal`).
import type { Clock } from '../base/clock.ts';
import { networkOf } from '../base/ip-address.ts';
import type { Logger } from '../base/logger.ts';
import { MediaError } from '../base/media-error.ts';
import { authenticationRequired } from './access-refusals.ts';
import type { AccessRequest, Authorizer, Credentials, Principal } from './access-request.ts';
import { Argon2Verifier, nativeArgon2, type Argon2Function } from './argon2-verifier.ts';
import type { InternalUser } from './internal-user.ts';
import { LoginGuard, type LoginGuardOptions, type Verdict } from './login-guard.ts';
import { checkStoredCredential } from './stored-credential.ts';
import { UserRule } from './user-rule.ts';

/** What the authorizer works with. */
export interface InternalAuthorizerComponents {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Default: that of Node.js. */
  readonly argon2?: Argon2Function | undefined;
  /** Default: one of its own, made with the options. */
  readonly guard?: LoginGuard;
}

type ShownCredentials = Exclude<Credentials, { readonly type: 'none' }>;

/**
 * Tries the users in order; one lets the client in when address, permission and credentials all
 * match. A LoginGuard deals with wrong credentials.
 */
export class InternalAuthorizer implements Authorizer {
  readonly #logger: Logger;
  readonly #hasArgon2: boolean;
  readonly #verifier: Argon2Verifier;
  readonly #guard: LoginGuard;
  #rules: readonly UserRule[];
  #hasWarnedOfDigest = false;

  /** @throws MediaError as replaceUsers(). */
  constructor(
    users: readonly InternalUser[],
    components: InternalAuthorizerComponents,
    options: LoginGuardOptions = {},
  ) {
    const { clock, logger } = components;
    const compute = 'argon2' in components ? components.argon2 : nativeArgon2();
    this.#logger = logger;
    this.#hasArgon2 = compute !== undefined;
    this.#verifier = new Argon2Verifier({ clock, compute: compute ?? refuseArgon2 });
    this.#guard = components.guard ?? new LoginGuard({ clock, logger }, options);
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
    if (credentials.type === 'none') throw authenticationRequired(request);
    const shown = { ...request, credentials };
    return await this.#guard.admit({
      ...{ request, signal },
      guess: guessOf(credentials),
      judge: () => this.#judge(shown, rules),
    });
  }

  /** Entries with the permission first; the others only tell a refusal from wrong credentials. */
  async #judge(
    request: AccessRequest & { readonly credentials: ShownCredentials },
    rules: readonly UserRule[],
  ): Promise<Verdict> {
    const named = rules.filter((rule) => rule.user !== undefined);
    for (const rule of named) {
      if (rule.permits(request) && (await this.#matches(rule, request))) {
        return { type: 'granted', principal: { user: userOf(request.credentials) } };
      }
    }
    for (const rule of named) {
      if (!rule.permits(request) && (await this.#matches(rule, request))) {
        return { type: 'forbidden' };
      }
    }
    return { type: 'wrong' };
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
