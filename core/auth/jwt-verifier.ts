// Decides whether a token is genuine, ours, and of this time (RFC 7519 section 4.1).
import type { Clock } from '../base/clock.ts';
import type { VerificationKey } from './json-web-key-set.ts';
import { isJwtAlgorithm, isSignatureRight } from './jwt-signature.ts';
import { parseJwt, type JwtToken } from './jwt-token.ts';

/** What the verifier works with. */
export interface JwtVerifierComponents {
  readonly clock: Clock;
  readonly keys: {
    find(
      token: Pick<JwtToken, 'algorithm' | 'keyId'>,
      signal: AbortSignal | undefined,
    ): Promise<readonly VerificationKey[]>;
  };
}

/** What tokens must say. */
export interface JwtVerifierOptions {
  /** `iss`; empty accepts any. */
  readonly issuer: string;
  /** One of `aud`; empty accepts any. */
  readonly audience: string;
}

/** What became of a token. */
export type JwtVerdict =
  | {
      readonly type: 'valid';
      readonly claims: Readonly<Record<string, unknown>>;
      /** `sub`; empty when there is none. */
      readonly subject: string;
      /** Date ms; undefined for tokens without end. */
      readonly expiresAt: number | undefined;
    }
  /** Genuine, but not now. */
  | { readonly type: 'expired' | 'early' }
  /** `reason` is for the log and holds nothing of the token. */
  | { readonly type: 'invalid'; readonly reason: string };

/** Signature first: of a token that is not genuine nothing else is looked at. */
export class JwtVerifier {
  readonly #components: JwtVerifierComponents;
  readonly #options: JwtVerifierOptions;

  constructor(components: JwtVerifierComponents, options: JwtVerifierOptions) {
    this.#components = components;
    this.#options = options;
  }

  /** @throws MediaError unavailable when the keys can't be had, or the reason of `signal`. */
  async verify(text: string, signal?: AbortSignal): Promise<JwtVerdict> {
    const token = parseJwt(text);
    if (token === undefined) return invalid('it is no signed token');
    const { algorithm, signed: data, signature } = token;
    if (!isJwtAlgorithm(algorithm)) return invalid('its algorithm is none that public keys make');
    const keys = await this.#components.keys.find(token, signal);
    if (keys.length === 0) return invalid('no key fits its key id and algorithm');
    const isGenuine = keys.some(({ key }) => isSignatureRight(algorithm, key, { data, signature }));
    return isGenuine ? this.#checkClaims(token.claims) : invalid('its signature is wrong');
  }

  #checkClaims(claims: JwtToken['claims']): JwtVerdict {
    const { iss, aud, exp, nbf, sub } = claims;
    const { issuer, audience } = this.#options;
    if (issuer !== '' && iss !== issuer) return invalid('its issuer is not authJWTIssuer');
    const audiences: readonly unknown[] = Array.isArray(aud) ? aud : [aud];
    if (audience !== '' && !audiences.includes(audience)) {
      return invalid('its audience is not authJWTAudience');
    }
    if (!isDateOrNone(exp) || !isDateOrNone(nbf)) return invalid('exp or nbf is no date');
    const nowMs = this.#components.clock.nowMs();
    const expiresAt = exp === undefined ? undefined : exp * 1000;
    if (expiresAt !== undefined && nowMs >= expiresAt) return { type: 'expired' };
    if (nbf !== undefined && nowMs < nbf * 1000) return { type: 'early' };
    return { type: 'valid', claims, subject: typeof sub === 'string' ? sub : '', expiresAt };
  }
}

/** NumericDate: seconds since 1970, fractions allowed. */
function isDateOrNone(value: unknown): value is number | undefined {
  return value === undefined || (typeof value === 'number' && Number.isFinite(value));
}

function invalid(reason: string): JwtVerdict {
  return { type: 'invalid', reason };
}
