// Decides whether a request to the façade's open API is signed by who may ask, now, and for the first time.
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { Clock } from '../../../core/base/clock.ts';
import { MediaError, toMediaError } from '../../../core/base/media-error.ts';
import { FailureLimiter } from '../../../core/auth/failure-limiter.ts';
import { parameterInvalid, signInvalid, tokenInvalid } from './facade-error.ts';
import type { FacadeTokens } from './facade-tokens.ts';
import { verifyOpenApi, type OpenApiCall, type OpenApiSignMethod } from './open-api-signature.ts';

/** A request as it came. */
export interface FacadeRequestFacts {
  readonly method: string;
  /** Path and query as they were sent. */
  readonly target: string;
  /** The bytes as they were received: some clients send a body with GET, and sign it. */
  readonly body: Uint8Array;
  readonly headers: IncomingHttpHeaders;
  readonly ip: string;
}

/** Settings of the gate. */
export interface FacadeGateOptions {
  readonly clientId: string;
  readonly secret: string;
  readonly clockToleranceMs: number;
}

const TIME = /^\d{13}$/u;
const HEADER_NAME = /^[\w-]{1,64}$/u;
const GUESSES: ReadonlySet<string> = new Set(['tuya-sign-invalid', 'tuya-client-invalid']);
const MAX_SIGNED_HEADERS = 16;
const MAX_NONCE_CHARS = 128;
/** More come only from who knows the secret. */
const MAX_NONCES = 50_000;

/** All three kinds of signatures are taken. */
export class FacadeGate {
  readonly #clock: Clock;
  readonly #options: FacadeGateOptions;
  readonly #failures: FailureLimiter;
  /** Monotonic time of forgetting, by nonce; in order, as all live equally long. */
  readonly #nonces = new Map<string, number>();

  constructor(clock: Clock, options: FacadeGateOptions) {
    this.#clock = clock;
    this.#options = options;
    this.#failures = new FailureLimiter(clock);
  }

  /** A request for a token. @throws MediaError as `admit()`, but for tokens. */
  admitLogin(facts: FacadeRequestFacts): void {
    this.#check(facts, '');
  }

  /**
   * A request with an access token.
   * @throws MediaError `tuya-client-invalid`, `tuya-clock-skew`, `tuya-sign-invalid`,
   * `tuya-parameter-invalid`, `tuya-too-many-requests`, `tuya-token-invalid`.
   */
  admit(facts: FacadeRequestFacts, tokens: FacadeTokens): void {
    const accessToken = headerOf(facts.headers, 'access_token');
    if (accessToken === '') throw tokenInvalid('the header access_token is missing');
    this.#check(facts, accessToken);
    tokens.check(accessToken);
  }

  #check(facts: FacadeRequestFacts, accessToken: string): void {
    const { headers, ip } = facts;
    const sign = headerOf(headers, 'sign');
    if (this.#failures.isBlocked(ip, sign)) throw tooMany();
    let kind: OpenApiSignMethod;
    try {
      this.#checkClient(headerOf(headers, 'client_id'));
      kind = this.#checkSignature(facts, accessToken, sign);
    } catch (thrown) {
      const { code } = toMediaError(thrown);
      // A clock that is off is no guess.
      if (GUESSES.has(code)) this.#failures.recordFailure(ip, sign);
      throw thrown;
    }
    const nonce = headerOf(headers, 'nonce');
    // The older kinds do not sign it: whoever saw one such request could fill our memory with others.
    if (nonce !== '' && kind === 'hmac') this.#useNonce(nonce);
  }

  #checkClient(clientId: string): void {
    if (isSame(clientId, this.#options.clientId)) return;
    throw new MediaError('unauthenticated', 'tuya-client-invalid', 'clientId is invalid');
  }

  #checkSignature(facts: FacadeRequestFacts, accessToken: string, sign: string): OpenApiSignMethod {
    const { headers, method, target, body } = facts;
    const t = headerOf(headers, 't');
    this.#checkTime(t);
    const nonce = headerOf(headers, 'nonce');
    if (nonce.length > MAX_NONCE_CHARS) throw signInvalid('the nonce is too long');
    const signedHeaders = signedHeadersOf(headers);
    const call: OpenApiCall = { method, target, body, t, nonce, accessToken, signedHeaders };
    const kind = verifyOpenApi(this.#options, call, sign);
    if (kind === undefined) throw signInvalid('it is not that of this request');
    return kind;
  }

  #checkTime(t: string): void {
    const { clockToleranceMs } = this.#options;
    if (!TIME.test(t)) throw parameterInvalid("the header 't' is no time in milliseconds");
    if (Math.abs(this.#clock.nowMs() - Number(t)) <= clockToleranceMs) return;
    const message = `request time is invalid: 't' is off by more than ${clockToleranceMs / 1000} s`;
    throw new MediaError('unauthenticated', 'tuya-clock-skew', message);
  }

  /** Remembered as long as its time is taken. */
  #useNonce(nonce: string): void {
    const nowMs = this.#clock.monotonicMs();
    for (const [known, forgetAtMs] of this.#nonces) {
      if (forgetAtMs > nowMs) break;
      this.#nonces.delete(known);
    }
    if (this.#nonces.has(nonce)) throw signInvalid('the nonce was used before');
    if (this.#nonces.size >= MAX_NONCES) throw tooMany();
    this.#nonces.set(nonce, nowMs + 2 * this.#options.clockToleranceMs + 1000);
  }
}

/** Names and values in the order of `Signature-Headers`. */
function signedHeadersOf(headers: IncomingHttpHeaders): (readonly [string, string])[] {
  const list = headerOf(headers, 'signature-headers');
  if (list === '') return [];
  const names = list.split(':').filter((name) => name !== '');
  if (names.length > MAX_SIGNED_HEADERS || !names.every((name) => HEADER_NAME.test(name))) {
    throw signInvalid('Signature-Headers names no headers');
  }
  return names.map((name) => [name, headerOf(headers, name.toLowerCase())] as const);
}

function headerOf(headers: IncomingHttpHeaders, name: string): string {
  const value = headers[name];
  return Array.isArray(value) ? value.join(', ') : (value ?? '');
}

/** Takes the same time for every text. */
function isSame(given: string, expected: string): boolean {
  return timingSafeEqual(digestOf(given), digestOf(expected));
}

function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function tooMany(): MediaError {
  const message = 'your requests are too frequent';
  return new MediaError('resource-exhausted', 'tuya-too-many-requests', message);
}
