// Which steps of the wall clock are believed, and when.
import assert from 'node:assert/strict';
import { SteadyTime } from '../../../core/library/steady-time.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const HOUR = 3_600_000;

describe('SteadyTime', () => {
  let hands = new FakeClock();
  let stepMs = 0;
  let time = new SteadyTime(hands);

  beforeEach(() => {
    hands = new FakeClock();
    stepMs = 0;
    time = new SteadyTime({
      nowMs: () => hands.nowMs() + stepMs,
      monotonicMs: () => hands.monotonicMs(),
      after: hands.after.bind(hands),
      every: hands.every.bind(hands),
    });
  });

  it('goes with the wall clock, through small steps too', () => {
    for (let hour = 0; hour < 48; hour++) {
      hands.advance(HOUR);
      stepMs += HOUR / 2;
      assert.deepEqual([time.nowAt(), time.doubtMs], [hands.nowMs() + stepMs, 0]);
    }
  });

  it('believes a jump ahead after a day', () => {
    stepMs = 4 * 365 * 24 * HOUR;
    assert.deepEqual([time.nowAt(), time.doubtMs], [hands.nowMs(), stepMs]);
    hands.advance(24 * HOUR - 1);
    assert.deepEqual([time.nowAt(), time.doubtMs], [hands.nowMs(), stepMs]);
    hands.advance(1);
    assert.deepEqual([time.nowAt(), time.doubtMs], [hands.nowMs() + stepMs, 0]);
  });

  it('forgets a jump that was taken back, and believes one into the past at once', () => {
    stepMs = 100 * HOUR;
    assert.equal(time.nowAt(), hands.nowMs());
    stepMs = 0;
    hands.advance(20 * HOUR);
    assert.deepEqual([time.nowAt(), time.doubtMs], [hands.nowMs(), 0]);
    stepMs = 100 * HOUR;
    assert.equal(time.nowAt(), hands.nowMs());
    hands.advance(5 * HOUR);
    assert.equal(time.nowAt(), hands.nowMs(), 'the day begins anew');
    stepMs = -100 * HOUR;
    assert.deepEqual([time.nowAt(), time.doubtMs], [hands.nowMs() - 100 * HOUR, 0]);
  });
});
