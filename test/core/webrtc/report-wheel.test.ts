// Tests of the wheel: everybody once a second, spread over it, and members that leave in their turn.
import assert from 'node:assert/strict';
import { ReportWheel } from '../../../core/webrtc/report-wheel.ts';
import { FakeClock } from '../../support/fake-clock.ts';

describe('ReportWheel', () => {
  it('calls each member once a second, a tenth of them at a time', () => {
    const clock = new FakeClock();
    const wheel = new ReportWheel(clock);
    wheel.start();
    wheel.start();
    const calls = Array.from({ length: 25 }, () => 0);
    for (const index of calls.keys()) {
      wheel.add({ tick: () => (calls[index] = (calls[index] ?? 0) + 1) });
    }
    clock.advance(100);
    assert.equal(calls.filter((count) => count === 1).length, 3);
    clock.advance(2900);
    assert.deepEqual(new Set(calls), new Set([3]));
  });

  it('lets members leave, also while it turns', () => {
    const clock = new FakeClock();
    const wheel = new ReportWheel(clock);
    wheel.start();
    let count = 0;
    const member = {
      tick: () => {
        count++;
        wheel.remove(member);
        wheel.remove(member);
      },
    };
    wheel.add(member);
    clock.advance(3000);
    assert.equal(count, 1);
  });

  it('stops its one timer', () => {
    const clock = new FakeClock();
    const wheel = new ReportWheel(clock);
    wheel.start();
    assert.equal(clock.pendingTimers, 1);
    wheel.close();
    wheel.close();
    assert.equal(clock.pendingTimers, 0);
  });
});
