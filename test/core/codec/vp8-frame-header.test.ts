// Tests of the starts of VP8 and VP9 frames, with frames of libvpx.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { isVp8KeyFrame, parseVp8FrameSize } from '../../../core/codec/vp8-frame-header.ts';
import { isVp9KeyFrame, parseVp9FrameHeader } from '../../../core/codec/vp9-frame-header.ts';

const VP8_KEY = Buffer.from('b057009d012a4201b2000047', 'hex');
const VP8_INTER = Buffer.from('f10a000d10ac0018', 'hex');
const VP9_KEY = Buffer.from('a2498342e014100b160c38241c184a00', 'hex');
const VP9_INTER = Buffer.from('a60040929c405000', 'hex');

describe('parseVp8FrameSize()', () => {
  it('reads key frames only', () => {
    assert.deepEqual(parseVp8FrameSize(VP8_KEY), { widthPixels: 322, heightPixels: 178 });
    assert.equal(parseVp8FrameSize(VP8_INTER), undefined);
    assert.equal(parseVp8FrameSize(VP8_KEY.subarray(0, 9)), undefined);
    assert.equal(parseVp8FrameSize(Buffer.from('b057009d012b4201b2000047', 'hex')), undefined);
  });

  it('ignores the scaling bits', () => {
    const scaled = Buffer.from('b057009d012a4241b2c00047', 'hex');
    assert.deepEqual(parseVp8FrameSize(scaled), { widthPixels: 322, heightPixels: 178 });
  });

  it('agrees with isVp8KeyFrame()', () => {
    assert.equal(isVp8KeyFrame(VP8_KEY[0] ?? 0), true);
    assert.equal(isVp8KeyFrame(VP8_INTER[0] ?? 0), false);
  });
});

describe('parseVp9FrameHeader()', () => {
  it('reads key frames with size and interframes without', () => {
    assert.deepEqual(parseVp9FrameHeader(VP9_KEY), {
      profile: 1,
      isKeyFrame: true,
      widthPixels: 322,
      heightPixels: 178,
    });
    assert.deepEqual(parseVp9FrameHeader(VP9_INTER), { profile: 1, isKeyFrame: false });
  });

  it('takes a frame that is shown again for no key frame', () => {
    assert.equal(parseVp9FrameHeader(Uint8Array.of(0b1000_1000))?.isKeyFrame, false);
    assert.equal(isVp9KeyFrame(0b1000_1000), false);
  });

  it('rejects a wrong marker, a wrong sync code and cut headers', () => {
    assert.equal(parseVp9FrameHeader(Uint8Array.of(0x12)), undefined);
    assert.equal(parseVp9FrameHeader(Buffer.from('a2498343e014100b16', 'hex')), undefined);
    assert.equal(parseVp9FrameHeader(VP9_KEY.subarray(0, 6)), undefined);
    assert.equal(parseVp9FrameHeader(new Uint8Array(0)), undefined);
  });

  it('agrees with isVp9KeyFrame() on random bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 20 }), (bytes) => {
        const parsed = parseVp9FrameHeader(bytes);
        if (parsed !== undefined) assert.equal(parsed.isKeyFrame, isVp9KeyFrame(bytes[0] ?? 0));
      }),
      { numRuns: 3000 },
    );
  });
});
