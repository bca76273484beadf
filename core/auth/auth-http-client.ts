// Asks the service that an operator configured for authentication: kept connections, everything bounded.
import http, { type ClientRequest, type IncomingMessage } from 'node:http';
import https from 'node:https';
import { isIP } from 'node:net';
import type { Clock } from '../base/clock.ts';
import { MediaError, toMediaError } from '../base/media-error.ts';
import { PinnedTlsAgent } from './pinned-tls-agent.ts';

/** Whom to ask. */
export interface AuthHttpClientOptions {
  /** http or https; `user:pass@` goes along as Basic authentication. */
  readonly url: string;
  /** SHA-256 of the certificate in hex; empty checks it against the certificate authorities. */
  readonly fingerprint: string;
  /** For a whole exchange. */
  readonly timeoutMs: number;
  /** Longest answer that is read; what comes after is left out. */
  readonly maxResponseBytes: number;
  readonly maxSockets: number;
}

/** One question. */
export interface AuthHttpQuestion {
  readonly method: 'GET' | 'POST';
  /** JSON. */
  readonly body?: string;
  readonly signal?: AbortSignal | undefined;
}

/** An answer, whatever its status; redirects are not followed. */
export interface AuthHttpAnswer {
  readonly status: number;
  readonly text: string;
  /** Whether the text is only the beginning. */
  readonly isCut: boolean;
}

const MAX_HEADER_BYTES = 16_384;
const MAX_IDLE_SOCKETS = 16;

/** A client of one URL. Failures name the host, never the URL or what was sent. */
export class AuthHttpClient {
  readonly #clock: Clock;
  readonly #options: AuthHttpClientOptions;
  readonly #url: URL;
  readonly #agent: http.Agent;
  /** For the second attempt, which must not meet another connection that the service has closed. */
  readonly #freshAgent: http.Agent;

  /** @throws MediaError invalid-argument when the URL isn't one of http or https. */
  constructor(clock: Clock, options: AuthHttpClientOptions) {
    this.#clock = clock;
    this.#options = options;
    this.#url = parseUrl(options.url);
    const { maxSockets } = options;
    this.#agent = this.#createAgent({
      keepAlive: true,
      maxSockets,
      maxFreeSockets: MAX_IDLE_SOCKETS,
    });
    this.#freshAgent = this.#createAgent({ keepAlive: false, maxSockets });
  }

  /** Host and port, for texts. */
  get place(): string {
    return this.#url.host;
  }

  /**
   * Asks; a kept connection that turns out to be closed is replaced once.
   * @throws MediaError unavailable `auth-unavailable`, failed-precondition
   * `auth-fingerprint-mismatch`, deadline-exceeded `auth-timeout`, or the reason of `signal`.
   */
  async ask(question: AuthHttpQuestion): Promise<AuthHttpAnswer> {
    const { timeoutMs } = this.#options;
    const { signal: outer } = question;
    const deadline = new AbortController();
    const timer = this.#clock.after(timeoutMs, () => {
      const text = `no answer within ${timeoutMs / 1000} s; ${this.place}`;
      deadline.abort(new MediaError('deadline-exceeded', 'auth-timeout', text));
    });
    const signal = outer ? AbortSignal.any([outer, deadline.signal]) : deadline.signal;
    try {
      return await this.#exchange({ ...question, signal });
    } catch (thrown) {
      if (signal.aborted) throw toMediaError(signal.reason);
      throw this.#failure(thrown);
    } finally {
      timer.cancel();
    }
  }

  /** Ends the connections, and the questions under way with them. Idempotent. */
  close(): void {
    this.#agent.destroy();
    this.#freshAgent.destroy();
  }

  /** Lets questions under way come to their end, and keeps no connection after them. */
  retire(): void {
    this.#agent.maxFreeSockets = 0;
    for (const sockets of Object.values(this.#agent.freeSockets)) {
      for (const socket of [...(sockets ?? [])]) socket.destroy();
    }
  }

  async #exchange(question: AuthHttpQuestion): Promise<AuthHttpAnswer> {
    const first = this.#send(question, this.#agent);
    try {
      return await this.#read(await responseOf(first));
    } catch (thrown) {
      if (!isStale(first, thrown) || question.signal?.aborted) throw thrown;
      return await this.#read(await responseOf(this.#send(question, this.#freshAgent)));
    }
  }

  #send({ method, body, signal }: AuthHttpQuestion, agent: http.Agent): ClientRequest {
    const url = this.#url;
    const host = url.hostname.replace(/^\[|\]$/gu, '');
    const request = (url.protocol === 'https:' ? https : http).request({
      ...{ method, agent, host, port: url.port, path: url.pathname + url.search },
      ...(isIP(host) === 0 ? { servername: host } : {}),
      headers: {
        Accept: 'application/json, */*;q=0.1',
        'User-Agent': 'mediamtx-pro',
        ...(body === undefined
          ? {}
          : { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) }),
      },
      maxHeaderSize: MAX_HEADER_BYTES,
      ...authOf(url),
      ...(signal === undefined ? {} : { signal }),
    });
    request.end(body);
    return request;
  }

  async #read(response: IncomingMessage): Promise<AuthHttpAnswer> {
    const chunks: Buffer[] = [];
    let sizeBytes = 0;
    for await (const chunk of response) {
      if (!(chunk instanceof Buffer)) continue;
      sizeBytes += chunk.length;
      chunks.push(chunk);
      // Leaving the loop destroys the connection.
      if (sizeBytes > this.#options.maxResponseBytes) break;
    }
    const bytes = Buffer.concat(chunks).subarray(0, this.#options.maxResponseBytes);
    const isCut = sizeBytes > bytes.length;
    return { status: response.statusCode ?? 0, text: bytes.toString('utf8'), isCut };
  }

  #createAgent(options: http.AgentOptions): http.Agent {
    if (this.#url.protocol === 'http:') return new http.Agent(options);
    const { fingerprint, timeoutMs } = this.#options;
    if (fingerprint === '') return new https.Agent(options);
    return new PinnedTlsAgent(fingerprint, { clock: this.#clock, timeoutMs }, options);
  }

  #failure(thrown: unknown): MediaError {
    if (thrown instanceof MediaError) {
      return new MediaError(thrown.kind, thrown.code, `${thrown.message}; ${this.place}`);
    }
    const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : 'failed';
    const text = `request failed: ${code}; ${this.place}`;
    return new MediaError('unavailable', 'auth-unavailable', text, { cause: thrown });
  }
}

function responseOf(request: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    // Stays: after the answer, errors of the connection come here too.
    request.on('error', reject);
    request.once('response', resolve);
    request.once('close', () => reject(new Error('the connection ended without an answer')));
  });
}

/** A service may close a kept connection at the moment we use it; nothing was read of the question then. */
function isStale(request: ClientRequest, thrown: unknown): boolean {
  if (!request.reusedSocket || !(thrown instanceof Error) || !('code' in thrown)) return false;
  return thrown.code === 'ECONNRESET' || thrown.code === 'EPIPE';
}

function parseUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url && (url.protocol === 'http:' || url.protocol === 'https:')) return url;
  throw new MediaError(
    'invalid-argument',
    'auth-url-invalid',
    'the URL of the authentication service is not one of http or https',
  );
}

function authOf({ username, password }: URL): { readonly auth?: string } {
  if (username === '' && password === '') return {};
  return { auth: `${decode(username)}:${decode(password)}` };
}

/** A percent sign that escapes nothing stands for itself. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
