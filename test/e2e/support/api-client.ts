// Calls API v2 of a server under test as a dashboard would.
import assert from 'node:assert/strict';
import { z } from 'zod';

/** An answer of the API. */
export interface ApiReply {
  readonly status: number;
  readonly type: string;
  /** Undefined when it is no JSON. */
  readonly json: unknown;
  readonly bytes: Buffer;
}

const MAX_POLLS = 300;
const POLL_MS = 100;

/** One user of one server. */
export class ApiClient {
  readonly #base: string;
  readonly #headers: Readonly<Record<string, string>>;

  /** `token` is sent as a header; none for servers that ask for none. */
  constructor(base: string, token?: string) {
    this.#base = base;
    this.#headers = token === undefined ? {} : { Authorization: `Bearer ${token}` };
  }

  /** Any request; `path` begins behind the host, e.g. `/api/v2/info`. */
  async send(path: string, init: RequestInit = {}): Promise<ApiReply> {
    const response = await fetch(this.#base + path, {
      ...init,
      headers: { ...this.#headers, ...Object.fromEntries(new Headers(init.headers)) },
      signal: AbortSignal.timeout(60_000),
    });
    const bytes = Buffer.from(await response.arrayBuffer());
    const type = response.headers.get('content-type') ?? '';
    const json: unknown = type.includes('json') ? JSON.parse(bytes.toString()) : undefined;
    return { status: response.status, type, json, bytes };
  }

  /** The result of `GET /api/v2/<path>`. */
  async get(path: string): Promise<unknown> {
    return resultOf(`GET ${path}`, await this.send(`/api/v2/${path}`));
  }

  /** The result of `POST /api/v2/<path>`. */
  async post(path: string, body: unknown): Promise<unknown> {
    return resultOf(`POST ${path}`, await this.tryPost(path, body));
  }

  /** As post(), whatever the answer is. */
  tryPost(path: string, body: unknown): Promise<ApiReply> {
    return this.send(`/api/v2/${path}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    });
  }
}

function resultOf(what: string, { status, json }: ApiReply): unknown {
  assert.equal(status, 200, `${what}: ${JSON.stringify(json)}`);
  return z.object({ success: z.literal(true), result: z.unknown() }).parse(json).result;
}

/** Asks until `question` gives something else than undefined. */
export async function eventually<T>(question: () => Promise<T | undefined>): Promise<T> {
  for (let poll = 0; poll < MAX_POLLS; poll++) {
    const answer = await question();
    if (answer !== undefined) return answer;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  throw new assert.AssertionError({ message: `nothing after ${(MAX_POLLS * POLL_MS) / 1000} s` });
}
