// Tests of avcC and hvcC against the records that FFmpeg writes for the same parameter sets.
import assert from 'node:assert/strict';
import { MediaError } from '../../../core/base/media-error.ts';
import { buildAvcConfiguration } from '../../../core/codec/avc-configuration.ts';
import { buildHevcConfiguration } from '../../../core/codec/hevc-configuration.ts';
import { fromBase64 } from '../../support/camera-parameter-sets.ts';

const FFMPEG_AVCC =
  '0164000cffe1001b6764000cacd941519e2223011000000300100000030140f142996001000668ebe3cb22c0fdf8f800';
const FFMPEG_HVCC =
  '0102200000009000000000003cf000fcfdfafa00000f03' +
  '20000100184001' +
  '0c01ffff02200000030090000003000003003c9280902100' +
  '01002b42010102200000030090000003000003003ca00a480b9c9236592a4932bc05a02000000300200000030141' +
  '22000100074401c172b46240';

function fromHex(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'hex'));
}

describe('buildAvcConfiguration()', () => {
  it('writes what FFmpeg writes, with the four bytes of High profile', () => {
    const sps = fromHex(FFMPEG_AVCC.slice(16, 16 + 27 * 2));
    const pps = fromHex(FFMPEG_AVCC.slice(-20, -8));
    assert.equal(Buffer.from(buildAvcConfiguration(sps, pps)).toString('hex'), FFMPEG_AVCC);
  });

  it('leaves them out below High profile', () => {
    const sps = fromBase64('Z0LAHtkDxWhAAAADAEAAAAwDxYuS');
    const pps = fromBase64('aMuMsg==');
    const record = buildAvcConfiguration(sps, pps);
    assert.equal(record.length, 11 + sps.length + pps.length);
    assert.deepEqual([...record.subarray(0, 8)], [1, 66, 0xc0, 30, 0xff, 0xe1, 0, sps.length]);
    assert.deepEqual(record.subarray(-pps.length), pps);
  });

  it('refuses a broken SPS', () => {
    assert.throws(() => buildAvcConfiguration(Uint8Array.of(1), Uint8Array.of(2)), MediaError);
  });
});

describe('buildHevcConfiguration()', () => {
  it('writes what FFmpeg writes, but says that the arrays are complete', () => {
    const vps = fromHex(FFMPEG_HVCC.slice(56, 56 + 48));
    const sps = fromHex(FFMPEG_HVCC.slice(114, 114 + 86));
    const pps = fromHex(FFMPEG_HVCC.slice(-14));
    const record = Buffer.from(buildHevcConfiguration({ vps, sps, pps }));
    assert.deepEqual(
      [record[23], record[23 + 5 + 24], record[23 + 5 + 24 + 5 + 43]],
      [0xa0, 0xa1, 0xa2],
    );
    for (const at of [23, 23 + 5 + 24, 23 + 5 + 24 + 5 + 43]) record[at] = (record[at] ?? 0) & 0x7f;
    assert.equal(record.toString('hex'), FFMPEG_HVCC);
  });

  it('refuses a broken SPS', () => {
    const nal = Uint8Array.of(1);
    assert.throws(() => buildHevcConfiguration({ vps: nal, sps: nal, pps: nal }), MediaError);
  });
});
