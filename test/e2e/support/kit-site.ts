// A web site of its own origin that serves the kit's pages, so that tests cross origins as real players do.
import { readdirSync, readFileSync } from 'node:fs';
import type { Server } from 'node:http';
import { createServer } from 'node:http';
import { extname, join } from 'node:path';

const PAGES = join(import.meta.dirname, 'pages');
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
};

/** Serves test/e2e/support/pages on a free port of 127.0.0.1. */
export class KitSite implements AsyncDisposable {
  readonly origin: string;
  readonly #server: Server;

  private constructor(server: Server, port: number) {
    this.#server = server;
    this.origin = `http://127.0.0.1:${port}`;
  }

  static async start(): Promise<KitSite> {
    const files = new Map(
      readdirSync(PAGES).map((name) => [`/${name}`, readFileSync(join(PAGES, name))]),
    );
    const server = createServer((request, response) => {
      const name = request.url === '/' ? '/index.html' : (request.url ?? '');
      const body = files.get(name);
      response.statusCode = body === undefined ? 404 : 200;
      response.setHeader('Content-Type', TYPES[extname(name)] ?? 'text/plain');
      response.end(body);
    });
    const port = await new Promise<number>((resolve, reject) => {
      server.once('error', reject);
      server.listen(0, '127.0.0.1', () => {
        const address = server.address();
        if (address === null || typeof address === 'string') reject(new Error('no port'));
        else resolve(address.port);
      });
    });
    return new KitSite(server, port);
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
