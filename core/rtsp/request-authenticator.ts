// Reads the credentials of RTSP requests and makes the challenges for those that have none.
import { randomBytes } from 'node:crypto';
import type { Credentials } from '../auth/access-request.ts';
import {
  createDigestChallenge,
  parseAuthorizationHeader,
  verifyDigestResponse,
  type DigestAuthorization,
} from '../auth/digest.ts';
import type { Clock } from '../base/clock.ts';
import { MediaError, toMediaError } from '../base/media-error.ts';
import type { RtspRequest } from './rtsp-message.ts';
import { parseRtspUrl, targetOf } from './rtsp-url.ts';

/** What clients show in password dialogs; as the peer has it, since scripts check it. */
const REALM = 'ipcam';
/** How long a nonce is taken; then the client is told that it is stale and answers a new one. */
const NONCE_LIFETIME_MS = 5 * 60_000;

/** Ways to prove a password, as `rtspAuthMethods` lists them. */
export type RtspAuthMethod = 'basic' | 'digest';

/** The authentication state of one connection: its nonce lives and dies with it. */
export class RequestAuthenticator {
  readonly #clock: Clock;
  readonly #methods: readonly RtspAuthMethod[];
  #nonce = '';
  #nonceMs = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock, methods: readonly RtspAuthMethod[]) {
    this.#clock = clock;
    this.#methods = methods;
  }

  /**
   * What the request shows. A method that isn't enabled counts as showing nothing.
   * @throws MediaError `unauthenticated` `rtsp-stale-nonce` when a digest answers an old challenge,
   * `rtsp-wrong-digest` when it was made for another URL; `invalid-argument` when malformed.
   */
  credentialsOf(request: RtspRequest): Credentials {
    const header = request.headers.get('Authorization');
    if (header === undefined) return { type: 'none' };
    const shown = parseKnown(header);
    switch (shown?.type) {
      case undefined:
        return { type: 'none' };
      case 'bearer':
        return { type: 'bearer', token: shown.token };
      case 'basic': {
        if (!this.#methods.includes('basic')) return { type: 'none' };
        return { type: 'password', user: shown.user, password: shown.password };
      }
      case 'digest':
        if (!this.#methods.includes('digest')) return { type: 'none' };
        return this.#digest(shown, request);
    }
  }

  /**
   * Values of `WWW-Authenticate`, one per header. Clients that know one challenge take the last
   * digest, so that of MD5, which all of them know, comes last.
   */
  createChallenges(isStale: boolean): string[] {
    const challenges: string[] = [];
    if (this.#methods.includes('basic')) challenges.push(`Basic realm="${REALM}"`);
    if (!this.#methods.includes('digest')) return challenges;
    if (isStale || this.#isNonceOld()) {
      this.#nonce = randomBytes(16).toString('hex');
      this.#nonceMs = this.#clock.monotonicMs();
    }
    for (const algorithm of ['SHA-256', 'MD5'] as const) {
      challenges.push(
        createDigestChallenge({ realm: REALM, nonce: this.#nonce, algorithm, stale: isStale }),
      );
    }
    return challenges;
  }

  #digest(shown: DigestAuthorization, request: RtspRequest): Credentials {
    if (shown.nonce !== this.#nonce || this.#isNonceOld() || shown.realm !== REALM) {
      throw new MediaError(
        'unauthenticated',
        'rtsp-stale-nonce',
        'digest answers a challenge that is not the newest one',
        { context: { hadCredentials: false } },
      );
    }
    if (!isSameTarget(shown.uri, request.url)) {
      throw new MediaError('unauthenticated', 'rtsp-wrong-digest', 'digest is for another URL', {
        context: { hadCredentials: true },
      });
    }
    return {
      type: 'digest',
      user: shown.user,
      matches: (password) => verifyDigestResponse(shown, { password, method: request.method }),
    };
  }

  #isNonceOld(): boolean {
    return this.#clock.monotonicMs() - this.#nonceMs > NONCE_LIFETIME_MS;
  }
}

/** Undefined for schemes that we don't know: the client is challenged with those we do. */
function parseKnown(header: string): ReturnType<typeof parseAuthorizationHeader> | undefined {
  try {
    return parseAuthorizationHeader(header);
  } catch (thrown) {
    const failure = toMediaError(thrown);
    if (failure.kind === 'unsupported') return undefined;
    throw failure;
  }
}

/** VLC and others sign the URL of the whole stream also when they ask for a track of it. */
function isSameTarget(signed: string, requested: string): boolean {
  if (signed === requested) return true;
  const wanted = pathOf(requested);
  const shown = pathOf(signed);
  return wanted === shown || wanted.startsWith(`${shown}/`);
}

function pathOf(url: string): string {
  const text = url.startsWith('/') ? `rtsp://_${url}` : url;
  try {
    return targetOf(parseRtspUrl(text)).pathName;
  } catch {
    return url;
  }
}
