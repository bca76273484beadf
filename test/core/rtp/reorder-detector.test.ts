// Tests of how B-frames are told from clocks that jump.
import assert from 'node:assert/strict';
import { ReorderDetector } from '../../../core/rtp/reorder-detector.ts';

function detects(timestamps: readonly number[], keyFrames: readonly number[] = [0]): boolean {
  const detector = new ReorderDetector();
  timestamps.forEach((ticks, index) => detector.note(ticks >>> 0, keyFrames.includes(index)));
  return detector.hasReorderedFrames;
}

describe('ReorderDetector', () => {
  it('sees B-frames, alone and in a pyramid', () => {
    assert.equal(detects([0, 6000, 3000]), true);
    assert.equal(detects([0, 12000, 6000, 3000, 9000]), true);
  });

  it('sees them across the wrap', () => {
    assert.equal(detects([2 ** 32 - 3000, 3000, 0]), true);
    assert.equal(detects([2 ** 32 - 6000, 0, 2 ** 32 - 3000]), true);
  });

  it('sees nothing in ascending and repeated timestamps', () => {
    assert.equal(detects([0, 3000, 3000, 6000, 9000]), false);
    assert.equal(detects([2 ** 32 - 3000, 0, 3000]), false);
  });

  it('is not fooled by a clock that is set back', () => {
    assert.equal(detects([0, 3000, 6000, 9000, 4500, 7500, 10500]), false);
    assert.equal(detects([900_000, 903_000, 906_000, 0, 3000, 6000]), false);
  });

  it('is not fooled by a source that starts again with a key frame', () => {
    assert.equal(detects([0, 90_000, 45_000], [0, 2]), false);
  });

  it('takes a step of more than three seconds for a jump', () => {
    assert.equal(detects([0, 900_000, 500_000]), false);
  });
});
