// TURN servers of Twilio: one token for everybody until half of its life has passed.
import type { Clock } from '../../core/base/clock.ts';
import { fetchText, type FetchedText } from '../../core/base/fetch-text.ts';
import type { Logger } from '../../core/base/logger.ts';
import { MediaError, toMediaError } from '../../core/base/media-error.ts';
import { MIN_TTL_SECONDS, type TwilioOptions } from './ice-options.ts';
import type { IssuedServers, TurnProvider } from './turn-provider.ts';
import { parseTwilioToken, type TwilioToken } from './twilio-token.ts';

const MAX_ANSWER_BYTES = 64 * 1024;
/** After a failure nobody waits for Twilio again for so long. */
const RETRY_AFTER_MS = 30_000;
/** Whoever can have a token that still works waits no longer for a new one. */
const PATIENCE_MS = 1000;

interface CachedToken extends TwilioToken {
  /** Monotonic. */
  readonly fetchedAtMs: number;
}

/** Whether the account and one kind of credentials are there. */
export function isTwilioReady(options: TwilioOptions): boolean {
  const { accountSid, authToken, apiKey = '', apiSecret = '' } = options;
  return accountSid !== '' && (authToken !== '' || (apiKey !== '' && apiSecret !== ''));
}

/** Asks Twilio once however many clients wait, and remembers what it said. */
export class TwilioTurnProvider implements TurnProvider {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #options: TwilioOptions & { readonly ttlSeconds: number };
  #token: CachedToken | undefined;
  #failure: { readonly error: MediaError; readonly atMs: number } | undefined;
  #running: Promise<CachedToken> | undefined;

  constructor(
    components: { readonly clock: Clock; readonly logger: Logger },
    options: TwilioOptions & { readonly ttlSeconds: number },
  ) {
    this.#clock = components.clock;
    this.#logger = components.logger;
    this.#options = options;
  }

  /**
   * @throws MediaError `twilio-error` (text `Twilio API error: 401`), `twilio-timeout`
   * (`Twilio API timeout`) or `twilio-invalid-answer`.
   */
  async issue(signal?: AbortSignal): Promise<IssuedServers> {
    const cached = this.#token;
    if (cached && this.#ageMs(cached) * 2 < cached.ttlSeconds * 1000) return this.#issued(cached);
    // What was issued before still works for a while.
    const known = cached && this.#leftSeconds(cached) >= MIN_TTL_SECONDS ? cached : undefined;
    try {
      const fetched = orAborted(this.#fetchOnce(), signal);
      return this.#issued(await (known ? this.#orSoon(fetched, known) : fetched));
    } catch (thrown) {
      signal?.throwIfAborted();
      if (known) return this.#issued(known);
      throw thrown;
    }
  }

  /** The call goes on without the client; the next one finds its token. */
  async #orSoon(fetched: Promise<CachedToken>, known: CachedToken): Promise<CachedToken> {
    const { promise: late, resolve } = Promise.withResolvers<CachedToken>();
    const timer = this.#clock.after(PATIENCE_MS, () => resolve(known));
    try {
      return await Promise.race([fetched, late]);
    } finally {
      timer.cancel();
    }
  }

  #fetchOnce(): Promise<CachedToken> {
    if (this.#running) return this.#running;
    const failed = this.#failure;
    if (failed && this.#clock.monotonicMs() - failed.atMs < RETRY_AFTER_MS) {
      return Promise.reject(failed.error);
    }
    const running = this.#fetch().finally(() => (this.#running = undefined));
    this.#running = running;
    return running;
  }

  async #fetch(): Promise<CachedToken> {
    try {
      const answer = await this.#call();
      if (answer.status < 200 || answer.status > 299) {
        const message = `Twilio API error: ${answer.status}`;
        throw new MediaError('unavailable', 'twilio-error', message);
      }
      const token = parseTwilioToken(answer.text);
      this.#failure = undefined;
      const cached = { ...token, fetchedAtMs: this.#clock.monotonicMs() };
      this.#token = cached;
      return cached;
    } catch (thrown) {
      const error = toTwilioError(toMediaError(thrown));
      this.#failure = { error, atMs: this.#clock.monotonicMs() };
      this.#logger.warn(error.message);
      throw error;
    }
  }

  #call(): Promise<FetchedText> {
    const { accountSid, authToken, apiKey = '', apiSecret = '' } = this.#options;
    const { baseUrl, timeoutMs, ttlSeconds } = this.#options;
    const login = apiKey === '' || apiSecret === '' ? [accountSid, authToken] : [apiKey, apiSecret];
    return fetchText(this.#clock, {
      url: `${baseUrl}/2010-04-01/Accounts/${encodeURIComponent(accountSid)}/Tokens.json`,
      method: 'POST',
      headers: {
        Authorization: `Basic ${Buffer.from(login.join(':')).toString('base64')}`,
        'Content-Type': 'application/x-www-form-urlencoded',
        Accept: 'application/json',
      },
      body: `Ttl=${ttlSeconds}`,
      timeoutMs,
      maxBytes: MAX_ANSWER_BYTES,
    });
  }

  #issued(token: CachedToken): IssuedServers {
    const ttlSeconds = Math.max(MIN_TTL_SECONDS, this.#leftSeconds(token));
    return { servers: token.servers, ttlSeconds, isComplete: true };
  }

  #ageMs(token: CachedToken): number {
    return this.#clock.monotonicMs() - token.fetchedAtMs;
  }

  #leftSeconds(token: CachedToken): number {
    return token.ttlSeconds - Math.floor(this.#ageMs(token) / 1000);
  }
}

function toTwilioError(error: MediaError): MediaError {
  if (error.code === 'fetch-timeout') {
    return new MediaError('deadline-exceeded', 'twilio-timeout', 'Twilio API timeout', {
      cause: error,
    });
  }
  if (error.code.startsWith('twilio-')) return error;
  const message = `Twilio API error: ${error.message}`;
  return new MediaError('unavailable', 'twilio-error', message, { cause: error });
}

/** One client that leaves does not end the call that others wait for. */
function orAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work;
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(toMediaError(signal.reason));
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    void work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
