// What AWS says when it refuses, in words that tell an operator where to look.
import type { IncomingHttpHeaders } from 'node:http';
import { MediaError } from '../../core/base/media-error.ts';
import { quotedWords } from './quoted-words.ts';

/** An answer that is none. */
export interface RefusedAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** What was asked. */
export interface RefusedCall {
  /** As IAM names it, e.g. `kinesisvideo:DescribeSignalingChannel`. */
  readonly action: string;
  /** E.g. `channel 'front-door'`. */
  readonly subject: string;
  readonly region: string;
  /** Wall time of this machine in ms. */
  readonly nowMs: number;
}

/** What the refusal is called, and AWS's own words. */
interface Refusal {
  readonly name: string;
  /** Begins with a space when there is something to tell. */
  readonly said: string;
  readonly skewSeconds: number;
}

const MAX_QUOTED = 200;
const CLOCK_WORDS = /expired|not yet current|too skewed|RequestTimeTooSkewed/iu;
const SIGNATURE_NAMES: ReadonlySet<string> = new Set([
  ...['InvalidSignatureException', 'SignatureDoesNotMatch', 'RequestTimeTooSkewed'],
  ...['RequestExpired', 'IncompleteSignatureException', 'IncompleteSignature'],
]);
const KEY_NAMES: ReadonlySet<string> = new Set([
  ...['UnrecognizedClientException', 'InvalidClientTokenId', 'InvalidAccessKeyId'],
  ...['MissingAuthenticationTokenException', 'MissingAuthenticationToken'],
]);
const THROTTLED = /Throttl|LimitExceeded|TooManyRequests|SlowDown/u;
/** Of those, limits that waiting does not change. */
const LASTING = /^(?:Account|Device|Tags|Fragment).*LimitExceeded/u;

/** Name of a refusal: header `x-amzn-errortype`, or `__type` of the body; empty when it has none. */
export function awsErrorName({ headers, body }: Pick<RefusedAnswer, 'headers' | 'body'>): string {
  const header = headers['x-amzn-errortype'];
  const fromHeader = Array.isArray(header) ? header[0] : header;
  const { __type: type, code } = readFields(body);
  const text = [fromHeader, type, code].find(
    (each): each is string => typeof each === 'string' && each !== '',
  );
  // `com.amazonaws.kinesisvideo#Name`, `Name:http://...`: only letters remain.
  return /^(?:[\w.]{1,200}#)?(\w{1,100})/u.exec(text ?? '')?.[1] ?? '';
}

/** Whether the same question may be answered a moment later. */
export function isTransient(answer: RefusedAnswer): boolean {
  const name = awsErrorName(answer);
  if (answer.status >= 500 || answer.status === 429) return true;
  return THROTTLED.test(name) && !LASTING.test(name);
}

/** Whether other keys may be let in. */
export function isExpiredToken(answer: RefusedAnswer): boolean {
  return awsErrorName(answer).startsWith('ExpiredToken');
}

/** The refusal as a failure of ours; it holds neither keys nor signatures. */
export function awsFailure(answer: RefusedAnswer, call: RefusedCall): MediaError {
  const refusal = readRefusal(answer, call);
  const { name } = refusal;
  const head = `AWS answered ${call.action} with ${name} (${answer.status})`;
  const access = accessFailure(head, refusal, { answer, call });
  if (access) return access;
  const text = `${head}${refusal.said}; ${call.subject} in ${call.region}`;
  if (/^ResourceNotFound/u.test(name) || answer.status === 404) {
    const message = `${head}: ${call.subject} does not exist in region ${call.region}`;
    return new MediaError('not-found', 'aws-not-found', message);
  }
  if (answer.status >= 500) return new MediaError('unavailable', 'aws-unavailable', text);
  if (answer.status === 429 || THROTTLED.test(name)) {
    return new MediaError('resource-exhausted', 'aws-limit-exceeded', text);
  }
  if (/^ResourceInUse/u.test(name)) return new MediaError('already-exists', 'aws-in-use', text);
  if (/^(?:Invalid|Validation)/u.test(name)) {
    return new MediaError('invalid-argument', 'aws-argument-refused', text);
  }
  return new MediaError('failed-precondition', 'aws-refused', text);
}

function accessFailure(
  head: string,
  { name, said, skewSeconds }: Refusal,
  { answer, call }: { readonly answer: RefusedAnswer; readonly call: RefusedCall },
): MediaError | undefined {
  if (name.startsWith('ExpiredToken')) {
    const message = `${head}: the AWS credentials have expired; get new ones`;
    return new MediaError('unauthenticated', 'aws-credentials-expired', message);
  }
  const isSignature = SIGNATURE_NAMES.has(name);
  // Never quoted: old services repeat the canonical request, token and all.
  const isClock = CLOCK_WORDS.test(name + wordsOf(answer.body));
  if (isSignature && isClock) {
    const by = skewSeconds > 0 ? ` (${skewSeconds} s off)` : '';
    const message = `${head}: the clock of this machine differs from that of AWS${by}; set it`;
    return new MediaError('unauthenticated', 'aws-clock-skew', message);
  }
  if (isSignature || KEY_NAMES.has(name)) {
    const message = `${head}: check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and the region`;
    return new MediaError('unauthenticated', 'aws-credentials-refused', message);
  }
  const { status } = answer;
  if (!/^(?:AccessDenied|NotAuthorized)/u.test(name) && status !== 401 && status !== 403) {
    return undefined;
  }
  const message = `${head}: allow the IAM action ${call.action} on ${call.subject}${said}`;
  return new MediaError('permission-denied', 'aws-access-denied', message);
}

function readRefusal(answer: RefusedAnswer, { nowMs }: RefusedCall): Refusal {
  const name = awsErrorName(answer);
  const words = quotedWords(wordsOf(answer.body), MAX_QUOTED);
  const theirs = Date.parse(answer.headers.date ?? '');
  return {
    name: name === '' ? 'an error' : name,
    said: words === '' ? '' : `: ${words}`,
    skewSeconds: Number.isFinite(theirs) ? Math.round(Math.abs(theirs - nowMs) / 1000) : 0,
  };
}

/** AWS's own words. */
function wordsOf(body: string): string {
  const { message, Message } = readFields(body);
  return typeof message === 'string' ? message : typeof Message === 'string' ? Message : '';
}

function readFields(body: string): Readonly<Record<string, unknown>> {
  try {
    const parsed: unknown = JSON.parse(body);
    return typeof parsed === 'object' && parsed !== null ? { ...parsed } : {};
  } catch {
    return {};
  }
}
