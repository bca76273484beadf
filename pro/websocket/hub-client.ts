// One WebSocket connection of the hub: writing frames, heartbeat, and why it ended.
import type { Duplex } from 'node:stream';
import { WebSocket } from 'ws';
import type { Clock } from '../../core/base/clock.ts';
import { kindToWebSocketCloseCode } from '../../core/base/error-status.ts';
import { toMediaError } from '../../core/base/media-error.ts';
import type { HttpRequest } from '../../core/http/http-request.ts';
import type { Delivery, FrameSink } from './delivery.ts';
import type { HistoryEntry } from './event-history.ts';
import type { HubOptions } from './hub-options.ts';

/** Why a connection ended. */
export type HubCloseReason =
  'left' | 'pongTimeout' | 'tooLong' | 'overflow' | 'denied' | 'stopped' | 'failed';

/** What a connection works with. */
export interface HubClientComponents {
  readonly webSocket: WebSocket;
  /** The socket of the handshake; frames are written to it directly. */
  readonly socket: Duplex;
  readonly clock: Clock;
  /** Called once, when the connection is gone. */
  readonly onClosed: (client: HubClient, reason: HubCloseReason) => void;
}

/** Who a connection belongs to, how long it may stay, and which events are old for it. */
export interface HubClientFacts extends Pick<HttpRequest, 'expiresAt' | 'recheck'> {
  /** Address, or /64 network, that the limit per client counts. */
  readonly network: string;
  /** Newest event at the time of the handshake. */
  readonly joinedAtNumber: number;
}

type Limits = Pick<HubOptions, 'pingPeriodMs' | 'pongWaitMs' | 'writeWaitMs' | 'overflowMs'>;

/** A client of the hub. Whole frames go straight to the socket: `ws` would build one for each client. */
export class HubClient implements FrameSink {
  readonly facts: HubClientFacts;
  /** Whether it uses cursors. */
  isResumable = false;
  readonly #components: HubClientComponents;
  readonly #limits: Limits;
  #delivery: Delivery | undefined;
  #lastPongMs: number;
  #lastPingMs: number;
  #closingSinceMs: number | undefined;
  #reason: HubCloseReason | undefined;
  #sentBytes = 0;

  constructor(components: HubClientComponents, facts: HubClientFacts, limits: Limits) {
    this.#components = components;
    this.facts = facts;
    this.#limits = limits;
    this.#lastPongMs = this.#lastPingMs = components.clock.monotonicMs();
    const { webSocket, socket } = components;
    socket.on('drain', () => this.resume());
    webSocket.on('pong', () => {
      this.#lastPongMs = components.clock.monotonicMs();
    });
    webSocket.on('ping', (data) => this.#onPing(data));
    webSocket.on('error', (failure) => this.#onError(failure));
    webSocket.once('close', () => components.onClosed(this, this.#reason ?? 'left'));
  }

  get isBlocked(): boolean {
    return this.#components.socket.writableNeedDrain || !this.#isOpen;
  }

  get sentBytes(): number {
    return this.#sentBytes;
  }

  get skipped(): number {
    return this.#delivery?.skipped ?? 0;
  }

  /** Must be called once, before the first deliver(). */
  attach(delivery: Delivery): void {
    this.#delivery = delivery;
  }

  /** A frame after our close frame would be an error of protocol (RFC 6455 section 5.5.1). */
  write(frame: Buffer): void {
    if (!this.#isOpen) return;
    this.#sentBytes += frame.length;
    this.#components.socket.write(frame);
  }

  /** Hands events over; all of them leave in one system call where the socket allows. */
  deliver(fresh: readonly HistoryEntry[]): void {
    if (!this.#isOpen) return;
    const { socket } = this.#components;
    socket.cork();
    this.#delivery?.deliver(fresh);
    socket.uncork();
  }

  /** Sends what waits, as far as the socket takes it. */
  resume(): void {
    if (!this.#isOpen) return;
    const { socket } = this.#components;
    socket.cork();
    this.#delivery?.resume();
    socket.uncork();
  }

  /**
   * Called about once a second: pings, and ends what is silent, too slow, expired or does not close.
   */
  sweep(nowMs: number): void {
    const { pongWaitMs, pingPeriodMs, overflowMs, writeWaitMs } = this.#limits;
    if (!this.#isOpen) {
      this.#closingSinceMs ??= nowMs;
      if (nowMs - this.#closingSinceMs >= writeWaitMs) this.terminate();
      return;
    }
    const overflowSinceMs = this.#delivery?.overflowSinceMs;
    if (nowMs - this.#lastPongMs >= pongWaitMs) {
      this.#reason = 'pongTimeout';
      this.terminate();
    } else if (overflowSinceMs !== undefined && nowMs - overflowSinceMs >= overflowMs) {
      this.close('overflow', 1013);
    } else if (this.#components.clock.nowMs() >= (this.facts.expiresAt ?? Infinity)) {
      this.close('denied', kindToWebSocketCloseCode.unauthenticated);
    } else if (nowMs - this.#lastPingMs >= pingPeriodMs) this.#ping(nowMs);
  }

  /** Ends a client whose token was taken back. Never rejects. */
  async recheck(): Promise<void> {
    if (!this.#isOpen) return;
    try {
      await this.facts.recheck?.();
    } catch (thrown) {
      const { kind } = toMediaError(thrown);
      // A file of tokens that can't be read just now says nothing about this one.
      if (kind !== 'unauthenticated' && kind !== 'permission-denied') return;
      this.close('denied', kindToWebSocketCloseCode[kind]);
    }
  }

  /** Begins the closing handshake. */
  close(reason: HubCloseReason, code: number): void {
    this.#reason ??= reason;
    this.#closingSinceMs ??= this.#components.clock.monotonicMs();
    this.#components.webSocket.close(code);
  }

  terminate(): void {
    this.#components.webSocket.terminate();
  }

  get #isOpen(): boolean {
    return this.#components.webSocket.readyState === WebSocket.OPEN;
  }

  #ping(nowMs: number): void {
    this.#lastPingMs = nowMs;
    this.#components.webSocket.ping();
    this.#delivery?.refreshCursor?.();
  }

  /** Answers only what can leave now: a client that pings without reading must not fill the memory. */
  #onPing(data: Buffer): void {
    if (!this.isBlocked) this.#components.webSocket.pong(data);
  }

  #onError(failure: Error): void {
    const isTooLong = 'code' in failure && failure.code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH';
    this.#reason ??= isTooLong ? 'tooLong' : 'failed';
  }
}
