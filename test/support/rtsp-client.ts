// A scripted RTSP client: sends what a test writes, in any shape, and waits for what comes back.
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { RtspHeaders } from '../../core/rtsp/rtsp-headers.ts';
import {
  createRequest,
  formatFrame,
  formatMessage,
  type RtspResponse,
} from '../../core/rtsp/rtsp-message.ts';
import { RtspParser } from '../../core/rtsp/rtsp-parser.ts';

export interface ReceivedFrame {
  readonly channel: number;
  readonly payload: Buffer;
}

/** How long a test waits for something that should come at once. */
const PATIENCE_MS = 3000;

/** One connection. Use with `await using`. */
export class RtspClient implements AsyncDisposable {
  readonly socket: Socket;
  readonly frames: ReceivedFrame[] = [];
  readonly responses: RtspResponse[] = [];
  /** Value of the Session header of the newest response that had one. */
  session: string | undefined;
  isClosed = false;
  readonly #waiters = new Set<() => void>();
  #cseq = 0;

  constructor(socket: Socket) {
    this.socket = socket;
    const parser = new RtspParser({
      onRequest: () => undefined,
      onResponse: (response) => {
        this.session = response.headers.get('Session')?.split(';')[0] ?? this.session;
        this.responses.push(response);
      },
      onFrame: (channel, payload) => this.frames.push({ channel, payload: Buffer.from(payload) }),
    });
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => {
      parser.push(chunk);
      this.#wake();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.isClosed = true;
      this.#wake();
    });
  }

  static async connect(
    port: number,
    options: { readonly isEncrypted?: boolean; readonly host?: string } = {},
  ): Promise<RtspClient> {
    const host = options.host ?? '127.0.0.1';
    const socket = options.isEncrypted
      ? connectTls({ port, host, rejectUnauthorized: false })
      : connectTcp({ port, host });
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    socket.once('error', reject);
    socket.once(options.isEncrypted ? 'secureConnect' : 'connect', () => resolve(undefined));
    await promise;
    return new RtspClient(socket);
  }

  /** Sends a request with the next CSeq and the current session, and waits for its response. */
  async request(
    method: string,
    url: string,
    options: { readonly headers?: Record<string, string>; readonly body?: string } = {},
  ): Promise<RtspResponse> {
    const headers = RtspHeaders.of({
      CSeq: `${++this.#cseq}`,
      ...(this.session !== undefined && { Session: this.session }),
      ...options.headers,
    });
    const body = Buffer.from(options.body ?? '');
    this.socket.write(formatMessage(createRequest(method, url, { headers, body })));
    return this.nextResponse();
  }

  /** Sends bytes as they are. */
  sendRaw(data: string | Buffer): void {
    this.socket.write(typeof data === 'string' ? Buffer.from(data, 'latin1') : data);
  }

  sendFrame(channel: number, payload: Uint8Array): void {
    this.socket.write(formatFrame(channel, payload));
  }

  /** The oldest response that was not taken yet. */
  async nextResponse(): Promise<RtspResponse> {
    await this.waitFor(() => this.responses.length > 0, 'a response');
    const response = this.responses.shift();
    if (response === undefined) throw new Error('no response');
    return response;
  }

  async waitForFrames(count: number): Promise<void> {
    await this.waitFor(() => this.frames.length >= count, `${count} frames`);
  }

  async waitForClose(): Promise<void> {
    if (this.isClosed) return;
    await this.waitFor(() => this.isClosed, 'the end of the connection');
  }

  /** Waits until `isDone`, asked after each event; rejects when the connection ends or nothing comes. */
  async waitFor(isDone: () => boolean, what: string): Promise<void> {
    const deadline = AbortSignal.timeout(PATIENCE_MS);
    deadline.addEventListener('abort', this.#wake);
    try {
      while (!isDone()) {
        if (this.isClosed) throw new Error(`connection closed while waiting for ${what}`);
        if (deadline.aborted) throw new Error(`waited in vain for ${what}`);
        await new Promise<void>((resolve) => this.#waiters.add(resolve));
      }
    } finally {
      deadline.removeEventListener('abort', this.#wake);
    }
  }

  async close(): Promise<void> {
    this.socket.destroy();
    await this.waitForClose();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  readonly #wake = (): void => {
    const waiters = [...this.#waiters];
    this.#waiters.clear();
    for (const resolve of waiters) resolve();
  };
}
