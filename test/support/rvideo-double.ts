// A codec service as apidocs/rvideo.md describes it, without a codec: its result is the first source.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** How the double behaves. */
export interface RVideoDoubleOptions {
  readonly token?: string;
  /** Answers instead of the service when it returns true. */
  readonly intercept?: (request: IncomingMessage, response: ServerResponse) => boolean;
  /** Polls that see `running` before a job is done; 2 by default. */
  readonly runningPolls?: number;
  /** The job fails with this text. */
  readonly failure?: string;
  /** Replaces the bytes of the result. */
  readonly result?: Buffer;
}

/** A job in memory. */
export interface RVideoDoubleJob {
  readonly id: string;
  readonly order: unknown;
  readonly sourceCount: number;
  readonly sources: Map<number, Buffer>;
  polls: number;
}

const MAX_BODY_BYTES = 64 * 1024 * 1024;

/** Listens on 127.0.0.1 until it is closed. */
export class RVideoDouble implements AsyncDisposable {
  /** Jobs that are not deleted, by id. */
  readonly jobs = new Map<string, RVideoDoubleJob>();
  /** `METHOD /path` of each request. */
  readonly requests: string[] = [];
  readonly #options: RVideoDoubleOptions;
  readonly #server: Server;
  readonly #keys = new Map<string, string>();

  private constructor(options: RVideoDoubleOptions) {
    this.#options = options;
    this.#server = createServer((request, response) => {
      this.#handle(request, response).catch((thrown: unknown) => {
        response.statusCode = 500;
        response.end(String(thrown));
      });
    });
  }

  static async start(options: RVideoDoubleOptions = {}): Promise<RVideoDouble> {
    const double = new RVideoDouble(options);
    await new Promise<void>((resolve) => {
      double.#server.listen(0, '127.0.0.1', resolve);
    });
    return double;
  }

  get url(): string {
    // listen() was awaited, on an address of the network.
    const { port } = this.#server.address() as AddressInfo;
    return `http://127.0.0.1:${port}/codec`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = (request.url ?? '').replace(/^\/codec/u, '');
    this.requests.push(`${request.method ?? ''} ${path}`);
    if (this.#options.intercept?.(request, response) === true) return;
    const { token } = this.#options;
    if (token !== undefined && request.headers.authorization !== `Bearer ${token}`) {
      reply(response, 401, { error: 'wrong token' });
      return;
    }
    const body = await readBody(request);
    const [, jobId = '', rest = ''] = /^\/v1\/jobs(?:\/([^/]+))?(\/.*)?$/u.exec(path) ?? [];
    if (request.method === 'POST' && path === '/v1/jobs') {
      this.#create(body.toString(), response);
      return;
    }
    const job = this.jobs.get(jobId);
    if (job) this.#handleJob(job, { method: request.method ?? '', rest, body }, response);
    else reply(response, 404, { error: 'no such job' });
  }

  #create(text: string, response: ServerResponse): void {
    // The client under test wrote it; the tests look at the rest.
    const order = JSON.parse(text) as { key: string; sources: unknown[] };
    const known = this.#keys.get(order.key);
    const id = known ?? `job-${this.#keys.size + 1}`;
    if (known === undefined) {
      this.#keys.set(order.key, id);
      const sourceCount = order.sources.length;
      this.jobs.set(id, { id, order, sourceCount, sources: new Map(), polls: 0 });
    }
    reply(response, known === undefined ? 201 : 200, { id, state: 'waiting' });
  }

  #handleJob(
    job: RVideoDoubleJob,
    { method, rest, body }: { method: string; rest: string; body: Buffer },
    response: ServerResponse,
  ): void {
    const index = /^\/sources\/(\d+)$/u.exec(rest)?.[1];
    if (method === 'PUT' && index !== undefined) {
      job.sources.set(Number(index), body);
      response.writeHead(204).end();
    } else if (method === 'GET' && rest === '') {
      reply(response, 200, this.#state(job));
    } else if (method === 'GET' && rest === '/result') {
      response.writeHead(200, { 'content-type': 'video/mp4' }).end(this.#result(job));
    } else if (method === 'DELETE' && rest === '') {
      this.jobs.delete(job.id);
      response.writeHead(204).end();
    } else {
      reply(response, 405, { error: 'not a request of this service' });
    }
  }

  #state(job: RVideoDoubleJob): object {
    const { id } = job;
    const { failure, runningPolls = 2 } = this.#options;
    if (job.sources.size < job.sourceCount) return { id, state: 'waiting' };
    if (failure !== undefined) return { id, state: 'failed', error: failure };
    if (job.polls++ < runningPolls) {
      return { id, state: 'running', progress: job.polls / (runningPolls + 1) };
    }
    const sizeBytes = this.#result(job).length;
    return { id, state: 'done', progress: 1, result: { sizeBytes, durationS: 1.5 } };
  }

  #result(job: RVideoDoubleJob): Buffer {
    return this.#options.result ?? job.sources.get(0) ?? Buffer.alloc(0);
  }
}

function reply(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of request) {
    const bytes = Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk));
    sizeBytes += bytes.length;
    if (sizeBytes > MAX_BODY_BYTES) throw new Error('the body is too long');
    chunks.push(bytes);
  }
  return Buffer.concat(chunks);
}
