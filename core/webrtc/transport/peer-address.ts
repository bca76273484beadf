// Where a peer is: one object per remote address, made when a connectivity check is authenticated.
import { MediaError } from '../../base/media-error.ts';
import { parseIpAddress, unmapIpAddress } from './ip-address.ts';

/** The framed stream of an ICE-TCP peer (RFC 6544), as much of it as sending needs. */
export interface FramedConnection {
  readonly isClosed: boolean;
  /** Our numeric address of this connection. */
  readonly localAddress: string;
  /** Set once a valid connectivity check came in over this connection. */
  isAuthenticated: boolean;
  /**
   * Frames and writes one packet (RFC 4571); the bytes are copied. Returns false when the packet
   * was dropped because the write queue is full or the connection is closed.
   */
  send(bytes: Uint8Array): boolean;
  close(): void;
}

/** A remote transport address. The object is stable: compare addresses by identity. */
export interface PeerAddress {
  /** Numeric address for people and APIs: an IPv4-mapped IPv6 address is written as IPv4. */
  readonly address: string;
  /** Numeric address in the family of the local socket, e.g. `::ffff:192.0.2.1` on dual stack. */
  readonly wireAddress: string;
  /** `address` as 4 or 16 bytes in network order. */
  readonly addressBytes: Uint8Array;
  readonly port: number;
  readonly family: 4 | 6;
  /** Set for ICE-TCP peers, undefined for UDP. */
  readonly connection: FramedConnection | undefined;
}

/** @throws MediaError `invalid-argument` when `wireAddress` is not a numeric address. */
export function createPeerAddress(
  wireAddress: string,
  port: number,
  connection?: FramedConnection,
): PeerAddress {
  const address = unmapIpAddress(wireAddress);
  const addressBytes = parseIpAddress(address);
  if (addressBytes === undefined) {
    throw new MediaError('invalid-argument', 'bad-address', `not an IP address: ${wireAddress}`);
  }
  const family = addressBytes.length === 4 ? 4 : 6;
  return { address, wireAddress, addressBytes, port, family, connection };
}

/** `udp/192.0.2.1/50000`: protocol, address and port of a candidate as the API prints them. */
export function formatPeerAddress(peer: PeerAddress): string {
  return `${peer.connection === undefined ? 'udp' : 'tcp'}/${peer.address}/${peer.port}`;
}
