// One RTSP connection over TCP or TLS, seen from either side: reads messages, writes them, watches the clock.
import type { Socket } from 'node:net';
import type { Clock, Timer } from '../base/clock.ts';
import { normalizeIp } from '../base/ip-address.ts';
import { MediaError, toMediaError } from '../base/media-error.ts';
import { formatMessage, type RtspMessage } from './rtsp-message.ts';
import { RtspParser, type RtspParserHandler } from './rtsp-parser.ts';

/** Told what happens on a connection. Called synchronously inside the socket's events. */
export interface RtspConnectionHandler extends RtspParserHandler {
  /** Everything that one read brought was passed on: wake readers now, not per frame. */
  onReadEnd(): void;
  /** The bytes are no RTSP; nothing more will be parsed. The handler answers and closes. */
  onProtocolError(error: MediaError): void;
  /** What was queued has been given to the system. */
  onDrain(): void;
  /** The connection is over; called exactly once. */
  onClose(reason: MediaError): void;
}

/** What a connection needs. */
export interface RtspConnectionComponents {
  /** A connected socket; owned by the connection from now on. */
  readonly socket: Socket;
  readonly clock: Clock;
  readonly handler: RtspConnectionHandler;
}

/** How long the peer may take to read our last words before the socket is destroyed. */
const LINGER_MS = 1000;
const KEEP_ALIVE_PROBE_MS = 30_000;

/** A connection that speaks RTSP with interleaved frames. Writes are queued by the socket; callers bound them. */
export class RtspConnection {
  /** IPv4-mapped IPv6 is written as IPv4. */
  readonly remoteIp: string;
  readonly remotePort: number;
  readonly parser: RtspParser;
  /** All bytes that came in and were queued to go out, TLS not counted. */
  inboundBytes = 0;
  outboundBytes = 0;
  /** Monotonic time of the newest read. */
  lastReadMs: number;

  readonly #socket: Socket;
  readonly #clock: Clock;
  readonly #handler: RtspConnectionHandler;
  #messageSinceMs: number | undefined;
  #markedBytes = -1;
  #markedAtMs = 0;
  #closedReason: MediaError | undefined;
  #linger: Timer | undefined;
  #isPaused = false;
  /** The peer does not read what it asked for. */
  #isBackedUp = false;

  constructor(components: RtspConnectionComponents) {
    const { socket, clock, handler } = components;
    this.#socket = socket;
    this.#clock = clock;
    this.#handler = handler;
    this.remoteIp = normalizeIp(socket.remoteAddress ?? '') ?? '';
    this.remotePort = socket.remotePort ?? 0;
    this.lastReadMs = clock.monotonicMs();
    this.parser = new RtspParser(handler);
  }

  /** `address:port` of the peer. */
  get remoteAddress(): string {
    const host = this.remoteIp.includes(':') ? `[${this.remoteIp}]` : this.remoteIp;
    return `${host}:${this.remotePort}`;
  }

  /** Why the connection was closed; undefined while it is open. */
  get closedReason(): MediaError | undefined {
    return this.#closedReason;
  }

  /** Bytes written but not yet taken by the system. */
  get queuedBytes(): number {
    return this.#socket.writableLength;
  }

  /** Monotonic time since when a message has been incomplete; undefined when none is. */
  get messageSinceMs(): number | undefined {
    return this.#messageSinceMs;
  }

  /** Starts reading. */
  start(): void {
    const socket = this.#socket;
    socket.setNoDelay(true);
    socket.setKeepAlive(true, KEEP_ALIVE_PROBE_MS);
    socket.on('data', (chunk: Buffer) => this.#onData(chunk));
    socket.on('drain', () => {
      this.#isBackedUp = false;
      if (!this.#closedReason) this.#handler.onDrain();
      this.#updateFlow();
    });
    socket.on('error', (cause) => this.#fail(connectionFailed(this.remoteAddress, cause)));
    socket.on('end', () => this.#fail(connectionEnded(this.remoteAddress)));
    socket.on('close', () => this.#onSocketClosed());
  }

  /** Queues a message. While the peer leaves much unread nothing is read from it: it could ask for ever more. */
  send(message: RtspMessage): void {
    this.write(formatMessage(message));
    if (!this.#socket.writableNeedDrain) return;
    this.#isBackedUp = true;
    this.#updateFlow();
  }

  /** Queues whole interleaved frames or a message; `bytes` must not change afterwards. */
  write(bytes: Uint8Array): void {
    if (this.#closedReason) return;
    this.outboundBytes += bytes.length;
    this.#socket.write(bytes);
  }

  /**
   * How long the oldest queued byte has waited, in milliseconds, as seen by calls once a second or
   * so; 0 when nothing is queued.
   */
  measureQueueAge(nowMs: number): number {
    const queued = this.#socket.writableLength;
    const flushed = this.outboundBytes - queued;
    if (queued === 0 || flushed >= this.#markedBytes) {
      this.#markedBytes = queued === 0 ? -1 : this.outboundBytes;
      this.#markedAtMs = nowMs;
      return 0;
    }
    return nowMs - this.#markedAtMs;
  }

  /** Stops or resumes reading, so that a peer who sends requests faster than they are answered waits. */
  setPaused(isPaused: boolean): void {
    this.#isPaused = isPaused;
    this.#updateFlow();
  }

  /** Sends what is queued, then closes; destroyed after a second at the latest. Idempotent. */
  end(reason: MediaError): void {
    if (this.#closedReason) return;
    this.#closedReason = reason;
    this.parser.close();
    // Reading on: bytes left unread would turn our last words into a reset.
    this.#socket.resume();
    this.#socket.end();
    this.#linger = this.#clock.after(LINGER_MS, () => this.#socket.destroy());
    this.#handler.onClose(reason);
  }

  /** Closes at once; what is queued is lost. Idempotent. */
  destroy(reason: MediaError): void {
    this.#linger?.cancel();
    this.#socket.destroy();
    if (this.#closedReason) return;
    this.#closedReason = reason;
    this.parser.close();
    this.#handler.onClose(reason);
  }

  #onData(chunk: Buffer): void {
    this.inboundBytes += chunk.length;
    if (this.#closedReason) return;
    const nowMs = this.#clock.monotonicMs();
    this.lastReadMs = nowMs;
    const itemsBefore = this.parser.itemCount;
    try {
      this.parser.push(chunk);
    } catch (thrown) {
      this.parser.close();
      this.#handler.onProtocolError(toMediaError(thrown));
    }
    if (!this.parser.isInsideMessage) this.#messageSinceMs = undefined;
    else if (this.parser.itemCount !== itemsBefore) this.#messageSinceMs = nowMs;
    else this.#messageSinceMs ??= nowMs;
    this.#handler.onReadEnd();
  }

  #updateFlow(): void {
    if (!this.#closedReason && (this.#isPaused || this.#isBackedUp)) this.#socket.pause();
    else this.#socket.resume();
  }

  #fail(reason: MediaError): void {
    this.destroy(reason);
  }

  #onSocketClosed(): void {
    this.#linger?.cancel();
    this.destroy(connectionEnded(this.remoteAddress));
  }
}

function connectionEnded(remoteAddress: string): MediaError {
  return new MediaError(
    'canceled',
    'rtsp-connection-closed',
    `${remoteAddress} closed the connection`,
  );
}

function connectionFailed(remoteAddress: string, cause: Error): MediaError {
  return new MediaError(
    'unavailable',
    'rtsp-connection-failed',
    `connection with ${remoteAddress} failed: ${cause.message}`,
    { cause },
  );
}
