// What the numbers mean with which Tuya's open API refuses, in words that tell what to mend.
import { MediaError, type ErrorKind } from '../../../core/base/media-error.ts';

/** A refusal as it came. */
export interface OpenApiRefusal {
  /** Undefined when the answer named none. */
  readonly number: number | undefined;
  /** The cloud's own words, already free of secrets. */
  readonly words: string;
  /** Clock of the cloud minus ours, in ms; undefined when it told no time. */
  readonly skewMs: number | undefined;
  /** Method and path. */
  readonly place: string;
}

type Meaning = readonly [kind: ErrorKind, code: string, advice: string];

const TOKEN_INVALID: Meaning = ['unauthenticated', 'tuya-token-invalid', 'the access token'];
const MEANINGS: ReadonlyMap<number, Meaning> = new Map<number, Meaning>([
  [1001, ['unauthenticated', 'tuya-secret-invalid', 'the secret']],
  [1004, ['unauthenticated', 'tuya-sign-invalid', 'the signature; check secret and signMethod']],
  [1005, ['unauthenticated', 'tuya-client-invalid', 'clientId']],
  [1010, TOKEN_INVALID],
  [1011, TOKEN_INVALID],
  [1012, TOKEN_INVALID],
  [1013, ['failed-precondition', 'tuya-clock-skew', "this machine's time"]],
  [1106, ['permission-denied', 'tuya-permission-denied', 'access to the device or the API']],
  [1108, ['not-found', 'tuya-path-invalid', 'the path, which it does not know']],
  [2001, ['unavailable', 'tuya-device-offline', 'the request, because the device is offline']],
]);
/** Subscriptions of the cloud project that ended or never were. */
const PROJECT_NUMBERS = /^28841\d{3}$/u;
const NOTABLE_SKEW_MS = 60_000;

/** The refusal as an error of ours. */
export function openApiError({ number, words, skewMs, place }: OpenApiRefusal): MediaError {
  const [kind, code, what] = meaningOf(number);
  const said = [number ?? 'no number', words === '' ? [] : words].flat().join(': ');
  const text = `Tuya's cloud refuses ${what} (${said}); ${place}${skewText(skewMs)}`;
  return new MediaError(kind, code, text);
}

function meaningOf(number: number | undefined): Meaning {
  const known = number === undefined ? undefined : MEANINGS.get(number);
  if (known) return known;
  if (number !== undefined && PROJECT_NUMBERS.test(String(number))) {
    return ['permission-denied', 'tuya-permission-denied', 'the cloud project; check its services'];
  }
  return ['unavailable', 'tuya-refused', 'the request'];
}

function skewText(skewMs: number | undefined): string {
  if (skewMs === undefined || Math.abs(skewMs) < NOTABLE_SKEW_MS) return '';
  const seconds = Math.round(Math.abs(skewMs) / 1000);
  const side = skewMs > 0 ? 'behind' : 'ahead of';
  return `; the clock of this machine is ${seconds} s ${side} the cloud's`;
}
