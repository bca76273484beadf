// A data channel as its users see it (RFC 8831), whatever carries it.

/** A channel that is open. */
export interface DataChannel {
  readonly label: string;
  /**
   * Queues a message; false when the channel is closed, the message too long for the peer, or 4 MB
   * wait already.
   */
  send(message: string | Uint8Array): boolean;
  /** Idempotent; calls nothing back. */
  close(): void;
}

/** The one channel that a peer may offer, and who is told of it. */
export interface DataChannelWish {
  readonly label: string;
  /** Default true. */
  readonly isOrdered?: boolean;
  /** Retransmissions after which a message is given up; undefined for never. */
  readonly maxRetransmits?: number;
  readonly onOpen: (channel: DataChannel) => void;
  /** Text or binary, as it was sent; bytes may be kept. */
  readonly onMessage: (message: string | Uint8Array) => void;
  /** The other end closed an open channel, or it failed. Called at most once. */
  readonly onClose: (reason: string) => void;
  /** There will be no channel: the answer refuses it. */
  readonly onRefused: (reason: string) => void;
}
