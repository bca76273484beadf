// Tests of createEncoderFeed(): what an encoder is told and given.
import assert from 'node:assert/strict';
import type { Codec } from '../../../core/codec/codec.ts';
import { createEncoderFeed, type EncoderFeed } from '../../../pro/put-media/encoder-feed.ts';
import { clusterOf, ebmlElements } from '../../core/mux/ebml-elements.ts';

const OPUS: Codec = { name: 'Opus', clockRateHz: 48000, channelCount: 2 };
/** 20 ms of CELT. */
const PACKET = Uint8Array.of(0xfc, 1, 2);

function lpcm(bitDepth: number, channelCount = 1): Codec {
  return { name: 'LPCM', clockRateHz: 8000, bitDepth, channelCount };
}

function feedOf(codec: Codec): EncoderFeed {
  const feed = createEncoderFeed(codec);
  assert.ok(feed);
  return feed;
}

describe('createEncoderFeed()', () => {
  it('wraps Opus packets into Matroska, with counted times', () => {
    const feed = feedOf(OPUS);
    const [ebml, segment] = ebmlElements(feed.begin());
    assert.deepEqual([ebml?.id, segment?.id], [0x1a45dfa3, 0x18538067]);
    assert.equal(feed.durationTicks(PACKET), 960);
    const [cluster] = ebmlElements(feed.write(PACKET, 96_000));
    assert.ok(cluster);
    const { timestampMs, blocks } = clusterOf(cluster);
    assert.equal(timestampMs, 2000);
    assert.deepEqual([...(blocks[0]?.payload ?? [])], [...PACKET]);
  });

  it('gives no duration to what is no Opus packet', () => {
    assert.equal(feedOf(OPUS).durationTicks(Uint8Array.of(0xff)), 0);
    assert.equal(feedOf(OPUS).durationTicks(new Uint8Array(0)), 0);
  });

  it('hands linear samples on as they are, whole ones only', () => {
    const feed = feedOf(lpcm(24, 2));
    assert.deepEqual(feed.inputArguments, ['-f', 's24be', '-ar', '8000', '-ac', '2']);
    assert.equal(feed.begin().length, 0);
    assert.equal(feed.durationTicks(new Uint8Array(20)), 3);
    assert.equal(feed.write(new Uint8Array(20), 0).length, 18);
  });

  it('makes mono or stereo of all', () => {
    assert.deepEqual(
      [OPUS, lpcm(16), lpcm(8, 6)].map((codec) => feedOf(codec).channelCount),
      [2, 1, 2],
    );
  });

  it('takes nothing that an encoder would not understand', () => {
    assert.equal(createEncoderFeed(lpcm(20)), undefined);
    assert.equal(createEncoderFeed(lpcm(16, 9)), undefined);
    assert.equal(createEncoderFeed({ ...OPUS, channelCount: 6 }), undefined);
    assert.equal(
      createEncoderFeed({ name: 'G722', clockRateHz: 8000, channelCount: 1 }),
      undefined,
    );
  });
});
