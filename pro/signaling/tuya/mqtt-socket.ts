// The connection to an MQTT broker: TCP or TLS, its certificate checked before anything is sent.
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls, rootCertificates, TLSSocket } from 'node:tls';
import type { Clock } from '../../../core/base/clock.ts';
import { MediaError, toMediaError } from '../../../core/base/media-error.ts';

/** Where to connect, and whom to trust. */
export interface MqttSocketOptions {
  /** `ssl://`, `tls://` or `mqtts://` (port 8883), `tcp://` or `mqtt://` (port 1883). */
  readonly url: string;
  /** SHA-256 of the certificate in hex; empty checks it against the certificate authorities. */
  readonly fingerprint: string;
  /** The key that the fingerprint comes from, for errors. */
  readonly fingerprintKey: string;
  /** Further certificate authorities, PEM. */
  readonly certificateAuthority?: string | undefined;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** A broker's URL taken apart. */
export interface MqttAddress {
  readonly host: string;
  readonly port: number;
  readonly isTls: boolean;
}

const SCHEMES: ReadonlyMap<string, boolean> = new Map([
  ['ssl', true],
  ['tls', true],
  ['mqtts', true],
  ['tcp', false],
  ['mqtt', false],
]);
const PATTERN =
  /^([a-z]{1,8}):\/\/(?:\[([0-9a-f:.]{2,45})\]|([^\s:/?#[\]@]{1,253}))(?::(\d{1,5}))?\/?$/iu;
const TLS_PORT = 8883;
const TCP_PORT = 1883;

/** @throws MediaError `invalid-argument` `mqtt-url-invalid`, without the URL. */
export function parseMqttUrl(url: string): MqttAddress {
  const [, scheme = '', v6, name, portText] = PATTERN.exec(url) ?? [];
  const isTls = SCHEMES.get(scheme.toLowerCase());
  const host = v6 ?? name;
  const port = portText === undefined ? (isTls === true ? TLS_PORT : TCP_PORT) : Number(portText);
  if (isTls === undefined || host === undefined || port < 1 || port > 65_535) {
    const message = "the broker's URL is neither ssl://host:port nor tcp://host:port";
    throw new MediaError('invalid-argument', 'mqtt-url-invalid', message);
  }
  return { host, port, isTls };
}

/**
 * Connects; the caller destroys the socket.
 * @throws MediaError `mqtt-url-invalid`, `unavailable` `mqtt-unreachable`, `deadline-exceeded`
 * `mqtt-timeout`, `failed-precondition` for a certificate that is not trusted, the signal's reason.
 */
export async function openMqttSocket(clock: Clock, options: MqttSocketOptions): Promise<Socket> {
  const { timeoutMs, signal } = options;
  if (signal.aborted) throw toMediaError(signal.reason);
  const address = parseMqttUrl(options.url);
  const place = `${address.host}:${address.port}`;
  const { promise: stopped, reject } = Promise.withResolvers<never>();
  const timer = clock.after(timeoutMs, () => {
    const text = `the MQTT broker ${place} did not answer within ${timeoutMs / 1000} s`;
    reject(new MediaError('deadline-exceeded', 'mqtt-timeout', text));
  });
  const onAbort = (): void => reject(toMediaError(signal.reason));
  signal.addEventListener('abort', onAbort, { once: true });
  const socket = open(address, options);
  // Later failures are told by `close`; without a listener they would be thrown.
  socket.on('error', () => undefined);
  try {
    const opened = untilOpen(socket, place);
    opened.catch(() => undefined);
    await Promise.race([opened, stopped]);
    if (socket instanceof TLSSocket) checkCertificate(socket, { ...options, place });
    return socket;
  } catch (thrown) {
    socket.destroy();
    throw toMediaError(thrown);
  } finally {
    timer.cancel();
    signal.removeEventListener('abort', onAbort);
  }
}

function open({ host, port, isTls }: MqttAddress, options: MqttSocketOptions): Socket {
  if (!isTls) return connectTcp({ host, port });
  const { certificateAuthority: own } = options;
  return connectTls({
    ...{ host, port },
    ...(isIP(host) === 0 ? { servername: host } : {}),
    ...(own === undefined ? {} : { ca: [...rootCertificates, own] }),
    // Refused by checkCertificate() instead, which can name the certificate's fingerprint.
    rejectUnauthorized: false,
  });
}

function untilOpen(socket: Socket, place: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (reason: string, cause?: unknown): void => {
      const text = `the MQTT broker ${place} can't be reached: ${reason}`;
      reject(new MediaError('unavailable', 'mqtt-unreachable', text, { cause }));
    };
    socket.once('error', (error) => fail(reasonOf(error), error));
    socket.once('close', () => fail('it closed the connection'));
    socket.once(socket instanceof TLSSocket ? 'secureConnect' : 'connect', () => resolve());
  });
}

function checkCertificate(
  socket: TLSSocket,
  options: MqttSocketOptions & { readonly place: string },
): void {
  const { place, fingerprintKey: key } = options;
  const certificate = socket.getPeerX509Certificate();
  const seen = certificate?.fingerprint256.replaceAll(':', '').toLowerCase() ?? 'none';
  const wanted = options.fingerprint.replace(/[:\s]/gu, '').toLowerCase();
  if (wanted !== '' && seen !== wanted) {
    const text = `the MQTT broker ${place} shows a certificate with fingerprint ${seen}, ${key} is ${wanted.slice(0, 128)}`;
    throw new MediaError('failed-precondition', 'mqtt-fingerprint-mismatch', text);
  }
  if (wanted !== '' || socket.authorized) return;
  const reason = reasonOf(socket.authorizationError);
  const text = `the certificate of the MQTT broker ${place} is not trusted (${reason}); to trust it: ${key}: ${seen}`;
  throw new MediaError('failed-precondition', 'mqtt-certificate-untrusted', text);
}

/** An AggregateError (several addresses were tried) has no text of its own. */
function reasonOf(cause: unknown): string {
  if (cause instanceof AggregateError) return [...new Set(cause.errors.map(reasonOf))].join(', ');
  return cause instanceof Error ? cause.message : String(cause);
}
