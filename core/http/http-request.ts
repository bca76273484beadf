// What a route sees of a request: no socket, no Koa, nothing undecoded but the query.
import type { IncomingHttpHeaders } from 'node:http';

/** Methods that routes may have; HEAD belongs to GET. */
export type HttpMethod = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'OPTIONS';

/** A request that has found its route. */
export interface HttpRequest {
  readonly method: string;
  /** Decoded once, starts with a slash. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** Without the question mark. */
  readonly rawQuery: string;
  /** Path and query as they were sent, for signatures over them. */
  readonly rawTarget: string;
  readonly headers: IncomingHttpHeaders;
  /** Client address after trusted proxies; IPv4-mapped IPv6 is written as IPv4. */
  readonly ip: string;
  /** Address of the connection itself, which may be a proxy's. */
  readonly peerIp: string;
  /** Whether the client, or the trusted proxy it came through, spoke TLS. */
  readonly isSecure: boolean;
  readonly requestId: string;
  /** Name of who was let in; empty for anonymous access and public routes. */
  readonly user: string;
  /** When the proof of who that is ends (Date ms), and what it opened with it; undefined = never. */
  readonly expiresAt?: number | undefined;
  /** As `recheck` of AdmittedUser; undefined when nothing can be taken back. */
  readonly recheck?: (() => Promise<void>) | undefined;
  /** Aborted when the client leaves or the listener closes. */
  readonly signal: AbortSignal;
  /** @throws MediaError internal when the route's pattern has no such parameter. */
  parameter(name: string): string;
  /**
   * Reads the body, once.
   * @throws MediaError resource-exhausted `body-too-large`, unsupported, or canceled.
   */
  readBody(): Promise<Uint8Array>;
  /** @throws MediaError as readBody(), or invalid-argument `malformed-body` when it is not UTF-8. */
  readText(): Promise<string>;
  /** @throws MediaError as readText(), or invalid-argument `malformed-body`. */
  readJson(): Promise<unknown>;
}
