// A server that answers as Twilio's token service does; what it is asked can be read afterwards.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';

/** A request for a token. */
export interface TwilioRequest {
  readonly method: string;
  readonly url: string;
  readonly authorization: string;
  readonly contentType: string;
  readonly body: string;
}

/** What the double does with the next requests. */
export type TwilioMood =
  | { readonly type: 'token' }
  | { readonly type: 'error'; readonly status: number; readonly code: number }
  | { readonly type: 'text'; readonly body: string }
  | { readonly type: 'redirect'; readonly location: string }
  | { readonly type: 'silent' };

/** Speaks HTTP on a free port of 127.0.0.1. */
export class TwilioDouble implements AsyncDisposable {
  readonly requests: TwilioRequest[] = [];
  mood: TwilioMood = { type: 'token' };
  readonly #server: Server;
  #waiters: (() => void)[] = [];

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(): Promise<TwilioDouble> {
    const server = createServer();
    const double = new TwilioDouble(server);
    server.on('request', (request, response) => void double.#serve(request, response));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return double;
  }

  get baseUrl(): string {
    const address = this.#server.address();
    return `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
  }

  /** Resolves when so many requests have come. */
  async received(count: number): Promise<void> {
    while (this.requests.length < count) {
      await new Promise<void>((resolve) => this.#waiters.push(resolve));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = '';
    for await (const chunk of request.setEncoding('utf8')) body += String(chunk);
    this.requests.push({
      method: request.method ?? '',
      url: request.url ?? '',
      authorization: request.headers.authorization ?? '',
      contentType: request.headers['content-type'] ?? '',
      body,
    });
    this.#answer(response, new URLSearchParams(body).get('Ttl') ?? '86400');
    for (const wake of this.#waiters.splice(0)) wake();
  }

  #answer(response: ServerResponse, ttl: string): void {
    const { mood } = this;
    response.setHeader('Content-Type', 'application/json; charset=utf-8');
    switch (mood.type) {
      case 'token':
        response.writeHead(201).end(JSON.stringify(twilioTokenBody(ttl, this.requests.length)));
        break;
      case 'error': {
        const { status, code } = mood;
        const more_info = `https://www.twilio.com/docs/errors/${code}`;
        response.writeHead(status).end(JSON.stringify({ code, message: 'no', more_info, status }));
        break;
      }
      case 'text':
        response.writeHead(201).end(mood.body);
        break;
      case 'redirect':
        response.writeHead(302, { Location: mood.location }).end();
        break;
      case 'silent':
    }
  }
}

/** The body of a 201, with the names that Twilio documents; `serial` tells one token from the next. */
export function twilioTokenBody(ttl: string, serial: number): Record<string, unknown> {
  const username = `user-${serial}`;
  const credential = `secret-of-${serial}`;
  const turn = (rest: string): Record<string, string> => {
    const url = `turn:global.turn.twilio.com:${rest}`;
    return { url, username, urls: url, credential };
  };
  const stun = 'stun:global.stun.twilio.com:3478';
  return {
    account_sid: `AC${'0'.repeat(32)}`,
    date_created: 'Fri, 01 May 2020 01:42:57 +0000',
    date_updated: 'Fri, 01 May 2020 01:42:57 +0000',
    ice_servers: [
      { url: stun, urls: stun },
      turn('3478?transport=udp'),
      turn('3478?transport=tcp'),
      turn('443?transport=tcp'),
    ],
    password: credential,
    ttl,
    username,
  };
}
