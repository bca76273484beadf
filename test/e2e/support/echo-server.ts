// An HTTP server that fails every request with a text of all it was told: what a careless answer gives away.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** Listens on 127.0.0.1. Whoever starts it stops it. */
export class EchoServer implements AsyncDisposable {
  /** Everything it was told. */
  readonly told: string[] = [];
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(): Promise<EchoServer> {
    const server = createServer();
    const echo = new EchoServer(server);
    server.on('request', (request, response) => {
      void text(request).then((body) => {
        const { method = '', url = '', rawHeaders } = request;
        const told = `${method} ${url}\n${rawHeaders.join('\n')}\n\n${body}`;
        echo.told.push(told);
        const headers = { 'Content-Type': 'text/plain', Location: `http://x:y@127.0.0.1${url}` };
        response.writeHead(500, headers).end(`no: ${told}`);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return echo;
  }

  /** `host:port` */
  get address(): string {
    const { port } = this.#server.address() as AddressInfo; // A listening TCP server has such an address.
    return `127.0.0.1:${port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
