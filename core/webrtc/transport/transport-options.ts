// Every limit and timer of the WebRTC transport layer in one place.

/** Limits in bytes, milliseconds and counts. */
export interface TransportOptions {
  /** Asked of the kernel for the UDP socket, bytes each; the system may give less. */
  readonly receiveBufferBytes: number;
  readonly sendBufferBytes: number;
  /** isCongested() turns true above this many datagrams waiting in libuv. */
  readonly maxQueuedDatagrams: number;
  /** Peers that exist at the same time. */
  readonly maxPeers: number;
  /** DTLS handshakes that run at the same time. */
  readonly maxHandshakes: number;
  /** From the first ClientHello to the keys. */
  readonly handshakeTimeoutMs: number;
  /** From create() to connected. */
  readonly connectTimeoutMs: number;
  /** A connected peer from which nothing authenticated came for so long is gone. */
  readonly silenceTimeoutMs: number;
  /** The selected address counts as gone after so long, so that a valid check elsewhere wins. */
  readonly pathSilenceMs: number;
  /** Period of the one sweep over all peers. */
  readonly sweepPeriodMs: number;
  /** Remote addresses remembered per peer. */
  readonly maxAddressesPerPeer: number;
  /** ICE-TCP: connections in all, and from one address. */
  readonly maxTcpConnections: number;
  readonly maxTcpConnectionsPerAddress: number;
  /** ICE-TCP: a connection has to show a valid check within this time. */
  readonly tcpCheckTimeoutMs: number;
  /** ICE-TCP: an authenticated connection without any frame for so long is closed. */
  readonly tcpSilenceTimeoutMs: number;
  /** ICE-TCP: longest frame accepted, bytes (RFC 4571 allows 65535). */
  readonly maxTcpFrameBytes: number;
  /** ICE-TCP: bytes that may wait in one connection's write queue. */
  readonly maxTcpQueueBytes: number;
}

/** Defaults; the composition root overrides what the configuration names. */
export const defaultTransportOptions: TransportOptions = {
  receiveBufferBytes: 4 << 20,
  sendBufferBytes: 4 << 20,
  maxQueuedDatagrams: 0,
  maxPeers: 10_000,
  maxHandshakes: 64,
  handshakeTimeoutMs: 10_000,
  connectTimeoutMs: 10_000,
  silenceTimeoutMs: 9_000,
  pathSilenceMs: 5_000,
  sweepPeriodMs: 500,
  maxAddressesPerPeer: 16,
  maxTcpConnections: 2_000,
  maxTcpConnectionsPerAddress: 64,
  tcpCheckTimeoutMs: 10_000,
  tcpSilenceTimeoutMs: 30_000,
  maxTcpFrameBytes: 4_096,
  maxTcpQueueBytes: 256 << 10,
};
