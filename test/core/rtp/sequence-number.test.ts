// Tests of sequence number arithmetic around the wrap.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  isNewerSequence,
  sequenceDistance,
  SequenceUnwrapper,
  tickDistance,
} from '../../../core/rtp/sequence-number.ts';

describe('sequenceDistance()', () => {
  it('counts across the wrap in both directions', () => {
    assert.equal(sequenceDistance(65535, 0), 1);
    assert.equal(sequenceDistance(0, 65535), -1);
    assert.equal(sequenceDistance(10, 10), 0);
    assert.equal(sequenceDistance(0, 32767), 32767);
    assert.equal(sequenceDistance(0, 32768), -32768);
  });

  it('tells which of two numbers is newer', () => {
    assert.equal(isNewerSequence(3, 65530), true);
    assert.equal(isNewerSequence(65530, 3), false);
    assert.equal(isNewerSequence(7, 7), false);
  });
});

describe('tickDistance()', () => {
  it('counts across the wrap of 32 bits', () => {
    assert.equal(tickDistance(0xffffffff, 0), 1);
    assert.equal(tickDistance(5, 0xfffffffb), -10);
  });
});

describe('SequenceUnwrapper', () => {
  it('gives late packets their old number back', () => {
    const unwrapper = new SequenceUnwrapper();
    assert.equal(unwrapper.highest, -1);
    const first = unwrapper.unwrap(65535);
    assert.equal(unwrapper.unwrap(1), first + 2);
    assert.equal(unwrapper.unwrap(0), first + 1);
    assert.equal(unwrapper.highest, first + 2);
    assert.equal(unwrapper.peek(9), first + 10);
    assert.equal(unwrapper.highest, first + 2);
  });

  it('follows any walk of small steps exactly', () => {
    const steps = fc.array(fc.integer({ min: -3000, max: 3000 }), { maxLength: 200 });
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 65535 }), steps, (start, walk) => {
        const unwrapper = new SequenceUnwrapper();
        const base = unwrapper.unwrap(start) - start;
        let position = start;
        let highest = start;
        for (const step of walk) {
          position = Math.max(highest - 3000, position + step);
          highest = Math.max(highest, position);
          assert.equal(unwrapper.unwrap(((position % 65536) + 65536) % 65536), base + position);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('starts anew after reset', () => {
    const unwrapper = new SequenceUnwrapper();
    unwrapper.unwrap(60000);
    unwrapper.reset();
    assert.equal(unwrapper.unwrap(5), 65536 + 5);
  });
});
