// Status codes of RTSP (RFC 2326 section 7.1.1): their phrases, and which failure gets which code.
import { kindToRtspStatus } from '../base/error-status.ts';
import type { MediaError } from '../base/media-error.ts';

const REASON_PHRASES: ReadonlyMap<number, string> = new Map([
  [200, 'OK'],
  [301, 'Moved Permanently'],
  [302, 'Found'],
  [400, 'Bad Request'],
  [401, 'Unauthorized'],
  [403, 'Forbidden'],
  [404, 'Not Found'],
  [405, 'Method Not Allowed'],
  [408, 'Request Timeout'],
  [413, 'Request Entity Too Large'],
  [414, 'Request-URI Too Large'],
  [415, 'Unsupported Media Type'],
  [431, 'Request Header Fields Too Large'],
  [453, 'Not Enough Bandwidth'],
  [454, 'Session Not Found'],
  [455, 'Method Not Valid in This State'],
  [457, 'Invalid Range'],
  [461, 'Unsupported Transport'],
  [500, 'Internal Server Error'],
  [501, 'Not Implemented'],
  [503, 'Service Unavailable'],
  [505, 'RTSP Version Not Supported'],
  [551, 'Option not supported'],
]);

/** Errors whose status is not that of their kind. */
const STATUS_OF_CODE: ReadonlyMap<string, number> = new Map([
  ['rtsp-request-timeout', 408],
  ['rtsp-body-too-large', 413],
  ['rtsp-url-too-long', 414],
  ['rtsp-headers-too-large', 431],
  ['rtsp-session-not-found', 454],
  ['rtsp-wrong-state', 455],
  ['rtsp-transport-unsupported', 461],
  ['rtsp-method-unknown', 501],
  ['rtsp-version-unsupported', 505],
  ['rtsp-option-unsupported', 551],
]);

/** The usual phrase of a status code. */
export function reasonPhraseOf(statusCode: number): string {
  return REASON_PHRASES.get(statusCode) ?? 'Unknown';
}

/** Status of a failure: by its code where RTSP has a special one, else by its kind. */
export function rtspStatusOf(error: Pick<MediaError, 'kind' | 'code'>): number {
  return STATUS_OF_CODE.get(error.code) ?? kindToRtspStatus[error.kind];
}
