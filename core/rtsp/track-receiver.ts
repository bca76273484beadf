// The receiving end of one track: RTP into a stream writer, RTCP in and receiver reports out.
import { readUint8, readUint16, readUint32 } from '../base/bytes.ts';
import { ReceptionStatistics } from '../rtp/reception-statistics.ts';
import { ReorderBuffer, type ReorderHandler } from '../rtp/reorder-buffer.ts';
import { unixMsFromNtp } from '../rtp/rtcp-ntp.ts';
import { RtcpParser, type RtcpVisitor } from '../rtp/rtcp-parser.ts';
import { emptyReportBlock, type SenderInfo } from '../rtp/rtcp-reports.ts';
import { writeReceiverReport, writeSourceDescription } from '../rtp/rtcp-writer.ts';
import { RTP_HEADER_BYTES } from '../rtp/rtp-packet.ts';
import type { SourceWriter } from '../stream/source-writer.ts';

/** What a receiver needs to know about its track. */
export interface TrackReceiverOptions {
  /** Position in the stream's track list. */
  readonly trackIndex: number;
  readonly clockRateHz: number;
  readonly payloadType: number;
  /** Whether packets may come out of order (UDP) and have to be sorted. */
  readonly isUnordered: boolean;
  /** SSRC of our reports. */
  readonly reporterSsrc: number;
}

const CNAME = Buffer.from('mediamtx-pro');

/** Bytes enough for one compound report. */
export const MAX_REPORT_BYTES = 128;

/**
 * Takes the packets of one track from whatever transport. Bytes are used only during a call. The
 * caller wakes the stream's readers (`writer.publish()`) once per read.
 */
export class TrackReceiver implements ReorderHandler, RtcpVisitor {
  readonly trackIndex: number;
  readonly reorder: ReorderBuffer | undefined;
  /** Monotonic time of the newest RTP packet; -Infinity before the first. */
  lastPacketMs = Number.NEGATIVE_INFINITY;
  /** Whether the newest packet did not end its access unit, so that more is on its way. */
  isInsideAccessUnit = false;
  /** Whether the source said goodbye (RTCP BYE) and sent nothing since. */
  hasLeft = false;
  /** RTP and RTCP bytes. */
  bytesReceived = 0;
  packetsReceived = 0;
  packetsInError = 0;
  reportsReceived = 0;

  readonly #statistics: ReceptionStatistics;
  readonly #payloadType: number;
  readonly #reporterSsrc: number;
  readonly #rtcp = new RtcpParser();
  readonly #block = emptyReportBlock();
  #writer: SourceWriter | undefined;
  #ssrc = -1;
  #nowMs = 0;

  constructor(options: TrackReceiverOptions) {
    this.trackIndex = options.trackIndex;
    this.#statistics = new ReceptionStatistics(options.clockRateHz);
    this.#payloadType = options.payloadType;
    this.#reporterSsrc = options.reporterSsrc;
    this.reorder = options.isUnordered ? new ReorderBuffer(this) : undefined;
  }

  /** Packets that never came. */
  get packetsLost(): number {
    return this.reorder ? this.reorder.lostCount : Math.max(0, this.#statistics.cumulativeLost);
  }

  /** RTCP packets that were malformed. */
  get reportsInError(): number {
    return this.#rtcp.malformedCount;
  }

  get jitterTicks(): number {
    return this.#statistics.jitterTicks;
  }

  /** Where packets go; undefined drops them. */
  setWriter(writer: SourceWriter | undefined): void {
    this.#writer = writer;
  }

  /** Takes one RTP packet that came at `nowMs` (monotonic). */
  onRtp(bytes: Uint8Array, nowMs: number): void {
    this.bytesReceived += bytes.length;
    if (bytes.length < RTP_HEADER_BYTES || readUint8(bytes, 0) >> 6 !== 2) {
      this.packetsInError++;
      return;
    }
    const second = readUint8(bytes, 1);
    if ((second & 0x7f) !== this.#payloadType) {
      // Comfort noise, telephone events, keep-alives: not part of this track.
      this.packetsInError++;
      return;
    }
    const sequenceNumber = readUint16(bytes, 2);
    this.#ssrc = readUint32(bytes, 8);
    this.lastPacketMs = nowMs;
    this.isInsideAccessUnit = second < 0x80;
    this.hasLeft = false;
    this.packetsReceived++;
    this.#statistics.onPacket(sequenceNumber, readUint32(bytes, 4), nowMs);
    if (this.reorder) this.reorder.push(bytes, sequenceNumber, nowMs);
    else this.onPacket(bytes);
  }

  /** Takes one compound RTCP packet. */
  onRtcp(bytes: Uint8Array, nowMs: number): void {
    this.bytesReceived += bytes.length;
    this.reportsReceived++;
    this.#nowMs = nowMs;
    this.#rtcp.parse(bytes, this);
  }

  /** Writes a receiver report with CNAME into `buffer` and returns its end; `offset` when it doesn't fit. */
  writeReport(buffer: Uint8Array, offset: number, nowMs: number): number {
    const block = this.#block;
    block.sourceSsrc = this.#ssrc >>> 0;
    this.#statistics.takeReport(block, nowMs);
    const blocks = this.#ssrc === -1 ? [] : [block];
    const end = writeReceiverReport(buffer, offset, { senderSsrc: this.#reporterSsrc, blocks });
    return writeSourceDescription(buffer, end, { ssrc: this.#reporterSsrc, cname: CNAME });
  }

  /** For the reorder buffer: the next packet in order. */
  onPacket(bytes: Uint8Array): void {
    this.#writer?.writeRtp(this.trackIndex, bytes);
  }

  onLoss(): void {
    // The stream's track sees the gap in the sequence numbers itself.
  }

  onRestart(): void {
    // The stream's track sees the new numbering itself.
  }

  /** For the RTCP parser. */
  onSenderReport(info: SenderInfo): void {
    const { ntpSeconds, ntpFraction, rtpTicks } = info;
    this.#statistics.onSenderReport(ntpSeconds, ntpFraction, this.#nowMs);
    // Some cameras send no wall time at all; a zero would put their tracks years apart.
    if (ntpSeconds === 0) return;
    const ntpMs = unixMsFromNtp(ntpSeconds, ntpFraction);
    this.#writer?.writeSenderReport(this.trackIndex, ntpMs, rtpTicks);
  }

  /** For the RTCP parser. */
  onBye(ssrc: number): void {
    if (ssrc === this.#ssrc) this.hasLeft = true;
  }
}
