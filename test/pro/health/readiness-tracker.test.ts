// From check results to ready and not ready, with dampening.
import assert from 'node:assert/strict';
import { ReadinessTracker } from '../../../pro/health/readiness-tracker.ts';

const INTERVAL_MS = 30_000;
const rules = { failures: 3, dampening: { changes: 4, windowMs: 600_000, quietMs: 120_000 } };

/** Feeds `+` and `-` every 30 s; gives what was told (R, N) or `.`, per check. */
function run(tracker: ReadinessTracker, results: string, startMs = 0): string {
  return Array.from(results)
    .map((result, index) => tracker.record(result === '+', startMs + index * INTERVAL_MS))
    .map((told) => (told === undefined ? '.' : told === 'pathReady' ? 'R' : 'N'))
    .join('');
}

describe('ReadinessTracker', () => {
  it('tells not ready after three failures in a row, ready with the first success', () => {
    assert.equal(run(new ReadinessTracker(rules), '+--+---' + '--+'), '......N..R');
  });

  it('tells nothing at the first success, but of a device that never worked', () => {
    assert.equal(run(new ReadinessTracker(rules), '+'), '.');
    assert.equal(run(new ReadinessTracker(rules), '---'), '..N');
  });

  it('names its states', () => {
    const tracker = new ReadinessTracker(rules);
    const states = [tracker.state];
    for (const result of '+---+') {
      run(tracker, result);
      states.push(tracker.state);
    }
    assert.deepEqual(states, ['unknown', 'ready', 'failing', 'failing', 'notReady', 'ready']);
  });

  it('holds back a path that flaps until it is quiet', () => {
    const tracker = new ReadinessTracker(rules);
    // The fourth change within ten minutes would be "ready": it is not told any more.
    assert.equal(run(tracker, '---+---+'), '..NR..N.');
    assert.equal(tracker.state, 'flapping');
    assert.equal(tracker.isReady, false);
    // Quiet for 120 s: four checks after the change.
    assert.equal(run(tracker, '+++', 8 * INTERVAL_MS), '...');
    assert.equal(run(tracker, '+', 11 * INTERVAL_MS), 'R');
    assert.equal(tracker.state, 'ready');
  });

  it('tells nothing new when a flapping path is quiet because it is gone', () => {
    const tracker = new ReadinessTracker(rules);
    run(tracker, '---+---+');
    assert.equal(run(tracker, '-------', 8 * INTERVAL_MS), '.......');
    assert.equal(tracker.state, 'notReady');
    assert.equal(run(tracker, '+', 15 * INTERVAL_MS), 'R');
  });

  it('forgets changes outside the window, and knows no flapping when that is off', () => {
    const slow = new ReadinessTracker(rules);
    assert.equal(run(slow, '---+'), '..NR');
    assert.equal(run(slow, '---+', 700_000), '..NR');
    const off = { ...rules, dampening: { ...rules.dampening, changes: 0 } };
    assert.equal(run(new ReadinessTracker(off), '---+'.repeat(5)), '..NR'.repeat(5));
  });
});
