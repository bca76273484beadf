// One HTTP request to a WHIP or WHEP server: certificate checked before anything is sent, all bounded.
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls, TLSSocket } from 'node:tls';
import type { Clock } from '../../base/clock.ts';
import { MediaError, toMediaError } from '../../base/media-error.ts';

/** What to send. */
export interface SignalingRequest {
  readonly method: 'OPTIONS' | 'POST' | 'PATCH' | 'DELETE';
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** SHA-256 of the certificate in hex; empty checks it against the certificate authorities. */
  readonly fingerprint: string;
  /** The key that the fingerprint comes from, for errors. */
  readonly fingerprintKey: string;
  /** For everything, the answer's body included. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** What came back. */
export interface SignalingReply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Sends requests; a test brings a double. */
export type SendSignaling = (clock: Clock, request: SignalingRequest) => Promise<SignalingReply>;

const MAX_BODY_BYTES = 128 * 1024;
const MAX_HEADER_BYTES = 16_384;

/**
 * Sends one request on a connection of its own. Any status is an answer.
 * @throws MediaError `unavailable` `signaling-failed`, `deadline-exceeded` `signaling-timeout`,
 * `failed-precondition` for a certificate that is not the expected one, the signal's reason.
 */
export async function sendSignaling(
  clock: Clock,
  request: SignalingRequest,
): Promise<SignalingReply> {
  const { signal, timeoutMs, url, method } = request;
  if (signal.aborted) throw toMediaError(signal.reason);
  const { promise: stopped, reject } = Promise.withResolvers<never>();
  const timer = clock.after(timeoutMs, () => {
    const text = `${url.host} did not answer ${method} within ${timeoutMs / 1000} s`;
    reject(new MediaError('deadline-exceeded', 'signaling-timeout', text));
  });
  const onAbort = (): void => reject(toMediaError(signal.reason));
  signal.addEventListener('abort', onAbort, { once: true });
  const socket = openSocket(url);
  // Later failures come through the request; without a listener they would be thrown.
  socket.on('error', () => undefined);
  try {
    const answered = exchange(socket, request);
    answered.catch(() => undefined);
    return await Promise.race([answered, stopped]);
  } finally {
    timer.cancel();
    signal.removeEventListener('abort', onAbort);
    socket.destroy();
  }
}

async function exchange(socket: Socket, request: SignalingRequest): Promise<SignalingReply> {
  const { url } = request;
  try {
    await untilOpen(socket);
    if (socket instanceof TLSSocket) checkCertificate(socket, request);
    return await converse(socket, request);
  } catch (thrown) {
    if (thrown instanceof MediaError) throw thrown;
    const text = `${url.host} can't be reached: ${reasonOf(thrown)}`;
    throw new MediaError('unavailable', 'signaling-failed', text, { cause: thrown });
  }
}

function openSocket(url: URL): Socket {
  const host = url.hostname.replace(/^\[|\]$/gu, '');
  if (url.protocol === 'http:') return connectTcp({ host, port: Number(url.port || 80) });
  const servername = isIP(host) === 0 ? { servername: host } : {};
  const port = Number(url.port || 443);
  // Refused by checkCertificate() instead, which can name the certificate's fingerprint.
  return connectTls({ host, port, ...servername, rejectUnauthorized: false });
}

function untilOpen(socket: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('it closed the connection')));
    socket.once(socket instanceof TLSSocket ? 'secureConnect' : 'connect', () => resolve());
  });
}

function checkCertificate(socket: TLSSocket, request: SignalingRequest): void {
  const { host } = request.url;
  const certificate = socket.getPeerX509Certificate();
  const seen = certificate?.fingerprint256.replaceAll(':', '').toLowerCase() ?? 'none';
  const wanted = request.fingerprint.replace(/[:\s]/gu, '').toLowerCase();
  const { fingerprintKey: key } = request;
  if (wanted !== '' && seen !== wanted) {
    const text = `${host} shows a certificate with fingerprint ${seen}, ${key} is ${wanted.slice(0, 128)}`;
    throw new MediaError('failed-precondition', 'signaling-fingerprint-mismatch', text);
  }
  if (wanted !== '' || socket.authorized) return;
  const reason = reasonOf(socket.authorizationError);
  const text = `the certificate of ${host} is not trusted (${reason}); to trust it: ${key}: ${seen}`;
  throw new MediaError('failed-precondition', 'signaling-certificate-untrusted', text);
}

function converse(socket: Socket, request: SignalingRequest): Promise<SignalingReply> {
  const { method, url, headers, body } = request;
  const length = body === undefined ? {} : { 'Content-Length': String(Buffer.byteLength(body)) };
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest({
      createConnection: () => socket,
      ...{ method, path: url.pathname + url.search, maxHeaderSize: MAX_HEADER_BYTES },
      headers: {
        Host: url.host,
        'User-Agent': 'mediamtx-pro',
        Connection: 'close',
        ...headers,
        ...length,
      },
    });
    outgoing.on('error', reject);
    outgoing.once('close', () => reject(new Error('it ended without an answer')));
    outgoing.once('response', (incoming) => {
      const chunks: Buffer[] = [];
      let sizeBytes = 0;
      incoming.on('data', (chunk: Buffer) => {
        sizeBytes += chunk.length;
        if (sizeBytes <= MAX_BODY_BYTES) chunks.push(chunk);
        else outgoing.destroy(new Error(`it answers with more than ${MAX_BODY_BYTES} bytes`));
      });
      incoming.on('error', reject);
      incoming.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8');
        resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, body: text });
      });
    });
    outgoing.end(body);
  });
}

/** An AggregateError (several addresses were tried) has no text of its own. */
function reasonOf(cause: unknown): string {
  if (cause instanceof AggregateError) return [...new Set(cause.errors.map(reasonOf))].join(', ');
  return cause instanceof Error ? cause.message : String(cause);
}
