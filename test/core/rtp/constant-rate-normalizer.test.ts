// Tests of re-cutting G.711, G.722 and linear PCM into blocks.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  canRecut,
  ConstantRateNormalizer,
  type ConstantRateCodec,
} from '../../../core/rtp/constant-rate-normalizer.ts';
import { PacketFlag } from '../../../core/rtp/packet-sink.ts';
import { CollectingSink } from '../../support/collecting-sink.ts';
import { countingBytes, rtpPacketOf } from './rtp-packets.ts';

const PCMA: ConstantRateCodec = {
  name: 'G711',
  clockRateHz: 8000,
  channelCount: 1,
  isMuLaw: false,
};

function lpcm(clockRateHz: number, channelCount: number, bitDepth = 16): ConstantRateCodec {
  return { name: 'LPCM', clockRateHz, channelCount, bitDepth };
}

function joined(sink: CollectingSink): number[] {
  return sink.packets.flatMap(({ payload }) => [...payload]);
}

describe('ConstantRateNormalizer', () => {
  it('cuts the odd packets of ffmpeg into 160 samples with rebuilt timestamps', () => {
    const normalizer = new ConstantRateNormalizer(PCMA);
    const sink = new CollectingSink();
    let ticks = 0xffffff80;
    for (const length of [37, 171, 100, 172]) {
      const payload = countingBytes(length, ticks & 0xff);
      normalizer.push(rtpPacketOf(payload, { timestampTicks: ticks }), sink);
      ticks = (ticks + length) >>> 0;
    }
    assert.deepEqual(
      sink.packets.map(({ payload, timestampTicks, isMarked }) => [
        payload.length,
        timestampTicks,
        isMarked,
      ]),
      [
        [160, 0xffffff80, true],
        [160, 0x20, false],
        [160, 0xc0, false],
      ],
    );
    assert.deepEqual(joined(sink), [...countingBytes(480, 0x80)]);
    const whole = PacketFlag.keyFrameStart | PacketFlag.accessUnitStart | PacketFlag.accessUnitEnd;
    assert.ok(sink.packets.every(({ flags }) => flags === whole));
  });

  for (const [title, codec, bytes, ticks] of [
    ['G.722 at 160 bytes', { name: 'G722', clockRateHz: 8000, channelCount: 1 }, 160, 160],
    ['stereo G.711 at 320 bytes', { ...PCMA, channelCount: 2 }, 320, 160],
    ['G.711 of 16 kHz at 320 bytes', { ...PCMA, clockRateHz: 16000 }, 320, 320],
    ['L16 8 kHz mono at 20 ms', lpcm(8000, 1), 320, 160],
    ['L16 48 kHz stereo at 5 ms', lpcm(48000, 2), 960, 240],
    ['L16 44.1 kHz stereo at 5 ms, whole samples', lpcm(44100, 2), 880, 220],
    ['L24 48 kHz stereo at 4 ms', lpcm(48000, 2, 24), 1152, 192],
    ['L8 11.025 kHz at 20 ms', lpcm(11025, 1, 8), 220, 220],
    ['24 channels of L16 at what fits', lpcm(48000, 24), 1152, 24],
  ] as const) {
    it(`cuts ${title}`, () => {
      const normalizer = new ConstantRateNormalizer(codec);
      const sink = new CollectingSink();
      normalizer.push(rtpPacketOf(countingBytes(bytes * 3)), sink);
      assert.deepEqual(
        sink.packets.map(({ payload, timestampTicks }) => [payload.length, timestampTicks]),
        [
          [bytes, 0],
          [bytes, ticks],
          [bytes, 2 * ticks],
        ],
      );
    });
  }

  it('keeps counting samples while timestamps wander less than 500 ms', () => {
    const normalizer = new ConstantRateNormalizer(PCMA);
    const sink = new CollectingSink();
    for (const timestampTicks of [0, 160 + 4000, 320 - 4000]) {
      normalizer.push(rtpPacketOf(countingBytes(160), { timestampTicks }), sink);
    }
    assert.deepEqual(
      sink.packets.map(({ timestampTicks }) => timestampTicks),
      [0, 160, 320],
    );
  });

  it('starts anew when timestamps leave by more, dropping the odd rest', () => {
    const normalizer = new ConstantRateNormalizer(PCMA);
    const sink = new CollectingSink();
    normalizer.push(rtpPacketOf(countingBytes(200), { timestampTicks: 0 }), sink);
    normalizer.push(rtpPacketOf(countingBytes(160, 99), { timestampTicks: 200 + 4001 }), sink);
    const [, second] = sink.packets;
    assert.equal(second?.timestampTicks, 4201);
    assert.equal(second.isMarked, true);
    assert.deepEqual([...second.payload], [...countingBytes(160, 99)]);
  });

  it('starts anew after loss and leaves a gap', () => {
    const normalizer = new ConstantRateNormalizer(PCMA);
    const sink = new CollectingSink();
    normalizer.push(rtpPacketOf(countingBytes(200), { timestampTicks: 0 }), sink);
    normalizer.noteLoss(sink);
    normalizer.push(rtpPacketOf(countingBytes(160, 7), { timestampTicks: 400 }), sink);
    const [, second] = sink.packets;
    assert.equal(second?.timestampTicks, 400);
    assert.equal(second.gapBefore, true);
    assert.equal(second.isMarked, true);
    assert.equal(second.payload[0], 7);
  });

  it('cuts half a sample off and counts the packet', () => {
    const normalizer = new ConstantRateNormalizer(lpcm(8000, 1));
    const sink = new CollectingSink();
    normalizer.push(rtpPacketOf(countingBytes(321)), sink);
    normalizer.push(rtpPacketOf([], { timestampTicks: 160 }), sink);
    assert.equal(sink.packets.length, 1);
    assert.equal(normalizer.packetsInError, 1);
  });

  it('takes the parameters of a restarted source, but no other codec', () => {
    const normalizer = new ConstantRateNormalizer(PCMA);
    const sink = new CollectingSink();
    const stereo = { ...PCMA, channelCount: 2 };
    normalizer.restart(stereo);
    assert.deepEqual(normalizer.codec, stereo);
    normalizer.push(rtpPacketOf(countingBytes(320)), sink);
    assert.equal(sink.packets[0]?.payload.length, 320);
    normalizer.restart({ name: 'VP8', clockRateHz: 90000 });
    assert.deepEqual(normalizer.codec, stereo);
  });

  it('passes every byte in order in blocks of one size, however the source cuts', () => {
    const lengths = fc.array(fc.integer({ min: 0, max: 700 }), { maxLength: 30 });
    fc.assert(
      fc.property(lengths, fc.integer({ min: 0, max: 0xffffffff }), (list, start) => {
        const normalizer = new ConstantRateNormalizer(PCMA);
        const sink = new CollectingSink();
        let position = 0;
        for (const length of list) {
          const timestampTicks = (start + position) >>> 0;
          normalizer.push(rtpPacketOf(countingBytes(length, position), { timestampTicks }), sink);
          position += length;
        }
        assert.equal(sink.packets.length, Math.floor(position / 160));
        assert.deepEqual(joined(sink), [...countingBytes(sink.packets.length * 160)]);
        for (const [index, packet] of sink.packets.entries()) {
          assert.equal(packet.timestampTicks, (start + index * 160) >>> 0);
        }
      }),
      { numRuns: 200 },
    );
  });
});

describe('canRecut()', () => {
  it('refuses samples that do not fit a packet or are no whole bytes', () => {
    assert.equal(canRecut(PCMA), true);
    assert.equal(canRecut(lpcm(48000, 255, 24)), true);
    assert.equal(canRecut(lpcm(48000, 600, 16)), false);
    assert.equal(canRecut(lpcm(48000, 1, 12)), false);
    assert.equal(canRecut(lpcm(48000, 0)), false);
  });
});
