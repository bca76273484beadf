// DTLS as a peer that offers needs it: it learns its role from the answer.
import type {
  CertificateFingerprint,
  DtlsCallbacks,
  DtlsPort,
  DtlsPortOptions,
} from '../transport/dtls-port.ts';

/** Who sends the ClientHello: the client, which is the active side (RFC 8842 section 5.1). */
export type DtlsRole = 'client' | 'server';

/** Makes associations in either role that share one certificate. */
export interface PeerDtls {
  /** For `a=fingerprint` of the offer. */
  readonly localFingerprint: CertificateFingerprint;
  start(role: DtlsRole, options: DtlsPortOptions, callbacks: DtlsCallbacks): DtlsPort;
}
