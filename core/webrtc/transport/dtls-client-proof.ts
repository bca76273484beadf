// Proof that the DTLS client is who the offer says: fingerprint, CertificateVerify and Finished.
import { DtlsPeerProof, unexpectedMessage, type DtlsFault } from './dtls-peer-proof.ts';
import type { CertificateFingerprint } from './dtls-port.ts';
import { dtlsHandshakeType, type HandshakeMessage } from './dtls-record.ts';

/**
 * What a client sends, by message sequence number: ClientHello without and with cookie, then its
 * whole flight 5 (RFC 6347 §4.2.4). Anything else, e.g. a second Certificate, ends the handshake.
 */
const CLIENT_MESSAGES: readonly number[] = [
  dtlsHandshakeType.clientHello,
  dtlsHandshakeType.clientHello,
  dtlsHandshakeType.certificate,
  dtlsHandshakeType.clientKeyExchange,
  dtlsHandshakeType.certificateVerify,
  dtlsHandshakeType.finished,
];

/** Judges a client by the numbers of its messages and by what CertificateVerify signs. */
export class DtlsClientProof extends DtlsPeerProof {
  constructor(expected: readonly CertificateFingerprint[]) {
    super(expected, {
      finishedLabel: 'client finished',
      signedMessage: 'CertificateVerify',
      provenBy: 'certificate',
      description: 'offer',
    });
  }

  override addOwn(message: HandshakeMessage): void {
    if (message.type !== dtlsHandshakeType.helloVerifyRequest) this.addToTranscript(message);
  }

  override accept(message: HandshakeMessage): DtlsFault | undefined {
    const fault = this.#judge(message);
    // The hello without cookie is not part of the handshake that is signed (RFC 6347 §4.2.1).
    if (fault === undefined && message.sequence > 0) this.addToTranscript(message);
    return fault;
  }

  #judge(message: HandshakeMessage): DtlsFault | undefined {
    const { type, sequence, body } = message;
    if (CLIENT_MESSAGES[sequence] !== type) return unexpectedMessage(message);
    if (type === dtlsHandshakeType.certificate) return this.judgeCertificate(body);
    if (type !== dtlsHandshakeType.certificateVerify) return undefined;
    // RFC 5246 §7.4.8: it signs every message before it.
    return this.judgeSignature(body, this.transcript());
  }
}
