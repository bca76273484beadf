// Maps RTP timestamps of one track to wall time and back, by sender reports or by arrival times.
import { tickDistance } from './sequence-number.ts';

/** What the mapping rests on. */
export type RtpClockBasis = 'none' | 'arrival' | 'sender-report';

/** The reference moves along before a 32-bit distance to it could become ambiguous. */
const REBASE_TICKS = 0x20000000;
/** Arrival times whose offset differs by more than this mean another timeline, not jitter. */
const RESYNC_MS = 1000;
/** A sender report this far from the newest packet cannot belong to it (broken camera firmware). */
const MAX_REPORT_DISTANCE_MS = 60_000;
/** Minima of the network delay are taken over windows this long. */
const WINDOW_MS = 5000;
/** Largest correction of the arrival mapping per elapsed time: 1 ms per 100 ms when it rises. */
const RISE_RATE = 0.01;
const TWO_32 = 0x100000000;

/**
 * Clock of one RTP stream. Timestamps are 32 bits, unsigned, and may wrap; distances are taken
 * across the wrap, so a timestamp must lie within 2^31 ticks of the newest one.
 *
 * Before the first sender report the mapping follows the packets that travelled fastest: network
 * delay only ever adds, so the lowest difference between arrival and media time in the last 5 to
 * 10 s is the best guess. From the first plausible report on, the sender's own wall clock counts.
 */
export class RtpClock {
  readonly clockRateHz: number;
  /** Sender reports refused because they contradict the packets. */
  ignoredReportCount = 0;
  #basis: RtpClockBasis = 'none';
  /** The reference point of the mapping: these ticks are this wall time. */
  #referenceTicks = 0;
  #referenceMs = 0;
  #newestTicks = 0;
  #hasPackets = false;
  #lastArrivalMs = 0;
  #windowStartMs = 0;
  #windowMinimumMs = 0;
  #previousMinimumMs = 0;

  constructor(clockRateHz: number) {
    this.clockRateHz = clockRateHz;
  }

  get basis(): RtpClockBasis {
    return this.#basis;
  }

  /**
   * Takes a sender report: `rtpTicks` were sampled at wall time `ntpMs` (Unix milliseconds).
   * Returns false when the report cannot be true: time zero, or far from the newest packet.
   */
  noteSenderReport(ntpMs: number, rtpTicks: number): boolean {
    const distanceMs = this.#hasPackets ? this.#ticksToMs(this.#newestTicks, rtpTicks) : 0;
    if (!(ntpMs > 0) || Math.abs(distanceMs) > MAX_REPORT_DISTANCE_MS) {
      this.ignoredReportCount++;
      return false;
    }
    this.#basis = 'sender-report';
    this.#referenceTicks = rtpTicks >>> 0;
    this.#referenceMs = ntpMs;
    return true;
  }

  /** Takes a packet's timestamp and its arrival in Unix milliseconds. */
  noteArrival(rtpTicks: number, arrivalMs: number): void {
    if (!this.#hasPackets) {
      this.#hasPackets = true;
      this.#newestTicks = rtpTicks >>> 0;
      if (this.#basis === 'none') this.#startFromArrival(rtpTicks, arrivalMs);
    }
    const aheadMs = this.#ticksToMs(this.#newestTicks, rtpTicks);
    // A long step back is a new timeline of the source, not a late packet.
    if (aheadMs > 0 || aheadMs < -MAX_REPORT_DISTANCE_MS) this.#newestTicks = rtpTicks >>> 0;
    if (this.#basis === 'arrival') this.#followArrival(rtpTicks, arrivalMs);
    if (Math.abs(tickDistance(this.#referenceTicks, rtpTicks)) > REBASE_TICKS) {
      this.#referenceMs += this.#ticksToMs(this.#referenceTicks, rtpTicks);
      this.#referenceTicks = rtpTicks >>> 0;
    }
  }

  /** Wall time in Unix milliseconds of a timestamp; undefined before any report or packet. */
  ntpMsAt(rtpTicks: number): number | undefined {
    if (this.#basis === 'none') return undefined;
    return this.#referenceMs + this.#ticksToMs(this.#referenceTicks, rtpTicks);
  }

  /** Timestamp (32 bits, unsigned) at a wall time; undefined before any report or packet. */
  rtpTicksAt(ntpMs: number): number | undefined {
    if (this.#basis === 'none') return undefined;
    const ticks = Math.round(((ntpMs - this.#referenceMs) * this.clockRateHz) / 1000);
    const shifted = this.#referenceTicks + ticks;
    return shifted - Math.floor(shifted / TWO_32) * TWO_32;
  }

  /** Adds `offsetTicks` to the timestamps of the mapping: they were renumbered by that much. */
  shift(offsetTicks: number): void {
    this.#referenceTicks = (this.#referenceTicks + offsetTicks) >>> 0;
    this.#newestTicks = (this.#newestTicks + offsetTicks) >>> 0;
  }

  /** Forgets everything, as after a restart of the source. */
  reset(): void {
    this.#basis = 'none';
    this.#hasPackets = false;
  }

  #startFromArrival(rtpTicks: number, arrivalMs: number): void {
    this.#basis = 'arrival';
    this.#referenceTicks = rtpTicks >>> 0;
    this.#referenceMs = arrivalMs;
    this.#lastArrivalMs = arrivalMs;
    this.#windowStartMs = arrivalMs;
    this.#windowMinimumMs = 0;
    this.#previousMinimumMs = Infinity;
  }

  /** All minima are kept relative to the current reference, so that it can move. */
  #followArrival(rtpTicks: number, arrivalMs: number): void {
    const mediaMs = this.#referenceMs + this.#ticksToMs(this.#referenceTicks, rtpTicks);
    const delayMs = arrivalMs - mediaMs;
    if (Math.abs(delayMs) > RESYNC_MS) {
      this.#startFromArrival(rtpTicks, arrivalMs);
      return;
    }
    if (arrivalMs - this.#windowStartMs > WINDOW_MS) {
      this.#previousMinimumMs = this.#windowMinimumMs;
      this.#windowMinimumMs = delayMs;
      this.#windowStartMs = arrivalMs;
    }
    this.#windowMinimumMs = Math.min(this.#windowMinimumMs, delayMs);
    const target = Math.min(this.#windowMinimumMs, this.#previousMinimumMs);
    const elapsedMs = Math.max(0, arrivalMs - this.#lastArrivalMs);
    this.#lastArrivalMs = Math.max(this.#lastArrivalMs, arrivalMs);
    // A faster packet proves the mapping late at once; a rising minimum may be passing congestion.
    this.#moveReference(target < 0 ? target : Math.min(target, elapsedMs * RISE_RATE));
  }

  #moveReference(correctionMs: number): void {
    this.#referenceMs += correctionMs;
    this.#windowMinimumMs -= correctionMs;
    this.#previousMinimumMs -= correctionMs;
  }

  #ticksToMs(from: number, to: number): number {
    return (tickDistance(from, to) * 1000) / this.clockRateHz;
  }
}
