// What the DTLS layer needs from a handshake library: our flights and the keys, nothing else.
import type { SrtpKeys, SrtpProfile } from './dtls-port.ts';

/** Secrets known once ClientKeyExchange was made or taken (RFC 5246 §6.3, §8.1). */
export interface HandshakeSecrets {
  readonly masterSecret: Uint8Array;
  /** Write key and implicit nonce of each side. */
  readonly clientKey: Uint8Array;
  readonly clientNonce: Uint8Array;
  readonly serverKey: Uint8Array;
  readonly serverNonce: Uint8Array;
}

/** What an engine reports; nothing is called after stop(). */
export interface HandshakeEngineCallbacks {
  readonly send: (datagram: Uint8Array) => void;
  /** Our Finished was sent. */
  readonly onDone: () => void;
  readonly onError: (message: string) => void;
}

/** Our side of one handshake. It is given every message whole, once and in order. */
export interface HandshakeEngine {
  /** A client sends its ClientHello; a server has nothing to say yet. Call it once. */
  start(): void;
  /** One record with one handshake message; a protected one only after it was found authentic. */
  receive(record: Uint8Array): void;
  secrets(): HandshakeSecrets | undefined;
  /** Keying material of RFC 5764 §4.2, undefined when no usable profile was agreed on. */
  srtpKeys(): SrtpKeys | undefined;
  /** Stops timers as far as possible and calls nothing back any more. */
  stop(): void;
}

/** Makes the engine of one handshake; `profiles` are the SRTP profiles wanted, best first. */
export type HandshakeEngineMaker = (
  profiles: readonly SrtpProfile[],
  callbacks: HandshakeEngineCallbacks,
) => HandshakeEngine;
