// Decides by signed tokens that clients bring (`authMethod: jwt`).
import type { Logger } from '../base/logger.ts';
import { MediaError, toMediaError } from '../base/media-error.ts';
import { authenticationFailed, authenticationRequired } from './access-refusals.ts';
import type { AccessRequest, Authorizer, Principal } from './access-request.ts';
import { readJwtPermissions } from './jwt-permissions.ts';
import type { JwtVerdict } from './jwt-verifier.ts';
import type { LoginGuard, Verdict } from './login-guard.ts';
import { PermissionSet, type Permission } from './permission-set.ts';

/** What the authorizer works with. */
export interface JwtAuthorizerComponents {
  readonly logger: Logger;
  readonly guard: LoginGuard;
  readonly verifier: { verify(token: string, signal?: AbortSignal): Promise<JwtVerdict> };
}

/** Settings of the authorizer. */
export interface JwtAuthorizerOptions {
  readonly claimKey: string;
  /** What needs no token. */
  readonly exclude: readonly Permission[];
  /** Whether HTTP requests may carry the token in their query; RTSP ones always may. */
  readonly isInHttpQuery: boolean;
}

/** Who shows a genuine token may do what it lists, until it expires. */
export class JwtAuthorizer implements Authorizer {
  readonly #components: JwtAuthorizerComponents;
  readonly #options: JwtAuthorizerOptions;
  readonly #exclude: PermissionSet;

  /** @throws MediaError invalid-argument for a malformed exclusion. */
  constructor(components: JwtAuthorizerComponents, options: JwtAuthorizerOptions) {
    this.#components = components;
    this.#options = options;
    this.#exclude = new PermissionSet(options.exclude);
  }

  /** @throws MediaError unauthenticated, permission-denied, resource-exhausted, unavailable, canceled. */
  async authorize(request: AccessRequest, signal?: AbortSignal): Promise<Principal> {
    if (this.#exclude.permits(request)) return { user: '' };
    const token = this.#tokenOf(request);
    if (token === '') {
      const hadCredentials = request.credentials.type !== 'none';
      throw hadCredentials ? authenticationFailed(request) : authenticationRequired(request);
    }
    return await this.#components.guard.admit({
      ...{ request, guess: token, signal },
      judge: () => this.#judge(request, token, signal),
    });
  }

  /** Bearer, then the password (the place for it in RTSP URLs), then the query. */
  #tokenOf({ credentials, protocol, query }: AccessRequest): string {
    if (credentials.type === 'bearer') return credentials.token;
    if (credentials.type === 'password' && credentials.password !== '') return credentials.password;
    if (protocol !== 'rtsp' && !this.#options.isInHttpQuery) return '';
    const parameters = new URLSearchParams(query);
    return soleValue(parameters, 'token') || soleValue(parameters, 'jwt');
  }

  async #judge(
    request: AccessRequest,
    token: string,
    signal: AbortSignal | undefined,
  ): Promise<Verdict> {
    const verdict = await this.#verify(token, signal);
    switch (verdict.type) {
      case 'invalid':
        this.#components.logger.debug(`token refused: ${verdict.reason}`);
        return { type: 'wrong' };
      case 'expired':
      case 'early':
        return verdict;
      case 'valid': {
        if (!this.#permits(verdict.claims, request)) return { type: 'forbidden' };
        const { subject: user, expiresAt } = verdict;
        return { type: 'granted', principal: { user, expiresAt } };
      }
    }
  }

  async #verify(token: string, signal: AbortSignal | undefined): Promise<JwtVerdict> {
    try {
      return await this.#components.verifier.verify(token, signal);
    } catch (thrown) {
      if (signal?.aborted !== true) throw thrown;
      const text = 'client left before the answer';
      throw new MediaError('canceled', 'auth-canceled', text, { cause: thrown });
    }
  }

  #permits(claims: Readonly<Record<string, unknown>>, request: AccessRequest): boolean {
    const { logger } = this.#components;
    const permissions = readJwtPermissions(claims, this.#options.claimKey);
    if (permissions === undefined) {
      logger.debug(`token refused: it has no list of permissions in '${this.#options.claimKey}'`);
      return false;
    }
    // One at a time, so that one bad pattern spoils only itself.
    return permissions
      .filter(({ action }) => action === request.action)
      .some((permission) => isPermitted(permission, request, logger));
  }
}

function isPermitted(permission: Permission, request: AccessRequest, logger: Logger): boolean {
  try {
    return new PermissionSet([permission]).permits(request);
  } catch (thrown) {
    logger.debug(`permission of a token ignored: ${toMediaError(thrown).message}`);
    return false;
  }
}

/** A parameter that stands there twice may mean two things to two readers. */
function soleValue(parameters: URLSearchParams, name: string): string {
  const [first = '', ...others] = parameters.getAll(name);
  return others.length === 0 ? first : '';
}
