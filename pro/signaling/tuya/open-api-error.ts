// What the numbers mean with which Tuya's open API refuses, in words that tell what to mend.
import { MediaError } from '../../../core/base/media-error.ts';

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

/** Subscriptions of the cloud project that ended or never were. */
const PROJECT_NUMBERS = /^28841\d{3}$/u;
const NOTABLE_SKEW_MS = 60_000;

/** The refusal as an error of ours. */
export function openApiError(refusal: OpenApiRefusal): MediaError {
  const { number } = refusal;
  const text = (what: string): string => textOf(refusal, what);
  switch (number) {
    case 1001:
      return new MediaError('unauthenticated', 'tuya-secret-invalid', text('the secret'));
    case 1004: {
      const what = 'the signature; check secret and signMethod';
      return new MediaError('unauthenticated', 'tuya-sign-invalid', text(what));
    }
    case 1005:
      return new MediaError('unauthenticated', 'tuya-client-invalid', text('clientId'));
    case 1010:
    case 1011:
    case 1012:
      return new MediaError('unauthenticated', 'tuya-token-invalid', text('the access token'));
    case 1013:
      return new MediaError('failed-precondition', 'tuya-clock-skew', text("this machine's time"));
    case 1106: {
      const what = 'access to the device or the API';
      return new MediaError('permission-denied', 'tuya-permission-denied', text(what));
    }
    case 1108: {
      const what = 'the path, which it does not know';
      return new MediaError('not-found', 'tuya-path-invalid', text(what));
    }
    case 2001: {
      const what = 'the request, because the device is offline';
      return new MediaError('unavailable', 'tuya-device-offline', text(what));
    }
    default: {
      if (!PROJECT_NUMBERS.test(String(number))) {
        return new MediaError('unavailable', 'tuya-refused', text('the request'));
      }
      const what = 'the cloud project; check its services';
      return new MediaError('permission-denied', 'tuya-permission-denied', text(what));
    }
  }
}

function textOf({ number, words, skewMs, place }: OpenApiRefusal, what: string): string {
  const said = `${number ?? 'no number'}${words === '' ? '' : `: ${words}`}`;
  return `Tuya's cloud refuses ${what} (${said}); ${place}${skewText(skewMs)}`;
}

function skewText(skewMs: number | undefined): string {
  if (skewMs === undefined || Math.abs(skewMs) < NOTABLE_SKEW_MS) return '';
  const seconds = Math.round(Math.abs(skewMs) / 1000);
  const side = skewMs > 0 ? 'behind' : 'ahead of';
  return `; the clock of this machine is ${seconds} s ${side} the cloud's`;
}
