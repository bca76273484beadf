// Asks a service of the operator over HTTP (`authMethod: http`).
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import { MediaError, toMediaError } from '../base/media-error.ts';
import { authenticationRequired } from './access-refusals.ts';
import type { AccessRequest, Authorizer, Credentials, Principal } from './access-request.ts';
import type { AuthHttpAnswer, AuthHttpQuestion } from './auth-http-client.ts';
import { CallLimiter, type CallLimits } from './call-limiter.ts';
import { CredentialMemory } from './credential-memory.ts';
import type { LoginGuard, Verdict } from './login-guard.ts';
import { PermissionSet, type Permission } from './permission-set.ts';

/** What the authorizer works with. */
export interface HttpAuthorizerComponents {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly guard: LoginGuard;
  readonly client: {
    readonly place: string;
    ask(question: AuthHttpQuestion): Promise<AuthHttpAnswer>;
  };
}

/** Settings of the authorizer. */
export interface HttpAuthorizerOptions extends Partial<CallLimits> {
  /** What is allowed without asking. */
  readonly exclude: readonly Permission[];
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/iu;
const MAX_LOGGED_CHARS = 256;
/** A service that is down must not fill the log. */
const COMPLAINT_PERIOD_MS = 10_000;

/**
 * One POST for each request, with the request's own signal: a slow answer holds up nobody else. A
 * status of 2xx allows, any other refuses, and nothing is remembered as allowed. No answer at all
 * refuses too, as `unavailable`, and doesn't count as a wrong guess.
 */
export class HttpAuthorizer implements Authorizer {
  readonly #components: HttpAuthorizerComponents;
  readonly #exclude: PermissionSet;
  readonly #calls: CallLimiter;
  readonly #known: CredentialMemory;
  #complainedMs = Number.NEGATIVE_INFINITY;

  /** @throws MediaError invalid-argument for a malformed exclusion. */
  constructor(components: HttpAuthorizerComponents, options: HttpAuthorizerOptions) {
    const { exclude, maxCalls = 512, maxCallsPerNetwork = 256 } = options;
    this.#components = components;
    this.#exclude = new PermissionSet(exclude);
    this.#calls = new CallLimiter({ maxCalls, maxCallsPerNetwork });
    this.#known = new CredentialMemory(components.clock);
  }

  /** @throws MediaError unauthenticated, permission-denied, resource-exhausted, unavailable, canceled. */
  async authorize(request: AccessRequest, signal?: AbortSignal): Promise<Principal> {
    if (this.#exclude.permits(request)) return { user: '' };
    if (request.credentials.type === 'none') {
      const { status } = await this.#ask(request, signal);
      if (isAllowed(status)) return { user: '' };
      throw authenticationRequired(request);
    }
    const shown = shownBy(request.credentials);
    const guess = `${shown.user}\0${shown.password}\0${shown.token}`;
    return await this.#components.guard.admit({
      ...{ request, guess, signal },
      judge: async () => this.#judge(request, guess, await this.#ask(request, signal)),
    });
  }

  /**
   * Many services answer one status for a wrong password and for a missing permission. Credentials
   * that were right lately aren't guessed, so only the others are counted and slowed down.
   */
  #judge(request: AccessRequest, guess: string, answer: AuthHttpAnswer): Verdict {
    const shown = shownBy(request.credentials);
    if (isAllowed(answer.status)) {
      this.#known.remember(guess);
      return { type: 'granted', principal: { user: shown.user } };
    }
    const { logger } = this.#components;
    const reason = printable(answer.text, [shown.password, shown.token, request.query]);
    logger.debug(`the authentication service refused with ${answer.status}: ${reason}`);
    if (this.#known.knows(guess)) return { type: 'forbidden' };
    return { type: 'wrong', isForbidden: answer.status === 403 };
  }

  async #ask(request: AccessRequest, signal: AbortSignal | undefined): Promise<AuthHttpAnswer> {
    const { client } = this.#components;
    const body = JSON.stringify(questionOf(request));
    try {
      return await this.#calls.run(request.ip, () => client.ask({ method: 'POST', body, signal }));
    } catch (thrown) {
      throw this.#failure(toMediaError(thrown), signal);
    }
  }

  /** The client learns that it is not to blame; the operator learns why. */
  #failure(error: MediaError, signal: AbortSignal | undefined): MediaError {
    if (signal?.aborted === true) {
      const text = 'client left before the answer';
      return new MediaError('canceled', 'auth-canceled', text, { cause: error });
    }
    const { clock, logger } = this.#components;
    const nowMs = clock.monotonicMs();
    if (nowMs - this.#complainedMs >= COMPLAINT_PERIOD_MS) {
      this.#complainedMs = nowMs;
      logger.error(`authHTTPAddress: ${error.message}`);
    }
    if (error.code === 'auth-busy') return error;
    return new MediaError(
      'unavailable',
      'auth-unavailable',
      'the authentication service does not answer, try again later',
      { cause: error, context: { retryAfterSeconds: 2 } },
    );
  }
}

/** As the peer asks. `protocol` is empty where no media protocol is spoken, `id` null without session. */
function questionOf(request: AccessRequest): Readonly<Record<string, string | null>> {
  const { ip, action, path, protocol, id, query, userAgent, credentials } = request;
  return {
    ip,
    ...shownBy(credentials),
    ...{ action, path },
    protocol: protocol === 'http' ? '' : protocol,
    id: UUID.test(id) ? id : null,
    ...{ query, userAgent },
  };
}

interface Shown {
  readonly user: string;
  readonly password: string;
  readonly token: string;
}

/** A digest has no password to pass on; the configuration refuses it together with this method. */
function shownBy(credentials: Credentials): Shown {
  switch (credentials.type) {
    case 'none':
      return { user: '', password: '', token: '' };
    case 'password':
      return { user: credentials.user, password: credentials.password, token: '' };
    case 'digest':
      return { user: credentials.user, password: '', token: '' };
    case 'bearer':
      return { user: '', password: '', token: credentials.token };
  }
}

function isAllowed(status: number): boolean {
  return status >= 200 && status < 300;
}

/** For the log: a service that quotes what it was sent must not bring a secret there. */
function printable(text: string, secrets: readonly string[]): string {
  const spellings = secrets.flatMap((secret) =>
    secret === '' ? [] : [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret)],
  );
  if (spellings.some((spelling) => text.includes(spelling))) return '(it quotes a secret)';
  // eslint-disable-next-line no-control-regex -- control characters are what is taken out
  return text.slice(0, MAX_LOGGED_CHARS).replace(/[\u0000-\u001f\u007f-\u009f]/gu, ' ');
}
