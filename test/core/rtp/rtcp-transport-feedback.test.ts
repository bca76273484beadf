// Tests of transport-wide feedback with a decoder of their own, written from the draft.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { TransportFeedbackBuilder } from '../../../core/rtp/rtcp-transport-feedback.ts';

interface Feedback {
  readonly base: number;
  readonly feedbackCount: number;
  /** Arrival in 250 us for each packet from the base on; undefined when it was not received. */
  readonly arrivals: readonly (number | undefined)[];
}

const ADDRESSING = { senderSsrc: 0x11111111, mediaSsrc: 0x22222222 };

function statusesOf(packet: Buffer, count: number): { statuses: number[]; offset: number } {
  const statuses: number[] = [];
  let offset = 20;
  while (statuses.length < count) {
    const chunk = packet.readUInt16BE(offset);
    offset += 2;
    if (chunk < 0x8000) {
      for (let run = chunk & 0x1fff; run > 0; run--) statuses.push((chunk >> 13) & 3);
    } else if ((chunk & 0x4000) === 0) {
      for (let bit = 13; bit >= 0; bit--) statuses.push((chunk >> bit) & 1);
    } else {
      for (let bit = 12; bit >= 0; bit -= 2) statuses.push((chunk >> bit) & 3);
    }
  }
  return { statuses: statuses.slice(0, count), offset };
}

function decode(packet: Buffer): Feedback {
  assert.equal(packet.readUInt16BE(0), 0x8fcd);
  assert.equal(packet.length, (packet.readUInt16BE(2) + 1) * 4);
  assert.equal(packet.readUInt32BE(4), ADDRESSING.senderSsrc);
  assert.equal(packet.readUInt32BE(8), ADDRESSING.mediaSsrc);
  const count = packet.readUInt16BE(14);
  const chunks = statusesOf(packet, count);
  let offset = chunks.offset;
  let time = packet.readUIntBE(16, 3) * 256;
  const arrivals = chunks.statuses.map((status) => {
    if (status === 0) return undefined;
    time += status === 1 ? packet.readUInt8(offset) : packet.readInt16BE(offset);
    offset += status;
    return time;
  });
  assert.ok(packet.length - offset >= 0 && packet.length - offset < 4);
  return { base: packet.readUInt16BE(12), feedbackCount: packet.readUInt8(19), arrivals };
}

function drain(builder: TransportFeedbackBuilder, size = 1200): Feedback[] {
  const feedbacks: Feedback[] = [];
  const buffer = Buffer.alloc(size);
  for (let guard = 0; builder.hasPending && guard < 10_000; guard++) {
    const end = builder.write(buffer, 0, ADDRESSING);
    assert.ok(end > 0, 'a pending report is written');
    feedbacks.push(decode(buffer.subarray(0, end)));
  }
  assert.equal(builder.hasPending, false);
  return feedbacks;
}

describe('TransportFeedbackBuilder', () => {
  it('has nothing to say before a packet came', () => {
    const builder = new TransportFeedbackBuilder();
    assert.equal(builder.hasPending, false);
    assert.equal(builder.write(Buffer.alloc(100), 8, ADDRESSING), 8);
  });

  it('writes the bytes of a small report as the draft shows them', () => {
    const builder = new TransportFeedbackBuilder();
    builder.record(5, 128);
    builder.record(6, 129);
    builder.record(8, 228);
    const buffer = Buffer.alloc(100);
    const end = builder.write(buffer, 0, ADDRESSING);
    const chunk = (0b11_01_01_00_10_00_00_00 >>> 0).toString(16);
    assert.equal(
      buffer.subarray(12, end).toString('hex'),
      `0005` + `0004` + `000002` + `00` + chunk + `00` + `04` + `018c` + `0000`,
    );
  });

  it('reports losses, reordering and the wrap of the numbers', () => {
    const builder = new TransportFeedbackBuilder();
    builder.record(65534, 1000);
    builder.record(0, 1002);
    builder.record(65535, 1003);
    builder.record(3, 1010);
    const [feedback] = drain(builder);
    assert.equal(feedback?.base, 65534);
    assert.deepEqual(feedback.arrivals, [4000, 4012, 4008, undefined, undefined, 4040]);
  });

  it('goes on behind what was reported and counts its reports', () => {
    const builder = new TransportFeedbackBuilder();
    builder.record(10, 100);
    assert.deepEqual(drain(builder), [{ base: 10, feedbackCount: 0, arrivals: [400] }]);
    builder.record(12, 110);
    assert.deepEqual(drain(builder), [{ base: 11, feedbackCount: 1, arrivals: [undefined, 440] }]);
  });

  it('reports again from a late packet on', () => {
    const builder = new TransportFeedbackBuilder();
    builder.record(10, 100);
    builder.record(12, 110);
    drain(builder);
    builder.record(11, 130);
    assert.deepEqual(drain(builder)[0]?.arrivals, [520, 440]);
  });

  it('keeps the first arrival of a number that comes twice', () => {
    const builder = new TransportFeedbackBuilder();
    builder.record(10, 100);
    builder.record(10, 200);
    assert.deepEqual(drain(builder)[0]?.arrivals, [400]);
    builder.record(10, 300);
    assert.equal(builder.hasPending, false);
  });

  it('splits a report where a delta would be too long', () => {
    const builder = new TransportFeedbackBuilder();
    builder.record(1, 1000);
    builder.record(3, 10_000);
    const reports = drain(builder);
    assert.deepEqual(
      reports.map(({ base, arrivals }) => ({ base, arrivals })),
      [
        { base: 1, arrivals: [4000] },
        { base: 2, arrivals: [undefined, 40_000] },
      ],
    );
  });

  it('survives a jump of the numbers that empties the window', () => {
    const builder = new TransportFeedbackBuilder();
    builder.record(1, 1000);
    builder.record(20_000, 1001);
    const reports = drain(builder);
    const count = reports.reduce((sum, { arrivals }) => sum + arrivals.length, 0);
    assert.equal(count, 2048);
    assert.equal(reports.at(-1)?.arrivals.at(-1), 4004);
  });

  it('reports every packet at its time, whatever is lost, late or split', () => {
    const packets = fc.array(
      fc.record({
        skip: fc.oneof(
          { weight: 8, arbitrary: fc.constant(0) },
          { weight: 2, arbitrary: fc.integer({ min: 1, max: 40 }) },
        ),
        gapMs: fc.oneof(
          { weight: 8, arbitrary: fc.integer({ min: 0, max: 20 }) },
          { weight: 2, arbitrary: fc.integer({ min: 0, max: 12_000 }) },
        ),
      }),
      { minLength: 1, maxLength: 120 },
    );
    const starts = fc.integer({ min: 0, max: 65535 });
    const sizes = fc.integer({ min: 28, max: 1200 });
    fc.assert(
      fc.property(starts, packets, sizes, (start, list, size) => {
        const builder = new TransportFeedbackBuilder();
        const expected = new Map<number, number>();
        let sequence = start;
        let nowMs = 1e6;
        for (const { skip, gapMs } of list) {
          sequence += 1 + skip;
          nowMs += gapMs;
          builder.record(sequence & 0xffff, nowMs);
          expected.set(sequence & 0xffff, (nowMs * 4) & 0xffffffff);
        }
        const found = new Map<number, number>();
        for (const { base, arrivals } of drain(builder, size)) {
          for (const [index, arrival] of arrivals.entries()) {
            if (arrival !== undefined) found.set((base + index) & 0xffff, arrival);
          }
        }
        assert.deepEqual(found, expected);
      }),
      { numRuns: 300 },
    );
  });
});
