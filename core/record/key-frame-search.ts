// Finds where in the ring a recording begins.
import { PacketFlag } from '../rtp/packet-sink.ts';
import type { TrackRing } from '../stream/track-ring.ts';

/**
 * Sequence number of the newest key frame that came at `untilMs` (monotonic) or before, else of the
 * oldest one held; -1 when there is none in `[from, head)`.
 */
export function findKeyFrame(ring: TrackRing, untilMs: number, from: number): number {
  const oldest = Math.max(from, ring.tail);
  let found = -1;
  for (let sequence = ring.newestKeyFrame; sequence >= oldest; sequence--) {
    const slot = ring.slotOf(sequence);
    if (((ring.flags[slot] ?? 0) & PacketFlag.keyFrameStart) === 0) continue;
    found = sequence;
    if ((ring.arrivalsMs[slot] ?? 0) <= untilMs) break;
  }
  return found;
}
