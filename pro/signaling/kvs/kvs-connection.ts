// The signalling of one client of a channel: found, connected, and connected again for as long as it is wanted.
import { BoundedLog } from '../../../core/base/bounded-log.ts';
import { delay, type Clock } from '../../../core/base/clock.ts';
import type { Logger } from '../../../core/base/logger.ts';
import { MediaError, toMediaError } from '../../../core/base/media-error.ts';
import type { IceServer } from '../../../core/webrtc/ice-server-provider.ts';
import type { ChannelRole, ChannelVisit, KinesisChannels } from '../../aws/kinesis-channels.ts';
import { retryDelayMs } from '../../aws/retry-delay.ts';
import {
  formatKvsMessage,
  parseKvsMessage,
  type KvsMessage,
  type KvsOutgoing,
} from './kvs-messages.ts';
import { KvsSendQueue } from './kvs-send-queue.ts';
import { openKvsSocket, type KvsSocket } from './kvs-socket.ts';

/** What a connection works with. */
export interface KvsConnectionComponents {
  readonly clock: Clock;
  readonly logger: Logger;
  /** 0..1; Math.random in production. */
  readonly random: () => number;
  readonly channels: KinesisChannels;
}

/** Who connects where, and who hears what comes. */
export interface KvsConnectionOptions {
  readonly channel: string;
  readonly role: ChannelRole;
  /** Only for viewers. */
  readonly clientId?: string;
  /** A channel that does not exist is made. */
  readonly createIfMissing?: boolean;
  /** Frames of other clients, and what became of ours. */
  readonly onMessage: (message: KvsMessage) => void;
  /** An attempt to connect again failed; another follows, unless close() is called. */
  readonly onReopenFailed?: (failure: MediaError, attempts: number) => void;
}

/** A connection that lasted so long was a good one. */
const GOOD_MS = 10_000;
/** After so many failures the channel is looked for again. */
const LOCATE_EVERY = 3;
/** ICE servers are not used for new connections so shortly before they end. */
const ICE_MARGIN_MS = 30_000;

/** Media do not depend on it: it may come and go while they flow. */
export class KvsConnection {
  readonly #components: KvsConnectionComponents;
  readonly #options: KvsConnectionOptions;
  readonly #abort = new AbortController();
  readonly #queue: KvsSendQueue;
  readonly #log: BoundedLog;
  #visit: ChannelVisit | undefined;
  #socket: KvsSocket | undefined;
  #openedMs = 0;
  /** Connections in a row that ended soon. */
  #badEnds = 0;
  #isReopening = false;
  #ice: { readonly servers: readonly IceServer[]; readonly untilMs: number } | undefined;

  constructor(components: KvsConnectionComponents, options: KvsConnectionOptions) {
    this.#components = components;
    this.#options = options;
    this.#log = new BoundedLog(components);
    this.#queue = new KvsSendQueue(components.clock, (text) => this.#socket?.send(text) ?? false);
  }

  /** Whether the ICE servers may be used for another connection. */
  get hasFreshIce(): boolean {
    return this.#ice !== undefined && this.#components.clock.monotonicMs() < this.#ice.untilMs;
  }

  /**
   * Finds the channel and connects to it.
   * @throws MediaError as KinesisChannels and openKvsSocket().
   */
  async open(signal: AbortSignal): Promise<void> {
    const onAbort = (): void => this.close();
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      signal.throwIfAborted();
      await this.#connect(await this.#locate());
    } catch (thrown) {
      signal.throwIfAborted();
      throw thrown;
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  /** TURN servers of the channel, asked for when the known ones end. @throws MediaError as open(). */
  async iceServers(signal: AbortSignal): Promise<readonly IceServer[]> {
    const known = this.#ice;
    if (known && this.hasFreshIce) return known.servers;
    const { clock, channels } = this.#components;
    const visit = this.#visit ?? (await this.#locate());
    const { servers, ttlSeconds } = await channels.iceServers(visit, signal);
    const lifeMs = Math.max(ICE_MARGIN_MS, ttlSeconds * 1000 - ICE_MARGIN_MS);
    this.#ice = { servers, untilMs: clock.monotonicMs() + lifeMs };
    return servers;
  }

  /** Sends when there is a connection and the service takes more. @throws MediaError `kvs-payload-too-large`. */
  send(message: KvsOutgoing): void {
    this.#queue.push(message.action, formatKvsMessage(message));
  }

  /** Idempotent; calls nothing back. */
  close(): void {
    this.#abort.abort(new MediaError('canceled', 'kvs-closed', 'the signalling was closed'));
    this.#queue.close();
    this.#socket?.close();
    this.#socket = undefined;
  }

  async #locate(): Promise<ChannelVisit> {
    const { channels } = this.#components;
    const { channel: name, role, clientId, createIfMissing = false } = this.#options;
    const { signal } = this.#abort;
    const channel = await channels.describe(name, signal).catch((thrown: unknown) => {
      const isMissing = thrown instanceof MediaError && thrown.code === 'aws-not-found';
      if (!isMissing || !createIfMissing) throw thrown;
      return channels.create(name, signal);
    });
    const endpoints = await channels.endpoints(channel, role, signal);
    this.#visit = { channel, endpoints, role, clientId };
    return this.#visit;
  }

  async #connect(visit: ChannelVisit): Promise<void> {
    const { clock, channels } = this.#components;
    const { signal } = this.#abort;
    const url = await channels.signedUrl(visit, signal);
    const current: { socket?: KvsSocket } = {};
    const socket = await openKvsSocket(
      { clock, url, signal, failureOf: (answer) => channels.connectFailure(answer, visit, url) },
      {
        onText: (text) => this.#receive(text),
        onClosed: (reason) => this.#onClosed(current.socket, reason),
      },
    );
    current.socket = socket;
    if (signal.aborted) {
      socket.close();
      throw toMediaError(signal.reason);
    }
    // The old one stays until here: GO_AWAY leaves a minute.
    this.#socket?.close();
    this.#socket = socket;
    this.#openedMs = clock.monotonicMs();
    this.#queue.flush();
  }

  #receive(text: string): void {
    const message = parseKvsMessage(text);
    switch (message?.type) {
      case undefined:
        break;
      case 'go-away':
        this.#onGoAway();
        break;
      case 'reconnect-ice-server':
        this.#components.logger.debug('signalling asks to use other ICE servers');
        this.#ice = undefined;
        break;
      case 'malformed':
        this.#log.warn(`signalling brought ${message.problem}; ignored`);
        break;
      case 'status':
      case 'description':
      case 'candidate':
        this.#options.onMessage(message);
        break;
    }
  }

  #onGoAway(): void {
    // While another one is being opened, this one's end says nothing.
    if (this.#isReopening) return;
    this.#components.logger.debug('signalling asks to connect again');
    this.#noteEnd();
    this.#reopen();
  }

  #onClosed(socket: KvsSocket | undefined, reason: string): void {
    if (this.#socket !== socket) return;
    this.#socket = undefined;
    this.#components.logger.debug(`signalling connection ended: ${reason}`);
    // While another one is being opened, the service ends this one: that says nothing.
    if (!this.#isReopening) this.#noteEnd();
    this.#reopen();
  }

  /** Connections that end soon, in whatever way, are followed by others ever more slowly. */
  #noteEnd(): void {
    const livedMs = this.#components.clock.monotonicMs() - this.#openedMs;
    this.#badEnds = livedMs < GOOD_MS ? this.#badEnds + 1 : 0;
  }

  #reopen(): void {
    if (this.#isReopening || this.#abort.signal.aborted) return;
    this.#isReopening = true;
    // Only the end of it all rejects.
    this.#openAgain()
      .catch(() => undefined)
      .finally(() => {
        this.#isReopening = false;
        if (!this.#socket) this.#reopen();
      });
  }

  async #openAgain(): Promise<void> {
    const { clock, random } = this.#components;
    const { signal } = this.#abort;
    for (let attempt = 0; !signal.aborted; attempt++) {
      const pause = attempt + this.#badEnds;
      if (pause > 0) await delay(clock, retryDelayMs(pause - 1, random()), signal);
      try {
        const isLost = this.#visit === undefined || (attempt > 0 && attempt % LOCATE_EVERY === 0);
        await this.#connect(isLost ? await this.#locate() : this.#knownVisit());
        return;
      } catch (thrown) {
        signal.throwIfAborted();
        this.#options.onReopenFailed?.(toMediaError(thrown), attempt + 1);
      }
    }
  }

  #knownVisit(): ChannelVisit {
    if (this.#visit) return this.#visit;
    throw new MediaError('internal', 'internal', 'the channel was never found');
  }
}
