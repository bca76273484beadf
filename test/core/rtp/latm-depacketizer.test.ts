// Tests of taking AAC access units out of LATM packets.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Mpeg4AudioCodec } from '../../../core/codec/codec.ts';
import { LatmDepacketizer } from '../../../core/rtp/latm-depacketizer.ts';
import { countingBytes, rtpPacketOf } from './rtp-packets.ts';

const CODEC: Mpeg4AudioCodec = {
  name: 'MPEG-4 Audio',
  clockRateHz: 48000,
  sampleRateHz: 48000,
  channelCount: 2,
  config: Uint8Array.of(0x11, 0x90),
  framing: { type: 'latm' },
};

function frame(unit: Uint8Array): number[] {
  const full = Math.floor(unit.length / 255);
  return [...Array.from({ length: full }, () => 255), unit.length % 255, ...unit];
}

class Bench {
  readonly units: { readonly bytes: number[]; readonly ticks: number }[] = [];
  readonly depacketizer = new LatmDepacketizer(CODEC, this);

  onAccessUnit(accessUnit: Uint8Array, ticks: number): void {
    this.units.push({ bytes: [...accessUnit], ticks });
  }

  push(payload: ArrayLike<number>, timestampTicks = 0, isMarked = true): boolean {
    return this.depacketizer.push(rtpPacketOf(payload, { timestampTicks, isMarked }));
  }
}

describe('LatmDepacketizer', () => {
  it('reads the frames of one element, of any length', () => {
    const bench = new Bench();
    const units = [1, 254, 255, 256, 600].map((length) => countingBytes(length, length));
    assert.equal(bench.push(units.flatMap(frame), 1000), true);
    assert.deepEqual(
      bench.units,
      units.map((unit, index) => ({ bytes: [...unit], ticks: 1000 + index * 1024 })),
    );
  });

  it('joins an element of several packets up to the marker', () => {
    const bench = new Bench();
    const element = frame(countingBytes(3000));
    assert.equal(bench.push(element.slice(0, 1400), 5, false), true);
    assert.equal(bench.push(element.slice(1400, 2800), 5, false), true);
    assert.equal(bench.push(element.slice(2800), 5, true), true);
    assert.deepEqual(bench.units, [{ bytes: [...countingBytes(3000)], ticks: 5 }]);
  });

  it('starts a new element at a new timestamp', () => {
    const bench = new Bench();
    bench.push(frame(countingBytes(3000)).slice(0, 1400), 5, false);
    assert.equal(bench.push(frame(countingBytes(9)), 1029, true), false);
    assert.deepEqual(
      bench.units.map(({ ticks }) => ticks),
      [1029],
    );
  });

  it('refuses the tail of an element whose start was lost', () => {
    const bench = new Bench();
    assert.equal(bench.push(frame(countingBytes(600, 3)).slice(300), 5, true), false);
    assert.deepEqual(bench.units, []);
    assert.equal(bench.push([], 5, true), false);
  });

  it('forgets a half element at reset', () => {
    const bench = new Bench();
    const element = frame(countingBytes(300));
    bench.push(element.slice(0, 100), 5, false);
    bench.depacketizer.reset();
    bench.push(frame(countingBytes(9)), 5, true);
    assert.equal(bench.units[0]?.bytes.length, 9);
  });

  it('gives up an element that never ends', () => {
    const bench = new Bench();
    const answers = Array.from({ length: 48 }, () => bench.push(countingBytes(1400), 5, false));
    assert.deepEqual([...new Set(answers)], [true, false]);
  });

  it('hands out nothing or exactly the packet, and never throws', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 50 }), (payload) => {
        const bench = new Bench();
        const isWhole = bench.push(payload);
        const total = bench.units.reduce((sum, { bytes }) => sum + bytes.length, 0);
        assert.ok(isWhole ? total < payload.length : total === 0);
      }),
      { numRuns: 10_000 },
    );
  });
});
