// WHIP and WHEP seen from the client: servers asked for, offer posted, candidates trickled, session deleted.
import type { Clock } from '../../base/clock.ts';
import { MediaError } from '../../base/media-error.ts';
import type { IceCandidate } from '../../sdp/ice-candidate.ts';
import { formatTrickleFragment } from '../../sdp/trickle-fragment.ts';
import type { IceServer } from '../ice-server-provider.ts';
import type { IceCredentials } from '../transport/ice-credentials.ts';
import { parseIceServerLinks } from './link-header.ts';
import type { SendSignaling, SignalingReply, SignalingRequest } from './signaling-http.ts';
import type { SignalingUrl } from './signaling-url.ts';

/** What an exchange works with. */
export interface SignalingExchangeComponents {
  readonly clock: Clock;
  readonly send: SendSignaling;
}

/** With whom, and by which keys of the configuration. */
export interface SignalingExchangeOptions {
  readonly target: SignalingUrl;
  /** Empty when user and password of the URL, if any, are used. */
  readonly bearerToken: string;
  readonly fingerprint: string;
  readonly fingerprintKey: string;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** What a server says before the offer. */
export interface ServerInvitation {
  readonly iceServers: readonly IceServer[];
  /** Whether candidates may follow the offer by PATCH. */
  readonly takesCandidates: boolean;
}

const MAX_REDIRECTS = 3;
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 307, 308]);
const GOODBYE_TIMEOUT_MS = 1000;
const MAX_QUOTED = 200;

/** One session with one server. */
export class SignalingExchange {
  readonly #components: SignalingExchangeComponents;
  readonly #options: SignalingExchangeOptions;
  #url: URL;
  #authorization: string | undefined;
  #session: URL | undefined;
  #etag: string | undefined;

  constructor(components: SignalingExchangeComponents, options: SignalingExchangeOptions) {
    this.#components = components;
    this.#options = options;
    this.#url = options.target.url;
    this.#authorization =
      options.bearerToken === '' ? options.target.basic : `Bearer ${options.bearerToken}`;
  }

  /** `host:port`, for errors. */
  get place(): string {
    return this.#url.host;
  }

  /**
   * Asks which ICE servers to use (RFC 9725 section 4.6). A server that knows no OPTIONS names none.
   * @throws MediaError `unauthenticated` or `permission-denied`, and as sendSignaling().
   */
  async invite(): Promise<ServerInvitation> {
    const reply = await this.#ask({ method: 'OPTIONS', headers: {} });
    if (reply.status === 401 || reply.status === 403) throw this.#refused('OPTIONS', reply);
    const isFine = reply.status >= 200 && reply.status < 300;
    const methods = headerOf(reply, 'access-control-allow-methods');
    return {
      iceServers: isFine ? parseIceServerLinks(headerOf(reply, 'link')) : [],
      takesCandidates: isFine && /\bPATCH\b/iu.test(methods),
    };
  }

  /**
   * Posts the offer; returns the answer.
   * @throws MediaError by the status of the refusal, with the server's own words.
   */
  async post(offer: string): Promise<string> {
    const headers = { 'Content-Type': 'application/sdp', Accept: 'application/sdp' };
    const reply = await this.#ask({ method: 'POST', headers, body: offer });
    if (reply.status !== 201 && reply.status !== 200) throw this.#refused('POST', reply);
    const { location } = reply.headers;
    if (location !== undefined && URL.canParse(location, this.#url)) {
      const session = new URL(location, this.#url);
      // Credentials go nowhere else, whatever the header says.
      if (session.origin === this.#url.origin) this.#session = session;
    }
    this.#etag = reply.headers.etag;
    return reply.body;
  }

  /** Tells candidates of the first section (RFC 9725 section 4.3.1); undefined ends them. */
  async trickle(
    candidates: readonly (IceCandidate | undefined)[],
    credentials: IceCredentials,
  ): Promise<void> {
    const url = this.#session;
    if (!url) return;
    const body = formatTrickleFragment({
      iceUfrag: credentials.ufrag,
      icePwd: credentials.password,
      bundleGroups: [],
      medias: [
        {
          mid: '0',
          candidates: candidates.filter((each) => each !== undefined),
          hasEndOfCandidates: candidates.includes(undefined),
        },
      ],
    });
    const headers = {
      'Content-Type': 'application/trickle-ice-sdpfrag',
      ...(this.#etag === undefined ? {} : { 'If-Match': this.#etag }),
    };
    await this.#send({ method: 'PATCH', headers, body, url });
  }

  /** Deletes the session, if there is one; failures do not matter any more. Never throws. */
  async delete(): Promise<void> {
    const url = this.#session;
    this.#session = undefined;
    if (!url) return;
    const signal = new AbortController().signal;
    const request = { method: 'DELETE', headers: {}, url, signal } as const;
    await this.#send({ ...request, timeoutMs: GOODBYE_TIMEOUT_MS }).catch(() => undefined);
  }

  /** Follows some redirects; credentials go along only to the same server, and never out of TLS. */
  async #ask(
    request: Pick<SignalingRequest, 'method' | 'headers' | 'body'>,
  ): Promise<SignalingReply> {
    for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
      const reply = await this.#send({ ...request, url: this.#url });
      const { location } = reply.headers;
      if (!REDIRECTS.has(reply.status) || location === undefined) return reply;
      this.#moveTo(location);
    }
    throw this.#redirectRefused(`redirects more than ${MAX_REDIRECTS} times`);
  }

  #moveTo(location: string): void {
    const from = this.#url;
    const next = URL.canParse(location, from) ? new URL(location, from) : undefined;
    if (!next || (next.protocol !== 'http:' && next.protocol !== 'https:')) {
      throw this.#redirectRefused('redirects to what is no HTTP URL');
    }
    if (from.protocol === 'https:' && next.protocol === 'http:') {
      throw this.#redirectRefused(`redirects from TLS to plain HTTP at ${next.host}`);
    }
    if (!isSameServer(from, next)) this.#authorization = undefined;
    next.username = '';
    next.password = '';
    this.#url = next;
  }

  #send(
    request: Pick<SignalingRequest, 'method' | 'headers' | 'body' | 'url'> &
      Partial<Pick<SignalingRequest, 'timeoutMs' | 'signal'>>,
  ): Promise<SignalingReply> {
    const { clock, send } = this.#components;
    const { fingerprint, fingerprintKey, timeoutMs, signal } = this.#options;
    const authorization = this.#authorization;
    return send(clock, {
      ...{ fingerprint, fingerprintKey, timeoutMs, signal },
      ...request,
      headers: {
        ...request.headers,
        ...(authorization === undefined ? {} : { Authorization: authorization }),
      },
    });
  }

  #redirectRefused(problem: string): MediaError {
    const text = `${this.place} ${problem}`;
    return new MediaError('failed-precondition', 'signaling-redirect-refused', text);
  }

  #refused(method: string, reply: SignalingReply): MediaError {
    const { status } = reply;
    const said = wordsOf(reply.body);
    const text = `${this.place} answered ${method} with ${status}${said === '' ? '' : `: ${said}`}`;
    if (status === 401) return new MediaError('unauthenticated', 'signaling-unauthorized', text);
    if (status === 403) return new MediaError('permission-denied', 'signaling-forbidden', text);
    if (status === 404) return new MediaError('not-found', 'signaling-not-found', text);
    const kind = status >= 500 || status === 429 ? 'unavailable' : 'failed-precondition';
    return new MediaError(kind, 'signaling-refused', text);
  }
}

function headerOf({ headers }: SignalingReply, name: string): string {
  const value = headers[name];
  return Array.isArray(value) ? value.join(', ') : (value ?? '');
}

/** Another port of a machine may be another's; the way into TLS is meant to change it. */
function isSameServer(from: URL, next: URL): boolean {
  return next.hostname === from.hostname && (next.host === from.host || isIntoTls(from, next));
}

function isIntoTls(from: URL, next: URL): boolean {
  return from.protocol === 'http:' && next.protocol === 'https:';
}

/** The server's reason, fit for a log line. */
function wordsOf(body: string): string {
  const [, error] = /"error"\s*:\s*"([^"\\]{1,500})"/u.exec(body.slice(0, 2000)) ?? [];
  const text = error ?? (/^\s*</u.test(body) ? '' : body);
  return text
    .slice(0, MAX_QUOTED)
    .replace(/[^\u0021-\u007e]+/gu, ' ')
    .trim();
}
