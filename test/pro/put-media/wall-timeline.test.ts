// Tests of WallTimeline: wall times that only grow.
import assert from 'node:assert/strict';
import type { Clock } from '../../../core/base/clock.ts';
import { WallTimeline } from '../../../pro/put-media/wall-timeline.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const START_AT = 1_000_000;

/** Media time 0 came at monotonic time 0; fragments of a second. */
function begin(timeline: WallTimeline, mediaMs: number, arrivalOffsetMs = 0): number {
  const timecodeMs = timeline.begin(mediaMs, arrivalOffsetMs);
  timeline.end({ timecodeMs, durationMs: 1000 });
  return timecodeMs;
}

describe('WallTimeline', () => {
  it('follows the media, not the jitter of its arrival', () => {
    const timeline = new WallTimeline(new FakeClock(START_AT));
    const times = [0, 400, -400, 90].map((late, index) => begin(timeline, index * 1000, late));
    assert.deepEqual(
      times,
      [0, 1000, 2000, 3000].map((ms) => START_AT + ms),
    );
  });

  it('takes the arrival where a clock of a camera has drifted away', () => {
    const timeline = new WallTimeline(new FakeClock(START_AT));
    begin(timeline, 0);
    assert.equal(begin(timeline, 1000, 1200), START_AT + 2200);
  });

  it('never goes back, whatever the arrivals say', () => {
    const timeline = new WallTimeline(new FakeClock(START_AT));
    begin(timeline, 0);
    const second = begin(timeline, 1000, -5000);
    assert.ok(second >= START_AT + 999);
    timeline.cut();
    assert.ok(begin(timeline, 0, -90_000) >= second + 999);
  });

  it('does not move when somebody sets the clock of the machine', () => {
    let nowMs = START_AT;
    const fake = new FakeClock();
    const clock: Clock = {
      nowMs: () => nowMs,
      monotonicMs: () => 0,
      after: (delayMs, action) => fake.after(delayMs, action),
      every: (periodMs, action) => fake.every(periodMs, action),
    };
    const timeline = new WallTimeline(clock);
    begin(timeline, 0);
    nowMs -= 3_600_000;
    assert.equal(begin(timeline, 1000), START_AT + 1000);
  });
});
