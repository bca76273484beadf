// Takes requests from arrival to answer: a Koa application with three middlewares.
import type { IncomingMessage, ServerResponse } from 'node:http';
import Koa, { type Context, type Next } from 'koa';
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import { MediaError, toMediaError } from '../base/media-error.ts';
import { checkDeclaredLength } from './body-reader.ts';
import { errorReply, type ErrorEnvelope } from './error-reply.ts';
import type { HttpReply } from './http-reply.ts';
import { IncomingRequest } from './incoming-request.ts';
import { applyReply } from './koa-reply.ts';
import type { HttpLimits } from './listener-options.ts';
import type { RequestFront, RequestIdentity } from './request-front.ts';
import { parseRequestTarget, refuseBackslash, type RequestTarget } from './request-target.ts';
import type { Router } from './router.ts';

/** What the pipeline works with. */
export interface RequestPipelineComponents {
  readonly router: Router;
  readonly front: RequestFront;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Per request, beside Koa's context. */
interface Exchange {
  readonly identity: RequestIdentity;
  readonly abort: AbortController;
  target: RequestTarget | undefined;
  envelope: ErrorEnvelope | undefined;
}

/** Answers ordinary requests; whatever a route throws ends here. */
export class RequestPipeline {
  readonly #components: RequestPipelineComponents;
  readonly #limits: HttpLimits;
  readonly #envelope: ErrorEnvelope | undefined;
  readonly #handle: (incoming: IncomingMessage, response: ServerResponse) => Promise<void>;
  readonly #exchanges = new WeakMap<IncomingMessage, Exchange>();
  readonly #awaitingContinue = new WeakSet<IncomingMessage>();
  readonly #running = new Set<AbortController>();
  #isClosing = false;

  constructor(
    components: RequestPipelineComponents,
    options: { readonly limits: HttpLimits; readonly errorEnvelope: ErrorEnvelope | undefined },
  ) {
    this.#components = components;
    this.#limits = options.limits;
    this.#envelope = options.errorEnvelope;
    const app = new Koa();
    app.use((context, next) => this.#answer(context, next));
    app.use((context, next) => this.#crossOrigin(context, next));
    app.use((context) => this.#dispatch(context));
    app.on('error', (failure: unknown) => {
      // Only a body stream that breaks off gets here; its client sees the connection end.
      components.logger.debug(`answer broke off: ${toMediaError(failure).message}`);
    });
    this.#handle = app.callback();
  }

  /** Serves one request; never rejects. */
  serve(incoming: IncomingMessage, response: ServerResponse): void {
    void this.#handle(incoming, response);
  }

  /** As serve(), for a client that waits with `Expect: 100-continue`. */
  serveAwaitingContinue(incoming: IncomingMessage, response: ServerResponse): void {
    this.#awaitingContinue.add(incoming);
    this.serve(incoming, response);
  }

  /** From now on every answer closes its connection. */
  prepareClose(): void {
    this.#isClosing = true;
  }

  /** Tells all running routes to stop. */
  abortAll(): void {
    const reason = new MediaError('unavailable', 'listener-closing', 'the server is closing');
    for (const abort of this.#running) abort.abort(reason);
  }

  /** First middleware: sets what every answer has and turns failures into answers. */
  async #answer(context: Context, next: Next): Promise<void> {
    const exchange = this.#begin(context);
    this.#setBaseHeaders(context, exchange);
    try {
      await next();
    } catch (thrown) {
      this.#fail(context, exchange, toMediaError(thrown));
    } finally {
      this.#afterAnswer(context);
      context.res.setTimeout(this.#limits.writeTimeoutMs, () => context.req.destroy());
    }
  }

  async #crossOrigin(context: Context, next: Next): Promise<void> {
    const { cors } = this.#components.front;
    const { method, headers } = context.req;
    const preflight = cors.preflight(method, headers);
    if (preflight !== undefined) {
      this.#reply(context, { status: 204, headers: preflight });
      return;
    }
    cors.checkOrigin(method ?? '', headers);
    await next();
  }

  async #dispatch(context: Context): Promise<void> {
    const exchange = this.#exchangeOf(context);
    const { router, front } = this.#components;
    const { req: incoming } = context;
    const { maxUrlChars } = this.#limits;
    const target = parseRequestTarget(incoming.url ?? '', maxUrlChars, { allowsBackslash: true });
    exchange.target = target;
    const { route, parameters } = router.find(incoming.method ?? '', target);
    if (route.allowsBackslash !== true) refuseBackslash(target);
    exchange.envelope = route.errorEnvelope;
    const maxBodyBytes = route.maxBodyBytes ?? this.#limits.maxBodyBytes;
    checkDeclaredLength(incoming, maxBodyBytes);
    const request = new IncomingRequest({
      ...{ incoming, target, parameters, maxBodyBytes },
      ...exchange.identity,
      signal: exchange.abort.signal,
      continueBody: () => this.#continueBody(context),
    });
    const reply = await route.action(await front.admit(request, route.access));
    if (route.exposeHeaders !== undefined) {
      context.set('Access-Control-Expose-Headers', route.exposeHeaders.join(', '));
    }
    this.#reply(context, reply);
  }

  #begin({ req, res }: Context): Exchange {
    const abort = new AbortController();
    const identity = this.#components.front.identify(req);
    const exchange: Exchange = { identity, abort, target: undefined, envelope: undefined };
    this.#exchanges.set(req, exchange);
    this.#running.add(abort);
    res.once('close', () => {
      this.#running.delete(abort);
      if (res.writableFinished) return;
      abort.abort(new MediaError('canceled', 'client-left', 'client left before the answer'));
    });
    return exchange;
  }

  #exchangeOf({ req }: Context): Exchange {
    const exchange = this.#exchanges.get(req);
    if (exchange !== undefined) return exchange;
    throw new MediaError('internal', 'no-exchange', 'request was not begun');
  }

  #setBaseHeaders(context: Context, { identity }: Exchange): void {
    context.set(identity.headers);
  }

  #reply(context: Context, reply: HttpReply): void {
    if (this.#isClosing) context.set('Connection', 'close');
    applyReply(context, reply);
  }

  #fail(context: Context, exchange: Exchange, error: MediaError): void {
    const { requestId } = exchange.identity;
    this.#log(context, exchange, error);
    if (context.res.headersSent) {
      context.req.destroy();
      return;
    }
    for (const name of context.res.getHeaderNames()) context.remove(name);
    this.#setBaseHeaders(context, exchange);
    const facts = { requestId, path: exchange.target?.path ?? '' };
    this.#reply(context, errorReply(error, facts, exchange.envelope ?? this.#envelope));
  }

  #log(context: Context, { identity, target }: Exchange, error: MediaError): void {
    const { logger } = this.#components;
    const path = target?.path ?? '';
    const fields = { requestId: identity.requestId, ip: identity.ip, code: error.code };
    const line = `${context.method} ${path}: ${error.message}`;
    if (error.kind !== 'internal') logger.debug(line, fields);
    else logger.error(line, { ...fields, stack: stackOf(error) });
  }

  #continueBody({ req, res }: Context): void {
    if (this.#awaitingContinue.delete(req)) res.writeContinue();
  }

  /**
   * Leaves the connection as it should be.
   * A refused body may still be arriving. Closing at once would reset the connection and the client
   * would never see the answer, so the rest is read and dropped for a moment.
   */
  #afterAnswer({ req, res }: Context): void {
    res.once('finish', () => {
      // An answer that had begun before the close could not tell its client to close.
      if (this.#isClosing) req.socket.destroySoon();
      if (req.complete) return;
      const { clock } = this.#components;
      const timer = clock.after(this.#limits.lingerMs, () => req.socket.destroy());
      req.once('end', () => timer.cancel()).once('close', () => timer.cancel());
      req.resume();
    });
  }
}

/** The stack of what was thrown first. */
function stackOf(error: MediaError): string {
  const origin = error.cause instanceof Error ? error.cause : error;
  return origin.stack ?? origin.message;
}
