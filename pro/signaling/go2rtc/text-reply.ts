// Failures as go2rtc answers them: a status that clients know, and plain text.
import { MediaError, toMediaError } from '../../../core/base/media-error.ts';
import { httpStatusOf } from '../../../core/base/error-status.ts';
import { redactUrls } from '../../../core/base/url-redaction.ts';
import type { HttpReply } from '../../../core/http/http-reply.ts';
import type { HttpRequest } from '../../../core/http/http-request.ts';
import type { AccessRule, Route } from '../../../core/http/route.ts';

/** What go2rtc has statuses for; the limits of our listener keep their own. */
const KEEPS_STATUS: ReadonlySet<string> = new Set([
  'go2rtc-request-malformed',
  'go2rtc-source-refused',
  'go2rtc-name-refused',
  'go2rtc-stream-not-found',
  'go2rtc-frame-timeout',
  'go2rtc-destination-refused',
  'go2rtc-play-unsupported',
  'body-too-large',
  'unsupported-content-encoding',
  'request-aborted',
]);
const NO_TEXT: ReadonlySet<string> = new Set(['go2rtc-request-malformed']);
const MAX_CHARS = 500;

/** Whoever was let into the listener may use all of it, as with go2rtc. */
export const GO2RTC_ACCESS: AccessRule = { type: 'action', action: 'api' };

/** `text` as it is. */
export function textReply(text: string, status = 200): HttpReply {
  return { status, headers: { 'Content-Type': 'text/plain; charset=utf-8' }, body: text };
}

/** A request that says nothing that could be done: 400 without text. */
export function malformed(what: string): MediaError {
  return new MediaError('invalid-argument', 'go2rtc-request-malformed', what);
}

/** What may be told about a failure; a bug's text may hold anything. */
export function failureText(error: MediaError): string {
  if (error.kind === 'internal') return 'internal error';
  return redactUrls(error.message).slice(0, MAX_CHARS);
}

/** A route whose failures are answered as go2rtc does: the client's fault as it is, anything else 500. */
export function go2rtcRoute(route: Omit<Route, 'access'>): Route {
  return {
    ...route,
    access: GO2RTC_ACCESS,
    action: async (request: HttpRequest): Promise<HttpReply> => {
      try {
        return await route.action(request);
      } catch (thrown) {
        request.signal.throwIfAborted();
        const error = toMediaError(thrown);
        // The listener logs a bug with its stack.
        if (error.kind === 'internal') throw error;
        const status = KEEPS_STATUS.has(error.code) ? httpStatusOf(error) : 500;
        return textReply(NO_TEXT.has(error.code) ? '' : failureText(error), status);
      }
    },
  };
}
