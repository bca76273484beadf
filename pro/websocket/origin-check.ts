// Which web pages may open a WebSocket (RFC 6455 section 10.2).
import type { IncomingHttpHeaders } from 'node:http';
import { MediaError } from '../../core/base/media-error.ts';

/**
 * Lets pass what is no browser (no Origin header), our own origin, and the listed origins (`*` is
 * all); an undefined list checks nothing.
 * @throws MediaError permission-denied `origin-not-allowed`.
 */
export function checkHubOrigin(
  { origin, host }: IncomingHttpHeaders,
  allowed: readonly string[] | undefined,
): void {
  if (allowed === undefined || origin === undefined || allowed.includes('*')) return;
  if (allowed.includes(origin.toLowerCase()) || isOwn(origin, host)) return;
  throw new MediaError(
    'permission-denied',
    'origin-not-allowed',
    `origin '${origin.slice(0, 100)}' is not in the list of allowed origins; /ws`,
  );
}

function isOwn(origin: string, host: string | undefined): boolean {
  return URL.canParse(origin) && host !== undefined && new URL(origin).host === host.toLowerCase();
}
