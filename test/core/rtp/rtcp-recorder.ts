// A visitor for tests that writes down what the RTCP parser found.
import type { RtcpVisitor } from '../../../core/rtp/rtcp-parser.ts';
import type { ReportBlock, SenderInfo } from '../../../core/rtp/rtcp-reports.ts';

export type RtcpRecord = readonly [event: string, ...facts: unknown[]];

/** Copies what it is told. */
export class RtcpRecorder implements RtcpVisitor {
  readonly records: RtcpRecord[] = [];

  onSenderReport(info: SenderInfo): void {
    this.records.push(['sender-report', { ...info }]);
  }

  onReceiverReport(senderSsrc: number): void {
    this.records.push(['receiver-report', senderSsrc]);
  }

  onReportBlock(block: ReportBlock, senderSsrc: number): void {
    this.records.push(['block', { ...block }, senderSsrc]);
  }

  onCname(ssrc: number, cname: Uint8Array): void {
    this.records.push(['cname', ssrc, Buffer.from(cname).toString()]);
  }

  onBye(ssrc: number): void {
    this.records.push(['bye', ssrc]);
  }

  onNack(mediaSsrc: number, sequenceNumber: number): void {
    this.records.push(['nack', mediaSsrc, sequenceNumber]);
  }

  onPictureLoss(mediaSsrc: number): void {
    this.records.push(['picture-loss', mediaSsrc]);
  }

  onFullIntraRequest(mediaSsrc: number, commandSequence: number): void {
    this.records.push(['full-intra', mediaSsrc, commandSequence]);
  }

  onMaximumBitrate(bitrateBps: number, mediaSsrc: number): void {
    this.records.push(['maximum-bitrate', bitrateBps, mediaSsrc]);
  }
}
