// Settings of the WebSocket hub with their defaults.

/** Bounds and periods; all have defaults. */
export interface HubOptions {
  readonly maxClients: number;
  /** Per IPv4 address or IPv6 /64; Infinity sets no bound of its own. */
  readonly maxClientsPerIp: number;
  /** Messages that wait for one client, beside what its socket holds. */
  readonly maxQueueMessages: number;
  readonly maxQueueBytes: number;
  /** A client that loses events for this long without pause is closed with 1013. */
  readonly overflowMs: number;
  /** Longest message that a client may send; a longer one closes with 1009. */
  readonly maxInboundBytes: number;
  readonly pingPeriodMs: number;
  /** A client is gone when its last pong, or its handshake, is older. */
  readonly pongWaitMs: number;
  /** How long a client may take to answer our close frame. */
  readonly writeWaitMs: number;
  /** As `writeWaitMs`, while the server stops. */
  readonly stopWaitMs: number;
  /** Events that clients can come back to, by number and by bytes of their frames. */
  readonly maxHistoryEvents: number;
  readonly maxHistoryBytes: number;
  /** Origins of pages that may connect beside our own; undefined leaves it to the listener. */
  readonly allowedOrigins: readonly string[] | undefined;
}

/** The defaults. */
export const defaultHubOptions: HubOptions = {
  maxClients: 1000,
  maxClientsPerIp: Infinity,
  maxQueueMessages: 256,
  maxQueueBytes: 8 * 1024 * 1024,
  overflowMs: 30_000,
  maxInboundBytes: 512,
  pingPeriodMs: 54_000,
  pongWaitMs: 60_000,
  writeWaitMs: 10_000,
  stopWaitMs: 1000,
  maxHistoryEvents: 10_000,
  maxHistoryBytes: 16 * 1024 * 1024,
  allowedOrigins: undefined,
};
