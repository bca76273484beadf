// One ICE-TCP connection (RFC 6544): frames in, frames out, a write queue bounded in bytes.
import type { Socket } from 'node:net';
import type { Clock } from '../../base/clock.ts';
import { FrameReader } from './frame-reader.ts';
import type { FramedConnection } from './peer-address.ts';

/** Who hears of the connection. */
export interface IceTcpListenerCallbacks {
  readonly onFrame: (frame: Uint8Array, connection: IceTcpConnection) => void;
  readonly onClosed: (connection: IceTcpConnection) => void;
}

/** Time and limits of one connection. */
export interface IceTcpConnectionOptions {
  readonly clock: Clock;
  readonly maxTcpFrameBytes: number;
  readonly maxTcpQueueBytes: number;
}

/** Wraps an accepted socket; a frame that would overfill the write queue is dropped and counted. */
export class IceTcpConnection implements FramedConnection {
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localAddress: string;
  readonly openedMs: number;
  /** Monotonic time of the last complete frame. */
  lastFrameMs: number;
  /** Set once a valid connectivity check came in over this connection. */
  isAuthenticated = false;
  framesDropped = 0;

  readonly #socket: Socket;
  readonly #maxQueueBytes: number;
  #isCorked = false;
  #isClosed = false;

  constructor(
    socket: Socket,
    callbacks: IceTcpListenerCallbacks,
    options: IceTcpConnectionOptions,
  ) {
    this.#socket = socket;
    this.#maxQueueBytes = options.maxTcpQueueBytes;
    this.remoteAddress = socket.remoteAddress ?? '';
    this.remotePort = socket.remotePort ?? 0;
    this.localAddress = socket.localAddress ?? '';
    this.openedMs = options.clock.monotonicMs();
    this.lastFrameMs = this.openedMs;
    const reader = new FrameReader(options.maxTcpFrameBytes, (frame) => {
      this.lastFrameMs = options.clock.monotonicMs();
      if (!this.isClosed) callbacks.onFrame(frame, this);
    });
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => {
      if (!this.isClosed && !reader.push(chunk)) this.abort();
    });
    // Resets and time-outs are the peer's business; 'close' follows and is where they are handled.
    socket.on('error', () => this.abort());
    socket.on('end', () => this.abort());
    socket.on('close', () => callbacks.onClosed(this));
  }

  get isClosed(): boolean {
    return this.#isClosed || this.#socket.destroyed;
  }

  /** Bytes accepted for sending that the kernel has not taken yet. */
  get queuedBytes(): number {
    return this.#socket.writableLength;
  }

  send(bytes: Uint8Array): boolean {
    const socket = this.#socket;
    if (this.isClosed || socket.writableLength + bytes.length + 2 > this.#maxQueueBytes) {
      this.framesDropped++;
      return false;
    }
    const frame = Buffer.allocUnsafe(bytes.length + 2);
    frame[0] = bytes.length >>> 8;
    frame[1] = bytes.length & 0xff;
    frame.set(bytes, 2);
    this.#corkForThisTurn();
    socket.write(frame);
    return true;
  }

  /** Takes and gives nothing more; what is queued may still leave until abort(). */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#socket.end();
  }

  /** Ends at once. */
  abort(): void {
    this.#isClosed = true;
    this.#socket.destroy();
  }

  /** Everything written in one turn of the event loop leaves in one system call. */
  #corkForThisTurn(): void {
    if (this.#isCorked) return;
    this.#isCorked = true;
    this.#socket.cork();
    process.nextTick(() => {
      this.#isCorked = false;
      this.#socket.uncork();
    });
  }
}
