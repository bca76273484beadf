// Opens the connection to a camera over TCP or TLS, and decides whether its certificate is the right one.
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import type { Clock } from '../base/clock.ts';
import { MediaError, toMediaError } from '../base/media-error.ts';
import { placeOf, type SourceUrl } from './client-url.ts';

/** Where to connect, and how long to try. */
export interface ConnectOptions {
  readonly url: SourceUrl;
  /** SHA-256 of the certificate in hex; empty checks it against the certificate authorities. */
  readonly fingerprint: string;
  /** The key of the configuration that it comes from; default `sourceFingerprint`. */
  readonly fingerprintKey?: string;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/**
 * Connects; for rtsps the certificate was checked when this resolves.
 * @throws MediaError `unavailable` when the camera can't be reached in time, `failed-precondition`
 * when its certificate is not the expected one, the signal's reason when aborted.
 */
export function connectToSource(clock: Clock, options: ConnectOptions): Promise<Socket> {
  const { url, signal } = options;
  if (signal.aborted) return Promise.reject(toMediaError(signal.reason));
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const socket = openSocket(url);
  const finish = (failure: MediaError | undefined): void => {
    timer.cancel();
    signal.removeEventListener('abort', onAbort);
    if (!failure) {
      resolve(socket);
      return;
    }
    socket.destroy();
    reject(failure);
  };
  const onAbort = (): void => finish(toMediaError(signal.reason));
  const timer = clock.after(options.timeoutMs, () => {
    const seconds = options.timeoutMs / 1000;
    finish(failed(`can't be reached within ${seconds} s`, { url }));
  });
  signal.addEventListener('abort', onAbort, { once: true });
  socket.on('error', (cause) =>
    finish(failed(`can't be reached: ${reasonOf(cause)}`, { url, cause })),
  );
  socket.once('close', () => finish(failed('closed the connection', { url })));
  socket.once(isTls(socket) ? 'secureConnect' : 'connect', () => {
    finish(isTls(socket) ? certificateProblem(socket, options) : undefined);
  });
  return promise;
}

function openSocket(url: SourceUrl): Socket {
  const { host, port } = url;
  if (url.scheme === 'rtsp') return connectTcp({ host, port });
  const servername = isIP(host) === 0 ? { servername: host } : {};
  // Refused by certificateProblem() instead, which can name the certificate's fingerprint.
  return connectTls({ host, port, ...servername, rejectUnauthorized: false });
}

function isTls(socket: Socket): socket is TLSSocket {
  return 'getPeerX509Certificate' in socket;
}

function certificateProblem(socket: TLSSocket, options: ConnectOptions): MediaError | undefined {
  const certificate = socket.getPeerX509Certificate();
  const seen = certificate?.fingerprint256.replaceAll(':', '').toLowerCase() ?? 'none';
  const wanted = options.fingerprint.replace(/[:\s]/gu, '').toLowerCase();
  const place = placeOf(options.url);
  const key = options.fingerprintKey ?? 'sourceFingerprint';
  if (wanted !== '') {
    if (seen === wanted) return undefined;
    return new MediaError(
      'failed-precondition',
      'rtsp-fingerprint-mismatch',
      `${place} shows a certificate with fingerprint ${seen}, ${key} is ${wanted.slice(0, 128)}`,
    );
  }
  if (socket.authorized) return undefined;
  const reason = reasonOf(socket.authorizationError);
  return new MediaError(
    'failed-precondition',
    'rtsp-certificate-untrusted',
    `the certificate of ${place} is not trusted (${reason}); to trust it: ${key}: ${seen}`,
  );
}

function failed(
  problem: string,
  { url, cause }: { readonly url: SourceUrl; readonly cause?: unknown },
): MediaError {
  const text = `${placeOf(url)} ${problem}`;
  return new MediaError('unavailable', 'rtsp-connect-failed', text, { cause });
}

/** An AggregateError (several addresses were tried) has no text of its own; that of OpenSSL is for its makers. */
function reasonOf(cause: unknown): string {
  if (cause instanceof AggregateError) return [...new Set(cause.errors.map(reasonOf))].join(', ');
  if (cause instanceof Error && 'reason' in cause && typeof cause.reason === 'string') {
    return `TLS: ${cause.reason}`;
  }
  return cause instanceof Error ? cause.message : String(cause);
}
