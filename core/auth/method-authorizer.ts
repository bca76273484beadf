// The authorizer of the server: builds the one that `authMethod` names, and another when that changes.
import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import type { GlobalConfig } from '../config/config.ts';
import type { AccessRequest, Authorizer, Principal } from './access-request.ts';
import { AuthHttpClient } from './auth-http-client.ts';
import { HttpAuthorizer } from './http-authorizer.ts';
import { InternalAuthorizer } from './internal-authorizer.ts';
import { JwksCache } from './jwks-cache.ts';
import { JwtAuthorizer } from './jwt-authorizer.ts';
import { JwtVerifier } from './jwt-verifier.ts';
import { LoginGuard, type LoginGuardOptions } from './login-guard.ts';
import { warnExclusions, warnOpenAccess } from './open-access.ts';

/** The keys of mediamtx.yml that decide who may do what. */
export type AuthSettings = Pick<
  GlobalConfig,
  | 'authMethod'
  | 'authInternalUsers'
  | 'authHTTPAddress'
  | 'authHTTPFingerprint'
  | 'authHTTPExclude'
  | 'authJWTJWKS'
  | 'authJWTJWKSFingerprint'
  | 'authJWTClaimKey'
  | 'authJWTExclude'
  | 'authJWTIssuer'
  | 'authJWTAudience'
  | 'authJWTInHTTPQuery'
  | 'readTimeout'
>;

/** What the authorizer works with. */
export interface MethodAuthorizerComponents {
  readonly clock: Clock;
  readonly logger: Logger;
}

/** One method, ready. */
interface Method {
  readonly authorizer: Authorizer;
  /** As `authorizer`, where nobody is let in without a name. */
  readonly named: Authorizer;
  readonly refreshKeys: () => void;
  /** Another method decides from now on. */
  readonly retire: () => void;
  readonly close: () => void;
}

/** The user that stands for everybody. */
const ANYBODY = 'any';
const MAX_REASON_BYTES = 16_384;
const MAX_KEY_SET_BYTES = 1024 * 1024;
const MAX_SOCKETS = 512;

/** Wrong guesses are counted on when the method or its settings change. */
export class MethodAuthorizer implements Authorizer {
  /** For doors that want to know who comes: entries of `any` don't count, and a principal may still be nameless. */
  readonly named: Authorizer = {
    authorize: (request, signal) => this.#method.named.authorize(request, signal),
  };
  readonly #components: MethodAuthorizerComponents;
  readonly #guard: LoginGuard;
  #settings: AuthSettings;
  #method: Method;

  /** @throws MediaError as reconfigure(). */
  constructor(
    settings: AuthSettings,
    components: MethodAuthorizerComponents,
    options: LoginGuardOptions = {},
  ) {
    this.#components = components;
    this.#guard = new LoginGuard(components, options);
    this.#settings = pickAuthSettings(settings);
    this.#method = this.#create(this.#settings);
  }

  /** What is open to others, one sentence each. */
  get warnings(): readonly string[] {
    const { authMethod, authInternalUsers, authHTTPExclude, authJWTExclude } = this.#settings;
    switch (authMethod) {
      case 'internal':
        return warnOpenAccess(authInternalUsers);
      case 'http':
        return warnExclusions('authHTTPExclude', authHTTPExclude);
      case 'jwt':
        return warnExclusions('authJWTExclude', authJWTExclude);
    }
  }

  /** @throws MediaError unauthenticated, permission-denied, resource-exhausted, unavailable, canceled. */
  authorize(request: AccessRequest, signal?: AbortSignal): Promise<Principal> {
    return this.#method.authorizer.authorize(request, signal);
  }

  /**
   * Decides by other settings from now on; sessions that run are left alone. Equal settings change
   * nothing.
   * @throws MediaError invalid-argument or unsupported for settings that can't be used; the old ones
   * stay then.
   */
  reconfigure(settings: AuthSettings): void {
    const next = pickAuthSettings(settings);
    if (isDeepStrictEqual(next, this.#settings)) return;
    const method = this.#create(next);
    this.#method.retire();
    this.#method = method;
    this.#settings = next;
  }

  /** Forgets the keys that check tokens, for keys that were withdrawn; without effect elsewhere. */
  refreshKeys(): void {
    this.#method.refreshKeys();
  }

  /** Idempotent; questions under way fail as `unavailable`. */
  close(): void {
    this.#method.close();
  }

  #create(settings: AuthSettings): Method {
    switch (settings.authMethod) {
      case 'internal':
        return this.#createInternal(settings);
      case 'http':
        return this.#createHttp(settings);
      case 'jwt':
        return this.#createJwt(settings);
    }
  }

  #createInternal({ authInternalUsers }: AuthSettings): Method {
    const components = { ...this.#components, guard: this.#guard };
    const authorizer = new InternalAuthorizer(authInternalUsers, components);
    const namedUsers = authInternalUsers.filter(({ user }) => user !== ANYBODY);
    const named = new InternalAuthorizer(namedUsers, components);
    return { authorizer, named, refreshKeys: nothing, retire: nothing, close: nothing };
  }

  #createHttp(settings: AuthSettings): Method {
    const { clock } = this.#components;
    const client = new AuthHttpClient(clock, {
      url: settings.authHTTPAddress,
      fingerprint: settings.authHTTPFingerprint,
      timeoutMs: settings.readTimeout,
      maxResponseBytes: MAX_REASON_BYTES,
      maxSockets: MAX_SOCKETS,
    });
    const authorizer = new HttpAuthorizer(
      { ...this.#components, guard: this.#guard, client },
      { exclude: settings.authHTTPExclude },
    );
    return { authorizer, named: authorizer, refreshKeys: nothing, ...endsOf(client) };
  }

  #createJwt(settings: AuthSettings): Method {
    const { clock, logger } = this.#components;
    const client = new AuthHttpClient(clock, {
      url: settings.authJWTJWKS,
      fingerprint: settings.authJWTJWKSFingerprint,
      timeoutMs: settings.readTimeout,
      maxResponseBytes: MAX_KEY_SET_BYTES,
      maxSockets: 2,
    });
    const keys = new JwksCache({ clock, logger, client });
    const verifier = new JwtVerifier(
      { clock, keys },
      { issuer: settings.authJWTIssuer, audience: settings.authJWTAudience },
    );
    const authorizer = new JwtAuthorizer(
      { logger, guard: this.#guard, verifier },
      {
        claimKey: settings.authJWTClaimKey,
        exclude: settings.authJWTExclude,
        isInHttpQuery: settings.authJWTInHTTPQuery,
      },
    );
    return { authorizer, named: authorizer, refreshKeys: () => keys.forget(), ...endsOf(client) };
  }
}

/** Whatever else the configuration holds must not look like a change. */
function pickAuthSettings(settings: AuthSettings): AuthSettings {
  return {
    authMethod: settings.authMethod,
    authInternalUsers: settings.authInternalUsers,
    authHTTPAddress: settings.authHTTPAddress,
    authHTTPFingerprint: settings.authHTTPFingerprint,
    authHTTPExclude: settings.authHTTPExclude,
    authJWTJWKS: settings.authJWTJWKS,
    authJWTJWKSFingerprint: settings.authJWTJWKSFingerprint,
    authJWTClaimKey: settings.authJWTClaimKey,
    authJWTExclude: settings.authJWTExclude,
    authJWTIssuer: settings.authJWTIssuer,
    authJWTAudience: settings.authJWTAudience,
    authJWTInHTTPQuery: settings.authJWTInHTTPQuery,
    readTimeout: settings.readTimeout,
  };
}

function endsOf(client: AuthHttpClient): Pick<Method, 'retire' | 'close'> {
  return { retire: () => client.retire(), close: () => client.close() };
}

function nothing(): void {
  // Methods that hold nothing have nothing to forget.
}
