// Which key frames a decoder takes without starting anew, and what a file has to announce for them.
import assert from 'node:assert/strict';
import type { Codec } from '../../../core/codec/codec.ts';
import { decoderSetupOf, isSameDecoder } from '../../../core/record/decoder-setup.ts';
import { DAHUA_H265, TP_LINK_H265, fromBase64 } from '../../support/camera-parameter-sets.ts';

const hex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'hex'));
const H264: Codec = { name: 'H264', clockRateHz: 90000, packetizationMode: 1 };
const H265: Codec = { name: 'H265', clockRateHz: 90000 };
const SPS = hex('6742c01edd8088fee0');
const PPS = hex('68ce3c80');
const IDR = hex('65888400');

describe('decoderSetupOf()', () => {
  it('takes the parameter sets of the key frame, not those of the track', () => {
    const { codec } = decoderSetupOf({ ...H264, sps: IDR, pps: IDR }, [SPS, PPS, IDR]);
    assert.deepEqual(codec, { ...H264, sps: SPS, pps: PPS });
  });

  it('takes those of the track where the key frame has none', () => {
    const codec: Codec = { ...H264, sps: SPS, pps: PPS };
    assert.deepEqual(decoderSetupOf(codec, [IDR]).codec, codec);
  });

  it('knows H265 sets', () => {
    const sets = [DAHUA_H265.vps, DAHUA_H265.sps, DAHUA_H265.pps].map(fromBase64);
    const [vps, sps, pps] = sets;
    assert.deepEqual(decoderSetupOf(H265, sets).codec, { ...H265, vps, sps, pps });
    const others = [TP_LINK_H265.vps, TP_LINK_H265.sps, TP_LINK_H265.pps].map(fromBase64);
    const known = decoderSetupOf(H265, sets);
    assert.equal(isSameDecoder(known, decoderSetupOf(H265, others)), false);
    assert.equal(isSameDecoder(known, decoderSetupOf(H265, [...sets])), true);
  });

  it('notices another sequence header, picture size or picture parameter set', () => {
    const av1: Codec = { name: 'AV1', clockRateHz: 90000 };
    const vp8: Codec = { name: 'VP8', clockRateHz: 90000 };
    const pairs: [Codec, Uint8Array[], Uint8Array[]][] = [
      [av1, [hex('0a01')], [hex('0a02')]],
      [vp8, [hex('100000' + '9d012a' + '40014000')], [hex('100000' + '9d012a' + '80024000')]],
      [H264, [SPS, PPS], [SPS, hex('68ce3c81')]],
    ];
    for (const [codec, before, after] of pairs) {
      const known = decoderSetupOf(codec, before);
      assert.equal(isSameDecoder(known, decoderSetupOf(codec, before)), true);
      assert.equal(isSameDecoder(known, decoderSetupOf(codec, after)), false, codec.name);
    }
  });

  it('never parts sound', () => {
    const opus: Codec = { name: 'Opus', clockRateHz: 48000, channelCount: 2 };
    const known = decoderSetupOf(opus, [hex('01')]);
    assert.equal(isSameDecoder(known, decoderSetupOf(opus, [hex('02')])), true);
  });
});
