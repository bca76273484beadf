// Takes WebSocket handshakes from arrival to the route that accepts them.
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Logger } from '../base/logger.ts';
import { MediaError, toMediaError } from '../base/media-error.ts';
import type { ErrorEnvelope } from './error-reply.ts';
import { IncomingRequest } from './incoming-request.ts';
import { writeRawError } from './raw-error.ts';
import type { RequestFront } from './request-front.ts';
import { parseRequestTarget } from './request-target.ts';
import type { Upgrade } from './route.ts';
import type { Router } from './router.ts';

/** What the pipeline works with. */
export interface UpgradePipelineComponents {
  readonly router: Router;
  readonly front: RequestFront;
  readonly logger: Logger;
}

/** Answers handshakes: origin, access, route; failures as plain HTTP errors. */
export class UpgradePipeline {
  readonly #components: UpgradePipelineComponents;
  readonly #maxUrlChars: number;
  readonly #envelope: ErrorEnvelope | undefined;

  constructor(
    components: UpgradePipelineComponents,
    options: { readonly maxUrlChars: number; readonly errorEnvelope: ErrorEnvelope | undefined },
  ) {
    this.#components = components;
    this.#maxUrlChars = options.maxUrlChars;
    this.#envelope = options.errorEnvelope;
  }

  /** Whether a request is a handshake for us; others that offer `h2c` are served as they are. */
  wants({ method, url, headers }: IncomingMessage): boolean {
    if (method !== 'GET' || headers.upgrade?.toLowerCase() !== 'websocket') return false;
    try {
      const target = parseRequestTarget(url ?? '', this.#maxUrlChars);
      return this.#components.router.findUpgrade(target) !== undefined;
    } catch {
      // The ordinary pipeline names what is wrong with the URL.
      return false;
    }
  }

  /** Serves one handshake; never rejects. */
  async serve(upgrade: Upgrade): Promise<void> {
    const { incoming, socket } = upgrade;
    const abort = new AbortController();
    // Without a listener a reset connection would end the process.
    socket.on('error', () => undefined);
    socket.once('close', () => abort.abort(clientLeft()));
    const identity = this.#components.front.identify(incoming);
    try {
      await this.#accept(upgrade, { ...identity, signal: abort.signal });
    } catch (thrown) {
      const error = toMediaError(thrown);
      const { requestId, headers, ip } = identity;
      const { logger } = this.#components;
      const line = `handshake refused: ${error.message}`;
      logger[error.kind === 'internal' ? 'error' : 'debug'](line, { requestId, ip });
      writeRawError(socket, error, { requestId, headers, path: '', envelope: this.#envelope });
    }
  }

  async #accept(
    upgrade: Upgrade,
    facts: {
      readonly ip: string;
      readonly peerIp: string;
      readonly isSecure: boolean;
      readonly requestId: string;
      readonly signal: AbortSignal;
    },
  ): Promise<void> {
    const { router, front } = this.#components;
    const { incoming, socket } = upgrade;
    front.cors.checkOrigin('GET', incoming.headers);
    const target = parseRequestTarget(incoming.url ?? '', this.#maxUrlChars);
    const match = router.findUpgrade(target);
    if (match === undefined) {
      const message = `nothing accepts a WebSocket at '${target.path}'`;
      throw new MediaError('not-found', 'route-not-found', message);
    }
    const request = new IncomingRequest({
      ...{ incoming, target, parameters: match.parameters, ...facts },
      maxBodyBytes: 0,
      continueBody: () => undefined,
    });
    const admitted = await front.admit(request, match.route.access);
    if (!isOpen(socket)) throw clientLeft();
    await match.route.accept(admitted, upgrade);
  }
}

function isOpen(socket: Duplex): boolean {
  return socket.readable && socket.writable;
}

function clientLeft(): MediaError {
  return new MediaError('canceled', 'client-left', 'client left before the handshake ended');
}
