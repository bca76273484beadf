// A service that authMethod http or jwt asks: real HTTP on 127.0.0.1, answers as the test says.
import http, { type IncomingHttpHeaders } from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import type { SelfSignedPair } from './self-signed-pair.ts';

export interface ServiceQuestion {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface ServiceAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

type Respond = (question: ServiceQuestion) => ServiceAnswer | Promise<ServiceAnswer>;

/** Keeps every question. Use with `await using`. */
export class AuthService implements AsyncDisposable {
  readonly questions: ServiceQuestion[] = [];
  respond: Respond;
  /** Connections that were opened. */
  connections = 0;
  readonly #server: http.Server;
  readonly #scheme: string;

  private constructor(respond: Respond, tls: SelfSignedPair | undefined) {
    this.respond = respond;
    this.#scheme = tls ? 'https' : 'http';
    const onRequest = (request: http.IncomingMessage, response: http.ServerResponse): void => {
      void this.#answer(request, response);
    };
    this.#server = tls
      ? https.createServer({ key: tls.key, cert: tls.cert }, onRequest)
      : http.createServer(onRequest);
    this.#server.on('connection', () => this.connections++);
  }

  static async start(respond: Respond, tls?: SelfSignedPair): Promise<AuthService> {
    const service = new AuthService(respond, tls);
    await new Promise<void>((resolve) => service.#server.listen(0, '127.0.0.1', () => resolve()));
    return service;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port; // of a server that listens on TCP
  }

  get url(): string {
    return `${this.#scheme}://127.0.0.1:${this.port}/auth`;
  }

  /** Closes connections that nobody uses, as services do after a while. */
  closeIdle(): void {
    this.#server.closeIdleConnections();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    await new Promise((resolve) => request.once('end', resolve));
    const { method = '', url = '', headers } = request;
    const question = { method, url, headers, body: Buffer.concat(chunks).toString() };
    this.questions.push(question);
    const answer = await this.respond(question);
    response.writeHead(answer.status, answer.headers).end(answer.body);
  }
}
