// Tests of the structure of Opus packets, and of passing them on.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { OpusFrames } from '../../../core/rtp/opus-frames.ts';
import { OpusNormalizer } from '../../../core/rtp/opus-normalizer.ts';
import { OpusPacketizer } from '../../../core/rtp/opus-packetizer.ts';
import { CollectingSink } from '../../support/collecting-sink.ts';
import { countingBytes, rtpPacketOf } from './rtp-packets.ts';

const STEREO = { name: 'Opus', clockRateHz: 48000, channelCount: 2 } as const;
/** Fullband CELT, 20 ms, stereo, one frame. */
const TOC_20MS = 0xfc;

function parse(packet: ArrayLike<number>): number[][] | undefined {
  const frames = new OpusFrames();
  const bytes = Uint8Array.from(packet);
  if (!frames.parse(bytes, 0, bytes.length)) return undefined;
  return Array.from({ length: frames.frameCount }, (_, index) => [
    ...bytes.subarray(frames.starts[index], frames.ends[index]),
  ]);
}

describe('OpusFrames.parse()', () => {
  it('reads the four ways to pack frames', () => {
    assert.deepEqual(parse([0xfc, 1, 2, 3]), [[1, 2, 3]]);
    assert.deepEqual(parse([0xfd, 1, 2, 3, 4]), [
      [1, 2],
      [3, 4],
    ]);
    assert.deepEqual(parse([0xfe, 1, 9, 7, 8]), [[9], [7, 8]]);
    assert.deepEqual(parse([0xff, 0x03, 1, 2, 3]), [[1], [2], [3]]);
    assert.deepEqual(parse([0xff, 0x83, 1, 2, 9, 7, 8, 5]), [[9], [7, 8], [5]]);
  });

  it('reads lengths of two bytes', () => {
    const packet = [0xfe, 252, 1, ...countingBytes(256), 42];
    assert.deepEqual(
      parse(packet)?.map((frame) => frame.length),
      [256, 1],
    );
  });

  it('leaves padding out, of any length', () => {
    assert.deepEqual(parse([0xff, 0x41, 2, 7, 0, 0]), [[7]]);
    const long = [0xff, 0x41, 255, 1, 7, ...countingBytes(255)];
    assert.deepEqual(parse(long), [[7]]);
  });

  it('takes discontinuous transmission for valid', () => {
    assert.deepEqual(parse([0xfc]), [[]]);
    assert.deepEqual(parse([0xfd]), [[], []]);
    assert.deepEqual(parse([0xfe, 0]), [[], []]);
  });

  it('knows the duration of every configuration', () => {
    const frames = new OpusFrames();
    const ticks = Array.from({ length: 32 }, (_, config) => {
      frames.parse(Uint8Array.of(config << 3, 1), 0, 2);
      return frames.packetTicks;
    });
    const silk = [480, 960, 1920, 2880];
    const celt = [120, 240, 480, 960];
    const hybrid = [480, 960, 480, 960];
    assert.deepEqual(ticks, [
      ...silk,
      ...silk,
      ...silk,
      ...hybrid,
      ...celt,
      ...celt,
      ...celt,
      ...celt,
    ]);
  });

  for (const [rule, packet] of [
    ['an empty packet (R1)', []],
    ['a frame above 1275 bytes (R2)', [0xfc, ...countingBytes(1276)]],
    ['two equal frames of an odd sum (R3)', [0xfd, 1, 2, 3]],
    ['a first frame beyond the end (R4)', [0xfe, 5, 1, 2]],
    ['a count of zero (R5)', [0xff, 0x00]],
    ['more than 120 ms (R5)', [0xff, 0x07, ...countingBytes(7)]],
    ['equal frames that do not divide (R6)', [0xff, 0x02, 1, 2, 3]],
    ['padding beyond the end (R6)', [0xff, 0x41, 9, 1]],
    ['padding without its length', [0xff, 0x41]],
    ['lengths beyond the end (R7)', [0xff, 0x82, 200, 1]],
    ['code 3 without a count', [0xff]],
  ] as const) {
    it(`refuses ${rule}`, () => {
      assert.equal(parse(packet), undefined);
    });
  }

  it('stays inside the packet for any bytes', () => {
    const frames = new OpusFrames();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (packet) => {
        if (!frames.parse(packet, 0, packet.length)) return;
        assert.ok(frames.packetTicks > 0 && frames.packetTicks <= 5760);
        let previousEnd = 1;
        for (let index = 0; index < frames.frameCount; index++) {
          const start = frames.starts[index] ?? -1;
          const end = frames.ends[index] ?? -1;
          assert.ok(start >= previousEnd && end >= start && end <= packet.length);
          previousEnd = end;
        }
      }),
      { numRuns: 10_000 },
    );
  });
});

describe('OpusNormalizer', () => {
  it('passes packets as they are, timestamp and marker too', () => {
    const normalizer = new OpusNormalizer(STEREO);
    const sink = new CollectingSink();
    const payload = Uint8Array.of(TOC_20MS, 1, 2, 3);
    normalizer.push(rtpPacketOf(payload, { timestampTicks: 960, isMarked: true }), sink);
    normalizer.push(rtpPacketOf([TOC_20MS], { timestampTicks: 1920 }), sink);
    const [first, second] = sink.packets;
    assert.deepEqual(
      [first?.payload, first?.timestampTicks, first?.isMarked],
      [payload, 960, true],
    );
    assert.deepEqual([second?.payload.length, second?.isMarked], [1, false]);
    assert.equal(normalizer.packetsInError, 0);
  });

  it('drops padding silently and broken packets with a count', () => {
    const normalizer = new OpusNormalizer(STEREO);
    const sink = new CollectingSink();
    normalizer.push(rtpPacketOf([]), sink);
    normalizer.push(rtpPacketOf([0xff, 0x00]), sink);
    assert.deepEqual([sink.packets.length, normalizer.packetsInError], [0, 1]);
  });

  it('splits a packet that is too long into its frames', () => {
    const sink = new CollectingSink();
    const frame = countingBytes(500);
    const packet = Uint8Array.of(TOC_20MS | 3, 0x03, ...frame, ...frame, ...frame);
    assert.equal(new OpusPacketizer().packetize(packet, 0xffffffff, sink), true);
    assert.deepEqual(
      sink.packets.map(({ payload, timestampTicks }) => [
        payload[0],
        payload.length,
        timestampTicks,
      ]),
      [
        [TOC_20MS, 501, 0xffffffff],
        [TOC_20MS, 501, 959],
        [TOC_20MS, 501, 1919],
      ],
    );
    const single = Uint8Array.of(TOC_20MS, ...countingBytes(1200));
    assert.equal(new OpusPacketizer().packetize(single, 0, sink), false);
  });

  it('does not look into packets of more than two channels', () => {
    const normalizer = new OpusNormalizer({ ...STEREO, channelCount: 6 });
    const sink = new CollectingSink();
    normalizer.push(rtpPacketOf([0xff, 0x00, 1]), sink);
    normalizer.push(rtpPacketOf(countingBytes(1189)), sink);
    assert.deepEqual([sink.packets.length, normalizer.packetsInError], [1, 1]);
  });

  it('leaves a gap at loss and keeps its codec', () => {
    const normalizer = new OpusNormalizer(STEREO);
    const sink = new CollectingSink();
    normalizer.noteLoss(sink);
    assert.equal(sink.gapCount, 1);
    const mono = { ...STEREO, channelCount: 1 };
    normalizer.restart(mono);
    normalizer.restart({ name: 'VP8', clockRateHz: 90000 });
    assert.deepEqual(normalizer.codec, mono);
  });
});
