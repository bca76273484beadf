// Proof that the DTLS server is who the answer says: fingerprint, signed key exchange and Finished.
// The handshake library checks none of the three.
import { createHash, createHmac, timingSafeEqual, verify, X509Certificate } from 'node:crypto';
import { readUint16, readUint24 } from '../../base/bytes.ts';
import type { DtlsFault } from '../transport/dtls-client-proof.ts';
import type { CertificateFingerprint } from '../transport/dtls-port.ts';
import {
  dtlsHandshakeType,
  writeHandshakeMessage,
  type HandshakeMessage,
} from '../transport/dtls-record.ts';

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
const VERIFY_DATA_BYTES = 12;
const FINISHED_LABEL = Buffer.from('server finished');
/** Signature schemes that the library offers (RFC 8446 section 4.2.3) and their key types. */
const SIGNATURE_KEY_TYPES: ReadonlyMap<number, string> = new Map([
  [0x0403, 'ec'],
  [0x0401, 'rsa'],
]);
const HASHES: ReadonlySet<string> = new Set(['sha-256', 'sha-384', 'sha-512']);

/** Collects the transcript of one handshake and judges the server's messages in order. */
export class DtlsServerProof {
  readonly #expected: readonly CertificateFingerprint[];
  #transcript: Uint8Array[] = [];
  #clientRandom: Uint8Array | undefined;
  #serverRandom: Uint8Array | undefined;
  #certificate: X509Certificate | undefined;
  #position = -1;
  #isKeyProven = false;

  constructor(expected: readonly CertificateFingerprint[]) {
    this.#expected = expected;
  }

  /** SHA-256 fingerprint of the certificate shown, undefined before it came. */
  get remoteFingerprint(): CertificateFingerprint | undefined {
    const value = this.#certificate?.fingerprint256;
    return value === undefined ? undefined : { algorithm: 'sha-256', value };
  }

  /** Adds one of our messages to the transcript. */
  addOwn(message: HandshakeMessage): void {
    if (message.type === dtlsHandshakeType.clientHello) {
      // The hello without cookie is not part of the handshake (RFC 6347 section 4.2.1).
      this.#transcript = [];
      this.#clientRandom = message.body.slice(VERSION_BYTES, VERSION_BYTES + RANDOM_BYTES);
    }
    this.#transcript.push(writeHandshakeMessage(message));
  }

  /** Judges and adds a message of the server in the clear; a fault ends the handshake. */
  accept(message: HandshakeMessage): DtlsFault | undefined {
    if (message.type === dtlsHandshakeType.helloVerifyRequest) {
      return this.#position < 0 ? undefined : unexpected(message);
    }
    if (message.type === dtlsHandshakeType.finished || !this.#isInOrder(message.type)) {
      return unexpected(message);
    }
    const problem = this.#judge(message);
    if (problem === undefined) this.#transcript.push(writeHandshakeMessage(message));
    return problem;
  }

  /** RFC 5246 section 7.4.9: the server saw the same handshake and knows the master secret. */
  acceptFinished(message: HandshakeMessage, masterSecret: Uint8Array): DtlsFault | undefined {
    if (message.type !== dtlsHandshakeType.finished) return unexpected(message);
    if (!this.#isKeyProven) return fault('Finished came before the key exchange');
    const digest = createHash('sha256').update(Buffer.concat(this.#transcript)).digest();
    const expected = prfSha256(masterSecret, Buffer.concat([FINISHED_LABEL, digest]));
    const isRight =
      message.body.length === VERIFY_DATA_BYTES &&
      timingSafeEqual(message.body, expected.subarray(0, VERIFY_DATA_BYTES));
    return isRight ? undefined : fault('Finished does not match the handshake');
  }

  #isInOrder(type: number): boolean {
    const position = SERVER_FLIGHT.indexOf(type);
    const due = this.#position + 1;
    const isSkipping = SERVER_FLIGHT[due] === CERTIFICATE_REQUEST && position === due + 1;
    if (position !== due && !isSkipping) return false;
    this.#position = position;
    return true;
  }

  #judge({ type, body }: HandshakeMessage): DtlsFault | undefined {
    if (type === SERVER_HELLO) {
      this.#serverRandom = body.slice(VERSION_BYTES, VERSION_BYTES + RANDOM_BYTES);
      return undefined;
    }
    if (type === dtlsHandshakeType.certificate) return this.#judgeCertificate(body);
    if (type !== SERVER_KEY_EXCHANGE) return undefined;
    try {
      return this.#judgeKeyExchange(body);
    } catch (error) {
      // A key or signature that OpenSSL cannot even read.
      return fault(`ServerKeyExchange does not parse: ${String(error)}`);
    }
  }

  #judgeCertificate(body: Uint8Array): DtlsFault | undefined {
    const length = readUint24(body, 3);
    if (length === 0 || 6 + length > body.length) return fault('the peer sent no certificate');
    const der = body.subarray(6, 6 + length);
    if (!this.#expected.some((fingerprint) => matches(der, fingerprint))) {
      const message = `certificate ${fingerprintOf(der, 'sha-256')} is not the one of the answer`;
      return { failure: 'fingerprint-mismatch', message };
    }
    try {
      this.#certificate = new X509Certificate(der);
      return undefined;
    } catch (error) {
      return fault(`certificate does not parse: ${String(error)}`);
    }
  }

  /**
   * RFC 8422 section 5.4: curve type, curve, length and point, then a signature over both randoms
   * and these parameters.
   */
  #judgeKeyExchange(body: Uint8Array): DtlsFault | undefined {
    const end = 4 + (body[3] ?? 0);
    const key = this.#certificate?.publicKey;
    const { length } = body;
    if (body[0] !== NAMED_CURVE || end + 4 > length || !this.#clientRandom || !this.#serverRandom) {
      return fault('ServerKeyExchange is malformed');
    }
    const scheme = readUint16(body, end);
    if (key === undefined || SIGNATURE_KEY_TYPES.get(scheme) !== key.asymmetricKeyType) {
      const name = `0x${scheme.toString(16).padStart(4, '0')}`;
      return fault(`ServerKeyExchange with signature scheme ${name}`);
    }
    const signature = body.subarray(end + 4, end + 4 + readUint16(body, end + 2));
    const signed = Buffer.concat([this.#clientRandom, this.#serverRandom, body.subarray(0, end)]);
    if (!verify('sha256', signed, key, signature)) {
      const message = 'the peer does not own the certificate that it shows';
      return { failure: 'fingerprint-mismatch', message };
    }
    this.#isKeyProven = true;
    return undefined;
  }
}

/** First 32 bytes of P_SHA256 (RFC 5246 section 5). */
function prfSha256(secret: Uint8Array, seed: Uint8Array): Buffer {
  const first = createHmac('sha256', secret).update(seed).digest();
  return createHmac('sha256', secret).update(first).update(seed).digest();
}

function matches(der: Uint8Array, expected: CertificateFingerprint): boolean {
  const algorithm = expected.algorithm.toLowerCase();
  if (!HASHES.has(algorithm)) return false;
  return fingerprintOf(der, algorithm) === expected.value.trim().toUpperCase();
}

function fingerprintOf(der: Uint8Array, algorithm: string): string {
  const hex = createHash(algorithm.replace('-', '')).update(der).digest('hex').toUpperCase();
  return (hex.match(/../gu) ?? []).join(':');
}

function fault(message: string): DtlsFault {
  return { failure: 'protocol-error', message };
}

function unexpected(message: HandshakeMessage): DtlsFault {
  return fault(`unexpected handshake message of type ${message.type}`);
}
