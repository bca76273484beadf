// Tests of arrival times over stalls of the event loop.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { ArrivalTimes } from '../../../core/webrtc/arrival-times.ts';

const WRAP_MS = 64_000;
const ticksOf = (sentMs: number): number => Math.round((sentMs % WRAP_MS) * 262.144) & 0xffffff;

class Watch {
  stallStartMs = 0;
  stallEndMs = 0;
  readonly observed: number[] = [];

  observe(nowMs: number): void {
    this.observed.push(nowMs);
  }
}

describe('ArrivalTimes', () => {
  it('takes the clock where the loop did not stand still', () => {
    const watch = new Watch();
    const arrivals = new ArrivalTimes(watch);
    for (const [sentMs, readMs] of [
      [0, 500],
      [10, 517],
      [20, 580],
      [30, 581],
    ] as const) {
      assert.equal(arrivals.arrivalOf(readMs, ticksOf(sentMs)), readMs);
    }
    assert.deepEqual(watch.observed, [500, 517, 580, 581]);
  });

  it('puts packets that were read behind a stall where they belong', () => {
    const watch = new Watch();
    const arrivals = new ArrivalTimes(watch);
    arrivals.arrivalOf(505, ticksOf(0));
    Object.assign(watch, { stallStartMs: 510, stallEndMs: 600 });
    const times = [10, 30, 50, 70].map((ms) => arrivals.arrivalOf(600, ticksOf(ms)));
    assert.deepEqual(
      times.map((ms) => Math.round(ms)),
      [515, 535, 555, 575],
    );
  });

  it('goes on behind the stall for what was left in the socket, and then by the clock', () => {
    const watch = new Watch();
    const arrivals = new ArrivalTimes(watch);
    arrivals.arrivalOf(505, ticksOf(0));
    Object.assign(watch, { stallStartMs: 510, stallEndMs: 600 });
    assert.equal(Math.round(arrivals.arrivalOf(603, ticksOf(90))), 595);
    assert.equal(arrivals.arrivalOf(603, ticksOf(97)), 603);
    assert.equal(arrivals.arrivalOf(640, ticksOf(120)), 640);
  });

  it('does not hide a queue in the network: before and behind a stall the clock counts', () => {
    const watch = new Watch();
    const arrivals = new ArrivalTimes(watch);
    Object.assign(watch, { stallStartMs: 100, stallEndMs: 200 });
    arrivals.arrivalOf(505, ticksOf(0));
    assert.equal(arrivals.arrivalOf(900, ticksOf(10)), 900);
    assert.equal(arrivals.arrivalOf(1500, ticksOf(20)), 1500);
  });

  it('never tells a time outside the stall but the clock, whatever the sender claims', () => {
    const step = fc.record({
      ticks: fc.integer({ min: 0, max: 0xffffff }),
      passedMs: fc.integer({ min: 0, max: 100 }),
      stallMs: fc.integer({ min: 0, max: 300 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const watch = new Watch();
        const arrivals = new ArrivalTimes(watch);
        let nowMs = 1000;
        for (const { ticks, passedMs, stallMs } of steps) {
          nowMs += passedMs;
          if (stallMs > 200) {
            Object.assign(watch, { stallStartMs: nowMs, stallEndMs: nowMs + stallMs });
            nowMs += stallMs;
          }
          const arrivalMs = arrivals.arrivalOf(nowMs, ticks);
          if (arrivalMs === nowMs) continue;
          assert.ok(arrivalMs >= watch.stallStartMs && arrivalMs < watch.stallEndMs);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('follows the send time over its wrap', () => {
    const watch = new Watch();
    const arrivals = new ArrivalTimes(watch);
    arrivals.arrivalOf(70_000, ticksOf(63_990));
    Object.assign(watch, { stallStartMs: 70_005, stallEndMs: 70_100 });
    assert.equal(Math.round(arrivals.arrivalOf(70_100, ticksOf(64_020))), 70_030);
  });
});
