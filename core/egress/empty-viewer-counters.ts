// Where the engine writes a viewer's counters, before it wrote any.
import type { ViewerCounters } from './egress-engine.ts';

/** Counters with every field zero, for `EgressEngine.readCounters`. */
export function emptyViewerCounters(): ViewerCounters {
  return {
    packetsSent: 0,
    octetsSent: 0,
    packetsRetransmitted: 0,
    packetsDropped: 0,
    skips: 0,
    hasStarted: false,
    timestampOffsetTicks: 0,
  };
}
