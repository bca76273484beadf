// Tests of the H.264 normaliser: one example for each thing that cameras and FFmpeg do.
import assert from 'node:assert/strict';
import { H264Normalizer } from '../../../core/rtp/h264-normalizer.ts';
import { MAX_NORMALIZED_PAYLOAD_BYTES } from '../../../core/rtp/track-normalizer.ts';
import { CollectingSink } from '../../support/collecting-sink.ts';
import {
  fuA,
  H264,
  H264_WITH_SETS,
  idrSlice,
  interSlice,
  intraSlice,
  laterIdrSlice,
  OTHER_SPS,
  PPS,
  pushUnit,
  sketches,
  SPS,
  stapA,
} from './nal-samples.ts';
import { rtpPacketOf } from './rtp-packets.ts';

const AUD = Uint8Array.of(0x09, 0xf0);
const FILLER = Uint8Array.of(0x0c, 0xff, 0xff, 0x80);
const SEI = Uint8Array.of(0x06, 5, 2, 1, 2, 0x80);
const RECOVERY_POINT = Uint8Array.of(0x06, 6, 1, 0xc4, 0x80);

function setUp(codec = H264_WITH_SETS): { normalizer: H264Normalizer; sink: CollectingSink } {
  return { normalizer: new H264Normalizer(codec), sink: new CollectingSink() };
}

describe('H264Normalizer', () => {
  describe('parameter sets', () => {
    it('writes those of the SDP before each IDR', () => {
      const { normalizer, sink } = setUp();
      pushUnit(normalizer, sink, { at: 0, payloads: [idrSlice()] });
      pushUnit(normalizer, sink, { at: 3000, payloads: [interSlice()] });
      pushUnit(normalizer, sink, { at: 6000, payloads: [idrSlice()] });
      assert.deepEqual(sketches(sink), [
        '24@0 KS',
        '5@0 E!',
        '1@3000 SE!',
        '24@6000 KS',
        '5@6000 E!',
      ]);
      assert.deepEqual(sink.packets[0]?.payload, stapA(SPS, PPS));
      assert.deepEqual(sink.packets[1]?.payload, idrSlice());
    });

    it('does not double those that come in band as well', () => {
      const { normalizer, sink } = setUp();
      const codec = normalizer.codec;
      pushUnit(normalizer, sink, { at: 0, payloads: [SPS, PPS, SEI, idrSlice()] });
      pushUnit(normalizer, sink, { at: 9, payloads: [stapA(SPS, PPS, idrSlice())] });
      assert.deepEqual(sketches(sink), ['24@0 KS', '24@0 E!', '24@9 KS', '5@9 E!']);
      assert.deepEqual(sink.packets[1]?.payload.subarray(1), stapA(SEI, idrSlice()).subarray(1));
      assert.equal(normalizer.codec, codec);
      assert.equal(normalizer.packetsInError, 0);
    });

    it('learns them from the stream', () => {
      const { normalizer, sink } = setUp(H264);
      pushUnit(normalizer, sink, { at: 0, payloads: [SPS, PPS, idrSlice()] });
      const codec = normalizer.codec;
      assert.ok(codec.name === 'H264');
      assert.equal(codec.profileLevelId, '4d0029');
      assert.deepEqual([codec.sps, codec.pps], [SPS, PPS]);
      pushUnit(normalizer, sink, { at: 9, payloads: [idrSlice()] });
      assert.equal(normalizer.codec, codec);
      assert.deepEqual(sketches(sink).slice(2), ['24@9 KS', '5@9 E!']);
    });

    it('follows a change with a new codec', () => {
      const { normalizer, sink } = setUp();
      pushUnit(normalizer, sink, { at: 0, payloads: [OTHER_SPS, PPS, idrSlice()] });
      const codec = normalizer.codec;
      assert.ok(codec.name === 'H264');
      assert.equal(codec.profileLevelId, '4d001f');
      assert.deepEqual(sink.packets[0]?.payload, stapA(OTHER_SPS, PPS));
    });

    it('takes the profile level from the SPS, not from the SDP', () => {
      const codec = { ...H264_WITH_SETS, profileLevelId: '420029' };
      const found = new H264Normalizer(codec).codec;
      assert.ok(found.name === 'H264');
      assert.equal(found.profileLevelId, '4d0029');
    });

    it('cuts start codes off that a camera leaves in', () => {
      const sps = Uint8Array.of(...SPS, 0, 0, 0, 1);
      const { normalizer, sink } = setUp({ ...H264, sps, pps: Uint8Array.of(...PPS, 0, 0, 0, 1) });
      pushUnit(normalizer, sink, { at: 0, payloads: [idrSlice()] });
      assert.deepEqual(sink.packets[0]?.payload, stapA(SPS, PPS));
    });

    it('keeps several PPS apart by identifier', () => {
      const secondPps = Uint8Array.of(0x68, 0b0101_1000, 0x80);
      const { normalizer, sink } = setUp();
      const codec = normalizer.codec;
      pushUnit(normalizer, sink, { at: 0, payloads: [SPS, PPS, secondPps, idrSlice()] });
      assert.deepEqual(sink.packets[0]?.payload, stapA(SPS, PPS, secondPps));
      assert.equal(normalizer.codec, codec);
    });

    it('takes sets that come under a timestamp and marker of their own', () => {
      const { normalizer, sink } = setUp(H264);
      pushUnit(normalizer, sink, { at: 1, payloads: [SPS] });
      pushUnit(normalizer, sink, { at: 2, payloads: [PPS] });
      pushUnit(normalizer, sink, { at: 3, payloads: [idrSlice()] });
      assert.deepEqual(sketches(sink), ['24@3 KS', '5@3 E!']);
    });

    it('passes on sets that come with a picture that is no key frame', () => {
      const { normalizer, sink } = setUp();
      pushUnit(normalizer, sink, { at: 0, payloads: [SPS, PPS, interSlice()] });
      assert.deepEqual(sketches(sink), ['24@0 S', '1@0 E!']);
    });

    it('takes sets and slices out of an Annex B stream in one payload', () => {
      const code = [0, 0, 0, 1];
      const payload = Uint8Array.of(...code, ...SPS, ...code, ...PPS, ...code, ...idrSlice());
      const { normalizer, sink } = setUp(H264);
      pushUnit(normalizer, sink, { at: 0, payloads: [payload] });
      assert.deepEqual(sketches(sink), ['24@0 KS', '5@0 E!']);
      assert.equal(normalizer.packetsInError, 0);
    });

    it('does not call a frame a key frame while sets are missing', () => {
      const { normalizer, sink } = setUp(H264);
      pushUnit(normalizer, sink, { at: 0, payloads: [idrSlice()] });
      assert.deepEqual(sketches(sink), ['5@0 SE!']);
    });

    it('puts together sets that come in fragments', () => {
      const { normalizer, sink } = setUp(H264);
      const payloads = [...fuA(SPS, 10), PPS, idrSlice()];
      pushUnit(normalizer, sink, { at: 0, payloads });
      assert.deepEqual(sink.packets[0]?.payload, stapA(SPS, PPS));
    });
  });

  describe('sizes', () => {
    it('cuts a single NAL unit that is too long', () => {
      const { normalizer, sink } = setUp({ ...H264_WITH_SETS, packetizationMode: 0 });
      pushUnit(normalizer, sink, { at: 0, payloads: [interSlice(1472)] });
      assert.deepEqual(sketches(sink), ['28@0 S', '28@0 E!']);
      assert.deepEqual(
        sink.packets.map(({ payload }) => [payload.length, (payload[1] ?? 0) & 0xc0]),
        [
          [1188, 0x80],
          [1472 - 1 - 1186 + 2, 0x40],
        ],
      );
    });

    it('keeps a NAL unit that just fits', () => {
      const { normalizer, sink } = setUp();
      pushUnit(normalizer, sink, { at: 0, payloads: [interSlice(1188)] });
      assert.deepEqual(sink.packets[0]?.payload, interSlice(1188));
    });

    it('passes fragments on as they are when they fit', () => {
      const { normalizer, sink } = setUp();
      const fragments = fuA(interSlice(3000), 1000);
      pushUnit(normalizer, sink, { at: 0, payloads: fragments });
      assert.deepEqual(
        sink.packets.map(({ payload }) => payload),
        fragments,
      );
    });

    it('cuts and joins fragments of 1472 bytes without waiting for the end', () => {
      const { normalizer, sink } = setUp();
      const slice = interSlice(10 * 1470 + 1);
      const fragments = fuA(slice, 1470);
      fragments.forEach((payload, index) => {
        const isMarked = index === fragments.length - 1;
        normalizer.push(rtpPacketOf(payload, { isMarked }), sink);
        if (!isMarked) assert.ok(sink.packets.length >= index + 1);
      });
      // 14700 bytes in pieces of 1186.
      assert.equal(sink.packets.length, 13);
      assert.ok(
        sink.packets.every(({ payload }) => payload.length <= MAX_NORMALIZED_PAYLOAD_BYTES),
      );
      assert.deepEqual(
        sink.packets.map(({ payload }) => (payload[1] ?? 0) & 0xc0),
        [0x80, ...new Array<number>(11).fill(0), 0x40],
      );
      const bodies = sink.packets.flatMap(({ payload }) => [...payload.subarray(2)]);
      assert.deepEqual(bodies, [...slice.subarray(1)]);
      assert.deepEqual(
        sink.packets.map(({ isMarked }) => isMarked).lastIndexOf(false),
        sink.packets.length - 2,
      );
    });

    it('turns a fragment that is a whole NAL unit into one', () => {
      const { normalizer, sink } = setUp();
      pushUnit(normalizer, sink, { at: 0, payloads: fuA(interSlice(500), 1400) });
      assert.deepEqual(sink.packets[0]?.payload, interSlice(500));
    });

    it('keeps small slices together that came together', () => {
      const { normalizer, sink } = setUp();
      const slices = [interSlice(30), interSlice(40), interSlice(50)];
      pushUnit(normalizer, sink, { at: 0, payloads: [stapA(AUD, ...slices)] });
      assert.equal(sink.packets.length, 1);
      assert.deepEqual(sink.packets[0]?.payload.subarray(1), stapA(...slices).subarray(1));
    });

    it('splits an aggregate that is too long', () => {
      const { normalizer, sink } = setUp();
      const slices = [interSlice(600), interSlice(500), interSlice(300)];
      pushUnit(normalizer, sink, { at: 0, payloads: [stapA(...slices)] });
      assert.deepEqual(sketches(sink), ['24@0 S', '1@0 E!']);
    });

    it('ignores padding-only packets', () => {
      const { normalizer, sink } = setUp();
      normalizer.push(rtpPacketOf([]), sink);
      assert.deepEqual([sink.packets.length, normalizer.packetsInError], [0, 0]);
    });
  });

  describe('access units', () => {
    it('flags an IDR of several slices once', () => {
      const { normalizer, sink } = setUp();
      const payloads = [AUD, idrSlice(), laterIdrSlice(), laterIdrSlice(2000)];
      pushUnit(normalizer, sink, { at: 0, payloads });
      assert.deepEqual(sketches(sink), ['24@0 KS', '5@0', '5@0', '28@0', '28@0 E!']);
    });

    it('does not flag the rest of an IDR whose first slice was lost', () => {
      const { normalizer, sink } = setUp();
      normalizer.noteLoss(sink);
      pushUnit(normalizer, sink, { at: 0, payloads: [laterIdrSlice()] });
      assert.deepEqual(sketches(sink), ['gap 5@0 SE!']);
    });

    it('starts one when the timestamp changes without a marker', () => {
      const { normalizer, sink } = setUp();
      for (const timestampTicks of [0, 3000, 6000]) {
        normalizer.push(rtpPacketOf(interSlice(), { timestampTicks }), sink);
      }
      assert.deepEqual(sketches(sink), ['1@0 S', '1@3000 S', '1@6000 S']);
    });

    it('tells frames of the same timestamp apart by the marker', () => {
      const { normalizer, sink } = setUp();
      pushUnit(normalizer, sink, { at: 5, payloads: [idrSlice()] });
      pushUnit(normalizer, sink, { at: 5, payloads: [interSlice()] });
      assert.deepEqual(sketches(sink), ['24@5 KS', '5@5 E!', '1@5 SE!']);
    });

    it('takes a marker on each slice for one access unit', () => {
      const { normalizer, sink } = setUp();
      pushUnit(normalizer, sink, { at: 5, payloads: [idrSlice()] });
      pushUnit(normalizer, sink, { at: 5, payloads: [laterIdrSlice()] });
      assert.deepEqual(sketches(sink), ['24@5 KS', '5@5 E!', '5@5 E!']);
    });

    it('drops delimiters, also marked ones, and keeps SEI', () => {
      const { normalizer, sink } = setUp();
      pushUnit(normalizer, sink, { at: 0, payloads: [AUD] });
      pushUnit(normalizer, sink, { at: 0, payloads: [SEI, interSlice()] });
      assert.deepEqual(sketches(sink), ['24@0 SE!']);
      assert.equal(normalizer.packetsInError, 0);
    });

    it('lets an empty filler carry the marker of a dropped packet', () => {
      const { normalizer, sink } = setUp();
      pushUnit(normalizer, sink, { at: 0, payloads: [interSlice(), FILLER] });
      pushUnit(normalizer, sink, {
        at: 1,
        payloads: [interSlice(), ...fuA(new Uint8Array(5000).fill(0x0c), 1400)],
      });
      assert.deepEqual(sketches(sink), ['1@0 S', '12@0 E!', '1@1 S', '12@1 E!']);
      assert.deepEqual(sink.packets[1]?.payload, Uint8Array.of(0x0c, 0x80));
    });

    it('ends a fragmented NAL unit at the marker when E is missing', () => {
      const { normalizer, sink } = setUp();
      const fragments = fuA(interSlice(2500), 1000);
      const last = fragments.at(-1);
      assert.ok(last);
      last[1] = (last[1] ?? 0) & ~0x40;
      pushUnit(normalizer, sink, { at: 0, payloads: fragments });
      assert.equal((sink.packets.at(-1)?.payload[1] ?? 0) & 0x40, 0x40);
    });

    it('takes an I slice behind a recovery point for a key frame', () => {
      const { normalizer, sink } = setUp();
      pushUnit(normalizer, sink, { at: 0, payloads: [SPS, PPS, RECOVERY_POINT, intraSlice()] });
      pushUnit(normalizer, sink, { at: 1, payloads: [RECOVERY_POINT, interSlice()] });
      pushUnit(normalizer, sink, { at: 2, payloads: [SEI, intraSlice()] });
      assert.deepEqual(sketches(sink), ['24@0 KS', '24@0 E!', '24@1 SE!', '24@2 SE!']);
    });

    it('passes SEI on that is too long to wait for the slice', () => {
      const { normalizer, sink } = setUp();
      const sei = new Uint8Array(9000).fill(0x33);
      sei[0] = 0x06;
      pushUnit(normalizer, sink, { at: 0, payloads: [...fuA(sei, 1400), idrSlice()] });
      const bodies = sink.packets.filter(({ payload }) => ((payload[0] ?? 0) & 0x1f) === 28);
      assert.equal(
        bodies.reduce((sum, { payload }) => sum + payload.length - 2, 0),
        8999,
      );
      assert.deepEqual(sketches(sink).slice(-2), ['24@0 K', '5@0 E!']);
    });
  });

  describe('hasReorderedFrames', () => {
    it('is set by B-frames', () => {
      const { normalizer, sink } = setUp();
      pushUnit(normalizer, sink, { at: 0, payloads: [idrSlice()] });
      pushUnit(normalizer, sink, { at: 9000, payloads: [interSlice()] });
      assert.equal(normalizer.hasReorderedFrames, false);
      pushUnit(normalizer, sink, { at: 3000, payloads: [interSlice()] });
      assert.equal(normalizer.hasReorderedFrames, true);
      normalizer.restart(H264);
      assert.equal(normalizer.hasReorderedFrames, false);
    });
  });
});
