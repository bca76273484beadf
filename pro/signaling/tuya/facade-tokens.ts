// Access tokens of the façade: random, short-lived, and each renewed once by its refresh token.
import { createHash, randomBytes } from 'node:crypto';
import type { Clock } from '../../../core/base/clock.ts';
import { tokenInvalid } from './facade-error.ts';

/** What a viewer gets. */
export interface FacadeToken {
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly expiresInSeconds: number;
}

const TOKEN_BYTES = 16;
/** Only who knows the secret gets tokens; beyond this the oldest are forgotten. */
const MAX_TOKENS = 1000;

/** Tokens by their hash, so that looking one up tells nothing by its time; in order of expiry. */
export class FacadeTokens {
  readonly #clock: Clock;
  readonly #accessLifeMs: number;
  readonly #refreshLifeMs: number;
  readonly #access = new Map<string, number>();
  readonly #refresh = new Map<string, number>();

  constructor(
    clock: Clock,
    options: { readonly tokenLifeMs: number; readonly refreshLifeMs: number },
  ) {
    this.#clock = clock;
    this.#accessLifeMs = options.tokenLifeMs;
    this.#refreshLifeMs = options.refreshLifeMs;
  }

  /** A new pair; earlier ones live on until they expire. */
  issue(): FacadeToken {
    const accessToken = randomBytes(TOKEN_BYTES).toString('hex');
    const refreshToken = randomBytes(TOKEN_BYTES).toString('hex');
    const nowMs = this.#clock.monotonicMs();
    keep(this.#access, { token: accessToken, expiresAtMs: nowMs + this.#accessLifeMs, nowMs });
    keep(this.#refresh, { token: refreshToken, expiresAtMs: nowMs + this.#refreshLifeMs, nowMs });
    const expiresInSeconds = Math.floor(this.#accessLifeMs / 1000);
    return { accessToken, refreshToken, expiresInSeconds };
  }

  /** Uses a refresh token up. @throws MediaError `unauthenticated` `tuya-token-invalid`. */
  renew(refreshToken: string): FacadeToken {
    const hash = hashOf(refreshToken);
    const expiresAtMs = this.#refresh.get(hash) ?? 0;
    this.#refresh.delete(hash);
    if (expiresAtMs <= this.#clock.monotonicMs()) throw tokenInvalid('refresh_token');
    return this.issue();
  }

  /** @throws MediaError `unauthenticated` `tuya-token-invalid` for one that is unknown or expired. */
  check(accessToken: string): void {
    const expiresAtMs = this.#access.get(hashOf(accessToken)) ?? 0;
    if (expiresAtMs <= this.#clock.monotonicMs()) throw tokenInvalid('unknown or expired');
  }
}

function keep(
  tokens: Map<string, number>,
  added: { readonly token: string; readonly expiresAtMs: number; readonly nowMs: number },
): void {
  for (const [hash, expiresAtMs] of tokens) {
    if (expiresAtMs > added.nowMs && tokens.size < MAX_TOKENS) break;
    tokens.delete(hash);
  }
  tokens.set(hashOf(added.token), added.expiresAtMs);
}

function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('base64url');
}
