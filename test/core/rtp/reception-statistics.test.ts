// Tests of loss, jitter and report fields, by the algorithms of RFC 3550 appendix A.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { ReceptionStatistics } from '../../../core/rtp/reception-statistics.ts';
import { emptyReportBlock, type ReportBlock } from '../../../core/rtp/rtcp-reports.ts';

function receive(statistics: ReceptionStatistics, sequences: readonly number[]): void {
  for (const sequence of sequences) statistics.onPacket(sequence & 0xffff, sequence * 3000, 0);
}

function reportOf(statistics: ReceptionStatistics, nowMs = 0): ReportBlock {
  const block = emptyReportBlock();
  statistics.takeReport(block, nowMs);
  return block;
}

describe('ReceptionStatistics', () => {
  it('reports zeros before any packet', () => {
    assert.deepEqual(reportOf(new ReceptionStatistics(90_000)), emptyReportBlock());
  });

  it('counts losses across the wrap and per interval', () => {
    const statistics = new ReceptionStatistics(90_000);
    receive(statistics, [65534, 65535, 65537, 65538]);
    const first = reportOf(statistics);
    assert.equal(first.cumulativeLost, 1);
    assert.equal(first.fractionLost, Math.floor(256 / 5));
    assert.equal(first.extendedHighestSequence, 65538);
    receive(statistics, [65539, 65540]);
    const second = reportOf(statistics);
    assert.equal(second.cumulativeLost, 1);
    assert.equal(second.fractionLost, 0);
  });

  it('takes a late packet off the loss and counts duplicates below zero', () => {
    const statistics = new ReceptionStatistics(90_000);
    receive(statistics, [10, 12, 11]);
    assert.equal(statistics.cumulativeLost, 0);
    assert.equal(statistics.onPacket(12, 0, 0), 'reordered');
    assert.equal(statistics.cumulativeLost, -1);
    assert.equal(reportOf(statistics).fractionLost, 0);
  });

  it('leaves a stray packet out and takes a restart for one at the second packet', () => {
    const statistics = new ReceptionStatistics(90_000);
    receive(statistics, [100, 101, 103]);
    assert.equal(statistics.onPacket(40_000, 0, 0), 'implausible');
    assert.equal(statistics.onPacket(104, 0, 0), 'in-order');
    assert.equal(statistics.cumulativeLost, 1);
    assert.equal(statistics.onPacket(50_000, 0, 0), 'implausible');
    assert.equal(statistics.onPacket(50_001, 0, 0), 'restarted');
    assert.equal(statistics.cumulativeLost, 1);
    assert.equal(statistics.extendedHighestSequence, 50_001);
    assert.equal(statistics.packetsReceived, 1);
  });

  it('has no jitter for packets that keep their pace, across the timestamp wrap', () => {
    const statistics = new ReceptionStatistics(90_000);
    for (let index = 0; index < 200; index++) {
      const ticks = (0xffffff00 + index * 3600) >>> 0;
      statistics.onPacket(index, ticks, 1e9 + index * 40);
    }
    assert.equal(statistics.jitterTicks, 0);
  });

  it('computes jitter as appendix A.8 does, packets of one frame counted once', () => {
    const statistics = new ReceptionStatistics(8000);
    let jitter = 0;
    const delaysMs = [0, 10, 0, 30, 5, 5, 20];
    for (const [index, delayMs] of delaysMs.entries()) {
      statistics.onPacket(2 * index, index * 160, index * 20 + delayMs);
      statistics.onPacket(2 * index + 1, index * 160, index * 20 + delayMs + 7);
      const previousMs = delaysMs[index - 1];
      if (previousMs !== undefined) jitter += (Math.abs(delayMs - previousMs) * 8 - jitter) / 16;
    }
    assert.equal(statistics.jitterTicks, Math.floor(jitter));
  });

  it('tells the last sender report and the time since in 1/65536 s', () => {
    const statistics = new ReceptionStatistics(90_000);
    receive(statistics, [1]);
    statistics.onSenderReport(0xb705b705, 0x20000000, 1000);
    const block = reportOf(statistics, 6250);
    assert.equal(block.lastSenderReport, 0xb7052000);
    assert.equal(block.delaySinceLastSenderReport, 0x00054000);
  });

  it('agrees with a plain count for any losses', () => {
    const kept = fc.array(fc.boolean(), { minLength: 1, maxLength: 300 });
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 65535 }), kept, (start, list) => {
        const sequences = list.flatMap((isKept, index) => (isKept ? [start + index] : []));
        const statistics = new ReceptionStatistics(90_000);
        receive(statistics, sequences);
        const first = sequences[0];
        const last = sequences.at(-1);
        if (first === undefined || last === undefined) return;
        assert.equal(statistics.cumulativeLost, last - first + 1 - sequences.length);
        // Cycles count from the first packet that arrived, which may lie behind the wrap.
        const cyclesBefore = first - (first & 0xffff);
        assert.equal(statistics.extendedHighestSequence, last - cyclesBefore);
      }),
      { numRuns: 300 },
    );
  });

  it('never leaves the fields of a report block, whatever comes', () => {
    const packets = fc.array(
      fc.tuple(fc.integer({ min: 0, max: 65535 }), fc.integer({ min: 0, max: 0xffffffff })),
      { maxLength: 50 },
    );
    fc.assert(
      fc.property(packets, (list) => {
        const statistics = new ReceptionStatistics(90_000);
        for (const [sequence, ticks] of list) statistics.onPacket(sequence, ticks, ticks / 7);
        const block = reportOf(statistics, 1e6);
        assert.ok(block.fractionLost >= 0 && block.fractionLost <= 255);
        for (const field of [block.extendedHighestSequence, block.jitterTicks]) {
          assert.ok(Number.isInteger(field) && field >= 0 && field <= 0xffffffff);
        }
      }),
      { numRuns: 1000 },
    );
  });
});
