// Tests of the Motion JPEG normaliser and of the choice of normalisers.
import assert from 'node:assert/strict';
import type { Codec } from '../../../core/codec/codec.ts';
import { createNormalizer } from '../../../core/rtp/create-normalizer.ts';
import { MjpegNormalizer } from '../../../core/rtp/mjpeg-normalizer.ts';
import { CollectingSink } from '../../support/collecting-sink.ts';
import { H264, H265, pushUnit } from './nal-samples.ts';
import { countingBytes, rtpPacketOf } from './rtp-packets.ts';

const MJPEG = { name: 'M-JPEG', clockRateHz: 90000 } as const;

function payloadOf(offset: number, length = 1400): Uint8Array {
  return Uint8Array.of(
    0,
    offset >> 16,
    offset >> 8,
    offset,
    1,
    75,
    80,
    60,
    ...countingBytes(length),
  );
}

describe('MjpegNormalizer', () => {
  it('passes payloads and flags the start of each frame', () => {
    const normalizer = new MjpegNormalizer(MJPEG);
    const sink = new CollectingSink();
    for (const at of [0, 3000]) {
      pushUnit(normalizer, sink, {
        at,
        payloads: [payloadOf(0), payloadOf(1400), payloadOf(2800, 9)],
      });
    }
    assert.deepEqual(
      sink.packets.map(({ flags }) => flags),
      [5, 0, 2, 5, 0, 2],
    );
    assert.deepEqual(sink.packets[1]?.payload, payloadOf(1400));
  });

  it('drops the rest of a damaged frame, and counts cut headers', () => {
    const normalizer = new MjpegNormalizer(MJPEG);
    const sink = new CollectingSink();
    pushUnit(normalizer, sink, { at: 0, payloads: [payloadOf(1400)] });
    normalizer.push(rtpPacketOf(payloadOf(0), { timestampTicks: 1 }), sink);
    normalizer.noteLoss(sink);
    pushUnit(normalizer, sink, { at: 1, payloads: [payloadOf(2800)] });
    pushUnit(normalizer, sink, { at: 2, payloads: [payloadOf(0)] });
    normalizer.push(rtpPacketOf([0, 0, 0]), sink);
    assert.deepEqual(
      sink.packets.map(({ gapBefore }) => gapBefore),
      [false, true],
    );
    assert.equal(normalizer.packetsInError, 1);
  });
});

describe('createNormalizer()', () => {
  it('has one for every codec, which keeps it', () => {
    const codecs: readonly Codec[] = [
      H264,
      H265,
      { name: 'VP8', clockRateHz: 90000 },
      { name: 'VP9', clockRateHz: 90000 },
      { name: 'AV1', clockRateHz: 90000 },
      MJPEG,
      { name: 'Opus', clockRateHz: 48000, channelCount: 2 },
      { name: 'G711', clockRateHz: 8000, channelCount: 1, isMuLaw: false },
      { name: 'Generic', clockRateHz: 90000, rtpmap: 'vnd.onvif.metadata/90000', fmtp: '' },
    ];
    for (const codec of codecs) {
      const normalizer = createNormalizer(codec);
      assert.deepEqual(normalizer.codec, codec);
      assert.deepEqual([normalizer.packetsInError, normalizer.hasReorderedFrames], [0, false]);
    }
  });
});
