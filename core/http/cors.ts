// Cross-origin rules of a listener (Fetch standard, section 3.3).
import type { IncomingHttpHeaders } from 'node:http';
import { MediaError } from '../base/media-error.ts';

/** What scripts of other origins may do. */
export interface CorsOptions {
  /** `*`, exact origins, or origins with `*` inside, e.g. `https://*.example.com`. */
  readonly allowOrigins: readonly string[];
  readonly allowMethods?: string;
  readonly allowHeaders?: string;
}

type Headers = Readonly<Record<string, string>>;

const SAFE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);
const MAX_ORIGIN_CHARS = 512;

/** Answers preflights and marks answers for the origins that are allowed. */
export class Cors {
  readonly #allowsAll: boolean;
  readonly #patterns: readonly (readonly string[])[];
  readonly #preflight: Headers;

  constructor(options: CorsOptions) {
    this.#allowsAll = options.allowOrigins.includes('*');
    this.#patterns = options.allowOrigins.map((origin) => origin.toLowerCase().split('*'));
    this.#preflight = {
      'Access-Control-Allow-Methods': options.allowMethods ?? 'OPTIONS, GET, POST, PATCH, DELETE',
      'Access-Control-Allow-Headers':
        options.allowHeaders ?? 'Authorization, Content-Type, If-Match',
    };
  }

  /** Headers of every answer. */
  headers(request: IncomingHttpHeaders): Headers {
    if (this.#allowsAll) return { 'Access-Control-Allow-Origin': '*' };
    const { origin } = request;
    if (origin === undefined || !this.#isListed(origin)) return { Vary: 'Origin' };
    return {
      'Access-Control-Allow-Origin': origin,
      'Access-Control-Allow-Credentials': 'true',
      Vary: 'Origin',
    };
  }

  /** Headers of the 204 that answers a preflight on any URL; undefined for any other request. */
  preflight(method: string | undefined, request: IncomingHttpHeaders): Headers | undefined {
    const isPreflight = method === 'OPTIONS' && 'access-control-request-method' in request;
    return isPreflight ? this.#preflight : undefined;
  }

  /**
   * Refuses what a page of a foreign origin sent without preflight: forms, simple POSTs, WebSocket
   * handshakes. Such a page cannot read the answer, but the deed would be done.
   * @throws MediaError permission-denied `origin-not-allowed`.
   */
  checkOrigin(method: string, request: IncomingHttpHeaders): void {
    const { origin, host } = request;
    const isHarmless = SAFE_METHODS.has(method) && request.upgrade === undefined;
    if (isHarmless || origin === undefined || this.#allowsAll) return;
    if (this.#isListed(origin) || isSameOrigin(origin, host)) return;
    throw new MediaError(
      'permission-denied',
      'origin-not-allowed',
      `origin '${origin.slice(0, 100)}' is not in the list of allowed origins`,
    );
  }

  #isListed(origin: string): boolean {
    if (origin.length > MAX_ORIGIN_CHARS) return false;
    return this.#patterns.some((pieces) => matchesPieces(origin.toLowerCase(), pieces));
  }
}

/** Whether `text` is the pieces with anything but a slash or '@' between them; linear, greedy-left. */
function matchesPieces(text: string, pieces: readonly string[]): boolean {
  const [first = '', ...rest] = pieces;
  const last = rest.pop();
  if (last === undefined) return text === first;
  if (!text.startsWith(first) || !text.endsWith(last)) return false;
  const end = text.length - last.length;
  let position = first.length;
  const gaps: string[] = [];
  for (const piece of rest) {
    const found = text.indexOf(piece, position);
    if (found < 0) return false;
    gaps.push(text.slice(position, found));
    position = found + piece.length;
  }
  if (position > end) return false;
  gaps.push(text.slice(position, end));
  return gaps.every((gap) => !/[/@]/u.test(gap));
}

function isSameOrigin(origin: string, host: string | undefined): boolean {
  return URL.canParse(origin) && host !== undefined && new URL(origin).host === host.toLowerCase();
}
