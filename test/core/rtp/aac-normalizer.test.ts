// Tests of the AAC normaliser and packetizer together.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Mpeg4AudioCodec } from '../../../core/codec/codec.ts';
import { AacDepacketizer } from '../../../core/rtp/aac-depacketizer.ts';
import { AacNormalizer } from '../../../core/rtp/aac-normalizer.ts';
import { AAC_HBR_FRAMING, AacPacketizer } from '../../../core/rtp/aac-packetizer.ts';
import { PacketFlag } from '../../../core/rtp/packet-sink.ts';
import { MAX_NORMALIZED_PAYLOAD_BYTES } from '../../../core/rtp/track-normalizer.ts';
import { CollectingSink } from '../../support/collecting-sink.ts';
import { countingBytes, rtpPacketOf } from './rtp-packets.ts';

const GENERIC: Mpeg4AudioCodec = {
  name: 'MPEG-4 Audio',
  clockRateHz: 48000,
  sampleRateHz: 48000,
  channelCount: 2,
  config: Uint8Array.of(0x11, 0x90),
  framing: AAC_HBR_FRAMING,
};
const START = PacketFlag.keyFrameStart | PacketFlag.accessUnitStart;
const END = PacketFlag.accessUnitEnd;

function aggregateOf(lengths: readonly number[]): number[] {
  const headers = lengths.flatMap((length) => [length >> 5, (length & 31) << 3]);
  return [
    0,
    lengths.length * 16,
    ...headers,
    ...lengths.flatMap((length) => [...countingBytes(length, length)]),
  ];
}

describe('AacNormalizer', () => {
  it('writes one packet per access unit with its own timestamp', () => {
    const normalizer = new AacNormalizer(GENERIC);
    const sink = new CollectingSink();
    const packet = rtpPacketOf(aggregateOf([100, 120, 90]), { timestampTicks: 9, isMarked: true });
    normalizer.push(packet, sink);
    assert.deepEqual(
      sink.packets.map(({ payload, timestampTicks, isMarked, flags }) => [
        payload.length,
        timestampTicks,
        isMarked,
        flags,
      ]),
      [
        [104, 9, true, START | END],
        [124, 1033, true, START | END],
        [94, 2057, true, START | END],
      ],
    );
    assert.deepEqual(sink.packets[0]?.payload.slice(0, 6), Uint8Array.of(0, 16, 3, 32, 100, 101));
  });

  it('says mode AAC-hbr whatever the source sends', () => {
    const source: Mpeg4AudioCodec = { ...GENERIC, framing: { type: 'latm' } };
    const normalizer = new AacNormalizer(source);
    assert.deepEqual(normalizer.codec, GENERIC);
    const sink = new CollectingSink();
    const payload = [3, 0x21, 0x22, 0x23];
    normalizer.push(rtpPacketOf(payload, { timestampTicks: 4, isMarked: true }), sink);
    assert.deepEqual([...(sink.packets[0]?.payload ?? [])], [0, 16, 0, 24, 0x21, 0x22, 0x23]);
  });

  it('counts bad packets, ignores padding, drops fragments at loss', () => {
    const normalizer = new AacNormalizer(GENERIC);
    const sink = new CollectingSink();
    normalizer.push(rtpPacketOf([]), sink);
    assert.equal(normalizer.packetsInError, 0);
    normalizer.push(rtpPacketOf([1, 2, 3]), sink);
    assert.equal(normalizer.packetsInError, 1);
    normalizer.push(rtpPacketOf([0, 16, 0x10, 0, ...countingBytes(300)]), sink);
    normalizer.noteLoss(sink);
    normalizer.push(rtpPacketOf([0, 16, 0x10, 0, ...countingBytes(212)], { isMarked: true }), sink);
    assert.deepEqual([sink.packets.length, sink.gapCount, normalizer.packetsInError], [0, 1, 2]);
  });

  it('takes the parameters of a restarted source, but no other codec', () => {
    const normalizer = new AacNormalizer(GENERIC);
    const config = Uint8Array.of(0x14, 0x08);
    const slower = { ...GENERIC, config, clockRateHz: 16000, sampleRateHz: 16000, channelCount: 1 };
    normalizer.restart(slower);
    assert.deepEqual(normalizer.codec, slower);
    normalizer.restart({ name: 'VP8', clockRateHz: 90000 });
    assert.deepEqual(normalizer.codec, slower);
  });
});

describe('AacPacketizer.packetize()', () => {
  it('refuses an access unit that is empty or too long for 13 bits', () => {
    const sink = new CollectingSink();
    const packetizer = new AacPacketizer();
    assert.equal(packetizer.packetize(new Uint8Array(0), 0, sink), false);
    assert.equal(packetizer.packetize(new Uint8Array(8192), 0, sink), false);
    assert.equal(sink.packets.length, 0);
  });

  it('writes fragments that join to the same access unit, the marker on the last', () => {
    const lengths = fc.integer({ min: 1, max: 8191 });
    fc.assert(
      fc.property(lengths, fc.integer({ min: 0, max: 0xffffffff }), (length, timestampTicks) => {
        const sink = new CollectingSink();
        const unit = countingBytes(length, 0x21);
        assert.equal(new AacPacketizer().packetize(unit, timestampTicks, sink), true);
        const flags = sink.packets.map((packet) => packet.flags);
        assert.equal((flags[0] ?? 0) & START, START);
        assert.equal((flags.at(-1) ?? 0) & END, END);
        const found: { readonly bytes: Uint8Array; readonly ticks: number }[] = [];
        const handler = {
          onAccessUnit: (bytes: Uint8Array, ticks: number) => {
            found.push({ bytes: bytes.slice(), ticks });
          },
        };
        const depacketizer = new AacDepacketizer(GENERIC, handler);
        for (const [index, packet] of sink.toRtpPackets().entries()) {
          assert.ok(packet.payloadLength <= MAX_NORMALIZED_PAYLOAD_BYTES);
          assert.equal(packet.isMarked, index === sink.packets.length - 1);
          assert.equal(depacketizer.push(packet), true);
        }
        assert.deepEqual(found, [{ bytes: unit, ticks: timestampTicks }]);
      }),
      { numRuns: 200 },
    );
  });
});
