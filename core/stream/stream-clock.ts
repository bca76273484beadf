// Which RTP timestamp of each track belongs to one instant: what sender reports of all readers are made from.
import type { Codec } from '../codec/codec.ts';

/** Arrival times later than predicted move the mapping by this share, to follow clock drift. */
const DRIFT_SHARE = 1 / 512;
/** An arrival this much before or after its prediction is a new timeline, not jitter. */
const RESET_MS = 3000;
/**
 * A sender report so far from what arrived is of another timeline (the source's clock began anew), or
 * nonsense: no source sends media so much earlier or later than they are made.
 */
const MAX_REPORT_SKEW_MS = 10_000;

/** A sender report of the source (RFC 3550 section 6.4.1), timestamps in the ring's domain. */
export interface SourceReport {
  /** Wall time of the source in milliseconds; its epoch and error do not matter. */
  readonly ntpMs: number;
  readonly timestampTicks: number;
  /** Monotonic time at which the report came in. */
  readonly arrivalMs: number;
}

interface ClockedTrack {
  readonly kind: string;
  readonly codec: Codec;
}

interface TrackMapping {
  hasArrival: boolean;
  arrivalMs: number;
  arrivalTicks: number;
  report: SourceReport | undefined;
}

/**
 * Maps monotonic time to RTP timestamps for every track of a stream. Until each audio and video
 * track has had a sender report, arrival times decide (earliest arrivals win, since delay only
 * adds); afterwards the source's own clock does, so that lips stay in step however unevenly the
 * packets of the tracks arrive.
 */
export class StreamClock {
  readonly #tracks: readonly ClockedTrack[];
  readonly #mappings: TrackMapping[];
  /** Our monotonic time minus the source's wall time, smallest seen; undefined before a report. */
  #sourceOffsetMs: number | undefined;

  constructor(tracks: readonly ClockedTrack[]) {
    this.#tracks = tracks;
    this.#mappings = tracks.map(() => emptyMapping());
  }

  /** Whether the source's sender reports decide. */
  get usesSourceClock(): boolean {
    return this.#mappings.every(
      (mapping, index) =>
        mapping.report !== undefined || this.#tracks[index]?.kind === 'application',
    );
  }

  /** A packet that ends an access unit, or one of audio, arrived. Per packet: allocates nothing. */
  noteArrival(trackIndex: number, timestampTicks: number, arrivalMs: number): void {
    const mapping = this.#mappings[trackIndex];
    if (mapping === undefined) return;
    if (!mapping.hasArrival) {
      mapping.hasArrival = true;
      mapping.arrivalMs = arrivalMs;
      mapping.arrivalTicks = timestampTicks;
      return;
    }
    const ticks = (timestampTicks - mapping.arrivalTicks) | 0;
    const predictedMs = mapping.arrivalMs + (ticks * 1000) / this.#rateOf(trackIndex);
    const lateMs = arrivalMs - predictedMs;
    mapping.arrivalTicks = timestampTicks;
    if (lateMs > RESET_MS || lateMs < -RESET_MS) {
      mapping.arrivalMs = arrivalMs;
      if (mapping.report && !this.#isPlausible(trackIndex, mapping.report)) {
        mapping.report = undefined;
      }
    } else {
      mapping.arrivalMs = predictedMs + (lateMs < 0 ? lateMs : lateMs * DRIFT_SHARE);
    }
  }

  /** A report that contradicts the media is not believed, nor any that its track had before. */
  noteSenderReport(trackIndex: number, report: SourceReport): void {
    const mapping = this.#mappings[trackIndex];
    if (mapping === undefined) return;
    const isPlausible = this.#isPlausible(trackIndex, report);
    mapping.report = isPlausible ? report : undefined;
    if (!isPlausible) return;
    const offsetMs = report.arrivalMs - report.ntpMs;
    const knownMs = this.#sourceOffsetMs;
    const isJump = knownMs !== undefined && Math.abs(offsetMs - knownMs) > RESET_MS;
    if (isJump) this.#forgetReportsExcept(mapping);
    if (knownMs === undefined || isJump) this.#sourceOffsetMs = offsetMs;
    else {
      const lateMs = offsetMs - knownMs;
      this.#sourceOffsetMs = knownMs + (lateMs < 0 ? lateMs : lateMs * DRIFT_SHARE);
    }
  }

  /**
   * RTP timestamp (32 bits, ring domain) of a track at the monotonic time `atMs`; undefined before
   * its first packet.
   */
  ticksAt(trackIndex: number, atMs: number): number | undefined {
    const mapping = this.#mappings[trackIndex];
    if (mapping === undefined) return undefined;
    const rate = this.#rateOf(trackIndex);
    if (mapping.report && this.#sourceOffsetMs !== undefined && this.usesSourceClock) {
      const elapsedMs = atMs - this.#sourceOffsetMs - mapping.report.ntpMs;
      return (mapping.report.timestampTicks + Math.round((elapsedMs * rate) / 1000)) >>> 0;
    }
    if (!mapping.hasArrival) return undefined;
    const elapsedMs = atMs - mapping.arrivalMs;
    return (mapping.arrivalTicks + Math.round((elapsedMs * rate) / 1000)) >>> 0;
  }

  /** The source restarted: its old reports say nothing about the new timeline. */
  restart(): void {
    this.#sourceOffsetMs = undefined;
    for (const mapping of this.#mappings) {
      mapping.report = undefined;
      mapping.hasArrival = false;
    }
  }

  /** The wall clock of the source was set: what other tracks reported before can't be compared any more. */
  #forgetReportsExcept(newest: TrackMapping): void {
    for (const mapping of this.#mappings) if (mapping !== newest) mapping.report = undefined;
  }

  /** Whether a report is near what the arrivals of its track say; true before the first one. */
  #isPlausible(trackIndex: number, report: SourceReport): boolean {
    const mapping = this.#mappings[trackIndex];
    if (mapping?.hasArrival !== true) return true;
    const rate = this.#rateOf(trackIndex);
    const elapsedTicks = ((report.arrivalMs - mapping.arrivalMs) * rate) / 1000;
    const skewTicks = (report.timestampTicks - mapping.arrivalTicks - elapsedTicks) | 0;
    return Math.abs(skewTicks) <= (MAX_REPORT_SKEW_MS * rate) / 1000;
  }

  #rateOf(trackIndex: number): number {
    return this.#tracks[trackIndex]?.codec.clockRateHz ?? 90000;
  }
}

function emptyMapping(): TrackMapping {
  return { hasArrival: false, arrivalMs: 0, arrivalTicks: 0, report: undefined };
}
