// Tests of the rate of messages of each viewer.
import assert from 'node:assert/strict';
import { FacadeBudget } from '../../../../pro/signaling/tuya/facade-budget.ts';
import { FakeClock } from '../../../support/fake-clock.ts';

describe('FacadeBudget', () => {
  it('lets a burst through, then as many as the rate allows, for each viewer', () => {
    const clock = new FakeClock();
    const budget = new FacadeBudget(clock, { messagesPerSecond: 2, messageBurst: 3 });
    const many = (viewer: string): number =>
      Array.from({ length: 10 }, () => budget.take(viewer)).filter(Boolean).length;
    assert.deepEqual([many('a'), many('a'), many('b')], [3, 0, 3]);
    clock.advance(1000);
    assert.equal(many('a'), 2);
    clock.advance(3_600_000);
    assert.equal(many('a'), 3);
  });

  it('remembers a bounded number of viewers', () => {
    const budget = new FacadeBudget(new FakeClock(), { messagesPerSecond: 1, messageBurst: 1 });
    assert.ok(budget.take('first'));
    assert.equal(budget.take('first'), false);
    for (let index = 0; index < 2000; index++) budget.take(`viewer ${index}`);
    assert.ok(budget.take('first'));
  });
});
