// How much the TypeScript engine sends at a time, and when viewers jump, ask and get packets again.
import type { RetransmissionLimits } from './retransmission-limiter.ts';
import type { ViewerCursorOptions } from './viewer-cursor.ts';

/** Limits of the engine; every one has a default. */
export interface TsEgressEngineOptions extends ViewerCursorOptions, RetransmissionLimits {
  /** Packets sent to one viewer in one turn. */
  readonly slicePackets: number;
  /** The same while its next packet is older than `historyMs`: who catches up is in less of a hurry. */
  readonly historySlicePackets: number;
  readonly historyMs: number;
  /** Time between two turns of viewers that are behind, in milliseconds. */
  readonly slicePeriodMs: number;
  /** Packets sent to all viewers of a track in one turn; whoever is left comes after other work. */
  readonly turnPackets: number;
}

/**
 * Defaults. A slice of 64 packets of 1200 bytes is what a receive buffer of Linux's default size (212992
 * bytes, 2304 for such a packet) takes while its reader sleeps. Every 3 ms that is 200 Mbit/s: the
 * 250 packets of a 300 kB key frame leave within 9 ms. History flows at half that rate, so that a
 * whole GOP does not overrun the link of a viewer that joins; 6000 packets (7 MB, 14 s at 4 Mbit/s)
 * take half of the time after which a viewer counts as lagging. A turn of 4096 packets takes 10 to
 * 20 ms.
 */
export const DEFAULT_EGRESS_OPTIONS: TsEgressEngineOptions = {
  slicePackets: 64,
  historySlicePackets: 32,
  historyMs: 100,
  slicePeriodMs: 3,
  turnPackets: 4096,
  maxLagMs: 1000,
  keyFramePeriodMs: 1000,
  maxHistoryPackets: 6000,
  bytesPerSecond: 1_000_000,
  burstBytes: 500_000,
  minRepeatMs: 20,
};
