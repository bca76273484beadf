// One HTTP or HTTPS server on a free port of 127.0.0.1, with the answers that all endpoints share.
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { SelfSignedPair } from '../self-signed-pair.ts';
import { invalidArgument, type KvsFault } from './kvs-fault.ts';

/** What a listener does with requests. */
export interface KvsListenerHandlers {
  readonly onRequest: (request: IncomingMessage, response: ServerResponse) => void;
  readonly onUpgrade?: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
}

const MAX_BODY_BYTES = 1 << 20;

/** Closing it destroys what is still connected. */
export class KvsListener implements AsyncDisposable {
  /** `127.0.0.1:<port>`. */
  readonly host: string;
  readonly isSecure: boolean;
  readonly #server: Server;
  readonly #sockets: Set<Socket>;

  private constructor(server: Server, sockets: Set<Socket>, isSecure: boolean) {
    const address = server.address();
    this.host = `127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
    this.isSecure = isSecure;
    this.#server = server;
    this.#sockets = sockets;
  }

  static async start(
    handlers: KvsListenerHandlers,
    pair: SelfSignedPair | undefined,
  ): Promise<KvsListener> {
    const server = pair === undefined ? createServer() : createSecureServer(pair);
    const sockets = new Set<Socket>();
    // PutMedia requests last for 45 minutes.
    server.requestTimeout = 0;
    server.on('connection', (socket: Socket) => {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.once('close', () => sockets.delete(socket));
    });
    server.on('request', handlers.onRequest);
    // The handler writes 100 Continue by itself, after it looked at the headers.
    server.on('checkContinue', handlers.onRequest);
    server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      if (handlers.onUpgrade === undefined) socket.destroy();
      else handlers.onUpgrade(request, socket, head);
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(0, '127.0.0.1', resolve);
    });
    return new KvsListener(server, sockets, pair !== undefined);
  }

  get httpUrl(): string {
    return `${this.isSecure ? 'https' : 'http'}://${this.host}`;
  }

  get webSocketUrl(): string {
    return `${this.isSecure ? 'wss' : 'ws'}://${this.host}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** The whole body. @throws KvsFault above 1 MB. */
export async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    // Without an encoding a request yields buffers.
    const bytes = chunk as Buffer;
    size += bytes.length;
    if (size > MAX_BODY_BYTES) throw invalidArgument('the body is above 1 MB');
    chunks.push(bytes);
  }
  return Buffer.concat(chunks);
}

/** Answers 200 with JSON. */
export function answerJson(response: ServerResponse, body: unknown): void {
  response.writeHead(200, {
    'Content-Type': 'application/json',
    'x-amzn-RequestId': randomUUID(),
  });
  response.end(JSON.stringify(body));
}

/** Headers of a refusal. */
export function faultHeaders(fault: KvsFault): Record<string, string> {
  return {
    'Content-Type': 'application/json',
    'x-amzn-RequestId': randomUUID(),
    'x-amzn-errortype': fault.type,
  };
}

/** Answers a refusal. */
export function answerFault(response: ServerResponse, fault: KvsFault): void {
  response.writeHead(fault.status, faultHeaders(fault));
  response.end(JSON.stringify(fault.body));
}
