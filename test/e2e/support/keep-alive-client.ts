// Sends many requests over few connections, as they are: nothing is normalised on the way.
import http from 'node:http';
import type { HostileRequest } from './hostile-requests.ts';

/** An answer. */
export interface WireReply {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: Buffer;
}

const TIMEOUT_MS = 60_000;

/** Whoever creates it closes it. */
export class KeepAliveClient implements Disposable {
  readonly #port: number;
  readonly #agent: http.Agent;
  readonly #connections: number;

  constructor(port: number, connections: number) {
    this.#port = port;
    this.#connections = connections;
    this.#agent = new http.Agent({ keepAlive: true, maxSockets: connections });
  }

  /** Calls `onReply` for each; at most as many at a time as there are connections. */
  async sendAll(
    requests: readonly HostileRequest[],
    onReply: (request: HostileRequest, reply: WireReply) => void,
  ): Promise<void> {
    const left = requests.values();
    const work = async (): Promise<void> => {
      for (const request of left) onReply(request, await this.send(request));
    };
    await Promise.all(Array.from({ length: this.#connections }, work));
  }

  send(request: HostileRequest): Promise<WireReply> {
    const { method, target, headers, body } = request;
    return new Promise((resolve, reject) => {
      const outgoing = http.request(
        {
          ...{ host: '127.0.0.1', port: this.#port, agent: this.#agent, method, path: target },
          headers: { ...headers, ...(body ? { 'Content-Length': String(body.length) } : {}) },
        },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('error', reject);
          response.on('end', () => {
            const { statusCode = 0, headers: received } = response;
            resolve({ status: statusCode, headers: received, body: Buffer.concat(chunks) });
          });
        },
      );
      outgoing.setTimeout(TIMEOUT_MS, () => outgoing.destroy(new Error('no answer in a minute')));
      outgoing.on('error', reject);
      outgoing.end(body);
    });
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
  }
}
