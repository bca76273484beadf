// Turns any failure into an HTTP answer, and decides how much of it the client may read.
import { httpStatusOf } from '../base/error-status.ts';
import type { MediaError } from '../base/media-error.ts';
import { redactUrls } from '../base/url-redaction.ts';

/** What an envelope may use of a failure; `text` is fit for the client. */
export interface ErrorFacts {
  readonly status: number;
  readonly text: string;
  readonly error: MediaError;
  readonly requestId: string;
  /** Path of the request, decoded; empty when it could not be read. */
  readonly path: string;
}

/** Makes the JSON body of a failure. */
export type ErrorEnvelope = (facts: ErrorFacts) => unknown;

/** An answer that is held in memory. */
export interface ErrorReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** The envelope of the documented v3 API: `{"status":"error","error":"<text>"}`. */
export const defaultErrorEnvelope: ErrorEnvelope = ({ text }) => ({ status: 'error', error: text });

/** The answer to a request that failed with `error`. */
export function errorReply(
  error: MediaError,
  request: { readonly requestId: string; readonly path: string },
  envelope: ErrorEnvelope = defaultErrorEnvelope,
): ErrorReply {
  const status = httpStatusOf(error);
  const text = clientText(error, request.requestId);
  return {
    status,
    headers: { 'Content-Type': 'application/json; charset=utf-8', ...headersOf(error) },
    body: JSON.stringify(envelope({ status, text, error, ...request })),
  };
}

/** A bug's message may hold anything, so the client only gets what finds it in the log. */
function clientText(error: MediaError, requestId: string): string {
  if (error.kind === 'internal') return `internal error, request ${requestId}`;
  return redactUrls(error.message);
}

function headersOf({ kind, code, context }: MediaError): Record<string, string> {
  const headers: Record<string, string> = {};
  const challenge = context['challenge'];
  if (kind === 'unauthenticated' && typeof challenge === 'string') {
    headers['WWW-Authenticate'] = challenge;
  } else if (kind === 'unauthenticated' && context['hadCredentials'] === false) {
    headers['WWW-Authenticate'] = 'Basic realm="mediamtx"';
  }
  if (code === 'method-not-allowed') headers['Allow'] = String(context['allow'] ?? '');
  if (code === 'upgrade-required') headers['Upgrade'] = 'websocket';
  const retryAfterSeconds = context['retryAfterSeconds'];
  if (typeof retryAfterSeconds === 'number') headers['Retry-After'] = String(retryAfterSeconds);
  const rateLimitRemaining = context['rateLimitRemaining'];
  if (typeof rateLimitRemaining === 'number') {
    headers['X-RateLimit-Remaining'] = String(rateLimitRemaining);
  }
  return headers;
}
