// Tests of the H.265 parameter set readers with real cameras, FFmpeg's x265 and hostile bytes.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { parseH265ParameterSetIds } from '../../../core/codec/h265-parameter-sets.ts';
import { parseH265Sps } from '../../../core/codec/h265-sps.ts';
import { DAHUA_H265, fromBase64, TP_LINK_H265 } from '../../support/camera-parameter-sets.ts';

/** x265, Main 10, 322x178 with a conformance window. */
const X265_SPS = Buffer.from(
  '42010102200000030090000003000003003ca00a480b9c9236592a4932bc05a02000000300200000030141',
  'hex',
);

describe('parseH265Sps()', () => {
  it('reads the size of cameras', () => {
    const dahua = parseH265Sps(fromBase64(DAHUA_H265.sps));
    assert.deepEqual([dahua?.widthPixels, dahua?.heightPixels, dahua?.levelIdc], [704, 480, 90]);
    const tpLink = parseH265Sps(fromBase64(TP_LINK_H265.sps));
    assert.deepEqual([tpLink?.widthPixels, tpLink?.heightPixels], [2560, 1440]);
    assert.deepEqual([tpLink?.profileIdc, tpLink?.tier, tpLink?.levelIdc], [1, 0, 150]);
  });

  it('reads profile, window and depth of x265', () => {
    assert.deepEqual(parseH265Sps(X265_SPS), {
      id: 0,
      vpsId: 0,
      maxSubLayers: 1,
      isTemporalIdNested: true,
      profileSpace: 0,
      tier: 0,
      profileIdc: 2,
      compatibilityFlags: 0x20000000,
      constraintFlags: 0x900000000000,
      levelIdc: 60,
      chromaFormatIdc: 1,
      widthPixels: 322,
      heightPixels: 178,
      bitDepthLuma: 10,
      bitDepthChroma: 10,
      maxReorderFrames: 0,
      orderingBit: 164,
    });
  });

  it('rejects other NAL units and cut ones', () => {
    assert.equal(parseH265Sps(fromBase64(DAHUA_H265.vps)), undefined);
    assert.equal(parseH265Sps(X265_SPS.subarray(0, 20)), undefined);
  });

  it('never throws, and never reports nonsense, on random bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 14, maxLength: 80 }), (body) => {
        const parsed = parseH265Sps(Uint8Array.of(0x42, 1, ...body));
        if (parsed === undefined) return;
        assert.ok(parsed.widthPixels > 0 && parsed.widthPixels <= 16384);
        assert.ok(parsed.heightPixels > 0 && parsed.heightPixels <= 16384);
      }),
      { numRuns: 5000 },
    );
  });
});

describe('parseH265ParameterSetIds()', () => {
  it('reads the chain of a camera', () => {
    assert.deepEqual(parseH265ParameterSetIds(fromBase64(DAHUA_H265.vps)), { id: 0, parentId: -1 });
    assert.deepEqual(parseH265ParameterSetIds(fromBase64(DAHUA_H265.sps)), { id: 0, parentId: 0 });
    assert.deepEqual(parseH265ParameterSetIds(fromBase64(DAHUA_H265.pps)), { id: 0, parentId: 0 });
  });

  it('rejects slices and cut sets', () => {
    assert.equal(parseH265ParameterSetIds(Uint8Array.of(0x26, 1, 0xaf)), undefined);
    assert.equal(parseH265ParameterSetIds(Uint8Array.of(0x44, 1)), undefined);
    assert.equal(parseH265ParameterSetIds(Uint8Array.of(0x44, 1, 0, 0, 0)), undefined);
  });
});
