// One HTTP call to another service: bounded in time and in bytes, redirects refused, failures named.
import { delay, type Clock } from './clock.ts';
import { MediaError } from './media-error.ts';

/** What to ask. */
export interface FetchTextRequest {
  readonly url: string;
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** For the whole call, the answer's body included. */
  readonly timeoutMs: number;
  /** Longest answer, in bytes. */
  readonly maxBytes: number;
  readonly signal?: AbortSignal;
}

/** What came back, whatever the status. */
export interface FetchedText {
  readonly status: number;
  /** In lower case, without parameters; empty when the answer has none. */
  readonly contentType: string;
  readonly text: string;
}

/**
 * Calls and reads the answer. Texts of failures hold no URL: it may carry credentials.
 * @throws MediaError `deadline-exceeded` `fetch-timeout`; `unavailable` `fetch-failed` when nobody
 * answers, the answer breaks off or redirects; `resource-exhausted` `fetch-too-large`; the reason of
 * `signal` when that aborts.
 */
export async function fetchText(clock: Clock, request: FetchTextRequest): Promise<FetchedText> {
  const { timeoutMs, signal } = request;
  signal?.throwIfAborted();
  const timeout = new AbortController();
  const done = new AbortController();
  const late = new MediaError('deadline-exceeded', 'fetch-timeout', `no answer in ${timeoutMs} ms`);
  void delay(clock, timeoutMs, done.signal).then(
    () => timeout.abort(late),
    () => undefined,
  );
  const either = signal ? AbortSignal.any([signal, timeout.signal]) : timeout.signal;
  try {
    return await call(request, either);
  } catch (thrown) {
    either.throwIfAborted();
    throw thrown instanceof MediaError ? thrown : unreachable(thrown);
  } finally {
    done.abort();
  }
}

async function call(request: FetchTextRequest, signal: AbortSignal): Promise<FetchedText> {
  const { url, method, headers = {}, body } = request;
  const response = await fetch(url, {
    ...{ method, headers, signal },
    redirect: 'error',
    ...(body === undefined ? {} : { body }),
  });
  const type = response.headers.get('content-type') ?? '';
  return {
    status: response.status,
    contentType: (type.split(';', 1)[0] ?? '').trim().toLowerCase(),
    text: await readBounded(response, request.maxBytes),
  };
}

async function readBounded({ body }: Response, maxBytes: number): Promise<string> {
  if (body === null) return '';
  const stream: ReadableStream<Uint8Array> = body;
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const chunk of stream) {
    sizeBytes += chunk.length;
    if (sizeBytes > maxBytes) {
      throw new MediaError(
        'resource-exhausted',
        'fetch-too-large',
        `the answer is larger than ${maxBytes} bytes`,
      );
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, sizeBytes).toString('utf8');
}

/** fetch() says only "fetch failed"; the reason is its cause. */
function unreachable(thrown: unknown): MediaError {
  const cause = thrown instanceof Error ? (thrown.cause ?? thrown) : thrown;
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  const reason = code === '' ? 'the connection failed' : code;
  return new MediaError('unavailable', 'fetch-failed', reason, { cause: thrown });
}
