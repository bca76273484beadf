// What proves a DTLS peer, whichever side it is: its certificate, its signature and its Finished.
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

/** How the messages of a side are called. */
export interface DtlsProofWords {
  /** Label of its Finished, RFC 5246 §7.4.9. */
  readonly finishedLabel: 'client finished' | 'server finished';
  /** The message with its signature. */
  readonly signedMessage: 'CertificateVerify' | 'ServerKeyExchange';
  /** What has to come before its Finished. */
  readonly provenBy: 'certificate' | 'key exchange';
  /** Where its fingerprint stands. */
  readonly description: 'offer' | 'answer';
}

/** Signature schemes of the library (RFC 8446 §4.2.3) -> the key type that must go with it. */
const SIGNATURE_KEY_TYPES: ReadonlyMap<number, string> = new Map([
  [0x0403, 'ec'],
  [0x0401, 'rsa'],
]);
const VERIFY_DATA_BYTES = 12;
const HASHES: ReadonlySet<string> = new Set(['sha-256', 'sha-384', 'sha-512']);

/** Collects the transcript of one handshake and judges the peer's messages in order. */
export abstract class DtlsPeerProof {
  readonly #expected: readonly CertificateFingerprint[];
  readonly #words: DtlsProofWords;
  readonly #transcript: Uint8Array[] = [];
  #certificate: X509Certificate | undefined;
  #isKeyProven = false;

  constructor(expected: readonly CertificateFingerprint[], words: DtlsProofWords) {
    this.#expected = expected;
    this.#words = words;
  }

  /** SHA-256 fingerprint of the certificate shown, undefined before it came. */
  get remoteFingerprint(): CertificateFingerprint | undefined {
    const value = this.#certificate?.fingerprint256;
    return value === undefined ? undefined : { algorithm: 'sha-256', value };
  }

  /** Adds one of our messages to the transcript, if it belongs there. */
  abstract addOwn(message: HandshakeMessage): void;

  /** Judges and adds a message of the peer in the clear; a fault ends the handshake. */
  abstract accept(message: HandshakeMessage): DtlsFault | undefined;

  /** RFC 5246 §7.4.9: the peer saw the same handshake and knows the master secret. */
  acceptFinished(message: HandshakeMessage, masterSecret: Uint8Array): DtlsFault | undefined {
    if (message.type !== dtlsHandshakeType.finished) return unexpectedMessage(message);
    const { finishedLabel, provenBy } = this.#words;
    if (!this.#isKeyProven) return protocolError(`Finished came before the ${provenBy}`);
    const digest = createHash('sha256').update(this.transcript()).digest();
    const seed = Buffer.concat([Buffer.from(finishedLabel), digest]);
    const expected = prfSha256(masterSecret, seed).subarray(0, VERIFY_DATA_BYTES);
    const isRight =
      message.body.length === VERIFY_DATA_BYTES && timingSafeEqual(message.body, expected);
    return isRight ? undefined : protocolError('Finished does not match the handshake');
  }

  protected transcript(): Uint8Array {
    return Buffer.concat(this.#transcript);
  }

  protected addToTranscript(message: HandshakeMessage): void {
    this.#transcript.push(writeHandshakeMessage(message));
  }

  /** Forgets the messages before a hello with cookie: they are not signed (RFC 6347 §4.2.1). */
  protected clearTranscript(): void {
    this.#transcript.length = 0;
  }

  /** The first certificate of a Certificate message has to be the one that was described. */
  protected judgeCertificate(body: Uint8Array): DtlsFault | undefined {
    const length = readUint24(body, 3);
    if (length === 0 || 6 + length > body.length) {
      return protocolError('the peer sent no certificate');
    }
    const der = body.subarray(6, 6 + length);
    if (!this.#expected.some((fingerprint) => matchesFingerprint(der, fingerprint))) {
      const shown = fingerprintOf(der, 'sha-256');
      const message = `certificate ${shown} is not the one of the ${this.#words.description}`;
      return { failure: 'fingerprint-mismatch', message };
    }
    try {
      this.#certificate = new X509Certificate(der);
      return undefined;
    } catch (error) {
      return protocolError(`certificate does not parse: ${String(error)}`);
    }
  }

  /** `proof` is scheme, length and signature over `signed` (RFC 5246 §4.7). */
  protected judgeSignature(proof: Uint8Array, signed: Uint8Array): DtlsFault | undefined {
    const { signedMessage } = this.#words;
    try {
      const scheme = readUint16(proof, 0);
      const key = this.#certificate?.publicKey;
      if (key === undefined || SIGNATURE_KEY_TYPES.get(scheme) !== key.asymmetricKeyType) {
        const name = `0x${scheme.toString(16).padStart(4, '0')}`;
        return protocolError(`${signedMessage} with signature scheme ${name}`);
      }
      if (!verify('sha256', signed, key, proof.subarray(4, 4 + readUint16(proof, 2)))) {
        const message = 'the peer does not own the certificate that it shows';
        return { failure: 'fingerprint-mismatch', message };
      }
    } catch (error) {
      // A key or signature that OpenSSL cannot even read.
      return protocolError(`${signedMessage} does not parse: ${String(error)}`);
    }
    this.#isKeyProven = true;
    return undefined;
  }
}

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

/** A fault of a peer that does not keep to the protocol. */
export function protocolError(message: string): DtlsFault {
  return { failure: 'protocol-error', message };
}

/** A message that must not come at this point. */
export function unexpectedMessage(message: HandshakeMessage): DtlsFault {
  return protocolError(`unexpected handshake message of type ${message.type}`);
}
