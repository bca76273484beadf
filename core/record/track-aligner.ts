// Puts the timelines of the tracks of a recording in step with that of the leading track.
import type { StreamClock } from '../stream/stream-clock.ts';
import type { TrackInput } from './track-input.ts';

/** Less is not heard. */
const TOLERANCE_MS = 10;
/** A correction goes so far at once, so that nobody notices it. */
const STEP_MS = 10;
/** More is no drift but a mistake, and corrected at once. */
const MAX_DRIFT_MS = 200;
/** Cameras exist whose reports are nonsense: media is not sent so much earlier or later than other media. */
const MAX_REPORT_SKEW_MS = 5000;

/**
 * Sender reports decide as soon as every track has one, as for RTSP readers; before that, for
 * sources without reports, and where reports contradict them, the earliest arrivals do.
 */
export class TrackAligner {
  readonly #clock: StreamClock;
  readonly #inputs: readonly TrackInput[];
  readonly #lead: TrackInput;
  readonly #offsets: (number | undefined)[];

  constructor(clock: StreamClock, inputs: readonly TrackInput[], lead: TrackInput) {
    this.#clock = clock;
    this.#inputs = inputs;
    this.#lead = lead;
    this.#offsets = inputs.map(() => undefined);
  }

  /**
   * Ticks to take off the timestamps of a track, so that equal times are equal seconds of the
   * leading track; undefined until both have had a sample. Integer.
   */
  offsetOf(index: number): number | undefined {
    return this.#inputs[index] === this.#lead ? 0 : this.#offsets[index];
  }

  /** Finds the offset of a track that has none. */
  align(index: number, nowMs: number): number | undefined {
    const known = this.offsetOf(index);
    if (known !== undefined) return known;
    return this.realign(index, nowMs);
  }

  /** Finds the offset anew: the timestamps of the track jumped. */
  realign(index: number, nowMs: number): number | undefined {
    if (this.#inputs[index] === this.#lead) return 0;
    this.#offsets[index] = this.#wantedOffset(index, nowMs);
    return this.#offsets[index];
  }

  /** Forgets all offsets. */
  reset(): void {
    this.#offsets.fill(undefined);
  }

  /** Moves the offsets a little towards what the clocks say now. */
  follow(nowMs: number): void {
    for (const [index, input] of this.#inputs.entries()) {
      const offset = this.#offsets[index];
      if (offset === undefined) continue;
      const wanted = this.#wantedOffset(index, nowMs);
      if (wanted === undefined) continue;
      const ticksPerMs = input.clockRateHz / 1000;
      const driftMs = (wanted - offset) / ticksPerMs;
      if (Math.abs(driftMs) > MAX_DRIFT_MS) this.#offsets[index] = wanted;
      else if (Math.abs(driftMs) > TOLERANCE_MS) {
        this.#offsets[index] = offset + Math.round(Math.sign(driftMs) * STEP_MS * ticksPerMs);
      }
    }
  }

  #wantedOffset(index: number, nowMs: number): number | undefined {
    const input = this.#inputs[index];
    if (input === undefined) return undefined;
    const seenMs = distance(this.#lead.arrivals.offsetMs, input.arrivals.offsetMs);
    if (seenMs === undefined) return undefined;
    const toldMs = this.#clock.usesSourceClock
      ? distance(this.#reportedMs(this.#lead, nowMs), this.#reportedMs(input, nowMs))
      : undefined;
    const isTrusted = toldMs !== undefined && Math.abs(toldMs - seenMs) <= MAX_REPORT_SKEW_MS;
    return Math.round(((isTrusted ? toldMs : seenMs) * input.clockRateHz) / 1000);
  }

  /** Monotonic time of tick 0, as the sender reports have it. */
  #reportedMs(input: TrackInput, nowMs: number): number | undefined {
    const wrapped = this.#clock.ticksAt(input.track.index, nowMs);
    const ticks = wrapped === undefined ? undefined : input.unwrap(wrapped);
    return ticks === undefined ? undefined : nowMs - (ticks * 1000) / input.clockRateHz;
  }
}

function distance(fromMs: number | undefined, toMs: number | undefined): number | undefined {
  return fromMs === undefined || toMs === undefined ? undefined : fromMs - toMs;
}
