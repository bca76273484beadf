// config.yml: the WebSocket hub at /ws.
import { key } from '../../core/config/config-key.ts';
import { count } from '../../core/config/value-schemas.ts';
import { defineSection } from './config-section.ts';
import { bytes, origins, period, positive } from './pro-values.ts';

/** Limits of the WebSocket hub. */
export interface WebsocketConfig {
  readonly maxClients: number;
  /** Messages that may wait for one client; further ones are skipped for this client. */
  readonly queueMessages: number;
  readonly pingIntervalMs: number;
  /** A client that answers no ping for this long is disconnected. */
  readonly pongTimeoutMs: number;
  /** A client that takes no byte for this long is disconnected. */
  readonly writeTimeoutMs: number;
  /** A client whose queue stays full for this long is closed with 1013. */
  readonly overflowTimeoutMs: number;
  /** Largest message from a client; longer ones close with 1009. */
  readonly maxInboundBytes: number;
  /** "*" or origins of web pages. */
  readonly allowedOrigins: readonly string[];
  /** Events kept for clients that come back with `?since=`. */
  readonly historyEvents: number;
  readonly historyBytes: number;
}

/** The section `websocket`. */
export const websocketSection = defineSection({
  keys: {
    maxClients: key(positive, 1000, 'Clients at a time; further ones get 503.'),
    queueMessages: key(positive, 256, 'Messages that may wait for one client.'),
    pingInterval: key(period, '54s', 'Time between two pings.'),
    pongTimeout: key(period, '60s', 'A client that answers no ping for this long is gone.'),
    writeTimeout: key(
      period,
      '10s',
      'A client that does not answer our close frame within this time is cut off.',
    ),
    overflowTimeout: key(period, '30s', 'A client whose queue is full for this long is closed.'),
    maxInboundBytes: key(bytes, 512, 'Largest message from a client.'),
    allowedOrigins: key(origins, ['*'], 'Web sites whose pages may connect.'),
    historyEvents: key(count, 10_000, 'Events kept for clients that come back.'),
    historyBytes: key(bytes, '16M', 'Most memory of these events.'),
  },
  toConfig: ({
    pingInterval,
    pongTimeout,
    writeTimeout,
    overflowTimeout,
    ...others
  }): WebsocketConfig => ({
    ...others,
    pingIntervalMs: pingInterval,
    pongTimeoutMs: pongTimeout,
    writeTimeoutMs: writeTimeout,
    overflowTimeoutMs: overflowTimeout,
  }),
  check: ({ pingInterval, pongTimeout }, report) => {
    if (pongTimeout > pingInterval) return;
    report.error(['pongTimeout'], "must be longer than 'pingInterval', or nobody stays connected");
  },
});
