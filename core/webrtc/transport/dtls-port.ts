// One DTLS association as the transport layer sees it, whatever library does the work.

/** SRTP protection profiles that can be negotiated: RFC 5764 §4.1.2 (1), RFC 7714 §14.2 (7). */
export type SrtpProfile = 1 | 7;

/** SRTP_AES128_CM_HMAC_SHA1_80, RFC 5764 §4.1.2. */
export const SRTP_AES128_CM_HMAC_SHA1_80 = 1;
/** SRTP_AEAD_AES_128_GCM, RFC 7714 §14.2. */
export const SRTP_AEAD_AES_128_GCM = 7;

/** Master key (16 bytes) and salt (14 bytes for AES-CM, 12 for AES-GCM) of one direction. */
export interface SrtpMasterKey {
  readonly key: Uint8Array;
  readonly salt: Uint8Array;
}

/** The keying material that the handshake produced (RFC 5764 §4.2). */
export interface SrtpKeys {
  readonly profile: SrtpProfile;
  /** Protects what we send. */
  readonly local: SrtpMasterKey;
  /** Opens what the peer sends. */
  readonly remote: SrtpMasterKey;
}

/** A certificate digest as `a=fingerprint` carries it (RFC 8122 §5). */
export interface CertificateFingerprint {
  /** Lower-case hash name: `sha-256`, `sha-384` or `sha-512`. */
  readonly algorithm: string;
  /** Upper-case hexadecimal bytes joined by colons. */
  readonly value: string;
}

/** The outcome of a handshake. */
export interface DtlsConnectedInfo {
  readonly keys: SrtpKeys;
  /** SHA-256 fingerprint of the certificate that the peer showed. */
  readonly remoteFingerprint: CertificateFingerprint;
  /**
   * Sends one record of at most 2^14 bytes; false when the association is over. Only there when
   * `onApplicationData` was given.
   */
  readonly sendApplicationData?: (bytes: Uint8Array) => boolean;
}

/** Why a handshake did not succeed; `message` of the MediaError says more. */
export type DtlsFailure =
  'timeout' | 'fingerprint-mismatch' | 'no-common-srtp-profile' | 'alert' | 'protocol-error';

/** What an association sends and reports; called synchronously or from a timer. */
export interface DtlsCallbacks {
  /** Sends one datagram to the peer; called synchronously, the bytes may be kept by the callee. */
  readonly send: (datagram: Uint8Array) => void;
  readonly onConnected: (info: DtlsConnectedInfo) => void;
  /** The peer said goodbye (close_notify) after the handshake. Called at most once. */
  readonly onClosed: () => void;
  /** The handshake failed. Called at most once, never after onConnected. */
  readonly onFailed: (failure: DtlsFailure, message: string) => void;
  /** Application data of the peer, once and not in order; the bytes belong to the callee. */
  readonly onApplicationData?: (bytes: Uint8Array) => void;
}

/** A DTLS association in progress or established, in either role (RFC 5763 §5). */
export interface DtlsPort {
  /** Gives one received datagram whose first byte is 20..63 (RFC 7983). Never throws. */
  receive(datagram: Uint8Array): void;
  /** Sends close_notify when established and frees everything; idempotent, calls nothing back. */
  close(): void;
}

/** What a handshake has to agree on. */
export interface DtlsPortOptions {
  /** Fingerprints of the remote description; the peer's certificate has to match one of them. */
  readonly remoteFingerprints: readonly CertificateFingerprint[];
  /** Wanted SRTP profiles, best first; our order wins. */
  readonly profiles: readonly SrtpProfile[];
}

/** Makes DTLS associations that share one certificate. */
export interface DtlsPortFactory {
  /** SHA-256 fingerprint of our certificate, for `a=fingerprint`. */
  readonly localFingerprint: CertificateFingerprint;
  create(options: DtlsPortOptions, callbacks: DtlsCallbacks): DtlsPort;
}
