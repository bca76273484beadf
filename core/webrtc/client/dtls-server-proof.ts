// Proof that the DTLS server is who the answer says: fingerprint, signed key exchange and Finished.
import {
  DtlsPeerProof,
  protocolError,
  unexpectedMessage,
  type DtlsFault,
} from '../transport/dtls-peer-proof.ts';
import type { CertificateFingerprint } from '../transport/dtls-port.ts';
import { dtlsHandshakeType, type HandshakeMessage } from '../transport/dtls-record.ts';

/** RFC 5246 section 7.4. */
const SERVER_HELLO = 2;
const SERVER_KEY_EXCHANGE = 12;
const CERTIFICATE_REQUEST = 13;
const SERVER_HELLO_DONE = 14;
/** The order of flight 4 (RFC 6347 section 4.2.4); the request for a certificate may be missing. */
const SERVER_FLIGHT: readonly number[] = [
  SERVER_HELLO,
  dtlsHandshakeType.certificate,
  SERVER_KEY_EXCHANGE,
  CERTIFICATE_REQUEST,
  SERVER_HELLO_DONE,
  dtlsHandshakeType.finished,
];
const RANDOM_BYTES = 32;
const VERSION_BYTES = 2;
const NAMED_CURVE = 3;

/** Judges a server by the order of its messages and by what ServerKeyExchange signs. */
export class DtlsServerProof extends DtlsPeerProof {
  #clientRandom: Uint8Array | undefined;
  #serverRandom: Uint8Array | undefined;
  #position = -1;

  constructor(expected: readonly CertificateFingerprint[]) {
    super(expected, {
      finishedLabel: 'server finished',
      signedMessage: 'ServerKeyExchange',
      provenBy: 'key exchange',
      description: 'answer',
    });
  }

  override addOwn(message: HandshakeMessage): void {
    if (message.type === dtlsHandshakeType.clientHello) {
      this.clearTranscript();
      this.#clientRandom = randomOf(message);
    }
    this.addToTranscript(message);
  }

  override accept(message: HandshakeMessage): DtlsFault | undefined {
    if (message.type === dtlsHandshakeType.helloVerifyRequest) {
      return this.#position < 0 ? undefined : unexpectedMessage(message);
    }
    if (message.type === dtlsHandshakeType.finished || !this.#isInOrder(message.type)) {
      return unexpectedMessage(message);
    }
    const fault = this.#judge(message);
    if (fault === undefined) this.addToTranscript(message);
    return fault;
  }

  #isInOrder(type: number): boolean {
    const position = SERVER_FLIGHT.indexOf(type);
    const due = this.#position + 1;
    const isSkipping = SERVER_FLIGHT[due] === CERTIFICATE_REQUEST && position === due + 1;
    if (position !== due && !isSkipping) return false;
    this.#position = position;
    return true;
  }

  #judge(message: HandshakeMessage): DtlsFault | undefined {
    const { type, body } = message;
    if (type === SERVER_HELLO) this.#serverRandom = randomOf(message);
    if (type === dtlsHandshakeType.certificate) return this.judgeCertificate(body);
    return type === SERVER_KEY_EXCHANGE ? this.#judgeKeyExchange(body) : undefined;
  }

  /**
   * RFC 8422 section 5.4: curve type, curve, length and point, then a signature over both randoms
   * and these parameters.
   */
  #judgeKeyExchange(body: Uint8Array): DtlsFault | undefined {
    const end = 4 + (body[3] ?? 0);
    const isWhole = body[0] === NAMED_CURVE && end + 4 <= body.length;
    if (!isWhole || !this.#clientRandom || !this.#serverRandom) {
      return protocolError('ServerKeyExchange is malformed');
    }
    const signed = Buffer.concat([this.#clientRandom, this.#serverRandom, body.subarray(0, end)]);
    return this.judgeSignature(body.subarray(end), signed);
  }
}

/** Both hellos begin with version and random (RFC 5246 section 7.4.1). */
function randomOf({ body }: HandshakeMessage): Uint8Array {
  return body.slice(VERSION_BYTES, VERSION_BYTES + RANDOM_BYTES);
}
