// So many per second and no more.
import assert from 'node:assert/strict';
import { Pace } from '../../../pro/put-media/pace.ts';

describe('Pace', () => {
  it('lets the first one go at once, the others evenly', () => {
    const pace = new Pace(4);
    const times: number[] = [];
    let nowMs = 5;
    while (times.length < 5) {
      nowMs += pace.waitMs(nowMs);
      pace.note(nowMs);
      times.push(nowMs);
    }
    assert.deepEqual(times, [5, 255, 505, 755, 1005]);
  });

  it('does not save up what was not used', () => {
    const pace = new Pace(2);
    pace.note(0);
    assert.equal(pace.waitMs(10_000), 0);
    pace.note(10_000);
    assert.equal(pace.waitMs(10_200), 300);
  });
});
