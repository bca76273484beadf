// Settings of an HTTP listener with their defaults.
import type { IpEntry } from '../base/ip-address.ts';
import type { ListenAddress } from '../base/listen-address.ts';
import type { CorsOptions } from './cors.ts';
import type { ErrorEnvelope } from './error-reply.ts';
import type { TlsFilePair } from '../base/tls-files.ts';

/** Bounds against hostile and slow clients; all have defaults. */
export interface HttpLimits {
  /** For routes that set none. */
  readonly maxBodyBytes: number;
  /** Request line and headers together. */
  readonly maxHeaderBytes: number;
  readonly maxUrlChars: number;
  /** From the connection, or the first byte of a later request, to the end of the headers. */
  readonly headersTimeoutMs: number;
  /** To the end of the request's body. */
  readonly requestTimeoutMs: number;
  /** Between two requests of a connection. */
  readonly keepAliveTimeoutMs: number;
  /** How long a client may take no byte of an answer. */
  readonly writeTimeoutMs: number;
  readonly tlsHandshakeTimeoutMs: number;
  readonly maxConnections: number;
  readonly maxConnectionsPerIp: number;
  /** How long the rest of a refused body is read, so that the client gets to see the answer. */
  readonly lingerMs: number;
  /** How long close() lets running requests finish. */
  readonly closeGraceMs: number;
}

/** Settings of one listener. */
export interface HttpListenerOptions {
  readonly address: ListenAddress;
  /** Name of the configuration key of the address, e.g. `apiAddress`; appears in errors. */
  readonly addressKey: string;
  readonly tls?: TlsFilePair | undefined;
  readonly cors: CorsOptions;
  readonly trustedProxies?: readonly IpEntry[];
  readonly errorEnvelope?: ErrorEnvelope;
  readonly limits?: Partial<HttpLimits>;
}

/** The defaults. */
export const defaultHttpLimits: HttpLimits = {
  maxBodyBytes: 1_048_576,
  maxHeaderBytes: 16_384,
  maxUrlChars: 8192,
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 30_000,
  keepAliveTimeoutMs: 30_000,
  writeTimeoutMs: 60_000,
  tlsHandshakeTimeoutMs: 10_000,
  maxConnections: 10_000,
  maxConnectionsPerIp: 2000,
  lingerMs: 1000,
  closeGraceMs: 2000,
};
