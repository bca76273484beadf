// Tests of the H.264 normaliser with loss and broken packets.
import assert from 'node:assert/strict';
import { H264Normalizer } from '../../../core/rtp/h264-normalizer.ts';
import { CollectingSink } from '../../support/collecting-sink.ts';
import {
  fuA,
  H264,
  H264_WITH_SETS,
  idrSlice,
  interSlice,
  laterIdrSlice,
  OTHER_SPS,
  PPS,
  pushUnit,
  sketches,
  stapA,
} from './nal-samples.ts';
import { rtpPacketOf } from './rtp-packets.ts';

function setUp(codec = H264_WITH_SETS): { normalizer: H264Normalizer; sink: CollectingSink } {
  return { normalizer: new H264Normalizer(codec), sink: new CollectingSink() };
}

describe('H264Normalizer, damaged', () => {
  describe('loss', () => {
    it('drops the rest of a damaged NAL unit and leaves one hole', () => {
      const { normalizer, sink } = setUp();
      const fragments = fuA(interSlice(6000), 1400);
      fragments.forEach((payload, index) => {
        if (index === 2) return;
        if (index === 3) normalizer.noteLoss(sink);
        const isMarked = index === fragments.length - 1;
        normalizer.push(rtpPacketOf(payload, { isMarked }), sink);
      });
      pushUnit(normalizer, sink, { at: 3000, payloads: [interSlice()] });
      assert.deepEqual(sketches(sink), ['28@0 S', '28@0', 'gap 1@3000 SE!']);
      assert.equal(sink.gapCount, 1);
      assert.equal(normalizer.packetsInError, 0);
    });

    it('goes on with the next slice of the same access unit', () => {
      const { normalizer, sink } = setUp();
      const [first] = fuA(interSlice(3000), 1400);
      assert.ok(first);
      normalizer.push(rtpPacketOf(first), sink);
      normalizer.noteLoss(sink);
      normalizer.noteLoss(sink);
      pushUnit(normalizer, sink, { at: 0, payloads: [laterIdrSlice()] });
      assert.deepEqual(sketches(sink), ['28@0 S', 'gap 5@0 E!']);
      assert.equal(sink.gapCount, 1);
    });

    it('joins a stream in the middle of a NAL unit without an error', () => {
      const { normalizer, sink } = setUp();
      pushUnit(normalizer, sink, { at: 0, payloads: fuA(interSlice(6000), 1400).slice(2) });
      assert.deepEqual([sink.packets.length, normalizer.packetsInError], [0, 0]);
    });

    it('counts a NAL unit that another one cuts off', () => {
      const { normalizer, sink } = setUp();
      const fragments = fuA(interSlice(3000), 1000).slice(0, 2);
      pushUnit(normalizer, sink, { at: 0, payloads: [...fragments, interSlice()] });
      assert.deepEqual(sketches(sink), ['28@0 S', '28@0', 'gap 1@0 E!']);
      assert.equal(normalizer.packetsInError, 1);
    });

    it('counts fragments that follow nothing', () => {
      const { normalizer, sink } = setUp();
      pushUnit(normalizer, sink, { at: 0, payloads: [interSlice()] });
      pushUnit(normalizer, sink, { at: 1, payloads: fuA(interSlice(3000), 1000).slice(1) });
      assert.deepEqual([sink.packets.length, normalizer.packetsInError], [1, 1]);
    });

    it('forgets the old source on restart', () => {
      const { normalizer, sink } = setUp();
      const [first] = fuA(interSlice(3000), 1400);
      assert.ok(first);
      normalizer.push(rtpPacketOf(first), sink);
      normalizer.restart({ ...H264, sps: OTHER_SPS, pps: PPS });
      pushUnit(normalizer, sink, { at: 0, payloads: [idrSlice()] });
      assert.deepEqual(sink.packets[1]?.payload, stapA(OTHER_SPS, PPS));
      assert.deepEqual(sketches(sink).slice(1), ['24@0 KS', '5@0 E!']);
    });
  });

  describe('errors', () => {
    it('counts interleaved packets, reserved types and cut payloads', () => {
      const { normalizer, sink } = setUp();
      const payloads = [0x19, 0x1a, 0x1b, 0x1d, 0x1e, 0x00].map((type) =>
        Uint8Array.of(type, 1, 2, 3),
      );
      payloads.push(Uint8Array.of(0x65), Uint8Array.of(0x7c, 0x80 | 28, 1));
      for (const payload of payloads) normalizer.push(rtpPacketOf(payload), sink);
      assert.deepEqual([sink.packets.length, normalizer.packetsInError], [0, payloads.length]);
    });

    it('keeps what is right of a broken aggregate', () => {
      const { normalizer, sink } = setUp();
      const payload = Uint8Array.of(...stapA(interSlice()), 0x7f, 0xff, 1, 2);
      pushUnit(normalizer, sink, { at: 0, payloads: [payload] });
      assert.deepEqual(sketches(sink), ['1@0 SE!']);
      assert.equal(normalizer.packetsInError, 1);
    });

    it('counts everything of an interleaved source', () => {
      const { normalizer, sink } = setUp({ ...H264_WITH_SETS, packetizationMode: 2 });
      pushUnit(normalizer, sink, { at: 0, payloads: [interSlice(), ...fuA(interSlice(99), 50)] });
      assert.deepEqual([sink.packets.length, normalizer.packetsInError], [0, 3]);
    });
  });
});
