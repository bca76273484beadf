// Tests of the RTCP parser with packets written down by hand, and with broken ones.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { isRtcp, RtcpParser } from '../../../core/rtp/rtcp-parser.ts';
import { RtcpRecorder, type RtcpRecord } from './rtcp-recorder.ts';

function hex(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text.replaceAll(/\s/g, ''), 'hex'));
}

function parse(bytes: Uint8Array): { readonly isOk: boolean; readonly records: RtcpRecord[] } {
  const recorder = new RtcpRecorder();
  const isOk = new RtcpParser().parse(bytes, recorder);
  return { isOk, records: recorder.records };
}

const RECEIVER_REPORT = hex(`81c90007 902f9e2e
  bc5e9a40 00000000 000046e1 00000111 09f36432 00024a79`);
const SENDER_REPORT = hex(`81c8000c 902f9e2e
  da8bd1fc dddda05a aaf4edd5 00000001 00000002
  bc5e9a40 80fffffe 000046e1 00000111 09f36432 00024a79`);

describe('RtcpParser.parse()', () => {
  it('reads a receiver report and its block', () => {
    const { isOk, records } = parse(RECEIVER_REPORT);
    assert.equal(isOk, true);
    const block = {
      sourceSsrc: 0xbc5e9a40,
      fractionLost: 0,
      cumulativeLost: 0,
      extendedHighestSequence: 0x46e1,
      jitterTicks: 273,
      lastSenderReport: 0x9f36432,
      delaySinceLastSenderReport: 150137,
    };
    assert.deepEqual(records, [
      ['receiver-report', 0x902f9e2e],
      ['block', block, 0x902f9e2e],
    ]);
  });

  it('reads a sender report with a negative loss count', () => {
    const [report, block] = parse(SENDER_REPORT).records;
    assert.deepEqual(report?.[1], {
      senderSsrc: 0x902f9e2e,
      ntpSeconds: 0xda8bd1fc,
      ntpFraction: 0xdddda05a,
      rtpTicks: 0xaaf4edd5,
      packetCount: 1,
      octetCount: 2,
    });
    const facts = JSON.stringify(block?.[1]);
    assert.match(facts, /"fractionLost":128,"cumulativeLost":-2/);
  });

  it('reads a CNAME behind other items and over several chunks', () => {
    const bytes = hex(`82ca0006 00000001 0602 4142 0103 636174 000000
      00000002 0101 78 00`);
    assert.deepEqual(parse(bytes).records, [
      ['cname', 1, 'cat'],
      ['cname', 2, 'x'],
    ]);
  });

  it('reads every SSRC of a BYE', () => {
    assert.deepEqual(parse(hex('82cb0002 00000001 fffffffe')).records, [
      ['bye', 1],
      ['bye', 0xfffffffe],
    ]);
  });

  it('expands the bitmask of a NACK across the wrap', () => {
    const { records } = parse(hex('81cd0003 00000001 00000009 fffe 8003'));
    assert.deepEqual(records, [
      ['nack', 9, 0xfffe],
      ['nack', 9, 0xffff],
      ['nack', 9, 0],
      ['nack', 9, 14],
    ]);
  });

  it('reads PLI, FIR and REMB', () => {
    assert.deepEqual(parse(hex('81ce0002 00000001 4bc4fcb4')).records, [
      ['picture-loss', 0x4bc4fcb4],
    ]);
    const fir = hex('84ce0006 00000001 00000000 12345678 42000000 98765432 57000000');
    assert.deepEqual(parse(fir).records, [
      ['full-intra', 0x12345678, 0x42],
      ['full-intra', 0x98765432, 0x57],
    ]);
    const remb = hex('8fce0005 00000001 00000000 52454d42 011a20df 4874ed16');
    assert.deepEqual(parse(remb).records, [['maximum-bitrate', 8927168, 1215622422]]);
  });

  it('skips packet types and feedback it does not know', () => {
    const app = '80cc0002 00000001 4e414d45';
    const transport = '8fcd0003 00000001 00000002 00000000';
    const { isOk, records } = parse(hex(`${app} ${transport} 81cb0001 00000007`));
    assert.equal(isOk, true);
    assert.deepEqual(records, [['bye', 7]]);
  });

  it('leaves padding out', () => {
    const { isOk, records } = parse(hex('a1cb0002 00000007 00000004'));
    assert.equal(isOk, true);
    assert.deepEqual(records, [['bye', 7]]);
  });

  it('keeps what came before garbage and counts the packet as malformed', () => {
    const parser = new RtcpParser();
    const recorder = new RtcpRecorder();
    const bytes = new Uint8Array([...RECEIVER_REPORT, 0x81, 0x02, 0x03]);
    assert.equal(parser.parse(bytes, recorder), false);
    assert.equal(recorder.records.length, 2);
    assert.equal(parser.malformedCount, 1);
  });

  for (const [fault, text] of [
    ['no bytes', ''],
    ['version 1', '41cb0001 00000007'],
    ['a length beyond the end', '81cb0002 00000007'],
    ['more blocks than fit', '82c90007 902f9e2e bc5e9a40 00000000 0 0 0 0'],
    ['an SR without sender information', '80c80001 00000001'],
    ['an SDES item beyond the end', '81ca0002 00000001 01ff6100'],
    ['an SDES chunk too many', '82ca0002 00000001 01016100'],
    ['a BYE without its SSRC', '81cb0000'],
    ['padding longer than the packet', 'a1cb0001 000000ff'],
    ['padding of zero', 'a1cb0001 00000000'],
    ['a feedback without media source', '81ce0001 00000001'],
    ['a FIR entry cut short', '84ce0003 00000001 00000000 12345678'],
    ['a REMB with SSRCs cut off', '8fce0004 00000001 00000000 52454d42 021a20df'],
  ] as const) {
    it(`refuses ${fault}`, () => {
      assert.equal(parse(hex(text)).isOk, false);
    });
  }

  it('never throws on random bytes and never reads past the end', () => {
    const parser = new RtcpParser();
    const recorder = new RtcpRecorder();
    const first = fc.integer({ min: 0x80, max: 0xbf });
    const type = fc.integer({ min: 199, max: 207 });
    const body = fc.uint8Array({ maxLength: 64 });
    fc.assert(
      fc.property(first, type, body, (head, packetType, rest) => {
        const words = Math.floor(rest.length / 4);
        const bytes = new Uint8Array([head, packetType, 0, words, ...rest]);
        parser.parse(bytes, recorder);
        assert.ok(recorder.records.length <= 17 * 64);
        recorder.records.length = 0;
      }),
      { numRuns: 10_000 },
    );
  });
});

describe('isRtcp()', () => {
  it('tells RTCP from RTP on one port by the second byte', () => {
    assert.equal(isRtcp(RECEIVER_REPORT), true);
    assert.equal(isRtcp(hex('80e00001 00000000 00000000')), false);
    assert.equal(isRtcp(hex('8060 0001')), false);
    assert.equal(isRtcp(hex('81c9')), false);
  });
});
