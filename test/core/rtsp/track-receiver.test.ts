// Tests of the receiving end of a track: what is written, counted and reported.
import assert from 'node:assert/strict';
import type { TrackDescription } from '../../../core/codec/codec.ts';
import { TrackReceiver } from '../../../core/rtsp/track-receiver.ts';
import { ntpFractionOf, ntpSecondsOf } from '../../../core/rtp/rtcp-ntp.ts';
import { RtcpParser } from '../../../core/rtp/rtcp-parser.ts';
import { emptySenderInfo, type ReportBlock } from '../../../core/rtp/rtcp-reports.ts';
import { writeBye, writeSenderReport } from '../../../core/rtp/rtcp-writer.ts';
import { Stream } from '../../../core/stream/stream.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { rtpPacket } from '../../support/rtsp-fixture.ts';

const TRACK: TrackDescription = {
  kind: 'application',
  payloadType: 98,
  codec: { name: 'Generic', clockRateHz: 90000, rtpmap: 'vnd.test/90000', fmtp: '' },
};

interface Scene {
  readonly clock: FakeClock;
  readonly stream: Stream;
  readonly receiver: TrackReceiver;
}

function create(isUnordered: boolean): Scene {
  const clock = new FakeClock();
  const stream = new Stream([TRACK], { clock });
  const receiver = new TrackReceiver({
    ...{ trackIndex: 0, clockRateHz: 90000, payloadType: 98, isUnordered, reporterSsrc: 0xabcd },
  });
  receiver.setWriter(stream.attach([TRACK]));
  return { clock, stream, receiver };
}

function push({ receiver, clock }: Scene, ...sequenceNumbers: readonly number[]): void {
  for (const sequenceNumber of sequenceNumbers) {
    const payload = Buffer.of(sequenceNumber & 0xff);
    receiver.onRtp(rtpPacket({ sequenceNumber, payload }), clock.monotonicMs());
  }
}

/** Payload bytes in the ring; 0 for a hole. */
function stored({ stream }: Scene): number[] {
  const ring = stream.tracks[0]?.ring;
  assert.ok(ring);
  const values: number[] = [];
  for (let sequence = ring.tail; sequence < ring.head; sequence++) {
    const slot = ring.slotOf(sequence);
    const isHole = ring.lengths[slot] === 0;
    values.push(isHole ? 0 : (ring.bytes[(ring.offsets[slot] ?? 0) + 12] ?? 0));
  }
  return values;
}

function readReport({ receiver, clock }: Scene): { block: ReportBlock; cname: string } {
  const buffer = Buffer.alloc(128);
  const end = receiver.writeReport(buffer, 0, clock.monotonicMs());
  let block: ReportBlock | undefined;
  let cname = '';
  const isWhole = new RtcpParser().parse(buffer.subarray(0, end), {
    onReportBlock: (value) => (block = { ...value }),
    onCname: (_ssrc, text) => (cname = Buffer.from(text).toString()),
  });
  assert.equal(isWhole, true);
  assert.ok(block);
  return { block, cname };
}

describe('TrackReceiver', () => {
  it('writes packets to the stream and leaves a hole for lost ones', () => {
    const scene = create(false);
    push(scene, 1, 2, 5);
    assert.deepEqual(stored(scene), [1, 2, 0, 5]);
    assert.equal(scene.receiver.packetsReceived, 3);
    assert.equal(scene.receiver.packetsLost, 2);
  });

  it('sorts packets that come out of order and gives up a gap after its time', () => {
    const scene = create(true);
    push(scene, 1, 3, 2, 6);
    assert.deepEqual(stored(scene), [1, 2, 3]);
    const deadlineMs = scene.receiver.reorder?.deadlineMs;
    assert.ok(deadlineMs !== undefined);
    scene.clock.advance(deadlineMs - scene.clock.monotonicMs());
    scene.receiver.reorder?.poll(scene.clock.monotonicMs());
    assert.deepEqual(stored(scene), [1, 2, 3, 0, 6]);
    assert.equal(scene.receiver.packetsLost, 2);
  });

  it('counts what is no RTP of this track and drops it', () => {
    const scene = create(false);
    const { receiver } = scene;
    receiver.onRtp(Buffer.from('short'), 0);
    receiver.onRtp(Buffer.alloc(40), 0);
    receiver.onRtp(rtpPacket({ payloadType: 13, sequenceNumber: 1, payload: Buffer.of(1) }), 0);
    assert.equal(receiver.packetsInError, 3);
    assert.equal(receiver.packetsReceived, 0);
    assert.deepEqual(stored(scene), []);
  });

  it('tells whether an access unit is incomplete', () => {
    const { receiver } = create(false);
    const payload = Buffer.of(1);
    receiver.onRtp(rtpPacket({ sequenceNumber: 1, isMarked: false, payload }), 0);
    assert.equal(receiver.isInsideAccessUnit, true);
    receiver.onRtp(rtpPacket({ sequenceNumber: 2, isMarked: true, payload }), 0);
    assert.equal(receiver.isInsideAccessUnit, false);
  });

  it('reports what came and what was lost, with a CNAME', () => {
    const scene = create(false);
    push(scene, 10, 11, 13);
    const { block, cname } = readReport(scene);
    assert.equal(block.sourceSsrc, 0x1234);
    assert.equal(block.cumulativeLost, 1);
    assert.equal(block.extendedHighestSequence, 13);
    assert.notEqual(cname, '');
  });

  it('passes sender reports on and answers them in its own', () => {
    const scene = create(false);
    push(scene, 1);
    const info = emptySenderInfo();
    const ntpMs = Date.UTC(2026, 0, 1);
    info.senderSsrc = 0x1234;
    info.ntpSeconds = ntpSecondsOf(ntpMs);
    info.ntpFraction = ntpFractionOf(ntpMs);
    info.rtpTicks = 3000;
    const report = Buffer.alloc(28);
    writeSenderReport(report, 0, { info });
    scene.receiver.onRtcp(report, scene.clock.monotonicMs());
    scene.clock.advance(1000);
    assert.equal(scene.stream.clock.usesSourceClock, true);
    assert.equal(scene.stream.clock.ticksAt(0, scene.clock.monotonicMs()), 93_000);
    assert.equal(readReport(scene).block.delaySinceLastSenderReport, 65_536);
  });

  it('does not take the wall time of a source that has none', () => {
    const scene = create(false);
    push(scene, 1);
    const report = Buffer.alloc(28);
    writeSenderReport(report, 0, { info: emptySenderInfo() });
    scene.receiver.onRtcp(report, 0);
    assert.equal(scene.stream.tracks[0]?.kind, 'application');
    assert.equal(scene.receiver.reportsReceived, 1);
    assert.equal(scene.stream.clock.ticksAt(0, 0), 3000);
  });

  it('knows that its source left until it sends again', () => {
    const scene = create(false);
    push(scene, 1);
    const bye = Buffer.alloc(8);
    writeBye(bye, 0, 0x9999);
    scene.receiver.onRtcp(bye, 0);
    assert.equal(scene.receiver.hasLeft, false);
    writeBye(bye, 0, 0x1234);
    scene.receiver.onRtcp(bye, 0);
    assert.equal(scene.receiver.hasLeft, true);
    push(scene, 2);
    assert.equal(scene.receiver.hasLeft, false);
  });
});
