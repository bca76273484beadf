// Puts the tracks of a stream where reading begins: at a key frame, and the sound around it.
import { findKeyFrame } from './key-frame-search.ts';
import type { TrackInput } from './track-input.ts';

/** Where to begin. */
export interface SeekTarget {
  /** Monotonic time. */
  readonly nowMs: number;
  /** The newest key frame that came until then is looked for; else the oldest one held. Monotonic. */
  readonly untilMs: number;
  /** Packets of the leading track before it are not read again. */
  readonly from: number;
}

/** How much earlier than a key frame the sound that belongs to it may have come. */
const MAX_SOUND_LEAD_MS = 1500;

/** Returns false, and moves nothing, while there is no key frame to begin at. */
export function seekInputs(
  tracks: { readonly inputs: readonly TrackInput[]; readonly lead: TrackInput },
  { nowMs, untilMs, from }: SeekTarget,
): boolean {
  const { inputs, lead } = tracks;
  const { ring } = lead.track;
  if (lead.isVideo) {
    const keyFrame = findKeyFrame(ring, untilMs, from);
    if (keyFrame < 0) return false;
    lead.moveTo(keyFrame);
  } else {
    // The newest sound is cached too, but without a picture nobody asked for it.
    lead.moveToTime(untilMs);
  }
  const slot = ring.slotOf(lead.next);
  const arrivalMs = lead.next < ring.head ? (ring.arrivalsMs[slot] ?? nowMs) : nowMs;
  for (const input of inputs) {
    if (input !== lead) input.moveToTime(arrivalMs - MAX_SOUND_LEAD_MS);
  }
  return true;
}
