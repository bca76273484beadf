// One connection of `/api/ws`: at most one WebRTC session, messages in order, floods cut off.
import { WebSocket, type RawData } from 'ws';
import type { Clock } from '../../../core/base/clock.ts';
import type { Logger } from '../../../core/base/logger.ts';
import { MediaError, toMediaError } from '../../../core/base/media-error.ts';
import {
  formatAnswer,
  formatCandidate,
  formatFailure,
  parseSocketMessage,
  type SocketCommand,
} from './socket-messages.ts';
import { failureText } from './text-reply.ts';

/** What a connection works with. */
export interface SocketClientComponents {
  readonly webSocket: WebSocket;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Opens a session for an offer on the stream that the URL names. */
  readonly open: (
    offer: string,
    signal: AbortSignal,
  ) => Promise<{ readonly id: string; readonly answer: string }>;
  readonly addCandidate: (id: string, candidate: string) => Promise<void>;
  readonly end: (id: string) => void;
  readonly onClosed: (client: SocketClient) => void;
}

/** Messages at once, and each second after that. */
const BURST = 200;
const MESSAGES_PER_SECOND = 20;
/** Messages that wait while an offer is being answered. */
const MAX_WAITING = 100;
const MAX_EARLY_CANDIDATES = 64;
const MAX_UNSENT_BYTES = 1 << 20;
const POLICY_VIOLATION = 1008;

/** Ends its session when the connection ends. */
export class SocketClient {
  readonly #components: SocketClientComponents;
  readonly #abort = new AbortController();
  readonly #waiting: SocketCommand[] = [];
  #early: string[] = [];
  #sessionId: string | undefined;
  #isWorking = false;
  #isAlive = true;
  #tokens = BURST;
  #tokensAtMs: number;

  constructor(components: SocketClientComponents) {
    this.#components = components;
    this.#tokensAtMs = components.clock.monotonicMs();
    const { webSocket } = components;
    webSocket.on('message', (data, isBinary) => this.#onMessage(data, isBinary));
    webSocket.on('ping', (data) => this.#onPing(data));
    webSocket.on('pong', () => (this.#isAlive = true));
    webSocket.on('error', (failure) => {
      components.logger.debug(`connection broke: ${failure.message}`);
    });
    webSocket.once('close', () => this.#onClose());
  }

  /** Called each half minute: ends whoever did not answer since the last time. */
  sweep(): void {
    const { webSocket } = this.#components;
    if (!this.#isAlive || webSocket.readyState !== WebSocket.OPEN) {
      webSocket.terminate();
      return;
    }
    this.#isAlive = false;
    webSocket.ping();
  }

  /** Begins the closing handshake; its session ends at once. */
  close(code: number, reason: string): void {
    this.#endSession();
    this.#components.webSocket.close(code, reason);
  }

  terminate(): void {
    this.#components.webSocket.terminate();
  }

  #onMessage(data: RawData, isBinary: boolean): void {
    this.#isAlive = true;
    if (!this.#isAllowed()) return;
    const command = isBinary ? undefined : parseSocketMessage(textOf(data));
    if (!command) return;
    if (this.#waiting.length >= MAX_WAITING) {
      this.close(POLICY_VIOLATION, 'too many messages');
      return;
    }
    this.#waiting.push(command);
    if (!this.#isWorking) void this.#work();
  }

  /** Counts as a message: a client that pings without reading must not fill the memory. */
  #onPing(data: Buffer): void {
    if (!this.#isAllowed()) return;
    const { webSocket } = this.#components;
    if (webSocket.bufferedAmount < MAX_UNSENT_BYTES) webSocket.pong(data);
  }

  #isAllowed(): boolean {
    const { webSocket, clock } = this.#components;
    if (webSocket.readyState !== WebSocket.OPEN) return false;
    const nowMs = clock.monotonicMs();
    const gained = ((nowMs - this.#tokensAtMs) * MESSAGES_PER_SECOND) / 1000;
    this.#tokens = Math.min(BURST, this.#tokens + gained) - 1;
    this.#tokensAtMs = nowMs;
    if (this.#tokens >= 0) return true;
    this.close(POLICY_VIOLATION, 'too many messages');
    return false;
  }

  /** One after the other, in the order they came; never rejects. */
  async #work(): Promise<void> {
    this.#isWorking = true;
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      if (this.#abort.signal.aborted) continue;
      const via = next.type === 'candidate' ? 'webrtc/candidate' : next.via;
      try {
        await this.#serve(next);
      } catch (thrown) {
        const error = toMediaError(thrown);
        const { logger } = this.#components;
        logger[error.kind === 'internal' ? 'error' : 'debug'](`${via}: ${error.message}`);
        this.#send(formatFailure(via, failureText(error)));
      }
    }
    this.#isWorking = false;
  }

  async #serve(command: SocketCommand): Promise<void> {
    switch (command.type) {
      case 'offer':
        await this.#answer(command.via, command.sdp);
        return;
      case 'candidate':
        await this.#takeCandidate(command.candidate);
        return;
      case 'refused':
        this.#send(formatFailure(command.via, command.why));
    }
  }

  /** A new offer takes the place of the session before it. */
  async #answer(via: 'webrtc' | 'webrtc/offer', sdp: string): Promise<void> {
    const { open, end } = this.#components;
    this.#endSession();
    const { id, answer } = await open(sdp, this.#abort.signal);
    if (isAborted(this.#abort.signal)) {
      end(id);
      return;
    }
    this.#sessionId = id;
    this.#send(formatAnswer(via, answer));
    // They are in the answer too; some clients only look at those that are told one by one.
    for (const [, candidate = ''] of answer.matchAll(/^a=(candidate:.*?)\r?$/gmu)) {
      this.#send(formatCandidate(candidate));
    }
    const early = this.#early;
    this.#early = [];
    this.#waiting.unshift(...early.map((candidate) => ({ type: 'candidate', candidate }) as const));
  }

  /** Browsers may be faster with candidates than with their offer. */
  async #takeCandidate(candidate: string): Promise<void> {
    const id = this.#sessionId;
    if (id !== undefined) {
      await this.#components.addCandidate(id, candidate);
    } else if (this.#early.length < MAX_EARLY_CANDIDATES) {
      this.#early.push(candidate);
    }
  }

  #send(text: string): void {
    const { webSocket } = this.#components;
    if (webSocket.readyState !== WebSocket.OPEN) return;
    if (webSocket.bufferedAmount > MAX_UNSENT_BYTES) webSocket.terminate();
    else webSocket.send(text);
  }

  #onClose(): void {
    this.#abort.abort(new MediaError('canceled', 'client-left', 'the client left'));
    this.#waiting.length = 0;
    this.#endSession();
    this.#components.onClosed(this);
  }

  #endSession(): void {
    const id = this.#sessionId;
    this.#sessionId = undefined;
    if (id === undefined) return;
    try {
      this.#components.end(id);
    } catch (thrown) {
      this.#components.logger.debug(`session is gone: ${toMediaError(thrown).message}`);
    }
  }
}

function textOf(data: RawData): string {
  if (Array.isArray(data)) return Buffer.concat(data).toString();
  return Buffer.from(data instanceof ArrayBuffer ? new Uint8Array(data) : data).toString();
}

/** Read through a function so that the compiler forgets what it knew before an await. */
function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}
