// The master of a signalling channel: viewers of Kinesis Video Streams watch a path of this server.
import { BoundedLog } from '../../../core/base/bounded-log.ts';
import { delay, type Clock } from '../../../core/base/clock.ts';
import type { Logger } from '../../../core/base/logger.ts';
import { MediaError, toMediaError } from '../../../core/base/media-error.ts';
import type { Principal } from '../../../core/auth/access-request.ts';
import type { PathManager } from '../../../core/path/path-manager.ts';
import type { KinesisChannels } from '../../aws/kinesis-channels.ts';
import { retryDelayMs } from '../../aws/retry-delay.ts';
import type { EngineSession } from '../session/engine-session.ts';
import { openLocalSession, type LocalSessionManager } from '../session/local-session.ts';
import { KvsConnection } from './kvs-connection.ts';
import type { KvsMessage } from './kvs-messages.ts';

/** What a master works with. */
export interface KvsMasterComponents {
  readonly clock: Clock;
  readonly logger: Logger;
  /** 0..1; default Math.random. */
  readonly random?: () => number;
  readonly paths: Pick<PathManager, 'grant'>;
  /** Absent while WebRTC is switched off; read for each viewer. */
  readonly manager?: LocalSessionManager | undefined;
  readonly channels: KinesisChannels;
}

/** Which path is offered where. */
export interface KvsMasterOptions {
  readonly channel: string;
  readonly pathName: string;
  /** Whose right to read the path its viewers use. */
  readonly principal: Principal;
  /** A channel that does not exist is made. */
  readonly createIfMissing?: boolean;
}

/** As many as a channel has. */
const MAX_VIEWERS = 10;
/** Offers of one viewer that are answered at the same time. */
const MAX_OPENING = 4;
const LOG_PERIOD_MS = 60_000;

/** One viewer by its client id. */
interface Viewer {
  session: EngineSession | undefined;
  /** Number of its newest offer; answers to older ones are not sent. */
  offers: number;
  /** Offers that are being answered. */
  opening: number;
}

/** Answers offers until it is closed. */
export class KvsMaster {
  readonly #components: KvsMasterComponents;
  readonly #options: KvsMasterOptions;
  readonly #logger: Logger;
  /** For what viewers cause. */
  readonly #log: BoundedLog;
  readonly #abort = new AbortController();
  readonly #viewers = new Map<string, Viewer>();
  #connection: KvsConnection | undefined;
  #running: Promise<void> | undefined;
  #answers = 0;
  #lastFailure: MediaError | undefined;
  #lastLogMs = Number.NEGATIVE_INFINITY;

  constructor(components: KvsMasterComponents, options: KvsMasterOptions) {
    this.#components = components;
    this.#options = options;
    const logger = components.logger.scope(`KVS master ${options.channel}`);
    this.#logger = logger;
    this.#log = new BoundedLog({ clock: components.clock, logger });
  }

  /** Viewers that are connected or connecting. */
  get viewerCount(): number {
    let count = 0;
    for (const { session } of this.#viewers.values()) if (session?.isAlive === true) count++;
    return count;
  }

  /** Why there is no signalling; undefined when the newest attempt succeeded. */
  get lastFailure(): MediaError | undefined {
    return this.#lastFailure;
  }

  start(): void {
    this.#running ??= this.#open();
  }

  /** Ends signalling and viewers. Idempotent. */
  async close(): Promise<void> {
    this.#abort.abort(new MediaError('canceled', 'kvs-closed', 'the master was closed'));
    this.#connection?.close();
    for (const viewer of this.#viewers.values()) this.#end(viewer);
    this.#viewers.clear();
    await this.#running;
  }

  async #open(): Promise<void> {
    const { clock, random = Math.random } = this.#components;
    const { signal } = this.#abort;
    const { channel, createIfMissing = false } = this.#options;
    for (let attempt = 0; !signal.aborted; attempt++) {
      const connection = new KvsConnection(
        { ...this.#components, random, logger: this.#logger },
        {
          ...{ channel, createIfMissing, role: 'MASTER' },
          onMessage: (message) => this.#receive(message),
          onReopenFailed: (failure) => this.#onFailed(failure),
        },
      );
      try {
        await connection.open(signal);
        this.#connection = connection;
        this.#lastFailure = undefined;
        this.#logger.info(`offers path '${this.#options.pathName}'`);
        return;
      } catch (thrown) {
        connection.close();
        if (isAborted(signal)) return;
        this.#onFailed(toMediaError(thrown));
      }
      // At least a second: what is refused now is seldom allowed in a moment.
      const pauseMs = 1000 + retryDelayMs(attempt, random());
      await delay(clock, pauseMs, signal).catch(() => undefined);
    }
  }

  #receive(message: KvsMessage): void {
    switch (message.type) {
      case 'description':
        if (message.kind === 'offer') this.#onOffer(message.sender, message.sdp);
        break;
      case 'candidate':
        this.#onCandidate(message.sender, message.candidate);
        break;
      case 'status':
        this.#log.warn(`an answer could not be delivered: ${message.problem}`);
        break;
      case 'go-away':
      case 'reconnect-ice-server':
      case 'malformed':
        break;
    }
  }

  #onOffer(client: string, sdp: string): void {
    if (client === '') {
      this.#logger.debug('an offer without a client id; ignored');
      return;
    }
    const viewer = this.#viewerOf(client);
    if (!viewer || viewer.opening >= MAX_OPENING) {
      this.#log.warn(`viewer ${client} is refused: there are too many`);
      return;
    }
    viewer.offers++;
    viewer.opening++;
    void this.#answer(client, viewer, sdp)
      .catch((thrown: unknown) => {
        if (this.#abort.signal.aborted) return;
        this.#log.warn(`viewer ${client} is refused: ${toMediaError(thrown).message}`);
      })
      .finally(() => viewer.opening--);
  }

  /** Undefined when the channel has as many as it may. */
  #viewerOf(client: string): Viewer | undefined {
    const known = this.#viewers.get(client);
    if (known) return known;
    for (const [id, { session, opening }] of this.#viewers) {
      if (session?.isAlive !== true && opening === 0) this.#viewers.delete(id);
    }
    if (this.#viewers.size >= MAX_VIEWERS) return undefined;
    const viewer: Viewer = { session: undefined, offers: 0, opening: 0 };
    this.#viewers.set(client, viewer);
    return viewer;
  }

  async #answer(client: string, viewer: Viewer, offer: string): Promise<void> {
    const { offers } = viewer;
    // A new offer is a new start of the viewer.
    this.#end(viewer);
    const session = await this.#openSession(client, offer);
    if (this.#abort.signal.aborted || viewer.offers !== offers) {
      close(session);
      return;
    }
    viewer.session = session;
    try {
      this.#connection?.send({
        action: 'SDP_ANSWER',
        payload: { type: 'answer', sdp: session.answer },
        recipient: client,
        correlationId: `answer-${++this.#answers}`,
      });
    } catch (thrown) {
      this.#end(viewer);
      throw thrown;
    }
  }

  #openSession(client: string, offer: string): Promise<EngineSession> {
    const { paths, manager } = this.#components;
    const { pathName, principal, channel } = this.#options;
    if (!manager) {
      throw new MediaError('unavailable', 'webrtc-not-available', 'WebRTC is switched off');
    }
    return openLocalSession(manager, 'read', {
      grant: paths.grant(pathName, principal),
      identity: {
        user: principal.user,
        remoteAddress: `kvs://${this.#components.channels.region}/${channel}`,
        query: '',
        userAgent: client,
      },
      ...{ offer, signal: this.#abort.signal },
    });
  }

  /** Our answer is complete, and addresses of viewers are learnt from their checks. */
  #onCandidate(client: string, candidate: string): void {
    const session = this.#viewers.get(client)?.session;
    if (session?.isAlive !== true) return;
    try {
      session.addCandidate(candidate);
    } catch (thrown) {
      this.#logger.debug(`viewer ${client}: ${toMediaError(thrown).message}`);
    }
  }

  #onFailed(failure: MediaError): void {
    this.#lastFailure = failure;
    const nowMs = this.#components.clock.monotonicMs();
    if (nowMs - this.#lastLogMs < LOG_PERIOD_MS) return;
    this.#lastLogMs = nowMs;
    this.#logger.warn(`no signalling: ${failure.message}`);
  }

  #end(viewer: Viewer): void {
    const { session } = viewer;
    viewer.session = undefined;
    if (session) close(session);
  }
}

function close(session: EngineSession): void {
  try {
    if (session.isAlive) session.close();
  } catch {
    // It ended by itself a moment ago.
  }
}

/** Read through a function so that the compiler forgets what it knew before an await. */
function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}
