// Decoding times from showing times, for any order that a decoder could follow.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { DecodeTimes } from '../../../core/record/decode-times.ts';

/** A sending order of pictures 0..count-1: 0 first, and at most `depth` later ones precede any picture. */
function reorder(count: number, depth: number, choices: readonly number[]): number[] {
  const unsent = Array.from({ length: count - 1 }, (_, place) => place + 1);
  const order: number[] = [0];
  while (unsent.length > 0) {
    const first = unsent[0] ?? 0;
    const ahead = order.filter((place) => place > first).length;
    const choice = ahead < depth ? (choices[order.length % choices.length] ?? 0) : 0;
    order.push(...unsent.splice(Math.min(choice, unsent.length - 1), 1));
  }
  return order;
}

describe('DecodeTimes', () => {
  it('gives showing times back where nothing is reordered', () => {
    const times = new DecodeTimes({ depth: 0, frameTicks: 3600 });
    const shown = [0, 3600, 7200, 7300, 20_000];
    assert.deepEqual(
      shown.map((ticks) => times.next(ticks)),
      shown,
    );
  });

  it('puts the first pictures before the first showing time', () => {
    const times = new DecodeTimes({ depth: 2, frameTicks: 10 });
    assert.deepEqual(
      [100, 140, 120, 110, 130].map((ticks) => times.next(ticks)),
      [80, 90, 100, 110, 120],
    );
  });

  it('does not decode a key frame behind a hole at the time of pictures before it', () => {
    const times = new DecodeTimes({ depth: 2, frameTicks: 10 });
    for (const ticks of [100, 140, 120, 110, 130]) times.next(ticks);
    times.skipHole({ depth: 1, frameTicks: 10 });
    assert.deepEqual(
      [1000, 1020, 1010].map((ticks) => times.next(ticks)),
      [990, 1000, 1010],
    );
    times.skipHole({ depth: 1, frameTicks: 500 });
    // Never back, however little time there is.
    assert.deepEqual(
      [1100, 1120].map((ticks) => times.next(ticks)),
      [1011, 1100],
    );
  });

  it('learns the depth of a stream that promised none', () => {
    const times = new DecodeTimes({ depth: 0, frameTicks: 10 });
    const shown = [0, 3, 1, 2, 6, 4, 5, 9, 7, 8].map((place) => place * 100);
    const decoded = shown.map((ticks) => times.next(ticks));
    assert.equal(times.depth, 1);
    for (let index = 4; index < shown.length; index++) {
      assert.ok((decoded[index] ?? 0) <= (shown[index] ?? 0), `picture ${index}`);
    }
  });

  it('grows strictly and is never late when the depth is right', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 5 }),
        fc.array(fc.nat(5), { minLength: 1, maxLength: 40 }),
        (depth, choices) => {
          const times = new DecodeTimes({ depth, frameTicks: 10 });
          let last = Number.NEGATIVE_INFINITY;
          for (const place of reorder(60, depth, choices)) {
            const decoded = times.next(place * 10);
            assert.ok(decoded > last);
            assert.ok(decoded <= place * 10);
            last = decoded;
          }
          assert.equal(times.depth, depth, 'as promised');
        },
      ),
      { numRuns: 300 },
    );
  });

  it('grows strictly whatever comes', () => {
    fc.assert(
      fc.property(fc.array(fc.integer(), { maxLength: 60 }), (shown) => {
        const times = new DecodeTimes({ depth: 1, frameTicks: 3600 });
        let last = Number.NEGATIVE_INFINITY;
        for (const ticks of shown) {
          const decoded = times.next(ticks);
          assert.ok(decoded > last);
          last = decoded;
        }
        assert.ok(times.depth <= 16);
      }),
      { numRuns: 300 },
    );
  });
});
