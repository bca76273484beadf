// Tests of when missing packets are asked for.
import assert from 'node:assert/strict';
import { NackSchedule, type NackScheduleOptions } from '../../../core/rtp/rtcp-nack-schedule.ts';
import { ReorderBuffer } from '../../../core/rtp/reorder-buffer.ts';

class Bench {
  readonly buffer: ReorderBuffer;
  readonly schedule: NackSchedule;
  readonly #numbers = new Uint16Array(16);

  constructor(options: NackScheduleOptions = {}) {
    const handler = { onPacket: () => {}, onLoss: () => {}, onRestart: () => {} };
    this.buffer = new ReorderBuffer(handler, { capacityPackets: 64, holdMs: 5000 });
    this.schedule = new NackSchedule(this.buffer, options);
  }

  push(sequence: number, nowMs: number): void {
    this.buffer.push(new Uint8Array(8), sequence & 0xffff, nowMs);
  }

  collect(nowMs: number): number[] {
    const count = this.schedule.collect(nowMs, this.#numbers);
    return [...this.#numbers.subarray(0, count)];
  }
}

describe('NackSchedule', () => {
  it('asks for nothing while nothing is missing', () => {
    const bench = new Bench();
    assert.deepEqual(bench.collect(0), []);
    bench.push(1, 0);
    bench.push(2, 0);
    assert.deepEqual(bench.collect(100), []);
  });

  it('asks across the wrap, after a short wait for reordering', () => {
    const bench = new Bench({ firstDelayMs: 10 });
    bench.push(65534, 0);
    bench.push(65537, 100);
    assert.deepEqual(bench.collect(109), []);
    assert.deepEqual(bench.collect(110), [65535, 0]);
    assert.equal(bench.schedule.requestCount, 2);
  });

  it('repeats after a round trip, not before, and only what is still missing', () => {
    const bench = new Bench({ firstDelayMs: 0 });
    bench.schedule.roundTripMs = 80;
    bench.push(1, 0);
    bench.push(4, 0);
    assert.deepEqual(bench.collect(0), [2, 3]);
    assert.deepEqual(bench.collect(79), []);
    bench.push(2, 79);
    assert.deepEqual(bench.collect(80), [3]);
  });

  it('stops after so many tries', () => {
    const bench = new Bench({ firstDelayMs: 0, maxTries: 3, minIntervalMs: 10 });
    bench.schedule.roundTripMs = 10;
    bench.push(1, 0);
    bench.push(3, 0);
    const asked = [0, 10, 20, 30, 40].map((nowMs) => bench.collect(nowMs).length);
    assert.deepEqual(asked, [1, 1, 1, 0, 0]);
  });

  it('stops at an age', () => {
    const bench = new Bench({ firstDelayMs: 0, maxAgeMs: 300 });
    bench.push(1, 0);
    bench.push(3, 0);
    assert.deepEqual(bench.collect(301), []);
  });

  it('keeps an interval when the round trip is measured as zero', () => {
    const bench = new Bench({ firstDelayMs: 0, minIntervalMs: 20 });
    bench.schedule.roundTripMs = 0;
    bench.push(1, 0);
    bench.push(3, 0);
    assert.deepEqual(bench.collect(0), [2]);
    assert.deepEqual(bench.collect(19), []);
    assert.deepEqual(bench.collect(20), [2]);
  });

  it('stops at the end of the array and asks for the rest next time', () => {
    const bench = new Bench({ firstDelayMs: 0 });
    bench.push(0, 0);
    bench.push(41, 0);
    assert.deepEqual([bench.collect(0).length, bench.collect(0).length], [16, 16]);
    assert.deepEqual(bench.collect(0), [33, 34, 35, 36, 37, 38, 39, 40]);
  });

  it('does not confuse a later packet in the same slot with an earlier one', () => {
    const bench = new Bench({ firstDelayMs: 0, maxTries: 1 });
    bench.push(1, 0);
    bench.push(3, 0);
    assert.deepEqual(bench.collect(0), [2]);
    for (let sequence = 2; sequence <= 65; sequence++) bench.push(sequence, 1);
    bench.push(67, 2);
    assert.deepEqual(bench.collect(2), [66]);
  });
});
