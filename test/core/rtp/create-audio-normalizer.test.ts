// Tests of the choice of normalisers, and of the one that passes everything through.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { AacNormalizer } from '../../../core/rtp/aac-normalizer.ts';
import { ConstantRateNormalizer } from '../../../core/rtp/constant-rate-normalizer.ts';
import {
  createAudioNormalizer,
  type AudioCodec,
} from '../../../core/rtp/create-audio-normalizer.ts';
import { OpusNormalizer } from '../../../core/rtp/opus-normalizer.ts';
import { PacketFlag } from '../../../core/rtp/packet-sink.ts';
import { PassThroughNormalizer } from '../../../core/rtp/pass-through-normalizer.ts';
import { CollectingSink } from '../../support/collecting-sink.ts';
import { countingBytes, rtpPacketOf } from './rtp-packets.ts';

const GENERIC = { name: 'Generic', clockRateHz: 90000, rtpmap: 'X/90000', fmtp: '' } as const;
const CODECS: readonly (readonly [AudioCodec, unknown])[] = [
  [{ name: 'Opus', clockRateHz: 48000, channelCount: 2 }, OpusNormalizer],
  [
    {
      name: 'MPEG-4 Audio',
      clockRateHz: 48000,
      sampleRateHz: 48000,
      channelCount: 2,
      config: Uint8Array.of(0x11, 0x90),
      framing: { type: 'generic', sizeLength: 13, indexLength: 3, indexDeltaLength: 3 },
    },
    AacNormalizer,
  ],
  [{ name: 'G711', clockRateHz: 8000, channelCount: 1, isMuLaw: true }, ConstantRateNormalizer],
  [{ name: 'G722', clockRateHz: 8000, channelCount: 1 }, ConstantRateNormalizer],
  [{ name: 'LPCM', clockRateHz: 48000, channelCount: 2, bitDepth: 16 }, ConstantRateNormalizer],
  [{ name: 'LPCM', clockRateHz: 48000, channelCount: 2, bitDepth: 20 / 3 }, PassThroughNormalizer],
  [GENERIC, PassThroughNormalizer],
];

describe('createAudioNormalizer()', () => {
  for (const [codec, expected] of CODECS) {
    it(`takes ${codec.name} at ${codec.clockRateHz} Hz`, () => {
      const normalizer = createAudioNormalizer(codec);
      assert.equal(normalizer.constructor, expected);
      assert.equal(normalizer.codec.name, codec.name);
      assert.equal(normalizer.hasReorderedFrames, false);
    });
  }

  it('makes normalisers that never throw on random payloads', () => {
    const payloads = fc.array(
      fc.record({
        payload: fc.uint8Array({ maxLength: 200 }),
        timestampTicks: fc.integer({ min: 0, max: 0xffffffff }),
        isMarked: fc.boolean(),
        isLossBefore: fc.boolean(),
      }),
      { maxLength: 8 },
    );
    fc.assert(
      fc.property(fc.constantFrom(...CODECS), payloads, ([codec], packets) => {
        const normalizer = createAudioNormalizer(codec);
        const sink = new CollectingSink();
        for (const packet of packets) {
          if (packet.isLossBefore) normalizer.noteLoss(sink);
          normalizer.push(rtpPacketOf(packet.payload, packet), sink);
        }
        assert.ok(sink.packets.every(({ payload }) => payload.length > 0));
      }),
      { numRuns: 1500 },
    );
  });
});

describe('PassThroughNormalizer', () => {
  it('copies payloads of any size and finds access units by marker and timestamp', () => {
    const normalizer = new PassThroughNormalizer(GENERIC);
    const sink = new CollectingSink();
    const payload = countingBytes(1460);
    normalizer.push(rtpPacketOf(payload, { timestampTicks: 1 }), sink);
    normalizer.push(rtpPacketOf(payload, { timestampTicks: 1, isMarked: true }), sink);
    normalizer.push(rtpPacketOf(payload, { timestampTicks: 1 }), sink);
    normalizer.push(rtpPacketOf([]), sink);
    const start = PacketFlag.keyFrameStart | PacketFlag.accessUnitStart;
    assert.deepEqual(
      sink.packets.map(({ flags }) => flags),
      [start, PacketFlag.accessUnitEnd, start],
    );
    assert.deepEqual(sink.packets[1]?.payload, payload);
    assert.equal(sink.packets[1].isMarked, true);
  });

  it('leaves a gap at loss and takes any codec at restart', () => {
    const normalizer = new PassThroughNormalizer(GENERIC);
    const sink = new CollectingSink();
    normalizer.noteLoss(sink);
    assert.equal(sink.gapCount, 1);
    const other = { ...GENERIC, rtpmap: 'Y/8000' };
    normalizer.restart(other);
    assert.deepEqual(normalizer.codec, other);
  });
});
