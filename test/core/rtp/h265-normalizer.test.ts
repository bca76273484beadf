// Tests of the H.265 normaliser, for what differs from H.264.
import assert from 'node:assert/strict';
import { H265Normalizer } from '../../../core/rtp/h265-normalizer.ts';
import { PacketFlag } from '../../../core/rtp/packet-sink.ts';
import { CollectingSink } from '../../support/collecting-sink.ts';
import { H265, H265_PPS, H265_SPS, H265_VPS, H265_WITH_SETS, pushUnit } from './nal-samples.ts';
import { countingBytes, rtpPacketOf } from './rtp-packets.ts';

/** A NAL unit of `type` whose slice header starts its picture (bit 7) and names PPS 0. */
function nalOf(type: number, length = 20): Uint8Array {
  return Uint8Array.of(type << 1, 1, 0b1110_0000, ...countingBytes(length - 3, 5));
}

function ap(...nals: readonly Uint8Array[]): Uint8Array {
  const items = nals.flatMap((nal) => [nal.length >> 8, nal.length & 0xff, ...nal]);
  return Uint8Array.of(48 << 1, 1, ...items);
}

function fu(nal: Uint8Array, bodyBytes: number): Uint8Array[] {
  const type = (nal[0] ?? 0) >> 1;
  const fragments: Uint8Array[] = [];
  for (let from = 2; from < nal.length; from += bodyBytes) {
    const s = from === 2 ? 0x80 : 0;
    const e = from + bodyBytes >= nal.length ? 0x40 : 0;
    fragments.push(
      Uint8Array.of(49 << 1, 1, s | e | type, ...nal.subarray(from, from + bodyBytes)),
    );
  }
  return fragments;
}

function typesOf(sink: CollectingSink): string[] {
  return sink.packets.map(({ payload, flags, isMarked }) => {
    const key = (flags & PacketFlag.keyFrameStart) !== 0 ? 'K' : '';
    return `${key}${(payload[0] ?? 0) >> 1}${isMarked ? '!' : ''}`;
  });
}

function setUp(codec = H265_WITH_SETS): { normalizer: H265Normalizer; sink: CollectingSink } {
  return { normalizer: new H265Normalizer(codec), sink: new CollectingSink() };
}

describe('H265Normalizer', () => {
  it('writes VPS, SPS and PPS before every kind of random access picture', () => {
    for (const type of [16, 17, 18, 19, 20, 21]) {
      const { normalizer, sink } = setUp();
      pushUnit(normalizer, sink, { at: 0, payloads: [nalOf(type)] });
      assert.deepEqual(typesOf(sink), ['K48', `${type}!`]);
      assert.deepEqual(sink.packets[0]?.payload, ap(H265_VPS, H265_SPS, H265_PPS));
    }
  });

  it('learns them in band and does not double them', () => {
    const { normalizer, sink } = setUp(H265);
    const payloads = [ap(H265_VPS, H265_SPS), H265_PPS, nalOf(39), nalOf(19)];
    pushUnit(normalizer, sink, { at: 0, payloads });
    const codec = normalizer.codec;
    assert.ok(codec.name === 'H265');
    assert.deepEqual([codec.vps, codec.sps, codec.pps], [H265_VPS, H265_SPS, H265_PPS]);
    pushUnit(normalizer, sink, { at: 1, payloads });
    assert.equal(normalizer.codec, codec);
    assert.deepEqual(typesOf(sink), ['K48', '48!', 'K48', '48!']);
  });

  it('drops delimiters and filler, keeps both kinds of SEI', () => {
    const { normalizer, sink } = setUp();
    const payloads = [nalOf(35), nalOf(39, 600), nalOf(1, 900), nalOf(40), nalOf(37), nalOf(38)];
    pushUnit(normalizer, sink, { at: 0, payloads });
    assert.deepEqual(typesOf(sink), ['39', '1', '40', '38!']);
    assert.deepEqual(sink.packets.at(-1)?.payload, Uint8Array.of(76, 1, 0x80));
  });

  it('cuts long NAL units and joins fragments', () => {
    const { normalizer, sink } = setUp();
    const slice = nalOf(1, 5000);
    pushUnit(normalizer, sink, { at: 0, payloads: [slice] });
    const cut = sink.packets.map(({ payload }) => payload);
    assert.equal(cut.length, 5);
    assert.deepEqual(cut[0]?.subarray(0, 3), Uint8Array.of(98, 1, 0x81));
    const again = new CollectingSink();
    pushUnit(normalizer, again, { at: 1, payloads: fu(slice, 1457) });
    assert.deepEqual(
      again.packets.map(({ payload }) => payload),
      cut,
    );
  });

  it('flags slices of a key frame once', () => {
    const { normalizer, sink } = setUp();
    const later = nalOf(19);
    later[2] = 0b0110_0000;
    pushUnit(normalizer, sink, { at: 0, payloads: [...fu(nalOf(19, 3000), 1000), later] });
    assert.deepEqual(typesOf(sink), ['K48', '49', '49', '49', '19!']);
  });

  it('gives an aggregate the lowest layer and temporal id', () => {
    const { normalizer, sink } = setUp();
    const low = nalOf(1);
    const high = nalOf(1);
    high[1] = (3 << 3) | 2;
    const payload = ap(high, low);
    payload[1] = 1;
    pushUnit(normalizer, sink, { at: 0, payloads: [payload] });
    assert.deepEqual(sink.packets[0]?.payload, payload);
  });

  it('counts PACI, temporal id 0 and decoding order numbers as errors', () => {
    const { normalizer, sink } = setUp();
    normalizer.push(rtpPacketOf(nalOf(50)), sink);
    normalizer.push(rtpPacketOf(Uint8Array.of(2, 0, 0x80, 1)), sink);
    normalizer.push(rtpPacketOf(Uint8Array.of(2, 1)), sink);
    assert.equal(normalizer.packetsInError, 3);
    normalizer.restart({ ...H265_WITH_SETS, maxDonDiff: 1 });
    pushUnit(normalizer, sink, { at: 0, payloads: [nalOf(19), ...fu(nalOf(19, 100), 60)] });
    assert.deepEqual([normalizer.packetsInError, sink.packets.length], [6, 0]);
  });

  it('sees B-frames', () => {
    const { normalizer, sink } = setUp();
    for (const [at, type] of [
      [0, 19],
      [9000, 1],
      [3000, 0],
    ] as const) {
      pushUnit(normalizer, sink, { at, payloads: [nalOf(type)] });
    }
    assert.equal(normalizer.hasReorderedFrames, true);
  });
});
