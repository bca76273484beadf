// A line of the route table. Every route says who may use it; one without a rule does not compile.
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { ErrorEnvelope } from './error-reply.ts';
import type { HttpMethod, HttpRequest } from './http-request.ts';
import type { HttpReply } from './http-reply.ts';

/** Actions of the permission system; the same words as AuthAction of core/auth. */
export type RouteAction = 'publish' | 'read' | 'playback' | 'api' | 'metrics' | 'pprof';

/** Who may use a route. */
export type AccessRule =
  | {
      readonly type: 'action';
      readonly action: RouteAction;
      /** Path name the permission is asked for; default none. */
      readonly path?: (request: HttpRequest) => string;
    }
  | {
      /** Nothing to protect, or the URL itself is the secret. */
      readonly type: 'public';
      readonly reason: string;
    };

/** The question that a listener asks before it runs a protected route. */
export interface AccessQuestion {
  readonly action: RouteAction;
  /** Path name, as the route's rule tells it; empty for none. */
  readonly path: string;
  readonly method: string;
  /** Path of the URL, decoded, without query. */
  readonly urlPath: string;
  readonly headers: IncomingHttpHeaders;
  readonly ip: string;
  readonly requestId: string;
  readonly query: string;
  readonly signal: AbortSignal;
}

/**
 * Decides about protected routes.
 * @throws MediaError; kind `unauthenticated` with `context.hadCredentials` false makes a challenge;
 * `context.challenge` is one of the gate's own.
 */
export type AccessGate = (question: AccessQuestion) => Promise<AdmittedUser>;

/** Who was let in; the same shape as Principal of core/auth. */
export interface AdmittedUser {
  /** Empty for anonymous access. */
  readonly user: string;
  /** When the proof ends (Date ms); undefined = never. */
  readonly expiresAt?: number | undefined;
  /**
   * For connections that stay: asks whether the proof still counts.
   * @throws MediaError `unauthenticated` or `permission-denied` when it was taken back.
   */
  readonly recheck?: (() => Promise<void>) | undefined;
}

/** An ordinary route. */
export interface Route {
  readonly methods: readonly [HttpMethod, ...HttpMethod[]];
  /** `/fixed`, `/:parameter` (one segment), `/*parameter` (one or more); at most one `*`. */
  readonly pattern: string;
  readonly access: AccessRule;
  readonly action: (request: HttpRequest) => HttpReply | Promise<HttpReply>;
  /** Default: that of the listener. */
  readonly maxBodyBytes?: number;
  /** Answer headers that scripts of other origins may read. */
  readonly exposeHeaders?: readonly string[];
  /** The path may hold `%5C`, for names that are regular expressions; never for names of files. */
  readonly allowsBackslash?: boolean;
  /** Default: that of the listener. */
  readonly errorEnvelope?: ErrorEnvelope;
}

/** A WebSocket route. */
export interface UpgradeRoute {
  readonly pattern: string;
  readonly access: AccessRule;
  /** Takes over the socket. A throw before the handshake is answered as an HTTP error. */
  readonly accept: (request: HttpRequest, upgrade: Upgrade) => void | Promise<void>;
}

/** What a WebSocket library needs for its handshake. */
export interface Upgrade {
  readonly incoming: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
}
