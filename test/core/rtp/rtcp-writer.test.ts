// Tests of the RTCP writers: what they write, the parser reads; what does not fit is not begun.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { RtcpParser } from '../../../core/rtp/rtcp-parser.ts';
import { emptyReportBlock, type ReportBlock } from '../../../core/rtp/rtcp-reports.ts';
import {
  writeBye,
  writeFullIntraRequest,
  writeMaximumBitrate,
  writeNack,
  writePictureLoss,
  writeReceiverReport,
  writeSenderReport,
  writeSourceDescription,
} from '../../../core/rtp/rtcp-writer.ts';
import { RtcpRecorder, type RtcpRecord } from './rtcp-recorder.ts';

function read(buffer: Uint8Array, end: number): readonly RtcpRecord[] {
  const recorder = new RtcpRecorder();
  assert.equal(new RtcpParser().parse(buffer.subarray(0, end), recorder), true);
  return recorder.records;
}

const uint32 = fc.integer({ min: 0, max: 0xffffffff });
const blocks: fc.Arbitrary<ReportBlock> = fc.record(
  {
    sourceSsrc: uint32,
    fractionLost: fc.integer({ min: 0, max: 255 }),
    cumulativeLost: fc.integer({ min: -0x800000, max: 0x7fffff }),
    extendedHighestSequence: uint32,
    jitterTicks: uint32,
    lastSenderReport: uint32,
    delaySinceLastSenderReport: uint32,
  },
  { noNullPrototype: true },
);
const infos = fc.record(
  {
    senderSsrc: uint32,
    ntpSeconds: uint32,
    ntpFraction: uint32,
    rtpTicks: uint32,
    packetCount: uint32,
    octetCount: uint32,
  },
  { noNullPrototype: true },
);

describe('RTCP writers', () => {
  it('write reports that read back, one behind the other', () => {
    const buffer = new Uint8Array(2000);
    const lists = fc.array(blocks, { maxLength: 31 });
    fc.assert(
      fc.property(infos, lists, lists, (info, first, second) => {
        let end = writeSenderReport(buffer, 0, { info, blocks: first });
        end = writeReceiverReport(buffer, end, { senderSsrc: 5, blocks: second });
        assert.deepEqual(read(buffer, end), [
          ['sender-report', info],
          ...first.map((block) => ['block', block, info.senderSsrc]),
          ['receiver-report', 5],
          ...second.map((block) => ['block', block, 5]),
        ]);
      }),
      { numRuns: 300 },
    );
  });

  it('take counts modulo 2^32, so that reports go on after 4 GiB', () => {
    const buffer = new Uint8Array(28);
    const info = {
      senderSsrc: 1,
      ntpSeconds: 2,
      ntpFraction: 3,
      rtpTicks: 4,
      packetCount: 2 ** 32 + 7,
      octetCount: 3 * 2 ** 32 + 1188,
    };
    const [report] = read(buffer, writeSenderReport(buffer, 0, { info }));
    assert.deepEqual(report?.[1], { ...info, packetCount: 7, octetCount: 1188 });
  });

  it('write at most 31 blocks and clamp the loss count', () => {
    const buffer = new Uint8Array(2000);
    const block = { ...emptyReportBlock(), cumulativeLost: 1e9 };
    const list = Array.from({ length: 40 }, () => block);
    const records = read(buffer, writeReceiverReport(buffer, 0, { senderSsrc: 1, blocks: list }));
    assert.equal(records.length, 32);
    assert.match(JSON.stringify(records[1]), /"cumulativeLost":8388607/);
  });

  it('write a CNAME of any length, with its zero byte', () => {
    const buffer = new Uint8Array(400).fill(0xee);
    for (let length = 0; length <= 260; length++) {
      const cname = Buffer.alloc(length, 'c');
      const end = writeSourceDescription(buffer, 0, { ssrc: 77, cname });
      assert.equal(end % 4, 0);
      assert.equal(buffer[end - 1], 0);
      assert.deepEqual(read(buffer, end), [['cname', 77, 'c'.repeat(Math.min(255, length))]]);
    }
  });

  it('write BYE, PLI and FIR', () => {
    const buffer = new Uint8Array(64);
    let end = writeBye(buffer, 0, 0xfedcba98);
    end = writePictureLoss(buffer, end, { senderSsrc: 1, mediaSsrc: 0xaaaaaaaa });
    const request = { senderSsrc: 1, mediaSsrc: 0xbbbbbbbb, commandSequence: 255 };
    end = writeFullIntraRequest(buffer, end, request);
    assert.deepEqual(read(buffer, end), [
      ['bye', 0xfedcba98],
      ['picture-loss', 0xaaaaaaaa],
      ['full-intra', 0xbbbbbbbb, 255],
    ]);
  });

  it('write a NACK that names exactly the numbers, with few entries', () => {
    const buffer = new Uint8Array(2000);
    const starts = fc.integer({ min: 0, max: 65535 });
    const gaps = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(starts, gaps, (start, steps) => {
        let number = start;
        const numbers = steps.map((step) => (number = (number + step) & 0xffff));
        const request = { senderSsrc: 1, mediaSsrc: 2, sequenceNumbers: numbers };
        const end = writeNack(buffer, 0, { ...request, count: numbers.length });
        assert.deepEqual(
          read(buffer, end).map((record) => record[2]),
          numbers,
        );
      }),
      { numRuns: 500 },
    );
    const row = Array.from({ length: 17 }, (_, index) => (65530 + index) & 0xffff);
    const request = { senderSsrc: 1, mediaSsrc: 2, sequenceNumbers: row, count: 17 };
    assert.equal(writeNack(buffer, 0, request), 16);
    assert.equal(writeNack(buffer, 0, { ...request, count: 0 }), 0);
  });

  it('stop a NACK at the end of the buffer', () => {
    const buffer = new Uint8Array(16);
    const request = { senderSsrc: 1, mediaSsrc: 2, sequenceNumbers: [10, 100, 200], count: 3 };
    assert.deepEqual(read(buffer, writeNack(buffer, 0, request)), [['nack', 2, 10]]);
  });

  it('write the REMB of the draft byte by byte', () => {
    const buffer = new Uint8Array(24);
    const request = { senderSsrc: 1, bitrateBps: 8927168, mediaSsrcs: [1215622422] };
    assert.equal(writeMaximumBitrate(buffer, 0, request), 24);
    const expected = '8fce00050000000100000000' + '52454d42' + '011a20df' + '4874ed16';
    assert.equal(Buffer.from(buffer).toString('hex'), expected);
  });

  it('round a REMB down by less than 1 in 2^17', () => {
    const buffer = new Uint8Array(28);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 50 }), (bitrateBps) => {
        const request = { senderSsrc: 1, bitrateBps, mediaSsrcs: [2, 3] };
        const records = read(buffer, writeMaximumBitrate(buffer, 0, request));
        assert.equal(records.length, 2);
        const written = Number(records[0]?.[1]);
        assert.ok(written <= bitrateBps && written > bitrateBps * (1 - 2 ** -17) - 1);
      }),
      { numRuns: 1000 },
    );
  });

  it('write nothing at all when the buffer is too short', () => {
    const info = {
      senderSsrc: 1,
      ntpSeconds: 1,
      ntpFraction: 1,
      rtpTicks: 1,
      packetCount: 1,
      octetCount: 1,
    };
    const request = { senderSsrc: 1, mediaSsrc: 2, commandSequence: 3 };
    const writers: readonly ((buffer: Uint8Array, offset: number) => number)[] = [
      (buffer, offset) => writeSenderReport(buffer, offset, { info }),
      (buffer, offset) => writeReceiverReport(buffer, offset, { senderSsrc: 1 }),
      (buffer, offset) =>
        writeSourceDescription(buffer, offset, { ssrc: 1, cname: Buffer.from('a') }),
      (buffer, offset) => writeBye(buffer, offset, 1),
      (buffer, offset) => writePictureLoss(buffer, offset, request),
      (buffer, offset) => writeFullIntraRequest(buffer, offset, request),
      (buffer, offset) => writeNack(buffer, offset, { ...request, sequenceNumbers: [1], count: 1 }),
      (buffer, offset) =>
        writeMaximumBitrate(buffer, offset, { senderSsrc: 1, bitrateBps: 1, mediaSsrcs: [1] }),
    ];
    for (const write of writers) {
      const length = write(new Uint8Array(100), 0);
      assert.ok(length >= 8 && length % 4 === 0);
      const short = new Uint8Array(length + 3);
      assert.equal(write(short, 4), 4);
      assert.ok(short.every((byte) => byte === 0));
      assert.equal(write(new Uint8Array(length + 4), 4), length + 4);
    }
  });
});
