// The ICE side of a peer that offers: candidates out and in, then datagrams both ways.
import type { IceCandidate } from '../../sdp/ice-candidate.ts';
import type { IceServer } from '../ice-server-provider.ts';
import type { IceCredentials } from '../transport/ice-credentials.ts';

/** What a link reports; nothing is called after close(). */
export interface IceLinkCallbacks {
  /** One of our candidates. */
  readonly onCandidate: (candidate: IceCandidate) => void;
  /** A pair of candidates was agreed on; now send() works. */
  readonly onConnected: () => void;
  /** One datagram that is no STUN; valid during the call only. */
  readonly onData: (bytes: Uint8Array) => void;
  /** The pair does not answer any more, or never did. */
  readonly onFailed: (message: string) => void;
}

/** The other end as its description tells it. */
export interface RemoteIce {
  readonly credentials: IceCredentials;
  readonly isLite: boolean;
}

/** A pair of candidates as the Control API prints them. */
export interface SelectedPair {
  /** E.g. `host/udp/192.0.2.1/50000`. */
  readonly local: string;
  readonly remote: string;
  readonly remoteAddress: string;
  readonly remotePort: number;
}

/** A full ICE agent in the controlling role (RFC 8445). */
export interface IceLink {
  /** Ours, for the offer. */
  readonly credentials: IceCredentials;
  readonly selectedPair: SelectedPair | undefined;
  /** Opens sockets and asks the STUN and TURN servers; resolves when every candidate was reported. */
  gather(): Promise<void>;
  /** Starts the checks; candidates may still come. */
  connect(remote: RemoteIce): void;
  addRemoteCandidate(candidate: IceCandidate): void;
  /** No more candidates will come. */
  endRemoteCandidates(): void;
  /** Sends a copy of `bytes`; false while there is no pair. */
  send(bytes: Uint8Array): boolean;
  /** Idempotent. */
  close(): void;
}

/** Where a link may go. */
export interface IceLinkOptions {
  /** Our addresses to offer. */
  readonly localAddresses: readonly string[];
  /** STUN and TURN servers; nobody else is asked. */
  readonly iceServers: readonly IceServer[];
  /** Longest wait for a STUN server. */
  readonly stunTimeoutMs: number;
  /** Uses the TURN server only, so that the other end learns no address of ours. */
  readonly isRelayOnly: boolean;
}

/** Makes links. */
export interface IceLinkFactory {
  create(options: IceLinkOptions, callbacks: IceLinkCallbacks): IceLink;
}
