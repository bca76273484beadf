// One PutMedia request: media goes up in chunks while acknowledgements come down in the answer.
import http, { type ClientRequest, type IncomingMessage } from 'node:http';
import https from 'node:https';
import type { Clock, Timer } from '../../core/base/clock.ts';
import { MediaError } from '../../core/base/media-error.ts';
import { AckParser, type FragmentAck } from './ack-parser.ts';
import { classifyAnswer } from './http-error.ts';
import type { PutMediaProblem } from './put-media-problem.ts';

/** A signed request. */
export interface PutMediaRequest {
  /** The whole URL, with /putMedia. */
  readonly url: URL;
  /** Signed headers; those of the transfer are added. */
  readonly headers: Readonly<Record<string, string>>;
  /** For error texts. */
  readonly stream: string;
  readonly region: string;
}

/** Who uses a connection; none of the calls may throw. */
export interface PutMediaConnectionListener {
  /** More may be written now. */
  onWritable(): void;
  onAck(ack: FragmentAck): void;
  /** Once, and the last call: the answer ended as it should (`undefined`), or why not. */
  onEnded(problem: PutMediaProblem | undefined): void;
}

/** Until the connection stands, TLS included. */
const CONNECT_TIMEOUT_MS = 10_000;
/** A server that does not answer `Expect` gets the body after this, as RFC 9110 section 10.1.1 asks. */
const CONTINUE_TIMEOUT_MS = 1000;
const MAX_ERROR_BYTES = 16_384;
const ERROR_BODY_TIMEOUT_MS = 5000;

/** From open() to onEnded(), or to close(), after which nothing is called any more. */
export class PutMediaConnection {
  readonly #clock: Clock;
  readonly #options: PutMediaRequest;
  readonly #listener: PutMediaConnectionListener;
  readonly #acks: AckParser;
  #request: ClientRequest | undefined;
  #timer: Timer | undefined;
  #isReady = false;
  #isFull = false;
  #isFinished = false;
  /** The answer is no 200: no more media. */
  #isRefused = false;
  #isEnded = false;
  #bytesSent = 0;

  constructor(clock: Clock, request: PutMediaRequest, listener: PutMediaConnectionListener) {
    this.#clock = clock;
    this.#options = request;
    this.#listener = listener;
    this.#acks = new AckParser((ack) => {
      if (!this.#isEnded) listener.onAck(ack);
    });
  }

  /** Whether the socket takes more now: header and clusters are handed over whole. */
  get isWritable(): boolean {
    const isOver = this.#isFinished || this.#isRefused || this.#isEnded;
    return this.#isReady && !this.#isFull && !isOver;
  }

  /** Bytes of media handed to the socket. */
  get bytesSent(): number {
    return this.#bytesSent;
  }

  get malformedAcks(): number {
    return this.#acks.malformed;
  }

  /** Connects; call it once. */
  open(): void {
    const { url, headers } = this.#options;
    const isTls = url.protocol === 'https:';
    const request = (isTls ? https : http).request(url, {
      method: 'POST',
      // An agent of its own: the shared ones may be told by the environment to use a proxy.
      agent: isTls ? new https.Agent() : new http.Agent(),
      headers: {
        ...headers,
        ...{ 'transfer-encoding': 'chunked', connection: 'keep-alive', expect: '100-continue' },
      },
    });
    this.#request = request;
    this.#arm(CONNECT_TIMEOUT_MS, () => this.#fail(`no connection in ${CONNECT_TIMEOUT_MS} ms`));
    request.once('socket', (socket) => {
      socket.once(isTls ? 'secureConnect' : 'connect', () => this.#onConnected());
    });
    request.on('continue', () => this.#beReady());
    request.on('drain', () => this.#onDrain());
    request.on('response', (response) => this.#onResponse(response));
    request.on('error', (error) => this.#fail(error.message, error));
    request.on('close', () => this.#fail('the connection was closed'));
    request.flushHeaders();
  }

  /** Sends parts as one piece. What the socket does not take at once it keeps: see isWritable. */
  write(parts: readonly Uint8Array[]): void {
    const request = this.#request;
    if (!request || this.#isFinished || this.#isRefused || this.#isEnded) return;
    request.cork();
    for (const part of parts) {
      this.#bytesSent += part.byteLength;
      this.#isFull = !request.write(part);
    }
    request.uncork();
    this.#isFull = request.writableNeedDrain;
  }

  /** Ends the body; the answer goes on. */
  finish(): void {
    if (this.#isFinished || this.#isEnded) return;
    this.#isFinished = true;
    this.#request?.end();
  }

  /** Gives the connection up at once. Idempotent. */
  close(): void {
    this.#isEnded = true;
    this.#timer?.cancel();
    this.#request?.destroy();
  }

  #onConnected(): void {
    if (this.#isEnded || this.#isReady || this.#isRefused) return;
    this.#arm(CONTINUE_TIMEOUT_MS, () => this.#beReady());
  }

  #beReady(): void {
    if (this.#isEnded || this.#isReady || this.#isRefused) return;
    this.#timer?.cancel();
    this.#isReady = true;
    this.#listener.onWritable();
  }

  #onDrain(): void {
    this.#isFull = false;
    if (this.isWritable) this.#listener.onWritable();
  }

  #onResponse(response: IncomingMessage): void {
    response.on('error', (error) => this.#fail(error.message, error));
    if (response.statusCode !== 200) {
      this.#readRefusal(response);
      return;
    }
    response.on('data', (bytes: Buffer) => {
      if (!this.#isEnded) this.#acks.push(bytes);
    });
    response.on('end', () => this.#end(undefined));
    this.#beReady();
  }

  #readRefusal(response: IncomingMessage): void {
    const pieces: Buffer[] = [];
    let size = 0;
    const conclude = (): void => {
      const answer = {
        status: response.statusCode ?? 0,
        headers: response.headers,
        body: Buffer.concat(pieces).toString('utf8', 0, MAX_ERROR_BYTES),
      };
      const { stream, region } = this.#options;
      const nowMs = this.#clock.nowMs();
      this.#end(classifyAnswer(answer, { subject: `stream '${stream}'`, region, nowMs }));
    };
    // No more media: the answer stands.
    this.#isRefused = true;
    this.#arm(ERROR_BODY_TIMEOUT_MS, conclude);
    response.on('data', (bytes: Buffer) => {
      pieces.push(bytes);
      size += bytes.length;
      if (size >= MAX_ERROR_BYTES) conclude();
    });
    response.on('close', conclude);
  }

  #fail(reason: string, cause?: Error): void {
    // What was refused may reset the connection before its words are read: 'close' of the answer tells.
    if (this.#isRefused) return;
    const { url, stream, region } = this.#options;
    const text = `PutMedia to stream '${stream}' in ${region}: ${reason}; ${url.host}`;
    const error = new MediaError('unavailable', 'put-media-connection-lost', text, { cause });
    this.#end({ action: 'resend', error });
  }

  #end(problem: PutMediaProblem | undefined): void {
    if (this.#isEnded) return;
    this.close();
    this.#listener.onEnded(problem);
  }

  #arm(delayMs: number, action: () => void): void {
    this.#timer?.cancel();
    this.#timer = this.#clock.after(delayMs, action);
  }
}
