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

  it('speaks of B-frames when pictures come in another order again and again', () => {
    const detector = new ReorderDetector();
    const steps = [0, 6000, 3000, 12_000, 9000, 18_000];
    steps.forEach((ticks) => detector.note(ticks, false));
    assert.deepEqual([detector.hasReorderedFrames, detector.hasBFrames], [true, false]);
    detector.note(15_000, false);
    assert.equal(detector.hasBFrames, true);
    detector.reset();
    assert.deepEqual([detector.hasReorderedFrames, detector.hasBFrames], [false, false]);
  });

  it('takes a clock that is corrected now and then for no B-frames', () => {
    const detector = new ReorderDetector();
    let ticks = 2 ** 32 - 100_000;
    for (let picture = 1; picture <= 3000; picture++) {
      // Half a picture back, once in twelve seconds.
      ticks += picture % 300 === 0 ? -1800 : 3600;
      detector.note(ticks >>> 0, false);
    }
    assert.deepEqual([detector.hasReorderedFrames, detector.hasBFrames], [true, false]);
  });

  it('forgets B-frames of an encoder that makes none any more', () => {
    const detector = new ReorderDetector();
    [0, 6000, 3000, 12_000, 9000, 18_000, 15_000].forEach((at) => detector.note(at, false));
    for (let picture = 0; picture < 250; picture++) detector.note(24_000 + picture * 3000, false);
    assert.equal(detector.hasBFrames, true);
    detector.note(24_000 + 250 * 3000, false);
    assert.equal(detector.hasBFrames, false);
  });
});
