// What Kinesis Video Streams asks of every fragment, for whatever a source may do.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { MediaFragment } from '../../../pro/put-media/media-fragment.ts';
import { MAIN_SPS } from '../../core/record/camera-feed.ts';
import {
  AAC,
  AUDIO_TRACK,
  blocksOf,
  FragmentRig,
  H264,
  VIDEO_TRACK,
  type RigFrame,
} from './fragment-rig.ts';

/** A while of one kind of media, after a step of the timestamps. */
interface Phase extends RigFrame {
  readonly durationMs: number;
  readonly stepMs: number;
}

const phase: fc.Arbitrary<Phase> = fc
  .record({
    durationMs: fc.constantFrom(40, 400, 2000, 4000, 12_000),
    stepMs: fc.constantFrom(0, 0, 0, 40, 1000, 15_000, -5000, 2 ** 25),
    hasSound: fc.constantFrom(true, true, false),
    hasPicture: fc.constantFrom(true, true, true, false),
    gopMs: fc.constantFrom(400, 1000, 4000, 30_000),
    isOther: fc.boolean(),
  })
  .map(({ isOther, ...rest }) => (isOther ? { ...rest, sps: MAIN_SPS } : rest));

function checkBlocks(fragment: MediaFragment): void {
  const video = blocksOf(fragment, VIDEO_TRACK);
  const audio = blocksOf(fragment, AUDIO_TRACK);
  const [first] = blocksOf(fragment);
  assert.deepEqual([first?.track, first?.relativeMs, first?.isKeyFrame], [VIDEO_TRACK, 0, true]);
  assert.equal(audio.length > 0, fragment.header.hasAudio);
  for (const blocks of [video, audio]) {
    let before = -1;
    for (const { relativeMs, lacing } of blocks) {
      assert.ok(relativeMs > before && relativeMs < 20_000, `${relativeMs} after ${before}`);
      assert.equal(lacing, 0);
      before = relativeMs;
    }
  }
}

describe('fragments of any source', () => {
  it('are what Kinesis Video Streams takes', () => {
    fc.assert(
      fc.property(fc.array(phase, { minLength: 1, maxLength: 6 }), (phases) => {
        const rig = new FragmentRig([H264, AAC]);
        rig.open();
        let atMs = 100_000;
        for (const { durationMs, stepMs, ...frame } of phases) {
          atMs += stepMs;
          rig.play(atMs, durationMs, frame);
          atMs += durationMs;
        }
        let endMs = 0;
        for (const fragment of rig.fragments) {
          const { timecodeMs, durationMs, sizeBytes } = fragment;
          assert.ok(timecodeMs >= endMs - 1 && timecodeMs > 0);
          assert.ok(durationMs >= 1000 && durationMs <= 20_000, `${durationMs}`);
          assert.equal(Buffer.concat(fragment.cluster(timecodeMs)).length, sizeBytes);
          checkBlocks(fragment);
          endMs = timecodeMs + durationMs;
        }
        assert.deepEqual(rig.ends, []);
      }),
      { numRuns: 40 },
    );
  });
});
