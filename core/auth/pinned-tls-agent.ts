// Connections to a service that is known by its certificate, whoever signed that.
import https, { type RequestOptions } from 'node:https';
import type { Duplex } from 'node:stream';
import { connect, type TLSSocket } from 'node:tls';
import type { Clock } from '../base/clock.ts';
import { MediaError } from '../base/media-error.ts';

type OnSocket = (failure: Error | null, socket: Duplex) => void;

/** A request that is given up doesn't end the handshake it waits for; this does. */
export interface HandshakePatience {
  readonly clock: Clock;
  readonly timeoutMs: number;
}

/**
 * Hands out a connection only after its certificate turned out to be the pinned one, so that no
 * request, which may hold a password, is sent to anybody else.
 */
export class PinnedTlsAgent extends https.Agent {
  readonly #fingerprint: string;
  readonly #patience: HandshakePatience;

  /** @param fingerprint SHA-256 of the certificate in hex, colons allowed. */
  constructor(fingerprint: string, patience: HandshakePatience, options: https.AgentOptions) {
    super(options);
    this.#fingerprint = normalize(fingerprint);
    this.#patience = patience;
  }

  override createConnection(options: RequestOptions, onSocket?: OnSocket): undefined {
    const { host, port, servername } = options;
    const socket = connect({
      ...{ host: host ?? 'localhost', port: Number(port ?? 443), servername: servername ?? '' },
      // The pin is stronger than the certificate authorities, and works without them.
      rejectUnauthorized: false,
    });
    const { clock, timeoutMs } = this.#patience;
    const timer = clock.after(timeoutMs, () => finish(new Error('the handshake takes too long')));
    const finish = (failure: Error | null): void => {
      timer.cancel();
      socket.off('error', finish).off('secureConnect', check);
      if (failure) socket.on('error', () => undefined).destroy();
      onSocket?.(failure, socket);
    };
    const check = (): void => finish(this.#problemOf(socket));
    socket.once('error', finish).once('secureConnect', check);
    return undefined;
  }

  #problemOf(socket: TLSSocket): MediaError | null {
    const seen = normalize(socket.getPeerX509Certificate()?.fingerprint256 ?? '');
    if (seen !== '' && seen === this.#fingerprint) return null;
    return new MediaError(
      'failed-precondition',
      'auth-fingerprint-mismatch',
      `the certificate has the fingerprint ${seen === '' ? 'none' : seen}, not the configured one`,
    );
  }
}

function normalize(fingerprint: string): string {
  return fingerprint.replace(/[:\s]/gu, '').toLowerCase();
}
