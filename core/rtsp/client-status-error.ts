// Which failure a camera's refusal is.
import { MediaError } from '../base/media-error.ts';
import type { RtspResponse } from './rtsp-message.ts';

/** What was asked, and of whom. */
export interface AskedRequest {
  /** `host:port`. */
  readonly place: string;
  readonly method: string;
}

/** The failure that a response with a status other than 200 stands for; 401 is the client's business. */
export function statusError(asked: AskedRequest, response: RtspResponse): MediaError {
  const text = `${asked.place}: ${asked.method} was answered ${statusText(response)}`;
  switch (response.statusCode) {
    case 403:
      return new MediaError('permission-denied', 'rtsp-source-forbidden', text);
    case 404:
      return new MediaError('not-found', 'rtsp-source-not-found', text);
    default:
      return new MediaError('unavailable', 'rtsp-source-refused', text);
  }
}

/** Code and phrase in visible characters. */
export function statusText({ statusCode, reasonPhrase }: RtspResponse): string {
  const phrase = reasonPhrase.replace(/[^ -~]/gu, '').slice(0, 64);
  return `${statusCode} ${phrase}`.trim();
}
