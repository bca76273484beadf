// One WebSocket to a signalling channel: opened in time, bounded, and known to be alive.
import type { IncomingMessage } from 'node:http';
import { WebSocket, type RawData } from 'ws';
import type { Clock, Timer } from '../../../core/base/clock.ts';
import { MediaError, toMediaError } from '../../../core/base/media-error.ts';
import type { RefusedAnswer } from '../../aws/aws-failure.ts';
import { quotedWords } from '../../aws/quoted-words.ts';

/** What the owner of a socket is told; nothing after close(). */
export interface KvsSocketCallbacks {
  readonly onText: (text: string) => void;
  /** Once, with the reason. */
  readonly onClosed: (reason: string) => void;
}

/** How to open one. */
export interface KvsSocketOptions {
  readonly clock: Clock;
  /** Signed: a secret as a whole. */
  readonly url: URL;
  readonly signal: AbortSignal;
  /** Why the service let nobody in. */
  readonly failureOf: (answer: RefusedAnswer) => MediaError;
}

const OPEN_TIMEOUT_MS = 10_000;
const PING_MS = 60_000;
const MAX_FRAME_BYTES = 64 * 1024;
const MAX_REFUSAL_BYTES = 8192;
const MAX_BUFFERED_BYTES = 256 * 1024;

/** An open connection. */
export class KvsSocket {
  readonly #webSocket: WebSocket;
  #callbacks: KvsSocketCallbacks | undefined;
  #ping: Timer | undefined;
  #hasAnswered = true;

  /** For openKvsSocket(). */
  constructor(webSocket: WebSocket, clock: Clock, callbacks: KvsSocketCallbacks) {
    this.#webSocket = webSocket;
    this.#callbacks = callbacks;
    webSocket.on('message', (data: RawData, isBinary: boolean) => {
      // Binary frames mean nothing here.
      if (!isBinary) this.#callbacks?.onText(textOf(data));
    });
    webSocket.on('pong', () => (this.#hasAnswered = true));
    webSocket.on('error', (failure) => this.#end(failure.message));
    webSocket.on('close', (code, reason) => {
      const words = quotedWords(reason.toString('utf8'), 123);
      this.#end(`closed with ${code}${words === '' ? '' : ` ${words}`}`);
    });
    this.#ping = clock.every(PING_MS, () => this.#checkAlive());
  }

  /** False when the text can't be sent any more. */
  send(text: string): boolean {
    const webSocket = this.#webSocket;
    if (webSocket.readyState !== WebSocket.OPEN) return false;
    if (webSocket.bufferedAmount > MAX_BUFFERED_BYTES) return false;
    webSocket.send(text);
    return true;
  }

  /** Idempotent; calls nothing back. */
  close(): void {
    this.#callbacks = undefined;
    this.#ping?.cancel();
    this.#webSocket.close(1000);
    // Whoever does not answer the closing handshake is not waited for.
    if (this.#webSocket.readyState === WebSocket.CLOSING) setImmediate(this.#terminate);
  }

  readonly #terminate = (): void => this.#webSocket.terminate();

  #checkAlive(): void {
    if (!this.#hasAnswered) {
      this.#end(`did not answer a ping within ${PING_MS / 1000} s`);
      return;
    }
    this.#hasAnswered = false;
    if (this.#webSocket.readyState === WebSocket.OPEN) this.#webSocket.ping();
  }

  #end(reason: string): void {
    const callbacks = this.#callbacks;
    this.#callbacks = undefined;
    this.#ping?.cancel();
    this.#webSocket.terminate();
    callbacks?.onClosed(reason);
  }
}

/**
 * Connects.
 * @throws MediaError `failureOf` an answer that refuses, unavailable `kvs-connect-failed`,
 * deadline-exceeded `kvs-connect-timeout`, the reason of the signal.
 */
export function openKvsSocket(
  { clock, url, signal, failureOf }: KvsSocketOptions,
  callbacks: KvsSocketCallbacks,
): Promise<KvsSocket> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(toMediaError(signal.reason));
      return;
    }
    const webSocket = new WebSocket(url, {
      ...{ maxPayload: MAX_FRAME_BYTES, perMessageDeflate: false, followRedirects: false },
    });
    const settle = (failure?: MediaError): void => {
      timer.cancel();
      signal.removeEventListener('abort', onAbort);
      if (!failure) return;
      reject(failure);
      webSocket.terminate();
    };
    const onAbort = (): void => settle(toMediaError(signal.reason));
    const timer = clock.after(OPEN_TIMEOUT_MS, () => settle(connectTimeout(url)));
    signal.addEventListener('abort', onAbort, { once: true });
    webSocket.on('error', (failure) => settle(connectFailed(url, failure)));
    webSocket.once('unexpected-response', (_request, response: IncomingMessage) => {
      void readRefusal(response).then((answer) => settle(failureOf(answer)));
    });
    webSocket.once('open', () => {
      settle();
      resolve(new KvsSocket(webSocket, clock, callbacks));
    });
  });
}

async function readRefusal(response: IncomingMessage): Promise<RefusedAnswer> {
  let body = '';
  try {
    for await (const chunk of response) {
      body += String(chunk);
      if (body.length > MAX_REFUSAL_BYTES) break;
    }
  } catch {
    // The status and the headers tell enough.
  }
  return { status: response.statusCode ?? 0, headers: response.headers, body };
}

function textOf(data: RawData): string {
  if (Array.isArray(data)) return Buffer.concat(data).toString('utf8');
  return data instanceof ArrayBuffer ? Buffer.from(data).toString('utf8') : data.toString('utf8');
}

/** With the host alone: the rest of the URL is a secret. */
function connectFailed({ host }: URL, cause: Error): MediaError {
  const code = 'code' in cause ? String(cause.code) : 'failed';
  const message = `the signalling connection failed: ${code}; ${host}`;
  return new MediaError('unavailable', 'kvs-connect-failed', message, { cause });
}

function connectTimeout({ host }: URL): MediaError {
  const message = `no signalling connection within ${OPEN_TIMEOUT_MS} ms; ${host}`;
  return new MediaError('deadline-exceeded', 'kvs-connect-timeout', message);
}
