// Our own HTTP requests to URLs that others may have chosen: one checked address, no redirects, all bounded.
import http, {
  type ClientRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
} from 'node:http';
import https from 'node:https';
import { pipeline, type Readable } from 'node:stream';
import type { Clock } from '../base/clock.ts';
import { MediaError, toMediaError } from '../base/media-error.ts';
import type { DestinationCheck } from './address-policy.ts';
import { BoundedBody, outgoingTimeout } from './bounded-body.ts';
import { pinDestination, systemResolver, type HostResolver } from './pin-destination.ts';

/** What the client works with. */
export interface PinnedHttpClientComponents {
  readonly clock: Clock;
  readonly policy: DestinationCheck;
  /** Default: as the machine resolves. */
  readonly resolver?: HostResolver;
}

/** Settings of a client; all have defaults. */
export interface PinnedHttpClientOptions {
  readonly schemes: readonly ('http' | 'https')[];
  /** request(): for everything. open(): to the headers of the answer. */
  readonly timeoutMs: number;
  readonly maxResponseBytes: number;
  readonly maxHeaderBytes: number;
  /** open(): longest pause of the sender. */
  readonly idleMs: number;
  /** open(): for the whole body. */
  readonly bodyMs: number;
  /** Sends `user:pass@` of the URL as Basic authentication; refuses such URLs when false. */
  readonly sendsUrlCredentials: boolean;
}

/** A request. Nothing is added to its headers but `Host`, the length of the body and `Connection`. */
export interface OutgoingRequest {
  readonly url: string;
  /** Default GET. */
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  readonly signal?: AbortSignal;
  /** Default: that of the client. */
  readonly timeoutMs?: number;
}

/** An answer with its body in memory. */
export interface OutgoingReply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** An answer whose body flows; destroy the body when it is not wanted. */
export interface OutgoingStream {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Readable;
}

const DEFAULTS: PinnedHttpClientOptions = {
  schemes: ['http', 'https'],
  timeoutMs: 10_000,
  maxResponseBytes: 1024 * 1024,
  maxHeaderBytes: 16_384,
  idleMs: 10_000,
  bodyMs: 300_000,
  sendsUrlCredentials: false,
};

const REDIRECTS: ReadonlySet<number> = new Set([300, 301, 302, 303, 305, 307, 308]);

/**
 * Sends requests. Proxies of the environment are not used, cookies and credentials not kept,
 * connections not shared. Any status but a redirect is an answer, not a failure.
 */
export class PinnedHttpClient {
  readonly #components: PinnedHttpClientComponents;
  readonly #options: PinnedHttpClientOptions;
  // Agents of our own: the global ones may be told by the environment to use a proxy.
  readonly #httpAgent = new http.Agent({ keepAlive: false });
  readonly #httpsAgent = new https.Agent({ keepAlive: false });

  constructor(
    components: PinnedHttpClientComponents,
    options: Partial<PinnedHttpClientOptions> = {},
  ) {
    this.#components = components;
    this.#options = { ...DEFAULTS, ...options };
  }

  /**
   * Sends a request and reads the whole answer, within `timeoutMs` together.
   * @throws MediaError invalid-argument `outgoing-url-invalid`; permission-denied
   * `destination-not-allowed` or `address-denied`; unavailable `host-not-found`, `outgoing-failed`,
   * `redirect-refused` or `response-too-large`; deadline-exceeded `outgoing-timeout`; the reason of
   * `signal`.
   */
  async request(request: OutgoingRequest): Promise<OutgoingReply> {
    const timeoutMs = request.timeoutMs ?? this.#options.timeoutMs;
    await using exchange = new Exchange(this.#components.clock, request, timeoutMs);
    const { status, headers, body } = await this.#send(request, exchange, timeoutMs);
    try {
      const chunks: Uint8Array[] = [];
      for await (const chunk of body) if (chunk instanceof Uint8Array) chunks.push(chunk);
      return { status, headers, body: Buffer.concat(chunks) };
    } catch (thrown) {
      throw exchange.failure(thrown);
    }
  }

  /**
   * Sends a request and answers when the headers came; the body is bounded by `idleMs`, `bodyMs`
   * and `maxResponseBytes`, and ends with an error when one is exceeded.
   * @throws MediaError as request().
   */
  async open(request: OutgoingRequest): Promise<OutgoingStream> {
    const timeoutMs = request.timeoutMs ?? this.#options.timeoutMs;
    const exchange = new Exchange(this.#components.clock, request, timeoutMs);
    try {
      const stream = await this.#send(request, exchange, this.#options.bodyMs);
      exchange.cancelTimer();
      stream.body.once('close', () => void exchange[Symbol.asyncDispose]());
      return stream;
    } catch (thrown) {
      await exchange[Symbol.asyncDispose]();
      throw thrown;
    }
  }

  async #send(
    request: OutgoingRequest,
    exchange: Exchange,
    bodyMs: number,
  ): Promise<OutgoingStream> {
    const url = this.#parseUrl(request.url);
    const { clock, policy, resolver = systemResolver } = this.#components;
    const { maxResponseBytes: maxBytes, idleMs } = this.#options;
    try {
      const isTls = url.protocol === 'https:';
      const port = url.port === '' ? (isTls ? 443 : 80) : Number(url.port);
      const destination = { host: url.hostname, port };
      const pinned = await exchange.wait(pinDestination({ resolver, policy }, destination));
      const outgoing = this.#create(url, request, { ...pinned, signal: exchange.signal });
      const incoming = await responseOf(outgoing, request.body);
      refuseRedirect(incoming, exchange.place);
      const limits = { maxBytes, idleMs, durationMs: bodyMs };
      const body = new BoundedBody(clock, limits, exchange.place);
      // Failures reach the reader of the body; without a callback they would be thrown.
      pipeline(incoming, body, () => undefined);
      return { status: incoming.statusCode ?? 0, headers: incoming.headers, body };
    } catch (thrown) {
      throw exchange.failure(thrown);
    }
  }

  #create(
    url: URL,
    { method = 'GET', headers = {}, body }: OutgoingRequest,
    pinned: Pick<http.RequestOptions, 'lookup' | 'signal'> & { readonly host: string },
  ): ClientRequest {
    const isTls = url.protocol === 'https:';
    const { lookup, signal, host } = pinned;
    const length = body === undefined ? {} : { 'Content-Length': String(Buffer.byteLength(body)) };
    const options: https.RequestOptions = {
      ...{ lookup, signal, method, hostname: host, port: url.port },
      path: url.pathname + url.search,
      headers: { ...headers, ...length },
      agent: isTls ? this.#httpsAgent : this.#httpAgent,
      maxHeaderSize: this.#options.maxHeaderBytes,
      insecureHTTPParser: false,
      ...authOf(url),
    };
    return isTls ? https.request(options) : http.request(options);
  }

  #parseUrl(text: string): URL {
    if (!URL.canParse(text)) throw invalidUrl('is not understood');
    const url = new URL(text);
    const { schemes, sendsUrlCredentials } = this.#options;
    if (!schemes.some((scheme) => url.protocol === `${scheme}:`)) {
      throw invalidUrl(
        `has the scheme '${url.protocol.slice(0, 20)}', not ${schemes.join(' or ')}`,
      );
    }
    const hasCredentials = url.username !== '' || url.password !== '';
    if (hasCredentials && !sendsUrlCredentials) throw invalidUrl('holds a user name or password');
    return url;
  }
}

/** One request on its way: its time-out, the caller's signal, and what a failure means. */
class Exchange implements AsyncDisposable {
  readonly #abort = new AbortController();
  readonly #timer;
  readonly #outer: AbortSignal | undefined;
  readonly place: string;

  constructor(clock: Clock, { url, signal }: OutgoingRequest, timeoutMs: number) {
    this.place = URL.canParse(url) ? new URL(url).host : 'outgoing request';
    this.#outer = signal;
    this.#timer = clock.after(timeoutMs, () => {
      this.#abort.abort(outgoingTimeout(timeoutMs, this.place));
    });
    if (signal?.aborted) this.#onOuterAbort();
    else signal?.addEventListener('abort', this.#onOuterAbort, { once: true });
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  cancelTimer(): void {
    this.#timer.cancel();
  }

  /** For what takes no signal. */
  wait<T>(work: Promise<T>): Promise<T> {
    const { signal } = this.#abort;
    return new Promise((resolve, reject) => {
      const onAbort = (): void => reject(toMediaError(signal.reason));
      if (signal.aborted) onAbort();
      signal.addEventListener('abort', onAbort, { once: true });
      void work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
    });
  }

  failure(thrown: unknown): MediaError {
    const { signal } = this.#abort;
    if (signal.aborted) return toMediaError(signal.reason);
    if (thrown instanceof MediaError) return thrown;
    const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : 'failed';
    const message = `request failed: ${code}; ${this.place}`;
    return new MediaError('unavailable', 'outgoing-failed', message, { cause: thrown });
  }

  /** Ends whatever is still open. */
  [Symbol.asyncDispose](): Promise<void> {
    this.#timer.cancel();
    this.#outer?.removeEventListener('abort', this.#onOuterAbort);
    this.#abort.abort(new MediaError('canceled', 'request-aborted', 'the exchange is over'));
    return Promise.resolve();
  }

  readonly #onOuterAbort = (): void => {
    this.#abort.abort(toMediaError(this.#outer?.reason));
  };
}

function responseOf(
  outgoing: ClientRequest,
  body: OutgoingRequest['body'],
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    // Stays: after the answer, errors of the connection come here too.
    outgoing.on('error', reject);
    outgoing.once('response', resolve);
    // A change of protocol that nobody asked for ends without an error.
    outgoing.once('close', () => reject(noAnswer()));
    outgoing.end(body);
  });
}

function noAnswer(): MediaError {
  return new MediaError('unavailable', 'outgoing-failed', 'the connection ended without an answer');
}

function refuseRedirect(incoming: IncomingMessage, place: string): void {
  const { statusCode = 0 } = incoming;
  if (!REDIRECTS.has(statusCode)) return;
  incoming.destroy();
  const message = `redirects are not followed (${statusCode}); ${place}`;
  throw new MediaError('unavailable', 'redirect-refused', message);
}

function authOf({ username, password }: URL): { readonly auth?: string } {
  if (username === '' && password === '') return {};
  return { auth: `${decodeURIComponent(username)}:${decodeURIComponent(password)}` };
}

/** Without the URL: it may hold credentials. */
function invalidUrl(problem: string): MediaError {
  return new MediaError('invalid-argument', 'outgoing-url-invalid', `the URL ${problem}`);
}
