// What the session above a peer transport is told, and what it can ask.
import type { DtlsConnectedInfo } from './dtls-port.ts';
import type { IceCredentials } from './ice-credentials.ts';
import type { PeerAddress } from './peer-address.ts';

/** new: waits for the first check. checking: a path exists, DTLS runs. connected: keys are known. */
export type PeerState = 'new' | 'checking' | 'connected' | 'closed' | 'failed';

/** Where and how a peer is connected. */
export interface PeerConnectedInfo extends DtlsConnectedInfo {
  readonly address: PeerAddress;
}

/** Why a peer ended. Local close() reports nothing. */
export interface PeerEnd {
  readonly state: 'closed' | 'failed';
  /** Stable kebab-case word, e.g. `silent`, `close-notify`, `connect-timeout`, `fingerprint-mismatch`. */
  readonly code: string;
  /** One sentence for a log line. */
  readonly message: string;
}

/** Called synchronously on the receive path; `bytes` are valid during the call only, copy to keep. */
export interface PeerCallbacks {
  /** One SRTP packet, still protected. */
  readonly onRtp: (bytes: Uint8Array) => void;
  /** One SRTCP packet, still protected (RFC 5761 §4: second byte 192..223). */
  readonly onRtcp: (bytes: Uint8Array) => void;
  readonly onConnected: (info: PeerConnectedInfo) => void;
  /** The peer moved to another address after an authenticated check; send there from now on. */
  readonly onAddressChanged: (address: PeerAddress) => void;
  /** The peer is gone; called at most once. */
  readonly onClosed: (end: PeerEnd) => void;
}

/** What a WebRTC session needs from its transport. */
export interface PeerSession {
  /** Ours, for the answer. */
  readonly localCredentials: IceCredentials;
  readonly state: PeerState;
  /** The address that media goes to; undefined before the first valid check. */
  readonly selectedAddress: PeerAddress | undefined;
  /** `host/udp/192.0.2.1/8189` and `prflx/udp/198.51.100.7/50000`, empty before the first check. */
  readonly localCandidate: string;
  readonly remoteCandidate: string;
  /** Everything received from and sent to this peer through the transport, in bytes. */
  readonly bytesReceived: number;
  readonly bytesSent: number;
  /** Sends one protected packet to the selected address; false when dropped. */
  send(bytes: Uint8Array): boolean;
  /**
   * ICE restart (RFC 8445 §9) with the peer's new user name fragment: returns our new credentials;
   * the old ones stay valid until the first check on the new.
   */
  restartIce(remoteUfrag: string | undefined): IceCredentials;
  /** Says close_notify and forgets the peer; idempotent. */
  close(): void;
}
