// The hub of WebSocket clients: everything that happens goes to everybody who listens at /ws.
import { randomBytes } from 'node:crypto';
import { WebSocketServer, type WebSocket } from 'ws';
import type { Clock, Timer } from '../../core/base/clock.ts';
import { networkOf } from '../../core/base/ip-address.ts';
import type { Logger } from '../../core/base/logger.ts';
import { MediaError } from '../../core/base/media-error.ts';
import type { HttpRequest } from '../../core/http/http-request.ts';
import type { Upgrade, UpgradeRoute } from '../../core/http/route.ts';
import type { EventSubscriber } from '../events/event-bus.ts';
import type { ProEvent } from '../events/pro-event.ts';
import { parseClientRequest, type ClientRequest } from './client-request.ts';
import { CursorDelivery } from './cursor-delivery.ts';
import { EventHistory, type HistoryEntry, type ResumePoint } from './event-history.ts';
import { HubClient, type HubCloseReason } from './hub-client.ts';
import { defaultHubOptions, type HubOptions } from './hub-options.ts';
import { checkHubOrigin } from './origin-check.ts';
import { QueueDelivery } from './queue-delivery.ts';
import { toHistoryDraft } from './wire-message.ts';

const SWEEP_PERIOD_MS = 1000;
/** How long a token that was taken back may go on listening. */
const RECHECK_PERIOD_MS = 5000;
/** Events that may wait for the end of a turn. */
const MAX_BATCH = 128;

/** What the hub works with. */
export interface WebSocketHubComponents {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly events: { subscribe(subscriber: EventSubscriber): () => void };
  /** Public URL of a file of the recordings folder; `filePath` begins with a slash. */
  readonly fileUrlOf: (filePath: string) => string;
}

/** Numbers of the hub since the start; `clients` and `resumable` are those of now. */
export interface WebSocketHubStats {
  readonly clients: number;
  /** Clients that use cursors. */
  readonly resumable: number;
  readonly events: number;
  /** Events that a client did not get because it was too slow, summed over clients. */
  readonly skipped: number;
  readonly sentBytes: number;
  /** Handshakes refused by a limit. */
  readonly refused: number;
  readonly closed: Readonly<Record<HubCloseReason, number>>;
  readonly historyEvents: number;
  readonly historyBytes: number;
}

/** Sends each event, encoded once, to all clients. */
export class WebSocketHub implements AsyncDisposable {
  readonly #components: WebSocketHubComponents;
  readonly #options: HubOptions;
  readonly #history: EventHistory;
  readonly #server: WebSocketServer;
  readonly #clients = new Set<HubClient>();
  readonly #countByNetwork = new Map<string, number>();
  readonly #closed: Record<HubCloseReason, number> = {
    ...{ left: 0, pongTimeout: 0, tooLong: 0, overflow: 0, denied: 0, stopped: 0, failed: 0 },
  };
  #fresh: HistoryEntry[] = [];
  #isFlushScheduled = false;
  #unsubscribe: (() => void) | undefined;
  #sweepTimer: Timer | undefined;
  #recheckTimer: Timer | undefined;
  #isRechecking = false;
  #closing: Promise<void> | undefined;
  #onEmpty: (() => void) | undefined;
  #refused = 0;
  #goneSentBytes = 0;
  #goneSkipped = 0;
  #resumable = 0;

  constructor(components: WebSocketHubComponents, options: Partial<HubOptions> = {}) {
    this.#components = components;
    this.#options = { ...defaultHubOptions, ...options };
    const { maxInboundBytes, maxHistoryEvents, maxHistoryBytes } = this.#options;
    // Random, so that a cursor of an earlier run is recognised whatever the wall clock did.
    this.#history = new EventHistory(randomBytes(6).toString('hex'), {
      maxEvents: maxHistoryEvents,
      maxBytes: maxHistoryBytes,
    });
    this.#server = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      maxPayload: maxInboundBytes,
      autoPong: false,
    });
  }

  get clientCount(): number {
    return this.#clients.size;
  }

  /** The route of the hub; who may use it decides the gate of the listener. */
  get route(): UpgradeRoute {
    return {
      pattern: '/ws',
      access: { type: 'action', action: 'api' },
      accept: (request, upgrade) => this.#accept(request, upgrade),
    };
  }

  /** Listens to events from now on. Call once. */
  start(): void {
    const { events, clock } = this.#components;
    this.#unsubscribe = events.subscribe((event) => this.#onEvent(event));
    this.#sweepTimer = clock.every(SWEEP_PERIOD_MS, () => this.#sweep());
    this.#recheckTimer = clock.every(RECHECK_PERIOD_MS, () => void this.#recheck());
  }

  stats(): WebSocketHubStats {
    let sentBytes = this.#goneSentBytes;
    let skipped = this.#goneSkipped;
    for (const client of this.#clients) {
      sentBytes += client.sentBytes;
      skipped += client.skipped;
    }
    const history = this.#history;
    return {
      ...{ clients: this.#clients.size, resumable: this.#resumable, refused: this.#refused },
      ...{ skipped, sentBytes, events: history.newest, closed: { ...this.#closed } },
      historyEvents: history.newest - history.oldest + 1,
      historyBytes: history.sizeBytes,
    };
  }

  /** Tells every client that the server goes away (1001) and waits a moment for them. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#closeAll();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #accept(request: HttpRequest, { incoming, socket, head }: Upgrade): void {
    checkHubOrigin(request.headers, this.#options.allowedOrigins);
    const asked = parseClientRequest(request.query);
    const resumeAt = this.#resumePoint(asked);
    const network = networkOf(request.ip);
    this.#checkLimits(network);
    this.#server.handleUpgrade(incoming, socket, head, (webSocket) => {
      const { expiresAt, recheck } = request;
      const client = this.#add({ webSocket, socket, network, expiresAt, recheck });
      if (resumeAt) this.#attachCursor(client, { asked, resumeAt });
      else client.attach(this.#queueDelivery(client, asked));
    });
  }

  #resumePoint({ since }: ClientRequest): ResumePoint | undefined {
    if (since === undefined) return undefined;
    if (since === '') return { type: 'known', number: this.#history.newest };
    const point = this.#history.resume(since);
    if (point) return point;
    const message = `since '${since.slice(0, 64)}' is no cursor; /ws`;
    throw new MediaError('invalid-argument', 'invalid-websocket-query', message);
  }

  #checkLimits(network: string): void {
    const { maxClients, maxClientsPerIp } = this.#options;
    if (this.#closing) {
      throw new MediaError('unavailable', 'server-stopping', 'the server is stopping');
    }
    if (this.#clients.size >= maxClients) {
      this.#refused++;
      const message = `${maxClients} WebSocket clients are connected already`;
      throw new MediaError('unavailable', 'too-many-websocket-clients', message);
    }
    if ((this.#countByNetwork.get(network) ?? 0) >= maxClientsPerIp) {
      this.#refused++;
      const message = `${maxClientsPerIp} WebSocket clients of ${network} are connected already`;
      throw new MediaError('resource-exhausted', 'too-many-websocket-clients-of-ip', message);
    }
  }

  #add({ webSocket, socket, ...facts }: NewConnection): HubClient {
    const { clock } = this.#components;
    const client = new HubClient(
      { webSocket, socket, clock, onClosed: (gone, reason) => this.#remove(gone, reason) },
      { ...facts, joinedAtNumber: this.#history.newest },
      this.#options,
    );
    this.#clients.add(client);
    const { network } = facts;
    this.#countByNetwork.set(network, (this.#countByNetwork.get(network) ?? 0) + 1);
    return client;
  }

  #queueDelivery(client: HubClient, { filter }: ClientRequest): QueueDelivery {
    const { clock } = this.#components;
    const { maxQueueMessages, maxQueueBytes } = this.#options;
    const limits = { maxMessages: maxQueueMessages, maxBytes: maxQueueBytes };
    return new QueueDelivery({ sink: client, clock, filter }, limits);
  }

  #attachCursor(
    client: HubClient,
    { asked, resumeAt }: { readonly asked: ClientRequest; readonly resumeAt: ResumePoint },
  ): void {
    const { clock } = this.#components;
    const history = this.#history;
    const components = { sink: client, clock, history, filter: asked.filter };
    const delivery = new CursorDelivery(components, resumeAt.number);
    client.attach(delivery);
    client.isResumable = true;
    this.#resumable++;
    delivery.greet(resumeAt.type === 'missed' ? resumeAt.reason : undefined);
    client.resume();
  }

  #remove(client: HubClient, reason: HubCloseReason): void {
    if (!this.#clients.delete(client)) return;
    const { network } = client.facts;
    const left = (this.#countByNetwork.get(network) ?? 1) - 1;
    if (left > 0) this.#countByNetwork.set(network, left);
    else this.#countByNetwork.delete(network);
    if (client.isResumable) this.#resumable--;
    this.#closed[reason]++;
    this.#goneSentBytes += client.sentBytes;
    this.#goneSkipped += client.skipped;
    const { logger } = this.#components;
    const line = `client of ${network} closed: ${reason}`;
    if (reason === 'overflow') logger.warn(`${line}, ${client.skipped} events skipped`);
    else logger.debug(line);
    if (this.#clients.size === 0) this.#onEmpty?.();
  }

  /** Sending waits for the end of this turn, so that events that come together leave together. */
  #onEvent(event: ProEvent): void {
    const { clock, fileUrlOf } = this.#components;
    const time = new Date(clock.nowMs()).toISOString();
    this.#fresh.push(this.#history.append(toHistoryDraft(event, { time, fileUrlOf })));
    if (this.#fresh.length >= MAX_BATCH) this.#flush();
    if (this.#isFlushScheduled) return;
    this.#isFlushScheduled = true;
    setImmediate(() => {
      this.#isFlushScheduled = false;
      this.#flush();
    });
  }

  #flush(): void {
    const fresh = this.#fresh;
    this.#fresh = [];
    const first = fresh[0]?.number ?? 0;
    for (const client of this.#clients) {
      // Who joined between an event and now has nothing to do with that event.
      const joinedAt = client.facts.joinedAtNumber;
      client.deliver(joinedAt < first ? fresh : fresh.filter(({ number }) => number > joinedAt));
    }
  }

  #sweep(): void {
    const nowMs = this.#components.clock.monotonicMs();
    for (const client of this.#clients) client.sweep(nowMs);
  }

  /** One after the other: a thousand clients of one token must not ask at once. */
  async #recheck(): Promise<void> {
    if (this.#isRechecking) return;
    this.#isRechecking = true;
    for (const client of this.#clients) await client.recheck();
    this.#isRechecking = false;
  }

  async #closeAll(): Promise<void> {
    this.#unsubscribe?.();
    this.#flush();
    const empty = new Promise<void>((resolve) => {
      this.#onEmpty = resolve;
    });
    for (const client of this.#clients) client.close('stopped', 1001);
    const timer = this.#components.clock.after(this.#options.stopWaitMs, () => {
      for (const client of this.#clients) client.terminate();
    });
    if (this.#clients.size > 0) await empty;
    timer.cancel();
    this.#sweepTimer?.cancel();
    this.#recheckTimer?.cancel();
    this.#server.close();
  }
}

interface NewConnection extends Pick<HttpRequest, 'expiresAt' | 'recheck'> {
  readonly webSocket: WebSocket;
  readonly socket: Upgrade['socket'];
  readonly network: string;
}
