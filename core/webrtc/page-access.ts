// Lets visitors into pages, and shows those who may not enter a page that says why.
import type { AuthAction, Authorizer } from '../auth/access-request.ts';
import { httpAccess } from '../auth/http-access.ts';
import { httpStatusOf } from '../base/error-status.ts';
import { toMediaError, type MediaError } from '../base/media-error.ts';
import { redactUrls } from '../base/url-redaction.ts';
import type { HttpReply } from '../http/http-reply.ts';
import type { HttpRequest } from '../http/http-request.ts';

/** What a visitor wants to do. */
export interface PageWish {
  readonly action: AuthAction;
  /** Path name. */
  readonly path: string;
}

/** Asks the authorizer about the sender of a request; `isAnonymous` leaves the credentials out. */
export type PageGate = (
  request: HttpRequest,
  wish: PageWish,
  isAnonymous?: boolean,
) => Promise<{ readonly user: string }>;

/** The gate of the pages. @throws MediaError as Authorizer.authorize(). */
export function createPageGate(authorizer: Authorizer): PageGate {
  const ask = httpAccess(authorizer, 'webrtc');
  return (request, { action, path }, isAnonymous = false) => {
    const { headers, ip, requestId, rawQuery: query, signal } = request;
    const { authorization, 'user-agent': userAgent } = headers;
    return ask({
      ...{ action, path, ip, requestId, query, signal },
      headers: { authorization: isAnonymous ? undefined : authorization, 'user-agent': userAgent },
    });
  };
}

/** Text and heading of a failure, for a page. */
export interface PageFailure {
  readonly title: string;
  readonly text: string;
}

/**
 * Runs `serve`; a browser gets failures as a page of `render`, everybody else as JSON.
 * A refused password is challenged again: without that a browser keeps sending the wrong one.
 * @throws MediaError what is not for a browser, and every bug.
 */
export async function withErrorPage(
  request: HttpRequest,
  render: (failure: PageFailure) => HttpReply,
  serve: () => Promise<HttpReply>,
): Promise<HttpReply> {
  try {
    return await serve();
  } catch (thrown) {
    const error = toMediaError(thrown);
    const wantsHtml = (request.headers.accept ?? '').includes('text/html');
    if (!wantsHtml || error.kind === 'internal' || error.kind === 'canceled') throw error;
    const reply = render({ title: titleOf(error), text: redactUrls(error.message) });
    const headers = { ...reply.headers, ...headersOf(error) };
    return { ...reply, status: httpStatusOf(error), headers };
  }
}

function headersOf({ kind, context }: MediaError): Record<string, string> {
  const headers: Record<string, string> = { 'Cache-Control': 'no-store' };
  if (kind === 'unauthenticated') headers['WWW-Authenticate'] = 'Basic realm="mediamtx"';
  const retryAfterSeconds = context['retryAfterSeconds'];
  if (typeof retryAfterSeconds === 'number') headers['Retry-After'] = String(retryAfterSeconds);
  return headers;
}

function titleOf({ kind, code, context }: MediaError): string {
  if (code === 'path-not-configured') return 'No such stream';
  switch (kind) {
    case 'unauthenticated':
      return context['hadCredentials'] === true ? 'Wrong user or password' : 'Login needed';
    case 'permission-denied':
      return 'Not allowed';
    case 'not-found':
      return 'Not found';
    case 'resource-exhausted':
      return 'Too many attempts';
    case 'unavailable':
    case 'deadline-exceeded':
      return 'Not available now';
    default:
      return 'That did not work';
  }
}
