// `/api/ws`: takes handshakes and keeps the connections.
import { WebSocketServer } from 'ws';
import type { Clock, Timer } from '../../../core/base/clock.ts';
import type { Logger } from '../../../core/base/logger.ts';
import { MediaError } from '../../../core/base/media-error.ts';
import type { HttpRequest } from '../../../core/http/http-request.ts';
import type { Upgrade, UpgradeRoute } from '../../../core/http/route.ts';
import type { Go2rtcPeers, PeerRequest } from './go2rtc-peers.ts';
import { SocketClient } from './socket-client.ts';
import type { StreamDirectory } from './stream-directory.ts';
import { GO2RTC_ACCESS } from './text-reply.ts';
import { publishedPath } from './webrtc-routes.ts';

/** What the connections work with. */
export interface SocketRouteComponents {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly peers: Go2rtcPeers;
  readonly directory: StreamDirectory;
}

const MAX_MESSAGE_BYTES = 192 * 1024;
const GOING_AWAY = 1001;
const CLOSE_WAIT_MS = 1000;

/** All connections. */
export class SocketRoute implements AsyncDisposable {
  readonly #components: SocketRouteComponents;
  readonly #maxSockets: number;
  readonly #sweepPeriodMs: number;
  readonly #server = new WebSocketServer({
    ...{ noServer: true, clientTracking: false, perMessageDeflate: false, autoPong: false },
    maxPayload: MAX_MESSAGE_BYTES,
  });
  readonly #clients = new Set<SocketClient>();
  #timer: Timer | undefined;
  #closing: Promise<void> | undefined;
  #onEmpty: (() => void) | undefined;

  constructor(
    components: SocketRouteComponents,
    options: { readonly maxSockets: number; readonly sweepPeriodMs: number },
  ) {
    this.#components = components;
    this.#maxSockets = options.maxSockets;
    this.#sweepPeriodMs = options.sweepPeriodMs;
  }

  get count(): number {
    return this.#clients.size;
  }

  get route(): UpgradeRoute {
    return {
      pattern: '/api/ws',
      access: GO2RTC_ACCESS,
      accept: (request, upgrade) => this.#accept(request, upgrade),
    };
  }

  start(): void {
    this.#timer ??= this.#components.clock.every(this.#sweepPeriodMs, () => {
      for (const client of this.#clients) client.sweep();
    });
  }

  /** Tells every client that the server goes away and waits a moment for them. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#closeAll();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #accept(request: HttpRequest, { incoming, socket, head }: Upgrade): void {
    if (this.#closing) {
      throw new MediaError('unavailable', 'server-stopping', 'the server is stopping');
    }
    if (this.#clients.size >= this.#maxSockets) {
      const message = `${this.#maxSockets} WebSocket clients are connected already`;
      throw new MediaError('unavailable', 'too-many-websocket-clients', message);
    }
    this.#server.handleUpgrade(incoming, socket, head, (webSocket) => {
      const { clock, logger, peers } = this.#components;
      const client = new SocketClient({
        ...{ webSocket, clock, logger },
        open: async (offer, signal) => peers.open(await this.#order(request, offer, signal)),
        addCandidate: (id, candidate) => peers.addCandidate(id, candidate),
        end: (id) => peers.end(id),
        onClosed: (gone) => this.#remove(gone),
      });
      this.#clients.add(client);
    });
  }

  /** Looked up with each offer: the stream may be added after the handshake. */
  async #order(request: HttpRequest, offer: string, signal: AbortSignal): Promise<PeerRequest> {
    const { directory, peers } = this.#components;
    const { query, user, ip, rawQuery, headers } = request;
    const src = query.get('src') ?? '';
    const dst = query.get('dst') ?? '';
    const pathName =
      src === '' && dst !== ''
        ? publishedPath({ peers, directory }, dst)
        : (await directory.getOrAdd(src, query.get('name') ?? '')).pathName;
    return {
      direction: src === '' && dst !== '' ? 'publish' : 'read',
      ...{ pathName, offer, signal, format: 'webrtc/json' },
      client: { user, ip, query: rawQuery, userAgent: headers['user-agent'] ?? '' },
    };
  }

  #remove(client: SocketClient): void {
    this.#clients.delete(client);
    if (this.#clients.size === 0) this.#onEmpty?.();
  }

  async #closeAll(): Promise<void> {
    this.#timer?.cancel();
    const empty = new Promise<void>((resolve) => {
      this.#onEmpty = resolve;
    });
    for (const client of this.#clients) client.close(GOING_AWAY, 'server is stopping');
    const timer = this.#components.clock.after(CLOSE_WAIT_MS, () => {
      for (const client of this.#clients) client.terminate();
    });
    if (this.#clients.size > 0) await empty;
    timer.cancel();
    this.#server.close();
  }
}
