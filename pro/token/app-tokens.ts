// Tokens signed with appid and appsecret, as LiveKit's libraries make them (JWS compact, HS256).
import { createHash, timingSafeEqual } from 'node:crypto';
import jwt from 'jsonwebtoken';
import { z } from 'zod';
import type { Clock } from '../../core/base/clock.ts';
import { MediaError, toMediaError } from '../../core/base/media-error.ts';

/** What a token may say about rooms; a room is a path here. */
export interface VideoGrants {
  readonly room?: string | undefined;
  readonly roomJoin?: boolean | undefined;
  readonly canPublish?: boolean | undefined;
  readonly canSubscribe?: boolean | undefined;
  readonly roomAdmin?: boolean | undefined;
  readonly roomRecord?: boolean | undefined;
}

/** Claims of a valid token. */
export interface AppTokenClaims {
  /** Who holds it; empty when it does not say. */
  readonly identity: string;
  /** Date ms, as the token says; it is refused 60 s later (APP_TOKEN_LEEWAY_MS). */
  readonly expiresAt: number;
  readonly video: VideoGrants | undefined;
}

/** Outcome of a check; `text` is fit for the client and never holds the token. */
export type AppTokenVerdict =
  | { readonly type: 'valid'; readonly claims: AppTokenClaims }
  | { readonly type: 'invalid'; readonly text: string };

/** What a new token says. */
export interface NewAppToken {
  /** Default 6 h. */
  readonly ttlSeconds?: number;
  readonly identity?: string;
  readonly video?: VideoGrants;
}

const DEFAULT_TTL_SECONDS = 6 * 3600;
const LEEWAY_SECONDS = 60;
/** How much longer a token is accepted than it says: clocks differ. */
export const APP_TOKEN_LEEWAY_MS = LEEWAY_SECONDS * 1000;
// Larger than any token with metadata; what is longer is refused before anybody looks into it.
const MAX_TOKEN_CHARS = 8192;
const COMPACT = /^[A-Za-z0-9_-]{1,8192}\.[A-Za-z0-9_-]{1,8192}\.[A-Za-z0-9_-]{0,512}$/u;

const headerSchema = z.object({ alg: z.literal('HS256'), crit: z.undefined().optional() });
const issuerSchema = z.object({ iss: z.string() });
const flag = z.boolean().optional();
const claimsSchema = z.object({
  iss: z.string(),
  exp: z.number(),
  sub: z.string().max(1024).optional(),
  video: z
    .object({
      room: z.string().optional(),
      roomJoin: flag,
      canPublish: flag,
      canSubscribe: flag,
      roomAdmin: flag,
      roomRecord: flag,
    })
    .optional(),
});

/** Makes and checks tokens of one appid. */
export class AppTokens {
  readonly #clock: Clock;
  readonly #appId: string;
  readonly #appSecret: string;

  /** @throws MediaError `failed-precondition` when id or secret is empty: anybody could sign. */
  constructor(
    { clock }: { readonly clock: Clock },
    { appId, appSecret }: { readonly appId: string; readonly appSecret: string },
  ) {
    if (appId === '' || appSecret === '') {
      throw new MediaError(
        'failed-precondition',
        'no-app-secret',
        "tokens need 'appid' and 'appsecret' in mediamtx.yml",
      );
    }
    this.#clock = clock;
    this.#appId = appId;
    this.#appSecret = appSecret;
  }

  /** A token with the claims of LiveKit: iss, nbf, exp, and sub and video when given. */
  create({ ttlSeconds = DEFAULT_TTL_SECONDS, identity, video }: NewAppToken = {}): string {
    const now = Math.floor(this.#clock.nowMs() / 1000);
    const claims = {
      iss: this.#appId,
      nbf: now,
      exp: now + ttlSeconds,
      ...(identity === undefined ? {} : { sub: identity }),
      ...(video === undefined ? {} : { video }),
    };
    return jwt.sign(claims, this.#appSecret, { algorithm: 'HS256', noTimestamp: true });
  }

  /** Checks algorithm, issuer, signature, exp (required) and nbf with a leeway of 60 s. */
  verify(token: string): AppTokenVerdict {
    if (token.length > MAX_TOKEN_CHARS || !COMPACT.test(token)) return malformed;
    const parts = decodeParts(token);
    if (parts === undefined) return malformed;
    const { header, payload } = parts;
    if (!this.#isOurs(payload)) return { type: 'invalid', text: 'invalid API key' };
    if (!headerSchema.safeParse(header).success) return invalid('algorithm is not HS256');
    const fault = this.#signatureFault(token);
    if (fault !== undefined) return invalid(fault);
    const claims = claimsSchema.safeParse(payload);
    // JSON can hold 1e999, which would never expire.
    if (!claims.success || !Number.isFinite(claims.data.exp)) {
      return invalid('claims are not understood or have no exp');
    }
    const { sub, exp, video } = claims.data;
    return { type: 'valid', claims: { identity: sub ?? '', expiresAt: exp * 1000, video } };
  }

  #isOurs(payload: unknown): boolean {
    const issuer = issuerSchema.safeParse(payload);
    return issuer.success && isSameText(issuer.data.iss, this.#appId);
  }

  #signatureFault(token: string): string | undefined {
    try {
      jwt.verify(token, this.#appSecret, {
        algorithms: ['HS256'],
        clockTolerance: LEEWAY_SECONDS,
        clockTimestamp: Math.floor(this.#clock.nowMs() / 1000),
      });
      return undefined;
    } catch (failure) {
      return toMediaError(failure).message.slice(0, 100);
    }
  }
}

const malformed = { type: 'invalid', text: 'invalid authorization token' } as const;

/** The peer puts the token where the stars are. */
function invalid(reason: string): AppTokenVerdict {
  return { type: 'invalid', text: `invalid token: ***, error: ${reason}` };
}

function decodeParts(token: string): { header: unknown; payload: unknown } | undefined {
  const [header = '', payload = ''] = token.split('.');
  try {
    return { header: parsePart(header), payload: parsePart(payload) };
  } catch {
    return undefined;
  }
}

function parsePart(part: string): unknown {
  return JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
}

/** In constant time; digests hide the length. */
function isSameText(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
