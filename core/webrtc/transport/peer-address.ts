// Where a peer is: one object per remote address, made when a connectivity check is authenticated.

/** The framed stream of an ICE-TCP peer (RFC 6544), as much of it as sending needs. */
export interface FramedConnection {
  /**
   * Frames and writes one packet (RFC 4571); the bytes are copied. Returns false when the packet
   * was dropped because the write queue is full or the connection is closed.
   */
  send(bytes: Uint8Array): boolean;
  /** True while the write queue is above its limit: media should wait or be dropped. */
  isCongested(): boolean;
  close(): void;
}

/** A remote transport address. The object is stable: compare addresses by identity. */
export interface PeerAddress {
  /** Numeric address for people and APIs: an IPv4-mapped IPv6 address is written as IPv4. */
  readonly address: string;
  /** Numeric address in the family of the local socket, e.g. `::ffff:192.0.2.1` on dual stack. */
  readonly wireAddress: string;
  readonly port: number;
  readonly family: 4 | 6;
  /** Set for ICE-TCP peers, undefined for UDP. */
  readonly connection: FramedConnection | undefined;
}

/** `udp/192.0.2.1/50000`, the remote half of a candidate pair as the API prints it. */
export function formatPeerAddress(peer: PeerAddress): string {
  return `${peer.connection === undefined ? 'udp' : 'tcp'}/${peer.address}/${peer.port}`;
}
