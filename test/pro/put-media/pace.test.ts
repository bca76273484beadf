// So many per second and no more.
import assert from 'node:assert/strict';
import { Pace } from '../../../pro/put-media/pace.ts';

describe('Pace', () => {
  it('lets the first ones go at once, and then as many in any second', () => {
    const pace = new Pace(3);
    const times: number[] = [];
    let nowMs = 5;
    while (times.length < 10) {
      const waitMs = pace.waitMs(nowMs);
      if (waitMs > 0) nowMs += waitMs;
      else {
        pace.note(nowMs);
        times.push(nowMs);
      }
    }
    assert.deepEqual(times, [5, 5, 5, 1005, 1005, 1005, 2005, 2005, 2005, 3005]);
  });

  it('does not save up what was not used', () => {
    const pace = new Pace(2);
    pace.note(0);
    pace.note(10_000);
    pace.note(10_100);
    assert.equal(pace.waitMs(10_200), 800);
  });
});
