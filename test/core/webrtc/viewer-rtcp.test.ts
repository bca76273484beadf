// Tests of a viewer's RTCP: what its wishes cause, and the sender reports it gets.
import assert from 'node:assert/strict';
import type { ViewerCounters, ViewerHandle } from '../../../core/egress/egress-engine.ts';
import { unixMsFromNtp } from '../../../core/rtp/rtcp-ntp.ts';
import { RtcpParser } from '../../../core/rtp/rtcp-parser.ts';
import {
  emptyReportBlock,
  type ReportBlock,
  type SenderInfo,
} from '../../../core/rtp/rtcp-reports.ts';
import {
  writeFullIntraRequest,
  writeMaximumBitrate,
  writeNack,
  writePictureLoss,
  writeReceiverReport,
} from '../../../core/rtp/rtcp-writer.ts';
import { ViewerRtcp } from '../../../core/webrtc/viewer-rtcp.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { RtcpRecorder } from '../rtp/rtcp-recorder.ts';
import { attachedStream, OPUS, rtpPacket, VP8, VP8_KEY_FRAME } from './sample-stream.ts';

const VIDEO_SSRC = 0x1000;
const AUDIO_SSRC = 0x2000;
const VIDEO_HANDLE = 7;
const AUDIO_HANDLE = 8;

/** Notes what an engine is asked for. */
class FakeEngine {
  readonly retransmissions: (readonly [ViewerHandle, readonly number[]])[] = [];
  readonly sent: (readonly [ViewerHandle, Uint8Array])[] = [];
  readonly counters = new Map<ViewerHandle, Partial<ViewerCounters>>();

  retransmit(viewer: ViewerHandle, sequenceNumbers: Uint16Array, count: number): void {
    this.retransmissions.push([viewer, [...sequenceNumbers.subarray(0, count)]]);
  }

  sendRtcp(viewer: ViewerHandle, compound: Uint8Array): void {
    this.sent.push([viewer, compound.slice()]);
  }

  readCounters(viewer: ViewerHandle, into: ViewerCounters): void {
    Object.assign(into, {
      ...{ packetsSent: 0, octetsSent: 0, packetsRetransmitted: 0, packetsDropped: 0, skips: 0 },
      ...{ hasStarted: false, timestampOffsetTicks: 0 },
      ...this.counters.get(viewer),
    });
  }
}

class Fixture {
  // Half a second into a second: a wrong fraction is seen.
  readonly clock = new FakeClock(Date.UTC(2026, 10, 21, 12, 0, 0, 500));
  readonly engine = new FakeEngine();
  keyFrameRequests = 0;
  readonly rtcp: ViewerRtcp;
  readonly write: (track: number, ticks: number) => void;

  constructor() {
    const { stream, writer } = attachedStream(this.clock, [VP8, OPUS], {
      onKeyFrameRequest: () => this.keyFrameRequests++,
    });
    const [video, audio] = stream.tracks;
    assert.ok(video && audio);
    const medias = [
      { stream, track: video, handle: VIDEO_HANDLE, ssrc: VIDEO_SSRC },
      { stream, track: audio, handle: AUDIO_HANDLE, ssrc: AUDIO_SSRC },
    ];
    this.rtcp = new ViewerRtcp(
      { clock: this.clock, engine: this.engine },
      { medias, cname: 'cam' },
    );
    let sequence = 0;
    this.write = (track, ticks) => {
      const payload = track === 0 ? VP8_KEY_FRAME : Uint8Array.of(0x78, 1, 2);
      const fields = { payloadType: 96 + track, sequence: sequence++, ticks, payload };
      writer.writeRtp(track, rtpPacket({ ...fields, isMarked: true }));
    };
  }

  receive(...writers: readonly ((buffer: Uint8Array, offset: number) => number)[]): void {
    const buffer = new Uint8Array(2000);
    const end = writers.reduce((offset, write) => write(buffer, offset), 0);
    this.rtcp.receive(buffer.subarray(0, end));
  }

  get roundTripMs(): number {
    return this.rtcp.reception.roundTripMs ?? 0;
  }

  /** The records of the first packet sent since the last call. */
  takeRecords(): RtcpRecorder['records'] {
    return this.takeSent()[0]?.[1] ?? [];
  }

  /** What was sent since the last call, by viewer handle. */
  takeSent(): (readonly [ViewerHandle, RtcpRecorder['records']])[] {
    return this.engine.sent.splice(0).map(([handle, bytes]) => {
      const recorder = new RtcpRecorder();
      assert.equal(new RtcpParser().parse(bytes, recorder), true);
      return [handle, recorder.records] as const;
    });
  }
}

const nack =
  (mediaSsrc: number, ...sequenceNumbers: readonly number[]) =>
  (buffer: Uint8Array, offset: number) =>
    writeNack(buffer, offset, {
      ...{ senderSsrc: 1, mediaSsrc, sequenceNumbers, count: sequenceNumbers.length },
    });

const pictureLoss = (mediaSsrc: number) => (buffer: Uint8Array, offset: number) =>
  writePictureLoss(buffer, offset, { senderSsrc: 1, mediaSsrc });

const report =
  (...blocks: readonly Partial<ReportBlock>[]) =>
  (buffer: Uint8Array, offset: number) =>
    writeReceiverReport(buffer, offset, {
      senderSsrc: 1,
      blocks: blocks.map((block) => ({ ...emptyReportBlock(), ...block })),
    });

function senderInfo(records: RtcpRecorder['records']): SenderInfo {
  const recorder = records.find(([event]) => event === 'sender-report');
  assert.ok(recorder);
  // The recorder copies what the parser gave it.
  return recorder[1] as SenderInfo;
}

describe('ViewerRtcp', () => {
  it('has missing packets sent again, one call per track', () => {
    const fixture = new Fixture();
    fixture.receive(report(), nack(VIDEO_SSRC, 5, 6, 30, 65535), nack(AUDIO_SSRC, 9));
    assert.deepEqual(fixture.engine.retransmissions, [
      [VIDEO_HANDLE, [5, 6, 30, 65535]],
      [AUDIO_HANDLE, [9]],
    ]);
    assert.equal(fixture.rtcp.reception.nackedPackets, 5);
  });

  it('joins the NACKs of a compound packet that are for one track', () => {
    const fixture = new Fixture();
    fixture.receive(nack(VIDEO_SSRC, 1), nack(VIDEO_SSRC, 40));
    assert.deepEqual(fixture.engine.retransmissions, [[VIDEO_HANDLE, [1, 40]]]);
  });

  it('leaves NACKs for unknown SSRCs alone, wherever they stand', () => {
    const fixture = new Fixture();
    fixture.receive(nack(0x9999, 1), nack(VIDEO_SSRC, 2), nack(0x9999, 3));
    assert.deepEqual(fixture.engine.retransmissions, [[VIDEO_HANDLE, [2]]]);
    fixture.receive(nack(0x9999, 4));
    assert.equal(fixture.engine.retransmissions.length, 1);
  });

  it('bounds what one packet can ask for', () => {
    const fixture = new Fixture();
    const many = Array.from({ length: 1500 }, (_, index) => index);
    fixture.receive(nack(VIDEO_SSRC, ...many));
    assert.equal(fixture.engine.retransmissions[0]?.[1].length, 512);
    assert.equal(fixture.rtcp.reception.nackedPackets, 512);
  });

  it('asks the source for a key frame on PLI and FIR, at most once a second', () => {
    const fixture = new Fixture();
    fixture.receive(pictureLoss(VIDEO_SSRC));
    assert.equal(fixture.keyFrameRequests, 1);
    const request = { senderSsrc: 1, mediaSsrc: VIDEO_SSRC, commandSequence: 1 };
    fixture.receive((buffer, offset) => writeFullIntraRequest(buffer, offset, request));
    fixture.receive(pictureLoss(VIDEO_SSRC), pictureLoss(VIDEO_SSRC));
    assert.equal(fixture.keyFrameRequests, 1);
    fixture.clock.advance(1000);
    assert.equal(fixture.keyFrameRequests, 2);
    assert.equal(fixture.rtcp.reception.keyFrameRequests, 4);
  });

  it('does not ask for key frames of audio or of strangers', () => {
    const fixture = new Fixture();
    fixture.receive(pictureLoss(AUDIO_SSRC), pictureLoss(0), pictureLoss(0x9999));
    assert.equal(fixture.keyFrameRequests, 0);
  });

  it('reports nothing before the first packet went out', () => {
    const fixture = new Fixture();
    fixture.write(0, 3000);
    fixture.rtcp.sendReports();
    assert.deepEqual(fixture.takeSent(), []);
  });

  it('sends a report of the present instant with the real fraction of a second', () => {
    const fixture = new Fixture();
    fixture.write(0, 90_000);
    fixture.write(1, 48_000);
    fixture.engine.counters.set(VIDEO_HANDLE, {
      ...{ hasStarted: true, packetsSent: 12, octetsSent: 3456, timestampOffsetTicks: 1000 },
    });
    fixture.clock.advance(250);
    fixture.rtcp.sendReports();
    const sent = fixture.takeSent();
    assert.deepEqual(
      sent.map(([handle]) => handle),
      [VIDEO_HANDLE],
    );
    const records = sent[0]?.[1] ?? [];
    const info = senderInfo(records);
    assert.equal(info.senderSsrc, VIDEO_SSRC);
    assert.equal(info.ntpFraction, 0xc0000000);
    assert.equal(unixMsFromNtp(info.ntpSeconds, info.ntpFraction), fixture.clock.nowMs());
    // 250 ms after the frame, in the numbers that the viewer sees.
    assert.equal(info.rtpTicks, 90_000 + 22_500 + 1000);
    assert.deepEqual([info.packetCount, info.octetCount], [12, 3456]);
    assert.deepEqual(records[1], ['cname', VIDEO_SSRC, 'cam']);
  });

  it('counts octets on beyond 32 bits and ticks around their end', () => {
    const fixture = new Fixture();
    fixture.write(0, 0xffffff00);
    fixture.engine.counters.set(VIDEO_HANDLE, {
      ...{ hasStarted: true, octetsSent: 2 ** 33 + 5, packetsSent: 2 ** 32 + 1 },
      timestampOffsetTicks: 0xf0000000,
    });
    fixture.clock.advance(1000);
    fixture.rtcp.sendReports();
    const records = fixture.takeRecords();
    const info = senderInfo(records);
    assert.deepEqual([info.octetCount, info.packetCount], [5, 1]);
    assert.equal(info.rtpTicks, (0xffffff00 + 90_000 + 0xf0000000) % 2 ** 32);
  });

  it('says goodbye for every track', () => {
    const fixture = new Fixture();
    const goodbye = (ssrc: number): RtcpRecorder['records'] => [
      ['receiver-report', ssrc],
      ['cname', ssrc, 'cam'],
      ['bye', ssrc],
    ];
    fixture.rtcp.sendBye();
    assert.deepEqual(fixture.takeSent(), [
      [VIDEO_HANDLE, goodbye(VIDEO_SSRC)],
      [AUDIO_HANDLE, goodbye(AUDIO_SSRC)],
    ]);
  });

  it('measures the round trip from the report that it sent', () => {
    const fixture = new Fixture();
    fixture.write(0, 90_000);
    fixture.engine.counters.set(VIDEO_HANDLE, { hasStarted: true });
    fixture.rtcp.sendReports();
    const records = fixture.takeRecords();
    const { ntpSeconds, ntpFraction } = senderInfo(records);
    fixture.clock.advance(140);
    const lastSenderReport = (((ntpSeconds & 0xffff) << 16) | (ntpFraction >>> 16)) >>> 0;
    const delaySinceLastSenderReport = Math.round(0.1 * 0x10000);
    const block = { sourceSsrc: VIDEO_SSRC, lastSenderReport, delaySinceLastSenderReport };
    fixture.receive(report({ ...block, sourceSsrc: 0x9999 }));
    assert.equal(fixture.rtcp.reception.roundTripMs, undefined);
    fixture.receive(report(block));
    assert.ok(Math.abs(fixture.roundTripMs - 40) < 0.1);
    fixture.receive(report({ sourceSsrc: VIDEO_SSRC }));
    assert.ok(Math.abs(fixture.roundTripMs - 40) < 0.1);
  });

  it('adds up what the tracks lost, and never goes back', () => {
    const fixture = new Fixture();
    const lost = (sourceSsrc: number, cumulativeLost: number): Partial<ReportBlock> => ({
      ...{ sourceSsrc, cumulativeLost },
    });
    fixture.receive(report(lost(VIDEO_SSRC, 5), lost(AUDIO_SSRC, 2), lost(0x9999, 50)));
    fixture.receive(report(lost(VIDEO_SSRC, 4), lost(AUDIO_SSRC, -3)));
    fixture.receive(report(lost(VIDEO_SSRC, 6)));
    assert.equal(fixture.rtcp.reception.packetsLost, 8);
    assert.equal(fixture.rtcp.reception.rtcpPacketsReceived, 3);
  });

  it('keeps the estimate of the viewer', () => {
    const fixture = new Fixture();
    const estimate = { senderSsrc: 1, bitrateBps: 1_500_000, mediaSsrcs: [VIDEO_SSRC] };
    fixture.receive((buffer, offset) => writeMaximumBitrate(buffer, offset, estimate));
    const bps = fixture.rtcp.reception.maximumBitrateBps ?? 0;
    assert.ok(bps > 1_499_000 && bps <= 1_500_000, `${bps}`);
  });

  it('takes any bytes', () => {
    const fixture = new Fixture();
    for (let length = 0; length < 64; length++) {
      fixture.rtcp.receive(Buffer.alloc(length, 0x81));
      fixture.rtcp.receive(Buffer.alloc(length, 205));
    }
    assert.deepEqual(fixture.engine.retransmissions, []);
    assert.equal(fixture.rtcp.reception.rtcpPacketsReceived, 128);
  });
});
