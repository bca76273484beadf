// Answers the challenges of one camera: Basic, Digest MD5 and SHA-256, stale nonces (RFC 7616, RFC 7617).
import {
  formatBasicAuthorization,
  formatDigestAuthorization,
  parseAuthenticateHeader,
  selectChallenge,
  type AuthChallenge,
} from '../auth/digest.ts';
import { MediaError } from '../base/media-error.ts';
import type { SourceCredentials } from './client-url.ts';

type AnswerableChallenge = Exclude<AuthChallenge, { type: 'unsupported' }>;

/** What a request was sent with. */
export interface SentAuthorization {
  /** The header's value; undefined when nothing was asked for yet. */
  readonly header: string | undefined;
  /** The nonce it was made with; undefined for Basic and for no header. */
  readonly nonce: string | undefined;
  /** Whether the challenge came as the answer to this very request, not to an earlier one. */
  readonly isFresh: boolean;
}

/** Keeps the newest challenge of a camera and the count of its nonce. */
export class ClientAuthenticator {
  readonly #credentials: SourceCredentials | undefined;
  readonly #place: string;
  #challenge: AnswerableChallenge | undefined;
  #nonceCount = 0;

  constructor(credentials: SourceCredentials | undefined, place: string) {
    this.#credentials = credentials;
    this.#place = place;
  }

  /**
   * The `Authorization` of a request; `isFresh` when it is sent again after `learn()`.
   * @throws MediaError when the credentials can't be written.
   */
  authorize(method: string, uri: string, isFresh: boolean): SentAuthorization {
    const challenge = this.#challenge;
    if (!challenge || !this.#credentials) return { header: undefined, nonce: undefined, isFresh };
    const { user, password } = this.#credentials;
    if (challenge.type === 'basic') {
      return { header: formatBasicAuthorization(user, password), nonce: undefined, isFresh };
    }
    this.#nonceCount++;
    const nonceCount = this.#nonceCount;
    const answer = { challenge, user, password, method, uri, nonceCount };
    return { header: formatDigestAuthorization(answer), nonce: challenge.nonce, isFresh };
  }

  /**
   * Takes the challenges of a 401, after which the request may be sent again.
   * @throws MediaError `unauthenticated` when that would only show the same credentials again:
   * cameras lock out clients that do.
   */
  learn(challenges: readonly string[], sent: SentAuthorization): void {
    if (!this.#credentials) {
      throw this.#refusal('asks for user and password, but the source URL has none');
    }
    const challenge = selectChallenge(readChallenges(challenges));
    const isNewNonce = challenge.type === 'digest' && challenge.nonce !== sent.nonce;
    // Not every server says `stale` when the nonce of an earlier request has expired.
    const isStale = challenge.type === 'digest' && (challenge.stale || !sent.isFresh);
    if (sent.header !== undefined && !(isNewNonce && isStale)) throw this.refused();
    this.#challenge = challenge;
    if (isNewNonce) this.#nonceCount = 0;
  }

  /** The failure of a request that stays unauthorized. */
  refused(): MediaError {
    return this.#refusal('refused user and password');
  }

  #refusal(problem: string): MediaError {
    return new MediaError(
      'unauthenticated',
      'rtsp-source-unauthorized',
      `${this.#place} ${problem} (401)`,
    );
  }
}

/** Header lines that can't be read are left out: another one may be good. */
function readChallenges(values: readonly string[]): AuthChallenge[] {
  return values.flatMap((value) => {
    try {
      return parseAuthenticateHeader(value);
    } catch {
      return [];
    }
  });
}
