// Tests of the store of parameter sets.
import assert from 'node:assert/strict';
import { H264Format } from '../../../core/rtp/h264-format.ts';
import { ParameterSets } from '../../../core/rtp/parameter-sets.ts';
import { OTHER_SPS, PPS, SPS } from './nal-samples.ts';

function setUp(): ParameterSets {
  const format = new H264Format();
  return new ParameterSets(format.rankCount, (nal) => format.identify(nal));
}

function put(sets: ParameterSets, nal: Uint8Array): string {
  return sets.put(nal, 0, nal.length);
}

/** PPS `id` (0..62) that refers to SPS 0, with `filler` behind. */
function ppsOf(id: number, filler = 0): Uint8Array {
  const code = (id + 1).toString(2);
  const bits = `${'0'.repeat(code.length - 1)}${code}1`.padEnd(16, '0');
  const bytes = [Number.parseInt(bits.slice(0, 8), 2), Number.parseInt(bits.slice(8), 2)];
  return Uint8Array.of(0x68, ...bytes, filler, 0x80);
}

describe('ParameterSets', () => {
  it('knows what is new', () => {
    const sets = setUp();
    assert.equal(sets.isComplete, false);
    assert.deepEqual(
      [put(sets, PPS), put(sets, SPS), put(sets, SPS)],
      ['changed', 'changed', 'unchanged'],
    );
    assert.equal(sets.isComplete, true);
    assert.equal(put(sets, OTHER_SPS), 'changed');
    assert.deepEqual(
      sets.items.map(({ bytes }) => bytes),
      [OTHER_SPS, PPS],
    );
  });

  it('rejects what it cannot read, and giants', () => {
    const sets = setUp();
    assert.equal(put(sets, Uint8Array.of(0x67, 1)), 'invalid');
    assert.equal(put(sets, Uint8Array.of(0x68)), 'invalid');
    assert.equal(put(sets, new Uint8Array(3000).fill(0x68)), 'invalid');
    assert.deepEqual(sets.items, []);
  });

  it('follows references from the PPS to the SPS', () => {
    const sets = setUp();
    for (const nal of [SPS, ppsOf(0), ppsOf(3)]) put(sets, nal);
    assert.deepEqual(sets.chainOf(3), [SPS, ppsOf(3)]);
    assert.deepEqual(sets.chainOf(9), [SPS, ppsOf(0)]);
    sets.clear();
    assert.deepEqual(sets.chainOf(0), [undefined, undefined]);
  });

  it('keeps eight of a rank and replaces the oldest', () => {
    const sets = setUp();
    put(sets, SPS);
    for (let id = 0; id < 50; id++) put(sets, ppsOf(id));
    assert.deepEqual(
      sets.items.map(({ id, rank }) => `${rank}:${id}`),
      ['0:0', ...[42, 43, 44, 45, 46, 47, 48, 49].map((id) => `1:${id}`)],
    );
  });

  it('copies what it keeps', () => {
    const sets = setUp();
    const nal = Uint8Array.from(SPS);
    put(sets, nal);
    nal.fill(0);
    assert.deepEqual(sets.items[0]?.bytes, SPS);
  });
});
