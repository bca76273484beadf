// The first picture of a viewer is noticed once, and not waited for for ever.
import assert from 'node:assert/strict';
import { FirstPacketWatch } from '../../../core/webrtc/first-packet-watch.ts';
import { FakeClock } from '../../support/fake-clock.ts';

function setUp(): {
  readonly clock: FakeClock;
  readonly watch: FirstPacketWatch;
  readonly startedAt: readonly number[];
  readonly start: () => void;
} {
  const clock = new FakeClock();
  const startedAt: number[] = [];
  let hasStarted = false;
  const watch = new FirstPacketWatch(
    ...([clock, () => hasStarted, () => void startedAt.push(clock.monotonicMs())] as const),
  );
  return { clock, watch, startedAt, start: () => void (hasStarted = true) };
}

describe('FirstPacketWatch', () => {
  it('tells of the start once, within 10 ms', () => {
    const { clock, startedAt, start } = setUp();
    clock.advance(1234);
    start();
    clock.advance(5000);
    assert.deepEqual([startedAt, clock.pendingTimers], [[1240], 0]);
  });

  it('gives up after 30 s', () => {
    const { clock, startedAt, start } = setUp();
    clock.advance(30_000);
    assert.equal(clock.pendingTimers, 1);
    clock.advance(10);
    start();
    clock.advance(1000);
    assert.deepEqual([startedAt, clock.pendingTimers], [[], 0]);
  });

  it('tells nothing after close()', () => {
    const { clock, watch, startedAt, start } = setUp();
    watch.close();
    watch.close();
    start();
    clock.advance(1000);
    assert.deepEqual([startedAt, clock.pendingTimers], [[], 0]);
  });
});
