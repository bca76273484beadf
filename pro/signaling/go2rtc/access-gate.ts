// Who may use the listener: the user of the configuration, and programs of this machine.
import { createHash, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../../../core/base/clock.ts';
import { MediaError } from '../../../core/base/media-error.ts';
import { FailureLimiter } from '../../../core/auth/failure-limiter.ts';
import type { AccessGate, AccessQuestion } from '../../../core/http/route.ts';
import type { Go2rtcOptions } from './go2rtc-options.ts';

type LoginOptions = Pick<Go2rtcOptions, 'username' | 'password' | 'asksLocalClients'>;

const CHALLENGE = 'Basic realm="go2rtc"';
/** Names of this machine; a page of elsewhere that points its own name here is no program of ours. */
const LOCAL_HOST = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?$/iu;
const FORWARDING = ['x-forwarded-for', 'x-real-ip', 'forwarded', 'via'];

/** The gate of the listener. Its refusals: `go2rtc-login` 401, `too-many-failed-logins` 429. */
export function go2rtcAccess(clock: Clock, options: LoginOptions): AccessGate {
  const failures = new FailureLimiter(clock);
  const expected = digestOf(`${options.username}:${options.password}`);
  return (question) => {
    if (options.username === '') return Promise.resolve({ user: '' });
    if (!options.asksLocalClients && isLocal(question)) return Promise.resolve({ user: '' });
    const shown = loginOf(question.headers.authorization);
    if (failures.isBlocked(question.ip, shown)) return Promise.reject(tooMany());
    if (shown !== undefined && timingSafeEqual(digestOf(shown), expected)) {
      return Promise.resolve({ user: options.username });
    }
    if (shown !== undefined) failures.recordFailure(question.ip, shown);
    return Promise.reject(refusal(shown !== undefined));
  };
}

/** A proxy on this machine speaks for others. */
function isLocal({ ip, headers }: AccessQuestion): boolean {
  const isLoopback = ip === '::1' || ip.startsWith('127.');
  const isForwarded = FORWARDING.some((name) => headers[name] !== undefined);
  return isLoopback && !isForwarded && LOCAL_HOST.test(headers.host ?? '');
}

/** `user:password`; undefined without any. */
function loginOf(header: string | undefined): string | undefined {
  const encoded = /^basic +([\w+/=-]+)$/iu.exec(header ?? '')?.[1];
  return encoded === undefined ? undefined : Buffer.from(encoded, 'base64').toString();
}

/** Of equal length, so that a comparison tells nothing. */
function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function refusal(hadCredentials: boolean): MediaError {
  const message = hadCredentials ? 'wrong user or password' : 'a user and a password are needed';
  const context = { hadCredentials, challenge: CHALLENGE };
  return new MediaError('unauthenticated', 'go2rtc-login', message, { context });
}

function tooMany(): MediaError {
  const message = 'too many wrong passwords from this network';
  const context = { retryAfterSeconds: 12 };
  return new MediaError('resource-exhausted', 'too-many-failed-logins', message, { context });
}
