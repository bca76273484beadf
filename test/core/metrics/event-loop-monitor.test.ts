// How late timers come.
import assert from 'node:assert/strict';
import type { Clock, Timer } from '../../../core/base/clock.ts';
import { EventLoopMonitor } from '../../../core/metrics/event-loop-monitor.ts';
import { FakeClock } from '../../support/fake-clock.ts';

/** Calls every timer late. */
class LateClock extends FakeClock implements Clock {
  lateMs = 0;

  override after(delayMs: number, action: () => void): Timer {
    return super.after(delayMs + this.lateMs, action);
  }
}

describe('EventLoopMonitor', () => {
  const countOf = (monitor: EventLoopMonitor, le: string): number | undefined =>
    monitor.family.samples.find(({ labels }) => labels['le'] === le)?.value;

  it('counts a timer in the bucket of its delay', () => {
    const clock = new LateClock();
    using monitor = new EventLoopMonitor(clock);
    monitor.start();
    clock.lateMs = 60;
    clock.advance(100);
    clock.advance(160);
    assert.deepEqual(
      ['0.001', '0.05', '0.1'].map((le) => countOf(monitor, le)),
      [1, 1, 2],
    );
  });

  it('leaves no timer behind', () => {
    const clock = new FakeClock();
    const monitor = new EventLoopMonitor(clock);
    monitor.start();
    monitor.close();
    assert.equal(clock.pendingTimers, 0);
  });
});
