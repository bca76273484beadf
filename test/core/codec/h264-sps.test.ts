// Tests of the H.264 parameter set readers with real cameras, FFmpeg's x264 and hostile bytes.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { parseH264Pps } from '../../../core/codec/h264-pps.ts';
import { parseH264Sps } from '../../../core/codec/h264-sps.ts';
import { profileLevelIdOf } from '../../../core/codec/profile-level-id.ts';
import { parseH264SpropParameterSets } from '../../../core/codec/sprop-parameter-sets.ts';
import { fromBase64, H264_CAMERAS } from '../../support/camera-parameter-sets.ts';

/** x264, High, 322x178, 10 pictures per second, two B-frames. */
const X264_SPS = Buffer.from('6764000cacd941519e2223011000000300100000030140f1429960', 'hex');

describe('parseH264Sps()', () => {
  for (const sample of H264_CAMERAS) {
    it(`reads the SPS of ${sample.camera}`, () => {
      const { sps } = parseH264SpropParameterSets(sample.sprop);
      assert.ok(sps);
      const parsed = parseH264Sps(sps);
      assert.equal(parsed?.widthPixels, sample.widthPixels);
      assert.equal(parsed.heightPixels, sample.heightPixels);
      assert.equal(parsed.profileIdc, sample.profileIdc);
      assert.equal(parsed.levelIdc, sample.levelIdc);
      assert.equal(parsed.frameRate, sample.frameRate);
    });
  }

  it('reads cropping, frame rate and reordering of x264', () => {
    assert.deepEqual(parseH264Sps(X264_SPS), {
      id: 0,
      profileIdc: 100,
      constraintFlags: 0,
      levelIdc: 12,
      chromaFormatIdc: 1,
      bitDepthLuma: 8,
      bitDepthChroma: 8,
      maxReferenceFrames: 4,
      widthPixels: 322,
      heightPixels: 178,
      isInterlaced: false,
      frameRate: 10,
      maxReorderFrames: 2,
      restrictionBit: 160,
    });
  });

  it('rejects other NAL units, cut ones and giant ones', () => {
    assert.equal(parseH264Sps(Uint8Array.of(0x68, 0xee, 0x3c, 0x80)), undefined);
    assert.equal(parseH264Sps(X264_SPS.subarray(0, 7)), undefined);
    assert.equal(parseH264Sps(Buffer.concat([X264_SPS, Buffer.alloc(5000)])), undefined);
  });

  it('rejects pictures without size', () => {
    // 16x16: ids and types 1 1 1 1 1, no gaps 0, width 1, height 1, frames 1, direct 1, cropping 1,
    // then left 0 and right as ue(v) in units of two pixels, top 0, bottom 0, no VUI 0
    const spsOf = (right: string): Uint8Array => {
      const text = `111110111111${right}1101`.padEnd(32, '0');
      const body = [0, 8, 16, 24].map((at) => Number.parseInt(text.slice(at, at + 8), 2));
      return Uint8Array.of(0x67, 66, 0, 30, ...body);
    };
    assert.equal(parseH264Sps(spsOf('0001000'))?.widthPixels, 2);
    assert.equal(parseH264Sps(spsOf('0001001')), undefined);
  });

  it('survives every cut and every flipped bit of a real one', () => {
    for (let length = 0; length <= X264_SPS.length; length++) {
      parseH264Sps(X264_SPS.subarray(0, length));
    }
    for (let bit = 8; bit < X264_SPS.length * 8; bit++) {
      const broken = Uint8Array.from(X264_SPS);
      broken[bit >> 3] = (broken[bit >> 3] ?? 0) ^ (0x80 >> (bit & 7));
      const parsed = parseH264Sps(broken);
      if (parsed !== undefined) assert.ok(parsed.widthPixels > 0 && parsed.widthPixels <= 16384);
    }
  });

  it('never throws, and never reports nonsense, on random bytes', () => {
    const profile = fc.constantFrom(66, 77, 88, 100, 110, 122, 244);
    fc.assert(
      fc.property(profile, fc.uint8Array({ maxLength: 80 }), (profileIdc, body) => {
        const parsed = parseH264Sps(Uint8Array.of(0x67, profileIdc, ...body));
        if (parsed === undefined) return;
        assert.ok(parsed.widthPixels > 0 && parsed.widthPixels <= 16384);
        assert.ok(parsed.heightPixels > 0 && parsed.heightPixels <= 16384);
        assert.ok((parsed.frameRate ?? 1) > 0 && (parsed.maxReorderFrames ?? 0) <= 16);
      }),
      { numRuns: 5000 },
    );
  });
});

describe('parseH264Pps()', () => {
  it('reads both identifiers', () => {
    assert.deepEqual(parseH264Pps(fromBase64('aO48gA==')), { id: 0, spsId: 0 });
    // ue(3) = 00100, ue(1) = 010
    assert.deepEqual(parseH264Pps(Uint8Array.of(0x68, 0b0010_0010, 0x80)), { id: 3, spsId: 1 });
  });

  it('rejects other NAL units and ids out of range', () => {
    assert.equal(parseH264Pps(Uint8Array.of(0x67, 0xee)), undefined);
    assert.equal(parseH264Pps(Uint8Array.of(0x68, 0, 0, 0, 0)), undefined);
  });
});

describe('profileLevelIdOf()', () => {
  it('takes it from the SPS, whatever the SDP says', () => {
    assert.equal(profileLevelIdOf(X264_SPS), '64000c');
    assert.equal(profileLevelIdOf(fromBase64('Z0LAHtkDxWhAAAADAEAAAAwDxYuS')), '42c01e');
    assert.equal(profileLevelIdOf(Uint8Array.of(0x67)), undefined);
  });
});
