// Sends one request to the codec service: bounded in time and size, repeated when that can help, never redirected.
import { delay, type Clock } from '../../core/base/clock.ts';
import { MediaError } from '../../core/base/media-error.ts';
import { redactUrls } from '../../core/base/url-redaction.ts';

/** Where the service is and how long to wait for it. */
export interface RVideoHttpOptions {
  /** `http` or `https`, without user and query; requests go below its path. */
  readonly url: string;
  /** Sent as `Authorization: Bearer`; empty for none. */
  readonly token?: string;
  /** For a request and its answer without files; 15 s by default. */
  readonly requestTimeoutMs?: number;
  /** For a file on its way; 30 minutes by default. */
  readonly transferTimeoutMs?: number;
  /** Tries for each request; 5 by default. */
  readonly maxAttempts?: number;
}

/** One request. */
export interface RVideoRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Begins with a slash. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Blob;
  readonly isTransfer?: boolean;
  /** Statuses that are answers; others are failures. */
  readonly accepts: readonly number[];
}

const DEFAULTS = {
  token: '',
  requestTimeoutMs: 15_000,
  transferTimeoutMs: 30 * 60_000,
  maxAttempts: 5,
} as const;
const FIRST_DELAY_MS = 500;
const MAX_DELAY_MS = 8000;
const MAX_RETRY_AFTER_MS = 30_000;
const MAX_ANSWER_BYTES = 64 * 1024;
const MAX_SHOWN_CHARS = 200;
/** Statuses after which the same request may succeed. */
const TEMPORARY = new Set([408, 425, 429, 500, 502, 503, 504]);

/** A failure that may pass, and when the service asks to come back. */
interface Temporary {
  readonly failure: MediaError;
  readonly retryAfterMs: number | undefined;
}

/** Keeps no connection of its own; those of fetch are shared by the process. */
export class RVideoHttp {
  readonly #clock: Clock;
  readonly #options: Required<RVideoHttpOptions>;
  readonly #base: string;

  /** @throws MediaError `invalid-argument` `rvideo-url-invalid`. */
  constructor(clock: Clock, options: RVideoHttpOptions) {
    this.#clock = clock;
    this.#options = { ...DEFAULTS, ...options };
    this.#base = checkUrl(options.url);
  }

  /**
   * Sends a request and hands the answer to `read` inside the same time limit; both are repeated
   * when they fail for a reason that may pass.
   * @throws MediaError `unavailable` `rvideo-unreachable` or `rvideo-refused`, `canceled`.
   */
  async send<T>(
    request: RVideoRequest,
    read: (answer: Response) => Promise<T>,
    signal: AbortSignal,
  ): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      const outcome = await this.#attempt(request, read, signal);
      if ('value' in outcome) return outcome.value;
      const { failure, retryAfterMs } = outcome.temporary;
      if (signal.aborted || attempt >= this.#options.maxAttempts) throw failure;
      const backoffMs = Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** (attempt - 1));
      await delay(this.#clock, Math.max(backoffMs, retryAfterMs ?? 0), signal);
    }
  }

  /** Sends a request and reads its answer as JSON of at most 64 KiB. */
  async sendJson(request: RVideoRequest, signal: AbortSignal): Promise<unknown> {
    return this.send(request, async (answer) => this.#parse(await readText(answer)), signal);
  }

  /** What the service said, short and without secrets. */
  show(text: string): string {
    const { token } = this.#options;
    const plain = text.replace(/[^\x20-\x7e\u00a0-\uffff]+/gu, ' ').trim();
    const hidden = token === '' ? plain : plain.replaceAll(token, '***');
    return redactUrls(hidden.slice(0, MAX_SHOWN_CHARS));
  }

  async #attempt<T>(
    request: RVideoRequest,
    read: (answer: Response) => Promise<T>,
    signal: AbortSignal,
  ): Promise<{ readonly value: T } | { readonly temporary: Temporary }> {
    const { requestTimeoutMs, transferTimeoutMs } = this.#options;
    const limitMs = request.isTransfer === true ? transferTimeoutMs : requestTimeoutMs;
    const late = new AbortController();
    const timer = this.#clock.after(limitMs, () => late.abort());
    try {
      const answer = await this.#fetch(request, AbortSignal.any([signal, late.signal]));
      if (request.accepts.includes(answer.status)) return { value: await read(answer) };
      const failure = await this.#refusal(request, answer);
      if (!TEMPORARY.has(answer.status)) throw failure;
      return { temporary: { failure, retryAfterMs: retryAfterMs(answer) } };
    } catch (thrown) {
      if (thrown instanceof MediaError) throw thrown;
      if (signal.aborted) throw canceled();
      if (thrown instanceof Error && 'syscall' in thrown) throw diskFailed(thrown);
      const why = late.signal.aborted ? `no answer within ${limitMs} ms` : causeOf(thrown);
      return { temporary: { failure: this.#unreachable(request, why), retryAfterMs: undefined } };
    } finally {
      timer.cancel();
    }
  }

  #fetch(request: RVideoRequest, signal: AbortSignal): Promise<Response> {
    const { token } = this.#options;
    const authorization = token === '' ? {} : { authorization: `Bearer ${token}` };
    return fetch(this.#base + request.path, {
      method: request.method,
      headers: { accept: 'application/json, video/mp4', ...request.headers, ...authorization },
      // A redirect would take the token and the recording to somebody else.
      redirect: 'manual',
      signal,
      ...(request.body === undefined ? {} : { body: request.body }),
    });
  }

  async #refusal(request: RVideoRequest, answer: Response): Promise<MediaError> {
    const said = this.show(await readText(answer).catch(() => ''));
    const status = `answered ${answer.status} to ${request.method} ${request.path}`;
    const text = `rvideo: the service ${status}${said === '' ? '' : `: ${said}`}`;
    return new MediaError('unavailable', 'rvideo-refused', text);
  }

  #unreachable(request: RVideoRequest, why: string): MediaError {
    const text = `rvideo: ${request.method} ${request.path}: ${this.show(why)}`;
    return new MediaError('unavailable', 'rvideo-unreachable', text);
  }

  #parse(text: string): unknown {
    try {
      return JSON.parse(text);
    } catch {
      const shown = this.show(text);
      throw new MediaError('unavailable', 'rvideo-invalid-answer', `rvideo: no JSON: ${shown}`);
    }
  }
}

/** @throws MediaError when the text is longer than 64 KiB. */
async function readText(answer: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const chunk of bytesOf(answer)) {
    sizeBytes += chunk.length;
    if (sizeBytes > MAX_ANSWER_BYTES) {
      const text = `rvideo: the answer has more than ${MAX_ANSWER_BYTES} bytes`;
      throw new MediaError('unavailable', 'rvideo-invalid-answer', text);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** The body of an answer in pieces. */
export async function* bytesOf(answer: Response): AsyncGenerator<Uint8Array> {
  if (!answer.body) return;
  const reader = answer.body.getReader();
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value;
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

function checkUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isHttp = url?.protocol === 'http:' || url?.protocol === 'https:';
  if (!url || !isHttp || url.username !== '' || url.password !== '' || url.search !== '') {
    const shown = redactUrls(text);
    const message = `rvideo: '${shown}' is not an http or https URL without user and query`;
    throw new MediaError('invalid-argument', 'rvideo-url-invalid', message);
  }
  return url.origin + url.pathname.replace(/\/+$/u, '');
}

function retryAfterMs(answer: Response): number | undefined {
  const seconds = Number(answer.headers.get('retry-after') ?? NaN);
  return seconds >= 0 ? Math.min(MAX_RETRY_AFTER_MS, seconds * 1000) : undefined;
}

/** fetch says `fetch failed`; the reason stands in its cause. */
function causeOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  const { cause } = thrown;
  return cause instanceof Error ? cause.message : thrown.message;
}

/** The result could not be written here; failures of the network stand inside those of fetch. */
function diskFailed(cause: Error): MediaError {
  const text = `export: ${cause.message}`;
  return new MediaError('unavailable', 'export-disk-failed', text, { cause });
}

function canceled(): MediaError {
  return new MediaError('canceled', 'export-canceled', 'rvideo: the job was canceled');
}
