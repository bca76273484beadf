// What the two sides of a DTLS handshake do differently; all else is DtlsHandshake.
import type { HandshakeSecrets } from './dtls-handshake-engine.ts';
import type { DtlsFault, DtlsPeerProof } from './dtls-peer-proof.ts';
import type { CertificateFingerprint, SrtpProfile } from './dtls-port.ts';
import type { DtlsRecordCipher } from './dtls-record-cipher.ts';
import type { HandshakeMessage } from './dtls-record.ts';

/** Protection of both directions once the keys are known. */
export interface RecordCiphers {
  /** Opens the peer's records. */
  readonly reader: DtlsRecordCipher;
  /** Seals ours. */
  readonly writer: DtlsRecordCipher;
}

/** The server's side or the client's; holds no state. */
export interface DtlsSide {
  /**
   * The server does (RFC 6347 §4.2.4): it is done when it has sent its Finished, and answers
   * whoever repeats himself. The client is done when it has found the server's Finished right.
   */
  readonly speaksLast: boolean;
  createProof(expected: readonly CertificateFingerprint[]): DtlsPeerProof;
  ciphersOf(secrets: HandshakeSecrets): RecordCiphers;
  /** Why a message of the peer shows that we shall have no SRTP profile in common. */
  profileFault(message: HandshakeMessage, wanted: readonly SrtpProfile[]): DtlsFault | undefined;
  /** Says that a handshake went well, but for the SRTP profile. */
  keylessMessage(wanted: readonly SrtpProfile[]): string;
}
