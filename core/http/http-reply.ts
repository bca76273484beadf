// What a route answers.
import type { Readable } from 'node:stream';

/** A successful answer or a redirect; failures are thrown as MediaError. */
export interface HttpReply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  /** A stream is destroyed when the client leaves; the length goes into `headers`. */
  readonly body?: string | Uint8Array | Readable | undefined;
}

/** `value` as JSON. */
export function jsonReply(value: unknown, status = 200): HttpReply {
  return {
    status,
    headers: { 'Content-Type': 'application/json; charset=utf-8' },
    body: JSON.stringify(value),
  };
}
