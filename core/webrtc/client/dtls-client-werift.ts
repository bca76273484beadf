// DTLS for peers that offer: a client where the answer is passive, a server where it is active.
import type { Clock } from '../../base/clock.ts';
import { DtlsHandshake } from '../transport/dtls-handshake.ts';
import type {
  CertificateFingerprint,
  DtlsCallbacks,
  DtlsPort,
  DtlsPortOptions,
} from '../transport/dtls-port.ts';
import { WeriftDtlsFactory, type WeriftDtlsOptions } from '../transport/dtls-werift.ts';
import { dtlsClientSide } from './dtls-client-side.ts';
import type { DtlsRole, PeerDtls } from './peer-dtls.ts';

/** Makes associations in either role that show one self-signed ECDSA P-256 certificate. */
export class WeriftPeerDtls implements PeerDtls {
  readonly #factory: WeriftDtlsFactory;
  readonly #clock: Clock;
  readonly #options: WeriftDtlsOptions;

  private constructor(factory: WeriftDtlsFactory, clock: Clock, options: WeriftDtlsOptions) {
    this.#factory = factory;
    this.#clock = clock;
    this.#options = options;
  }

  /** Makes the certificate, which takes some milliseconds. */
  static async create(clock: Clock, options: WeriftDtlsOptions): Promise<WeriftPeerDtls> {
    return new WeriftPeerDtls(await WeriftDtlsFactory.create(clock, options), clock, options);
  }

  get localFingerprint(): CertificateFingerprint {
    return this.#factory.localFingerprint;
  }

  start(role: DtlsRole, options: DtlsPortOptions, callbacks: DtlsCallbacks): DtlsPort {
    if (role === 'server') return this.#factory.create(options, callbacks);
    const { createClientEngine: createEngine } = this.#factory;
    const { handshakeTimeoutMs } = this.#options;
    const client = new DtlsHandshake(
      { clock: this.#clock, side: dtlsClientSide, createEngine },
      { ...options, handshakeTimeoutMs },
      callbacks,
    );
    client.start();
    return client;
  }
}
