// Tests of the watch over the event loop, with hands of a clock that can stand still.
import assert from 'node:assert/strict';
import { LoopWatch } from '../../../core/webrtc/loop-watch.ts';
import type { Clock, Timer } from '../../../core/base/clock.ts';

/** A clock whose timers come when the test says so, however late. */
class LateClock implements Clock {
  elapsedMs = 1000;
  running = 0;
  #action: (() => void) | undefined;

  nowMs(): number {
    return this.elapsedMs;
  }

  monotonicMs(): number {
    return this.elapsedMs;
  }

  after(): Timer {
    return assert.fail('the watch needs no single timer');
  }

  every(_periodMs: number, action: () => void): Timer {
    this.running++;
    this.#action = action;
    return {
      cancel: () => {
        this.running--;
      },
    };
  }

  /** The loop comes by after `ms`. */
  beatAfter(ms: number): void {
    this.elapsedMs += ms;
    this.#action?.();
  }
}

describe('LoopWatch', () => {
  const stallOf = (watch: LoopWatch): number[] => [watch.stallStartMs, watch.stallEndMs];

  it('sees no stall in a loop that comes by in time', () => {
    const clock = new LateClock();
    const watch = new LoopWatch(clock);
    watch.acquire();
    for (const ms of [5, 6, 4, 7]) clock.beatAfter(ms);
    clock.elapsedMs += 7;
    watch.observe(clock.elapsedMs);
    assert.deepEqual(stallOf(watch), [0, 0]);
  });

  it('knows from where to where the loop stood still', () => {
    const clock = new LateClock();
    const watch = new LoopWatch(clock);
    watch.acquire();
    clock.beatAfter(5);
    clock.beatAfter(80);
    assert.deepEqual(stallOf(watch), [1005, 1085]);
    clock.beatAfter(5);
    clock.beatAfter(8);
    assert.deepEqual(stallOf(watch), [1090, 1098]);
  });

  it('is told by a socket that is read before the timers, and grows until they come', () => {
    const clock = new LateClock();
    const watch = new LoopWatch(clock);
    watch.acquire();
    clock.elapsedMs += 60;
    watch.observe(clock.elapsedMs);
    assert.deepEqual(stallOf(watch), [1000, 1060]);
    clock.elapsedMs += 2;
    watch.observe(clock.elapsedMs);
    assert.deepEqual(stallOf(watch), [1000, 1062]);
    clock.beatAfter(1);
    assert.deepEqual(stallOf(watch), [1000, 1063]);
    watch.observe(clock.elapsedMs + 1);
    assert.deepEqual(stallOf(watch), [1000, 1063]);
  });

  it('runs as long as somebody needs it, and takes a pause for no stall', () => {
    const clock = new LateClock();
    const watch = new LoopWatch(clock);
    const [first, second] = [watch.acquire(), watch.acquire()];
    assert.equal(clock.running, 1);
    first();
    first();
    assert.equal(clock.running, 1);
    second();
    assert.equal(clock.running, 0);
    clock.elapsedMs += 5000;
    watch.acquire();
    watch.observe(clock.elapsedMs);
    assert.equal(clock.running, 1);
    assert.deepEqual(stallOf(watch), [0, 0]);
  });
});
