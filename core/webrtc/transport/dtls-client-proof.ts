// Proof that the DTLS client is who the offer says: fingerprint, CertificateVerify and Finished.
// The handshake library checks none of the three, so an attacker on the path could show a copied
// certificate; everything here is computed from the messages themselves.
import { createHash, createHmac, timingSafeEqual, verify, X509Certificate } from 'node:crypto';
import { readUint16, readUint24 } from '../../base/bytes.ts';
import type { CertificateFingerprint, DtlsFailure } from './dtls-port.ts';
import { dtlsHandshakeType, writeHandshakeMessage, type HandshakeMessage } from './dtls-record.ts';

/** Why a handshake must not go on. */
export interface DtlsFault {
  readonly failure: DtlsFailure;
  readonly message: string;
}

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

/** Signature schemes we ask for (RFC 8446 §4.2.3 numbers) -> the key type that must go with it. */
const SIGNATURE_KEY_TYPES: ReadonlyMap<number, string> = new Map([
  [0x0403, 'ec'],
  [0x0401, 'rsa'],
]);
const VERIFY_DATA_BYTES = 12;
const HASHES: ReadonlySet<string> = new Set(['sha-256', 'sha-384', 'sha-512']);

/** Collects the transcript of one handshake and judges the client's messages in order. */
export class DtlsClientProof {
  readonly #expected: readonly CertificateFingerprint[];
  readonly #transcript: Uint8Array[] = [];
  #certificate: X509Certificate | undefined;
  #isKeyProven = false;

  constructor(expected: readonly CertificateFingerprint[]) {
    this.#expected = expected;
  }

  /** SHA-256 fingerprint of the certificate shown, undefined before it came. */
  get remoteFingerprint(): CertificateFingerprint | undefined {
    const value = this.#certificate?.fingerprint256;
    return value === undefined ? undefined : { algorithm: 'sha-256', value };
  }

  /** Adds a message of either side to the transcript without judging it. */
  addToTranscript(message: HandshakeMessage): void {
    this.#transcript.push(writeHandshakeMessage(message));
  }

  /** Judges and adds a client message; a fault ends the handshake. */
  accept(message: HandshakeMessage): DtlsFault | undefined {
    const fault = this.#judge(message);
    // The hello without cookie is not part of the handshake that is signed (RFC 6347 §4.2.1).
    if (fault === undefined && message.sequence > 0) this.addToTranscript(message);
    return fault;
  }

  /** RFC 5246 §7.4.9: the client saw the same handshake and knows the master secret. */
  acceptFinished(message: HandshakeMessage, masterSecret: Uint8Array): DtlsFault | undefined {
    if (message.type !== dtlsHandshakeType.finished) return unexpected(message);
    if (!this.#isKeyProven) return fault('protocol-error', 'Finished came before the certificate');
    const digest = createHash('sha256').update(Buffer.concat(this.#transcript)).digest();
    const expected = prfSha256(masterSecret, Buffer.concat([FINISHED_LABEL, digest]));
    if (
      message.body.length === VERIFY_DATA_BYTES &&
      timingSafeEqual(message.body, expected.subarray(0, VERIFY_DATA_BYTES))
    ) {
      return undefined;
    }
    return fault('protocol-error', 'Finished does not match the handshake');
  }

  #judge(message: HandshakeMessage): DtlsFault | undefined {
    if (CLIENT_MESSAGES[message.sequence] !== message.type) return unexpected(message);
    if (message.type === dtlsHandshakeType.certificate) {
      return this.#judgeCertificate(message.body);
    }
    if (message.type !== dtlsHandshakeType.certificateVerify) return undefined;
    try {
      return this.#judgeSignature(message.body);
    } catch (error) {
      // A key or signature that OpenSSL cannot even read.
      return fault('protocol-error', `CertificateVerify does not parse: ${String(error)}`);
    }
  }

  #judgeCertificate(body: Uint8Array): DtlsFault | undefined {
    const length = readUint24(body, 3);
    if (length === 0 || 6 + length > body.length) {
      return fault('protocol-error', 'the peer sent no certificate');
    }
    const der = body.subarray(6, 6 + length);
    if (!this.#expected.some((fingerprint) => matchesFingerprint(der, fingerprint))) {
      const message = `certificate ${fingerprintOf(der, 'sha-256')} is not the one of the offer`;
      return fault('fingerprint-mismatch', message);
    }
    try {
      this.#certificate = new X509Certificate(der);
      return undefined;
    } catch (error) {
      return fault('protocol-error', `certificate does not parse: ${String(error)}`);
    }
  }

  #judgeSignature(body: Uint8Array): DtlsFault | undefined {
    const scheme = readUint16(body, 0);
    const length = readUint16(body, 2);
    const key = this.#certificate?.publicKey;
    if (key === undefined || SIGNATURE_KEY_TYPES.get(scheme) !== key.asymmetricKeyType) {
      const name = `0x${scheme.toString(16).padStart(4, '0')}`;
      return fault('protocol-error', `CertificateVerify with signature scheme ${name}`);
    }
    const signed = Buffer.concat(this.#transcript);
    if (!verify('sha256', signed, key, body.subarray(4, 4 + length))) {
      return fault('fingerprint-mismatch', 'the peer does not own the certificate that it shows');
    }
    this.#isKeyProven = true;
    return undefined;
  }
}

const FINISHED_LABEL = Buffer.from('client finished');

/** First 32 bytes of P_SHA256 (RFC 5246 §5). */
function prfSha256(secret: Uint8Array, seed: Uint8Array): Buffer {
  const first = createHmac('sha256', secret).update(seed).digest();
  return createHmac('sha256', secret).update(first).update(seed).digest();
}

function matchesFingerprint(der: Uint8Array, expected: CertificateFingerprint): boolean {
  const algorithm = expected.algorithm.toLowerCase();
  if (!HASHES.has(algorithm)) return false;
  return fingerprintOf(der, algorithm) === expected.value.trim().toUpperCase();
}

function fingerprintOf(der: Uint8Array, algorithm: string): string {
  const hex = createHash(algorithm.replace('-', '')).update(der).digest('hex').toUpperCase();
  return (hex.match(/../gu) ?? []).join(':');
}

function fault(failure: DtlsFailure, message: string): DtlsFault {
  return { failure, message };
}

function unexpected(message: HandshakeMessage): DtlsFault {
  return fault('protocol-error', `unexpected handshake message of type ${message.type}`);
}
