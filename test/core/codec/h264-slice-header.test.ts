// Tests of what is read of H.264 and H.265 slices and recovery points.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { h264NalRefIdc, h264NalType, hasH264Idr } from '../../../core/codec/h264-nal-unit.ts';
import { readH264RecoveryFrameCount } from '../../../core/codec/h264-sei.ts';
import { H264SliceHeader, H264SliceType } from '../../../core/codec/h264-slice-header.ts';
import { h265NalType, hasH265Irap, isH265Irap } from '../../../core/codec/h265-nal-unit.ts';
import { H265SliceHeader } from '../../../core/codec/h265-slice-header.ts';

describe('H264SliceHeader.parse()', () => {
  it('tells B slices from P and I, with and without "all slices alike"', () => {
    const header = new H264SliceHeader();
    // first_mb 0 = 1, slice_type: B 1 = 010, B 6 = 00111, I 7 = 0001000, pps 0 = 1
    for (const [text, type] of [
      ['10101000', H264SliceType.B],
      ['10011110', H264SliceType.B],
      ['111', H264SliceType.P],
      ['100010001', H264SliceType.I],
    ] as const) {
      const bits = text.padEnd(16, '0');
      const bytes = Uint8Array.of(
        0x41,
        Number.parseInt(bits.slice(0, 8), 2),
        Number.parseInt(bits.slice(8), 2),
      );
      assert.equal(header.parse(bytes, 1, 3), true);
      assert.equal(header.sliceType, type);
      assert.equal(header.firstMacroblock, 0);
      assert.equal(header.ppsId, 0);
    }
  });

  it('reads first_mb_in_slice of a later slice', () => {
    const header = new H264SliceHeader();
    // ue(4) = 00101, ue(5) = 00110, ue(2) = 011
    assert.equal(header.parse(Uint8Array.of(0b0010_1001, 0b1001_1000), 0, 2), true);
    assert.deepEqual([header.firstMacroblock, header.ppsId], [4, 2]);
  });

  it('rejects broken headers', () => {
    const header = new H264SliceHeader();
    assert.equal(header.parse(new Uint8Array(20), 0, 20), false);
    assert.equal(header.parse(Uint8Array.of(0x80), 0, 0), false);
  });
});

describe('H265SliceHeader', () => {
  it('reads the PPS behind the extra flag of random access points', () => {
    const header = new H265SliceHeader();
    assert.equal(header.parseIrap(Uint8Array.of(0b1010_0000), 0, 1), true);
    assert.deepEqual([header.isFirstInPicture, header.ppsId], [true, 0]);
    assert.equal(header.parse(Uint8Array.of(0b0010_0000), 0, 1), true);
    assert.deepEqual([header.isFirstInPicture, header.ppsId], [false, 1]);
  });
});

describe('readH264RecoveryFrameCount()', () => {
  it('finds the message behind others', () => {
    // user data (5) of 3 bytes, recovery point (6): ue(0) = 1
    const sei = Uint8Array.of(0x06, 5, 3, 1, 2, 3, 6, 1, 0x84, 0x80);
    assert.equal(readH264RecoveryFrameCount(sei, 0, sei.length), 0);
  });

  it('reads long types and sizes', () => {
    const long = [0xff, 1, 0xff, 2, ...new Array<number>(257).fill(9)];
    const sei = Uint8Array.of(0x06, ...long, 6, 1, 0b0101_0000, 0x80);
    assert.equal(readH264RecoveryFrameCount(sei, 0, sei.length), 1);
  });

  it('answers -1 when there is none', () => {
    assert.equal(readH264RecoveryFrameCount(Uint8Array.of(6, 5, 1, 9, 0x80), 0, 5), -1);
    assert.equal(readH264RecoveryFrameCount(Uint8Array.of(6), 0, 1), -1);
  });

  it('ends on random bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        assert.ok(readH264RecoveryFrameCount(bytes, 0, bytes.length) >= -1);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('NAL unit headers', () => {
  it('tell type and importance', () => {
    assert.equal(h264NalType(0x65), 5);
    assert.deepEqual([h264NalRefIdc(0x65), h264NalRefIdc(0x01)], [3, 0]);
    assert.equal(hasH264Idr([Uint8Array.of(0x06), Uint8Array.of(0x25)]), true);
    assert.equal(hasH264Idr([Uint8Array.of(0x41), new Uint8Array(0)]), false);
    assert.equal(h265NalType(0x42), 33);
    assert.deepEqual([15, 16, 21, 23, 24].map(isH265Irap), [false, true, true, true, false]);
    assert.equal(hasH265Irap([Uint8Array.of(0x02, 1), Uint8Array.of(0x2a, 1)]), true);
  });
});
