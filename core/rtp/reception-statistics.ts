// Counts what arrived and what was lost of one RTP stream, as receiver reports want it (RFC 3550 appendix A).
import { ntpMiddle } from './rtcp-ntp.ts';
import type { ReportBlock } from './rtcp-reports.ts';

/** Numbers of RFC 3550 appendix A.1. */
const MAX_DROPOUT = 3000;
const MAX_MISORDER = 100;
const SEQUENCE_MODULO = 0x10000;
const NO_SEQUENCE = -1;

/** What happened to the sequence numbers with a packet. */
export type ReceptionEvent = 'in-order' | 'reordered' | 'restarted' | 'implausible';

/**
 * Reception of one SSRC. Sequence numbers may restart; a single implausible one is left out of the
 * statistics until the next one confirms it.
 */
export class ReceptionStatistics {
  readonly clockRateHz: number;
  /** Packets since the start or the last restart of the source. */
  packetsReceived = 0;
  #cycles = 0;
  #baseSequence = NO_SEQUENCE;
  #highestSequence = 0;
  #suspectSequence = NO_SEQUENCE;
  #expectedPrior = 0;
  #receivedPrior = 0;
  #lostBeforeRestart = 0;
  #lastTransitTicks = NaN;
  #lastTimestampTicks = 0;
  #jitter = 0;
  #lastSenderReport = 0;
  #senderReportAtMs = 0;

  constructor(clockRateHz: number) {
    this.clockRateHz = clockRateHz;
  }

  /** Extended highest sequence number received (16-bit cycles included); 0 before any packet. */
  get extendedHighestSequence(): number {
    return this.#cycles + this.#highestSequence;
  }

  /** Packets expected minus received since the start; negative with duplicates (appendix A.3). */
  get cumulativeLost(): number {
    return this.#lostBeforeRestart + this.#expected - this.packetsReceived;
  }

  /** Interarrival jitter in clock ticks (appendix A.8). */
  get jitterTicks(): number {
    return Math.floor(this.#jitter);
  }

  get #expected(): number {
    if (this.#baseSequence === NO_SEQUENCE) return 0;
    return this.extendedHighestSequence - this.#baseSequence + 1;
  }

  /** Takes a packet's 16-bit sequence number, timestamp and arrival time (monotonic milliseconds). */
  onPacket(sequenceNumber: number, timestampTicks: number, arrivalMs: number): ReceptionEvent {
    const event = this.#updateSequence(sequenceNumber);
    if (event === 'implausible') return event;
    this.packetsReceived++;
    this.#updateJitter(timestampTicks, arrivalMs);
    return event;
  }

  /** Remembers a sender report for LSR and DLSR; `arrivalMs` is monotonic. */
  onSenderReport(ntpSeconds: number, ntpFraction: number, arrivalMs: number): void {
    this.#lastSenderReport = ntpMiddle(ntpSeconds, ntpFraction);
    this.#senderReportAtMs = arrivalMs;
  }

  /**
   * Fills `block` (its sourceSsrc excepted) for a report sent at `nowMs`. The fraction lost covers
   * the time since the previous call.
   */
  takeReport(block: ReportBlock, nowMs: number): void {
    const expected = this.#expected;
    const expectedInterval = expected - this.#expectedPrior;
    const lostInterval = expectedInterval - (this.packetsReceived - this.#receivedPrior);
    this.#expectedPrior = expected;
    this.#receivedPrior = this.packetsReceived;
    block.fractionLost =
      expectedInterval <= 0 || lostInterval <= 0
        ? 0
        : Math.min(255, Math.floor((lostInterval * 256) / expectedInterval));
    block.cumulativeLost = Math.max(-0x800000, Math.min(0x7fffff, this.cumulativeLost));
    block.extendedHighestSequence = this.extendedHighestSequence % 0x100000000;
    block.jitterTicks = Math.min(0xffffffff, this.jitterTicks);
    block.lastSenderReport = this.#lastSenderReport;
    block.delaySinceLastSenderReport = this.#delaySinceLastSenderReport(nowMs);
  }

  #delaySinceLastSenderReport(nowMs: number): number {
    if (this.#lastSenderReport === 0) return 0;
    const units = Math.round(((nowMs - this.#senderReportAtMs) * 0x10000) / 1000);
    return Math.max(0, Math.min(0xffffffff, units));
  }

  /** RFC 3550 appendix A.1, without the probation of a new source. */
  #updateSequence(sequence: number): ReceptionEvent {
    if (this.#baseSequence === NO_SEQUENCE) {
      this.#start(sequence);
      return 'in-order';
    }
    const ahead = (sequence - this.#highestSequence) & 0xffff;
    if (ahead < MAX_DROPOUT) {
      if (sequence < this.#highestSequence) this.#cycles += SEQUENCE_MODULO;
      this.#highestSequence = sequence;
      this.#suspectSequence = NO_SEQUENCE;
      return ahead === 0 ? 'reordered' : 'in-order';
    }
    if (ahead > SEQUENCE_MODULO - MAX_MISORDER) return 'reordered';
    if (sequence !== this.#suspectSequence) {
      this.#suspectSequence = (sequence + 1) & 0xffff;
      return 'implausible';
    }
    this.#lostBeforeRestart = this.cumulativeLost;
    this.#start(sequence);
    return 'restarted';
  }

  #start(sequence: number): void {
    this.#baseSequence = sequence;
    this.#highestSequence = sequence;
    this.#suspectSequence = NO_SEQUENCE;
    this.#cycles = 0;
    this.packetsReceived = 0;
    this.#expectedPrior = 0;
    this.#receivedPrior = 0;
    this.#lastTransitTicks = NaN;
  }

  /** RFC 3550 appendix A.8. Packets of one frame share a timestamp and only the first one counts. */
  #updateJitter(timestampTicks: number, arrivalMs: number): void {
    if (!Number.isNaN(this.#lastTransitTicks) && timestampTicks === this.#lastTimestampTicks)
      return;
    const arrivalTicks = (arrivalMs * this.clockRateHz) / 1000;
    const transit = arrivalTicks - timestampTicks;
    if (!Number.isNaN(this.#lastTransitTicks)) {
      const distance = Math.abs(wrapped(transit - this.#lastTransitTicks));
      this.#jitter += (distance - this.#jitter) / 16;
    }
    this.#lastTransitTicks = transit;
    this.#lastTimestampTicks = timestampTicks;
  }
}

/** `ticks` modulo 2^32 in -2^31..2^31. */
function wrapped(ticks: number): number {
  return ticks - Math.round(ticks / 0x100000000) * 0x100000000;
}
