// Outgoing numbers and timestamps: found again after jumps, squeezed without ever going back.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { OutputMap } from '../../../core/egress/output-map.ts';

const PLAIN = { squeezeEnd: 0, squeezeTicks: 0, squeezeRatio: 1 };

describe('OutputMap', () => {
  it('finds every packet of the last eight stretches and none that was left out', () => {
    const stretches = fc.array(
      fc.record({ length: fc.nat(20), leap: fc.integer({ min: -30, max: 500 }), gap: fc.nat(1) }),
      { minLength: 1, maxLength: 12 },
    );
    fc.assert(
      fc.property(stretches, fc.nat(3), (parts, row) => {
        const map = new OutputMap(4);
        const sent: { index: number; sequence: number; stretch: number }[] = [];
        let index = 30_000;
        let sequence = 1_000;
        const leftOut: number[] = [];
        for (const [stretch, { length, leap, gap }] of parts.entries()) {
          if (gap === 1) leftOut.push(index);
          sequence = Math.max(0, sequence + leap);
          map.begin(row, index, { ...PLAIN, indexStart: index + gap, ringStart: sequence });
          index += gap;
          for (let i = 0; i < length; i++) {
            assert.equal(map.indexOf(row, sequence), index);
            sent.push({ index: index++, sequence: sequence++, stretch });
          }
        }
        for (const packet of sent) {
          const isKept = packet.stretch >= parts.length - 8;
          assert.equal(map.locate(row, packet.index) >= 0, isKept);
          if (isKept) assert.equal(map.foundSequence, packet.sequence);
        }
        for (const number of leftOut) assert.equal(map.locate(row, number), -1);
        assert.equal(map.locate(row, 29_999), -1);
      }),
      { numRuns: 500 },
    );
  });

  it('keeps what it knows when it grows, and forgets a row that is reset', () => {
    const map = new OutputMap(2);
    map.begin(1, 0, { ...PLAIN, indexStart: 100, ringStart: 5000 });
    map.grow(64);
    assert.equal(map.indexOf(1, 5001), 101);
    map.begin(63, 0, { ...PLAIN, indexStart: 7, ringStart: 70 });
    assert.ok(map.locate(63, 8) >= 0);
    assert.ok(map.locate(1, 101) >= 0);
    map.reset(1);
    assert.equal(map.locate(1, 101), -1);
  });

  it('squeezes timestamps in order, all of them before the live one, whatever the ticks', () => {
    const cases = fc.record({
      liveTicks: fc.nat(0xffffffff),
      distances: fc.array(fc.integer({ min: 1, max: 100_000 }), { minLength: 1, maxLength: 50 }),
      ratio: fc.double({ min: 0.0001, max: 1, noNaN: true }),
    });
    fc.assert(
      fc.property(cases, ({ liveTicks, distances, ratio }) => {
        const map = new OutputMap(1);
        const squeezeEnd = distances.length + 1;
        map.begin(0, 0, {
          ...{ indexStart: 0, ringStart: 0, squeezeEnd },
          ...{ squeezeTicks: liveTicks, squeezeRatio: ratio },
        });
        const segment = map.currentSegment(0);
        let beforeTicks = 0;
        let outputBefore = 0;
        for (const [i, distance] of distances.entries()) {
          beforeTicks += distance;
          const ticks = (liveTicks - beforeTicks) >>> 0;
          const shift = map.shiftOf(segment, squeezeEnd - 2 - i, ticks);
          const output = beforeTicks - shift;
          assert.equal(output, Math.round(beforeTicks * ratio));
          assert.ok(output >= outputBefore);
          outputBefore = output;
        }
        assert.equal(map.shiftOf(segment, squeezeEnd - 1, liveTicks), 0);
        assert.equal(map.shiftOf(segment, squeezeEnd, (liveTicks - 5) >>> 0), 0, 'live');
      }),
      { numRuns: 300 },
    );
  });
});
