// Tests of the rewriting of parameter sets: everything but the reordering stays.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { parseH264Sps } from '../../../core/codec/h264-sps.ts';
import { parseH265Sps } from '../../../core/codec/h265-sps.ts';
import {
  withoutH264Reorder,
  withoutH265Reorder,
} from '../../../pro/snapshot/sps-without-reorder.ts';
import { parseH264SpropParameterSets } from '../../../core/codec/sprop-parameter-sets.ts';
import { H264_CAMERAS } from '../../support/camera-parameter-sets.ts';

/** x264, two B-frames. */
const X264_SPS = Buffer.from('6764000cacd941519e2223011000000300100000030140f1429960', 'hex');
/** x265, three B-frames. */
const X265_SPS = Buffer.from(
  '42010101600000030090000003000003003ca00a080f16595964932bc05a020000030002000003003210',
  'hex',
);

describe('withoutH264Reorder()', () => {
  it('takes out what makes decoders wait, and nothing else', () => {
    const before = parseH264Sps(X264_SPS);
    const after = parseH264Sps(withoutH264Reorder(X264_SPS));
    const { maxReorderFrames, restrictionBit, ...kept } = before ?? {};
    assert.deepEqual([maxReorderFrames, restrictionBit], [2, 160]);
    assert.deepEqual(after, kept);
  });

  it('keeps the picture of every camera', () => {
    for (const { sprop } of H264_CAMERAS) {
      const { sps } = parseH264SpropParameterSets(sprop);
      assert.ok(sps);
      const { maxReorderFrames, restrictionBit, ...kept } = parseH264Sps(sps) ?? {};
      const after = parseH264Sps(withoutH264Reorder(sps));
      if (maxReorderFrames && restrictionBit) assert.deepEqual(after, kept);
      else assert.equal(withoutH264Reorder(sps), sps);
    }
  });
});

describe('withoutH265Reorder()', () => {
  it('sets the number of reordered pictures to 0, and nothing else', () => {
    const before = parseH265Sps(X265_SPS);
    assert.ok(before && before.maxReorderFrames > 0);
    const after = parseH265Sps(withoutH265Reorder(X265_SPS));
    assert.deepEqual(after, { ...before, maxReorderFrames: 0 });
  });
});

describe('rewriting parameter sets', () => {
  it('takes any bytes', () => {
    const header = fc.constantFrom([0x67], [0x42, 0x01]);
    fc.assert(
      fc.property(header, fc.uint8Array({ maxLength: 60 }), (start, rest) => {
        const nal = Uint8Array.from([...start, ...rest]);
        for (const result of [withoutH264Reorder(nal), withoutH265Reorder(nal)]) {
          assert.equal(result[0], nal[0]);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
