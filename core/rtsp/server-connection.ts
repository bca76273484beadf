// The server's end of one connection: answers requests one after another and passes frames to its session.
import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import type { Logger } from '../base/logger.ts';
import { MediaError, toMediaError } from '../base/media-error.ts';
import type { AuthAction } from '../auth/access-request.ts';
import { expiryOf } from '../auth/expiry.ts';
import type { PathGrant } from '../path/path-manager.ts';
import { dispatch } from './methods/dispatch.ts';
import type { MethodConnection, MethodResult, MethodServices } from './method-context.ts';
import { RequestAuthenticator, type RtspAuthMethod } from './request-authenticator.ts';
import { RtspConnection, type RtspConnectionHandler } from './rtsp-connection.ts';
import { RtspHeaders } from './rtsp-headers.ts';
import { createResponse, type RtspRequest, type RtspResponse } from './rtsp-message.ts';
import { rtspStatusOf } from './rtsp-status.ts';
import type { RtspTarget } from './rtsp-url.ts';
import { SESSION_TIMEOUT_SECONDS, type ServerSession } from './server-session.ts';
import { parseSessionHeader } from './session-header.ts';
import type { SessionStore } from './session-store.ts';

/** What a connection of the server needs. */
export interface ServerConnectionComponents {
  readonly socket: Socket;
  readonly services: MethodServices;
  readonly sessions: SessionStore;
  readonly logger: Logger;
  readonly onClosed: (connection: ServerConnection) => void;
}

/** How a connection of the server behaves. */
export interface ServerConnectionOptions {
  readonly isEncrypted: boolean;
  readonly authMethods: readonly RtspAuthMethod[];
}

/** Requests that wait for an answer before no more are read. */
const MAX_WAITING_REQUESTS = 16;
/** Challenges in a row that a client may leave unanswered. */
const MAX_CHALLENGES = 8;
const SERVER_NAME = 'mediamtx-pro';

/** One client. Requests that need no waiting are answered inside the read that brought them. */
export class ServerConnection implements RtspConnectionHandler, MethodConnection {
  readonly id = randomUUID();
  readonly createdAt: number;
  readonly transport: RtspConnection;
  readonly isEncrypted: boolean;

  readonly #components: ServerConnectionComponents;
  readonly #logger: Logger;
  readonly #authenticator: RequestAuthenticator;
  readonly #abort = new AbortController();
  readonly #waiting: RtspRequest[] = [];
  readonly #grants = new Map<string, PathGrant>();
  #session: ServerSession | undefined;
  #userAgent = '';
  #challenges = 0;
  #lastRequestMs: number;
  #isBusy = false;

  constructor(components: ServerConnectionComponents, options: ServerConnectionOptions) {
    const { services, socket } = components;
    const { clock } = services;
    this.#components = components;
    this.isEncrypted = options.isEncrypted;
    this.createdAt = clock.nowMs();
    this.#lastRequestMs = clock.monotonicMs();
    this.#authenticator = new RequestAuthenticator(clock, options.authMethods);
    this.transport = new RtspConnection({ socket, clock, handler: this });
    this.#logger = components.logger.scope(`conn ${this.transport.remoteAddress}`);
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  get session(): ServerSession | undefined {
    return this.#session?.isClosed === false ? this.#session : undefined;
  }

  start(): void {
    this.#logger.debug('opened');
    this.transport.start();
  }

  async authorize(
    action: AuthAction & ('publish' | 'read'),
    target: RtspTarget,
    request: RtspRequest,
  ): Promise<PathGrant> {
    const key = `${action} ${target.pathName}`;
    const known = this.#grants.get(key);
    const { clock, pathManager } = this.#components.services;
    if (known && !expiryOf(known.principal, clock.nowMs())) return known;
    const credentials = this.#authenticator.credentialsOf(request);
    const grant = await pathManager.authorize(
      {
        ...{ action, path: target.pathName, credentials, query: target.query },
        ...{ ip: this.transport.remoteIp, protocol: 'rtsp', id: this.id },
        userAgent: this.#userAgent,
      },
      this.signal,
    );
    this.#challenges = 0;
    if (this.#grants.size >= MAX_WAITING_REQUESTS) this.#grants.clear();
    this.#grants.set(key, grant);
    return grant;
  }

  openSession(grant: PathGrant, target: RtspTarget): ServerSession {
    if (this.transport.closedReason) throw this.transport.closedReason;
    if (this.session) {
      throw new MediaError('failed-precondition', 'rtsp-wrong-state', 'a session exists already');
    }
    this.#session = this.#components.sessions.open({
      connection: this.transport,
      isEncrypted: this.isEncrypted,
      principal: grant.principal,
      userAgent: this.#userAgent,
      path: grant.pathName,
      // DESCRIBE had it; clients that follow our Content-Base leave it out of SETUP.
      query: grant.query === '' ? target.query : grant.query,
    });
    return this.#session;
  }

  findSession(request: RtspRequest): ServerSession | undefined {
    const header = request.headers.get('Session');
    const id = header === undefined ? undefined : parseSessionHeader(header)?.id;
    const session = header === undefined ? this.session : this.#components.sessions.find(id ?? '');
    if (session?.isUsableFrom(this.transport)) {
      session.noteRequest();
      return session;
    }
    if (header === undefined) return undefined;
    throw new MediaError('not-found', 'rtsp-session-not-found', 'session not found');
  }

  /** Ends the connection when the client is too slow or idle. */
  tick(nowMs: number): void {
    const { services } = this.#components;
    const sinceMs = this.transport.messageSinceMs;
    const isRunning = this.session !== undefined && this.session.state !== 'idle';
    if (sinceMs !== undefined && nowMs - sinceMs > services.readTimeoutMs && !isRunning) {
      this.onProtocolError(
        new MediaError('deadline-exceeded', 'rtsp-request-timeout', 'request is not complete'),
      );
      return;
    }
    if (this.transport.measureQueueAge(nowMs) > services.writeTimeoutMs) {
      this.transport.destroy(
        new MediaError('deadline-exceeded', 'rtsp-write-timeout', 'client takes no data'),
      );
      return;
    }
    if (isRunning || this.#isBusy) return;
    if (nowMs - this.#lastRequestMs > SESSION_TIMEOUT_SECONDS * 1000) {
      this.transport.end(new MediaError('deadline-exceeded', 'rtsp-idle', 'idle'));
    }
  }

  onRequest(request: RtspRequest): void {
    this.#waiting.push(request);
    if (this.#isBusy && this.#waiting.length >= MAX_WAITING_REQUESTS)
      this.transport.setPaused(true);
    this.#pump();
  }

  onResponse(): void {
    // We ask clients nothing, so this answers nothing.
  }

  onFrame(channel: number, payload: Buffer): void {
    this.#session?.onFrame(channel, payload);
  }

  onReadEnd(): void {
    this.#session?.onReadEnd(this.transport.parser.isInsideFrame);
  }

  onDrain(): void {
    this.#session?.onDrain();
  }

  onProtocolError(error: MediaError): void {
    this.#logger.info(`refused: ${printable(error.message)}`);
    this.#send(failureResponse(error), undefined);
    this.transport.end(error);
  }

  onClose(reason: MediaError): void {
    this.#abort.abort(reason);
    this.#waiting.length = 0;
    this.session?.onConnectionClosed(reason);
    this.#logger.debug(`closed: ${reason.message}`);
    this.#components.onClosed(this);
  }

  #pump(): void {
    while (!this.#isBusy) {
      const request = this.#waiting.shift();
      if (request === undefined) break;
      this.#serve(request);
    }
  }

  #serve(request: RtspRequest): void {
    this.#lastRequestMs = this.#components.services.clock.monotonicMs();
    this.#userAgent = printable(request.headers.get('User-Agent') ?? this.#userAgent);
    this.#logger.debug(`${request.method} ${printable(request.url.split('?', 1)[0] ?? '')}`);
    try {
      checkRequest(request);
      const result = dispatch({
        services: this.#components.services,
        connection: this,
        request,
      });
      if (result instanceof Promise) this.#wait(request, result);
      else this.#answer(request, result);
    } catch (thrown) {
      this.#answerFailure(request, toMediaError(thrown));
    }
  }

  #wait(request: RtspRequest, result: Promise<MethodResult>): void {
    this.#isBusy = true;
    const goOn = (): void => {
      this.#isBusy = false;
      if (this.transport.closedReason) return;
      this.transport.setPaused(false);
      this.#pump();
    };
    result
      .then(
        (value) => this.#answer(request, value),
        (thrown: unknown) => this.#answerFailure(request, toMediaError(thrown)),
      )
      .then(goOn, (thrown: unknown) => {
        this.#logger.error(`answering failed: ${toMediaError(thrown).message}`);
        this.transport.destroy(toMediaError(thrown));
      });
  }

  #answer(request: RtspRequest, { response, afterResponse }: MethodResult): void {
    this.#send(response, request);
    if (!this.transport.closedReason) afterResponse?.();
  }

  #answerFailure(request: RtspRequest, error: MediaError): void {
    if (this.transport.closedReason) return;
    const isUnknown = error.context['hadCredentials'] === false;
    if (error.kind === 'unauthenticated' && isUnknown) {
      this.#challenge(request, error);
      return;
    }
    const where = printable(request.url.split('?', 1)[0] ?? '');
    this.#logger.info(`${request.method} ${where} failed: ${printable(error.message)}`);
    const response = failureResponse(error);
    if (error.kind === 'unauthenticated') this.#addChallenges(response, false);
    this.#send(response, request);
    const isRefused = error.context['hadCredentials'] === true;
    if (isRefused) this.transport.end(error);
  }

  #challenge(request: RtspRequest, error: MediaError): void {
    const response = failureResponse(error);
    this.#addChallenges(response, error.code === 'rtsp-stale-nonce');
    this.#send(response, request);
    this.#challenges++;
    if (this.#challenges >= MAX_CHALLENGES) this.transport.end(error);
  }

  #addChallenges(response: RtspResponse, isStale: boolean): void {
    for (const challenge of this.#authenticator.createChallenges(isStale)) {
      response.headers.append('WWW-Authenticate', challenge);
    }
  }

  #send(response: RtspResponse, request: RtspRequest | undefined): void {
    const cseq = request?.headers.get('CSeq');
    if (cseq !== undefined && isCseq(cseq)) response.headers.set('CSeq', cseq);
    response.headers.set('Server', SERVER_NAME);
    if (response.statusCode === 551) {
      response.headers.set('Unsupported', printable(request?.headers.get('Require') ?? ''));
    }
    this.transport.send(response);
  }
}

/** The reason goes into the status line's phrase nowhere: clients show it badly; the log has it. */
function failureResponse(error: MediaError): RtspResponse {
  return createResponse(rtspStatusOf(error), { headers: new RtspHeaders() });
}

function checkRequest({ headers }: RtspRequest): void {
  const cseq = headers.get('CSeq');
  if (cseq === undefined || !isCseq(cseq)) {
    const problem = cseq === undefined ? 'is missing' : 'is not a number';
    throw new MediaError('invalid-argument', 'rtsp-malformed', `CSeq ${problem}`);
  }
  const required = headers.get('Require') ?? headers.get('Proxy-Require');
  if (required === undefined) return;
  throw new MediaError(
    'unsupported',
    'rtsp-option-unsupported',
    `required feature '${printable(required)}' is not supported`,
  );
}

/** Numbers of any size are echoed as they stand. */
function isCseq(text: string): boolean {
  return /^\d{1,20}$/u.test(text);
}

/** For log lines: no control characters, no endless text. */
function printable(text: string): string {
  // eslint-disable-next-line no-control-regex -- control characters are what is taken out
  return text.slice(0, 256).replace(/[\u0000-\u001f\u007f-\u009f]/gu, '?');
}
