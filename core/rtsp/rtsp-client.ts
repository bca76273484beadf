// The asking side of one RTSP connection: requests in turn, their answers, credentials and time-outs.
import type { Socket } from 'node:net';
import type { Clock, Timer } from '../base/clock.ts';
import { normalizeIp } from '../base/ip-address.ts';
import type { Logger } from '../base/logger.ts';
import { MediaError } from '../base/media-error.ts';
import { ClientAuthenticator, type SentAuthorization } from './client-authenticator.ts';
import { statusText } from './client-status-error.ts';
import { placeOf, type SourceCredentials, type SourceUrl } from './client-url.ts';
import { RtspConnection, type RtspConnectionHandler } from './rtsp-connection.ts';
import { RtspHeaders } from './rtsp-headers.ts';
import {
  createRequest,
  createResponse,
  EMPTY_BODY,
  type RtspRequest,
  type RtspResponse,
} from './rtsp-message.ts';
import { parseSessionHeader } from './session-header.ts';

/** Told what comes beside answers. Called synchronously inside the socket's events. */
export interface RtspClientHandler {
  /** An interleaved frame; `payload` is valid only during the call. */
  onFrame(channel: number, payload: Buffer): void;
  /** The frames of one read are through. */
  onReadEnd(isInsideFrame: boolean): void;
  /** What was queued has been given to the system. */
  onDrain?(): void;
  /** The connection is over; called exactly once. */
  onClose(reason: MediaError): void;
}

/** What a client needs. */
export interface RtspClientComponents {
  /** A connected socket; owned by the client from now on. */
  readonly socket: Socket;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly handler: RtspClientHandler;
}

/** How to speak with one camera. */
export interface RtspClientOptions {
  readonly url: SourceUrl;
  readonly credentials: SourceCredentials | undefined;
  /** Longest wait for the whole answer to one request. */
  readonly requestTimeoutMs: number;
}

/** Extra headers of a request; undefined ones are left out. */
export type RequestHeaders = Readonly<Record<string, string | undefined>>;

interface Question {
  readonly method: string;
  readonly url: string;
  readonly headers: RequestHeaders;
  readonly body?: Uint8Array;
}

interface PendingRequest {
  readonly cseq: string;
  readonly resolve: (response: RtspResponse) => void;
  readonly reject: (failure: MediaError) => void;
  readonly timer: Timer;
}

/** Without credentials, with a nonce that proves stale, with a fresh one. */
const MAX_SENDS = 3;
/** A camera that reads this little of what we send does not read at all. */
const MAX_QUEUED_BYTES = 256 * 1024;
const MAX_ABANDONED = 32;
const ANSWERED_METHODS: ReadonlySet<string> = new Set([
  'OPTIONS',
  'GET_PARAMETER',
  'SET_PARAMETER',
  'ANNOUNCE',
]);

/** One connection to one camera. One request is under way at a time. */
export class RtspClient implements RtspConnectionHandler {
  readonly connection: RtspConnection;
  /** `host:port` as configured, for errors. */
  readonly place: string;
  /** Our address as the camera sees it without NAT; empty when unknown. */
  readonly localIp: string;
  /** Sent with every request once the first SETUP was answered. */
  sessionId: string | undefined;
  /** Responses that nobody waited for. */
  strayResponses = 0;

  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #handler: RtspClientHandler;
  readonly #requestTimeoutMs: number;
  readonly #authenticator: ClientAuthenticator;
  readonly #socketClosed = Promise.withResolvers<undefined>();
  /** Numbers of requests whose answers are not waited for any more. */
  readonly #abandoned = new Set<string>();
  #cseq = 0;
  #pending: PendingRequest | undefined;
  #failure: MediaError | undefined;

  constructor(components: RtspClientComponents, options: RtspClientOptions) {
    const { socket, clock, logger, handler } = components;
    this.#clock = clock;
    this.#logger = logger;
    this.#handler = handler;
    this.#requestTimeoutMs = options.requestTimeoutMs;
    this.place = placeOf(options.url);
    this.localIp = normalizeIp(socket.localAddress ?? '') ?? '';
    this.#authenticator = new ClientAuthenticator(options.credentials, this.place);
    this.connection = new RtspConnection({ socket, clock, handler: this });
    socket.once('close', () => this.#socketClosed.resolve(undefined));
  }

  /** Why the connection ended; undefined while it is open. */
  get failure(): MediaError | undefined {
    return this.#failure;
  }

  /** Starts reading. */
  start(): void {
    this.connection.start();
  }

  /**
   * Asks and waits for the final answer, whatever its status but 401; answers challenges.
   * @throws MediaError `unauthenticated`, `deadline-exceeded` without an answer in time, or why
   * the connection ended.
   */
  request(method: string, url: string, headers: RequestHeaders = {}): Promise<RtspResponse> {
    return this.#ask({ method, url, headers });
  }

  /** ANNOUNCE (RFC 2326 section 10.3) with a description. @throws MediaError as request(). */
  announce(url: string, sdp: string): Promise<RtspResponse> {
    const headers = { 'Content-Type': 'application/sdp' };
    return this.#ask({ method: 'ANNOUNCE', url, headers, body: Buffer.from(sdp) });
  }

  /** Takes the session of a SETUP answer; the first one stays. Returns its time-out in seconds when told. */
  noteSession(response: RtspResponse): number | undefined {
    const header = response.headers.get('Session');
    const session = header === undefined ? undefined : parseSessionHeader(header);
    if (!session) return undefined;
    this.sessionId ??= session.id;
    if (session.id !== this.sessionId) this.#logger.debug('the camera changed the session id');
    return /timeout/iu.test(header ?? '') ? session.timeoutSeconds : undefined;
  }

  /** Closes at once and waits until the socket is gone. Idempotent. */
  async close(reason: MediaError): Promise<void> {
    this.connection.destroy(reason);
    await this.#socketClosed.promise;
  }

  /** For the connection. */
  onResponse(response: RtspResponse): void {
    if (response.statusCode < 200) return;
    const cseq = response.headers.get('CSeq') ?? '';
    const pending = this.#pending;
    if (!pending || this.#abandoned.delete(cseq)) {
      this.strayResponses++;
      return;
    }
    // Cameras answer with a wrong CSeq or none; with one request at a time it is still the answer.
    this.#pending = undefined;
    pending.timer.cancel();
    pending.resolve(response);
  }

  /** For the connection: cameras ask too, mostly whether we are alive. */
  onRequest(request: RtspRequest): void {
    if (request.method === 'TEARDOWN' || request.method === 'REDIRECT') {
      this.connection.destroy(this.#ended(`ended the session with ${request.method}`));
      return;
    }
    const headers = RtspHeaders.of({ CSeq: request.headers.get('CSeq') });
    const status = ANSWERED_METHODS.has(request.method) ? 200 : 501;
    this.connection.send(createResponse(status, { headers, body: EMPTY_BODY }));
    this.checkQueue();
  }

  /** For the connection. */
  onFrame(channel: number, payload: Buffer): void {
    this.#handler.onFrame(channel, payload);
  }

  /** For the connection. */
  onReadEnd(): void {
    if (!this.connection.closedReason)
      this.#handler.onReadEnd(this.connection.parser.isInsideFrame);
  }

  /** For the connection. */
  onProtocolError(error: MediaError): void {
    const text = `${this.place} sends no RTSP: ${error.message}`;
    this.connection.destroy(new MediaError('unavailable', 'rtsp-source-malformed', text));
  }

  /** For the connection. */
  onDrain(): void {
    this.#handler.onDrain?.();
  }

  /** For the connection. */
  onClose(reason: MediaError): void {
    const failure =
      reason.code === 'rtsp-connection-closed' ? this.#ended('closed the connection') : reason;
    this.#failure = failure;
    const pending = this.#pending;
    this.#pending = undefined;
    pending?.timer.cancel();
    pending?.reject(failure);
    this.#handler.onClose(failure);
  }

  /** Ends the connection when the camera does not read what it is sent. */
  checkQueue(): void {
    if (this.connection.queuedBytes <= MAX_QUEUED_BYTES) return;
    this.connection.destroy(this.#ended('does not read what it is sent'));
  }

  async #ask(question: Question): Promise<RtspResponse> {
    const { method, url } = question;
    for (let sends = 1; sends <= MAX_SENDS; sends++) {
      const sent = this.#authenticator.authorize(method, url, sends > 1);
      const headers = { ...question.headers, Authorization: sent.header };
      const response = await this.#exchange({ ...question, headers });
      if (response.statusCode !== 401) return response;
      this.#learn(response, sent);
    }
    throw this.#authenticator.refused();
  }

  #learn(response: RtspResponse, sent: SentAuthorization): void {
    this.#authenticator.learn(response.headers.getAll('WWW-Authenticate'), sent);
  }

  #exchange({ method, url, headers, body }: Question): Promise<RtspResponse> {
    if (this.#failure) return Promise.reject(this.#failure);
    this.#abandon(this.#ended(`got ${method} before it answered`));
    const cseq = String(++this.#cseq);
    const { promise, resolve, reject } = Promise.withResolvers<RtspResponse>();
    const timer = this.#clock.after(this.#requestTimeoutMs, () => {
      this.#abandon(this.#timedOut(method));
    });
    this.#pending = { cseq, resolve, reject, timer };
    const fields = {
      CSeq: cseq,
      'User-Agent': 'mediamtx-pro',
      Session: this.sessionId,
      ...headers,
    };
    this.connection.send(
      createRequest(method, url, {
        headers: RtspHeaders.of(fields),
        ...(body === undefined ? {} : { body }),
      }),
    );
    return promise.then((response) => {
      this.#logger.debug(`${method} answered ${statusText(response)}`);
      return response;
    });
  }

  /** Gives up waiting for an answer; it may still come. */
  #abandon(failure: MediaError): void {
    const pending = this.#pending;
    if (!pending) return;
    this.#pending = undefined;
    if (this.#abandoned.size >= MAX_ABANDONED) this.#abandoned.clear();
    this.#abandoned.add(pending.cseq);
    pending.timer.cancel();
    pending.reject(failure);
  }

  #timedOut(method: string): MediaError {
    const seconds = this.#requestTimeoutMs / 1000;
    return new MediaError(
      'deadline-exceeded',
      'rtsp-response-timeout',
      `${this.place} did not answer ${method} within ${seconds} s`,
    );
  }

  #ended(problem: string): MediaError {
    return new MediaError('unavailable', 'rtsp-source-closed', `${this.place} ${problem}`);
  }
}
