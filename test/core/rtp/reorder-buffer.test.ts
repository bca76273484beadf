// Tests of the reorder buffer: order, loss, time, restart and bounds.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  ReorderBuffer,
  type ReorderBufferOptions,
  type ReorderHandler,
} from '../../../core/rtp/reorder-buffer.ts';

type Event = number | string;

/** Writes down packets by the number in their first bytes, losses as `lost N`. */
class Recorder implements ReorderHandler {
  readonly events: Event[] = [];
  readonly sequences: number[] = [];

  onPacket(packet: Uint8Array, extendedSequence: number): void {
    this.events.push(Buffer.from(packet).readUInt32BE(0));
    this.sequences.push(extendedSequence);
  }

  onLoss(lostCount: number): void {
    this.events.push(`lost ${lostCount}`);
  }

  onRestart(): void {
    this.events.push('restart');
  }
}

function packetOf(number: number, length = 8): Uint8Array {
  const packet = Buffer.alloc(length);
  packet.writeUInt32BE(number, 0);
  return packet;
}

class Bench {
  readonly recorder = new Recorder();
  readonly buffer: ReorderBuffer;

  constructor(options: ReorderBufferOptions = {}) {
    this.buffer = new ReorderBuffer(this.recorder, options);
  }

  push(numbers: readonly number[], nowMs = 0): void {
    for (const number of numbers) this.buffer.push(packetOf(number), number & 0xffff, nowMs);
  }

  get events(): readonly Event[] {
    return this.recorder.events;
  }
}

describe('ReorderBuffer', () => {
  it('passes packets in order at once and without a copy', () => {
    const packet = packetOf(7);
    const seen: Uint8Array[] = [];
    const handler: ReorderHandler = {
      onPacket: (bytes) => seen.push(bytes),
      onLoss: () => assert.fail('nothing is lost'),
      onRestart: () => assert.fail('nothing restarts'),
    };
    new ReorderBuffer(handler).push(packet, 7, 0);
    assert.equal(seen[0], packet);
  });

  it('puts swapped packets in order across the wrap', () => {
    const bench = new Bench();
    bench.push([65534, 65536, 65535, 65538, 65537, 65539]);
    assert.deepEqual(bench.events, [65534, 65535, 65536, 65537, 65538, 65539]);
    const first = bench.recorder.sequences[0] ?? 0;
    assert.deepEqual(
      bench.recorder.sequences,
      [0, 1, 2, 3, 4, 5].map((step) => first + step),
    );
  });

  it('copies what it holds: the receive buffer may be reused', () => {
    const bench = new Bench();
    bench.push([1]);
    const reused = packetOf(3);
    bench.buffer.push(reused, 3, 0);
    reused.fill(0xff);
    bench.push([2]);
    assert.deepEqual(bench.events, [1, 2, 3]);
  });

  it('gives a gap up when the packet behind it waited long enough', () => {
    const bench = new Bench({ holdMs: 100 });
    bench.push([1], 0);
    bench.push([4], 10);
    assert.equal(bench.buffer.deadlineMs, 110);
    bench.buffer.poll(109);
    assert.deepEqual(bench.events, [1]);
    bench.buffer.poll(110);
    assert.deepEqual(bench.events, [1, 'lost 2', 4]);
    assert.equal(bench.buffer.lostCount, 2);
    assert.equal(bench.buffer.deadlineMs, undefined);
  });

  it('waits for each gap on its own', () => {
    const bench = new Bench({ holdMs: 100 });
    bench.push([1], 0);
    bench.push([3], 10);
    bench.push([5], 50);
    bench.push([6], 110);
    assert.deepEqual(bench.events, [1, 'lost 1', 3]);
    bench.buffer.poll(150);
    assert.deepEqual(bench.events, [1, 'lost 1', 3, 'lost 1', 5, 6]);
  });

  it('drops second copies and packets that come too late', () => {
    const bench = new Bench();
    bench.push([1, 3, 3, 1, 2, 2]);
    assert.deepEqual(bench.events, [1, 2, 3]);
    assert.equal(bench.buffer.duplicateCount, 1);
    assert.equal(bench.buffer.lateCount, 2);
  });

  it('gives up the oldest gap when a packet does not fit the window', () => {
    const bench = new Bench({ capacityPackets: 64 });
    bench.push([0, 2, 65]);
    assert.deepEqual(bench.events, [0, 'lost 1', 2]);
    bench.push([300]);
    assert.deepEqual(bench.events, [0, 'lost 1', 2, 'lost 62', 65]);
    bench.buffer.flush();
    assert.deepEqual(bench.events.slice(5), ['lost 234', 300]);
    assert.equal(bench.buffer.lostCount, 1 + 62 + 234);
  });

  it('takes two packets of a new count for a restart and keeps both', () => {
    const bench = new Bench();
    bench.push([100, 101, 103, 40_000]);
    assert.deepEqual(bench.events, [100, 101]);
    bench.push([40_001, 40_002]);
    assert.deepEqual(bench.events, [100, 101, 'lost 1', 103, 'restart', 40_000, 40_001, 40_002]);
    assert.equal(bench.buffer.restartCount, 1);
    const { sequences } = bench.recorder;
    assert.ok(
      sequences.every((sequence, index) => index === 0 || sequence > (sequences[index - 1] ?? 0)),
    );
  });

  it('restarts on a count that begins at zero', () => {
    const bench = new Bench();
    bench.push([65_000, 0x10000 + 20_000 - 1, 0x10000 + 20_000]);
    assert.deepEqual(bench.events.slice(1, 2), ['restart']);
    bench.push([0, 1, 2]);
    assert.deepEqual(bench.events.slice(-4), ['restart', 0, 1, 2]);
  });

  it('ignores a stray packet', () => {
    const bench = new Bench();
    bench.push([100, 40_000, 101, 20_000, 102]);
    assert.deepEqual(bench.events, [100, 101, 102]);
    assert.equal(bench.buffer.restartCount, 0);
  });

  it('passes long packets in order and drops them out of order', () => {
    const bench = new Bench({ slotBytes: 100 });
    bench.buffer.push(packetOf(1, 200), 1, 0);
    bench.buffer.push(packetOf(3, 200), 3, 0);
    bench.buffer.push(packetOf(2, 200), 2, 0);
    assert.deepEqual(bench.events, [1, 2]);
    assert.equal(bench.buffer.oversizedCount, 1);
  });

  it('shows what is missing and since when', () => {
    const bench = new Bench();
    bench.push([10], 5);
    bench.push([13], 20);
    const { buffer } = bench;
    const next = buffer.nextSequence;
    assert.equal(buffer.highestSequence, next + 2);
    assert.equal(buffer.missingSinceMs(next), 20);
    assert.equal(buffer.missingSinceMs(next + 1), 20);
    assert.equal(buffer.missingSinceMs(next + 2), undefined);
    assert.equal(buffer.missingSinceMs(next - 1), undefined);
    bench.push([12], 30);
    assert.equal(buffer.missingSinceMs(next), 20);
    assert.equal(buffer.missingSinceMs(next + 1), undefined);
  });

  it('starts anew after reset', () => {
    const bench = new Bench();
    bench.push([10, 12]);
    bench.buffer.reset();
    bench.push([500, 501]);
    assert.deepEqual(bench.events, [10, 500, 501]);
    assert.equal(bench.buffer.lostCount, 0);
  });

  it('rounds its capacity into 64..512', () => {
    const capacities = [1, 65, 9999].map((capacityPackets) => new Bench({ capacityPackets }));
    assert.deepEqual(
      capacities.map(({ buffer }) => buffer.capacityPackets),
      [64, 128, 512],
    );
  });

  it('restores any order inside its window, losing nothing', () => {
    const shuffles = fc.array(fc.integer({ min: 0, max: 62 }), { minLength: 2, maxLength: 400 });
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 65535 }), shuffles, (start, delays) => {
        const bench = new Bench({ capacityPackets: 64, holdMs: 1000 });
        const numbers = delays.map((delay, index) => ({
          number: start + index,
          at: index + delay,
        }));
        const [first, ...rest] = numbers;
        rest.sort((one, other) => one.at - other.at || one.number - other.number);
        bench.push([first?.number ?? 0, ...rest.map(({ number }) => number)]);
        assert.deepEqual(
          bench.events,
          numbers.map(({ number }) => number),
        );
      }),
      { numRuns: 300 },
    );
  });

  it('emits rising numbers and accounts for every packet, whatever comes when', () => {
    const steps = fc.array(
      fc.tuple(fc.integer({ min: 0, max: 65535 }), fc.integer({ min: 0, max: 60 })),
      { maxLength: 100 },
    );
    const near = fc.array(
      fc.tuple(fc.integer({ min: 900, max: 1100 }), fc.integer({ min: 0, max: 60 })),
      { maxLength: 100 },
    );
    fc.assert(
      fc.property(fc.oneof(steps, near), (list) => {
        const bench = new Bench({ capacityPackets: 64, holdMs: 50 });
        let nowMs = 0;
        for (const [number, waitMs] of list) bench.push([number], (nowMs += waitMs));
        bench.buffer.flush();
        const { sequences } = bench.recorder;
        for (const [index, sequence] of sequences.entries()) {
          assert.ok(index === 0 || sequence > (sequences[index - 1] ?? 0));
        }
        const { lateCount, duplicateCount } = bench.buffer;
        assert.ok(sequences.length + lateCount + duplicateCount <= list.length);
        assert.ok(bench.buffer.highestSequence < bench.buffer.nextSequence);
      }),
      { numRuns: 1000 },
    );
  });
});
