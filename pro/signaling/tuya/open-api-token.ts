// The access token of a cloud project: one for everybody, renewed before it ends.
import { z } from 'zod';
import type { Clock, Timer } from '../../../core/base/clock.ts';
import type { Logger } from '../../../core/base/logger.ts';
import { MediaError, toMediaError } from '../../../core/base/media-error.ts';

/** What the token works with. */
export interface OpenApiTokenComponents {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Sends a GET that is signed without a token; gives the `result`. */
  readonly ask: (path: string) => Promise<unknown>;
}

/** How the project gets tokens. */
export interface OpenApiTokenOptions {
  readonly authMode: 'easy' | 'auth';
  readonly code: string;
}

interface IssuedToken {
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly uid: string;
  /** Monotonic. */
  readonly endsMs: number;
}

const REFRESH_BEFORE_MS = 300_000;
const REFRESH_RETRY_MS = 60_000;
/** After a failure nobody asks again for so long: many devices of one account try again at once. */
const FAILURE_HOLD_MS = 5000;
/** Longer lives are not believed; timers count no further than 24 days. */
const MAX_LIFE_MS = 86_400_000;
const text = z.string().min(1).max(1024);
const schema = z.object({
  access_token: text,
  refresh_token: z.string().max(1024).default(''),
  uid: z.string().max(256).default(''),
  expire_time: z.number().min(1),
});

/** Gives the token to everybody who asks, with one request at a time. */
export class OpenApiToken {
  readonly #components: OpenApiTokenComponents;
  readonly #options: OpenApiTokenOptions;
  #issued: IssuedToken | undefined;
  #request: Promise<IssuedToken> | undefined;
  #failure: { readonly error: MediaError; readonly untilMs: number } | undefined;
  #timer: Timer | undefined;
  #isClosed = false;

  constructor(components: OpenApiTokenComponents, options: OpenApiTokenOptions) {
    this.#components = components;
    this.#options = options;
  }

  get uid(): string | undefined {
    const uid = this.#issued?.uid ?? '';
    return uid === '' ? undefined : uid;
  }

  /** The token, asked for when there is none that works. @throws MediaError of the request. */
  async get(): Promise<string> {
    const nowMs = this.#components.clock.monotonicMs();
    if (this.#issued && this.#issued.endsMs > nowMs) return this.#issued.accessToken;
    if (this.#failure && this.#failure.untilMs > nowMs) throw this.#failure.error;
    const { accessToken } = await this.#renew();
    return accessToken;
  }

  /** The cloud does not take it any more, though its time is not over. */
  forget(accessToken: string): void {
    if (this.#issued?.accessToken !== accessToken) return;
    this.#issued = { ...this.#issued, endsMs: -1 };
  }

  /** Renews nothing any more. Idempotent. */
  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
  }

  #renew(): Promise<IssuedToken> {
    this.#request ??= this.#obtain().finally(() => {
      this.#request = undefined;
    });
    return this.#request;
  }

  async #obtain(): Promise<IssuedToken> {
    const { clock } = this.#components;
    const startMs = clock.monotonicMs();
    try {
      const result = schema.safeParse(await this.#ask());
      if (!result.success) {
        const message = "Tuya's cloud answered the request for a token without one";
        throw new MediaError('unavailable', 'tuya-answer-invalid', message);
      }
      const { access_token: accessToken, refresh_token: refreshToken, uid } = result.data;
      const lifeMs = Math.min(result.data.expire_time * 1000, MAX_LIFE_MS);
      const issued = { accessToken, refreshToken, uid, endsMs: startMs + lifeMs };
      this.#issued = issued;
      this.#failure = undefined;
      this.#renewIn(Math.max(lifeMs - REFRESH_BEFORE_MS, Math.min(lifeMs / 2, REFRESH_RETRY_MS)));
      return issued;
    } catch (thrown) {
      const error = toMediaError(thrown);
      this.#failure = { error, untilMs: clock.monotonicMs() + FAILURE_HOLD_MS };
      throw error;
    }
  }

  /** With the refresh token where there is one; whoever has none begins anew. */
  async #ask(): Promise<unknown> {
    const { ask } = this.#components;
    const { authMode, code } = this.#options;
    const refreshToken = this.#issued?.refreshToken ?? '';
    const first =
      authMode === 'easy'
        ? '/v1.0/token?grant_type=1'
        : `/v1.0/token?grant_type=2&code=${encodeURIComponent(code)}`;
    if (refreshToken === '') return await ask(first);
    try {
      return await ask(`/v1.0/token/${encodeURIComponent(refreshToken)}`);
    } catch (thrown) {
      if (authMode === 'auth' || !this.#canBeginAnew(toMediaError(thrown))) throw thrown;
      return await ask(first);
    }
  }

  /** Who still has a token that works tries the refresh token again, unless that is no more. */
  #canBeginAnew({ code }: MediaError): boolean {
    if (code === 'tuya-token-invalid') return true;
    const isOver = (this.#issued?.endsMs ?? 0) <= this.#components.clock.monotonicMs();
    return isOver && code.startsWith('tuya-');
  }

  #renewIn(delayMs: number): void {
    const { clock, logger } = this.#components;
    this.#timer?.cancel();
    if (this.#isClosed) return;
    this.#timer = clock.after(delayMs, () => {
      this.#renew().catch((thrown: unknown) => {
        if (this.#isClosed) return;
        logger.warn(`the access token is not renewed: ${toMediaError(thrown).message}`);
        this.#renewIn(REFRESH_RETRY_MS);
      });
    });
  }
}
