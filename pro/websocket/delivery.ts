// How events get from the hub to one client: what a socket offers, and what each way of delivery offers.
import type { HistoryEntry } from './event-history.ts';

/** The sending side of one client. */
export interface FrameSink {
  /** Enough is waiting in the socket; the next write belongs after it drained. */
  readonly isBlocked: boolean;
  write(frame: Buffer): void;
}

/** Brings events to one client in order, whatever its speed, in bounded memory. */
export interface Delivery {
  /** Events that did not reach this client. */
  readonly skipped: number;
  /** Monotonic ms since when the client loses events without pause; undefined while it doesn't. */
  readonly overflowSinceMs: number | undefined;
  /** New events, oldest first. */
  deliver(fresh: readonly HistoryEntry[]): void;
  /** The sink has room again. */
  resume(): void;
  /** Now and then, so that a quiet client knows where it stands. */
  refreshCursor?(): void;
}
