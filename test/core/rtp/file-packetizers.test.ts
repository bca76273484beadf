// Packetizers for VP9 and AV1 samples of files: what they write is what a depacketizer gives back.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { joinAv1Obus, splitAv1Obus } from '../../../core/codec/av1-obu.ts';
import { Av1Packetizer } from '../../../core/rtp/av1-packetizer.ts';
import { PacketFlag } from '../../../core/rtp/packet-sink.ts';
import { Vp9Packetizer } from '../../../core/rtp/vp9-packetizer.ts';
import { CollectingSink } from '../../support/collecting-sink.ts';

const KEY_FRAME = 0x80;
const INTER_FRAME = 0x84;

describe('Vp9Packetizer', () => {
  it('cuts frames of any size so that they fit, and can be joined again', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 5000 }),
        fc.constantFrom(KEY_FRAME, INTER_FRAME),
        (rest, first) => {
          const sink = new CollectingSink();
          const frame = Uint8Array.of(first, ...rest);
          assert.equal(new Vp9Packetizer().packetize(frame, 7, sink), true);
          const payloads = sink.packets.map(({ payload }) => Buffer.from(payload));
          assert.deepEqual(
            Buffer.concat(payloads.map((each) => each.subarray(1))),
            Buffer.from(frame),
          );
          assert.ok(payloads.every(({ length }) => length <= 1200));
          const bits = payloads.map(([descriptor = 0]) => descriptor);
          assert.deepEqual(
            bits.map((each) => (each & 0x08) !== 0),
            payloads.map((_, index) => index === 0),
          );
          assert.deepEqual(
            sink.packets.map(({ isMarked }) => isMarked),
            bits.map((each) => (each & 0x04) !== 0),
          );
          const isKeyFrame = first === KEY_FRAME;
          assert.equal(
            ((sink.packets[0]?.flags ?? 0) & PacketFlag.keyFrameStart) !== 0,
            isKeyFrame,
          );
          assert.ok(bits.every((each) => ((each & 0x40) === 0) === isKeyFrame));
        },
      ),
    );
  });

  it('writes nothing for nothing', () => {
    const sink = new CollectingSink();
    assert.equal(new Vp9Packetizer().packetize(new Uint8Array(0), 0, sink), false);
    assert.equal(sink.packets.length, 0);
  });
});

describe('Av1Packetizer', () => {
  it('takes whatever a file holds without a throw, and never writes too long a packet', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 4000 }), (bytes) => {
        const sink = new CollectingSink();
        const isWritten = new Av1Packetizer().packetize(bytes, 1, sink);
        assert.equal(isWritten, sink.packets.length > 0);
        assert.ok(sink.packets.every(({ payload }) => payload.length <= 1200));
        assert.ok(!isWritten || sink.packets.at(-1)?.isMarked === true);
      }),
    );
  });

  it('leaves out temporal delimiters, sizes and padding, and tells key frames', () => {
    const delimiter = Uint8Array.of(0x12, 0);
    const sequence = Uint8Array.of(0x08, 1, 2, 3);
    const frame = Uint8Array.of(0x30, ...new Uint8Array(3000).fill(9));
    const padding = Uint8Array.of(0x78, 0, 0);
    const sink = new CollectingSink();
    const unit = joinAv1Obus([delimiter, sequence, frame, padding]);
    assert.equal(splitAv1Obus(unit)?.length, 4);
    assert.equal(new Av1Packetizer().packetize(unit, 5, sink), true);
    const [first] = sink.packets;
    assert.equal(sink.packets.length, 3);
    assert.ok(first && (first.flags & PacketFlag.keyFrameStart) !== 0);
    // Z=0, Y=1, W=2, N=1; then the length of the sequence header and itself.
    assert.deepEqual([...first.payload.subarray(0, 7)], [0x68, 4, 0x08, 1, 2, 3, 0x30]);
    assert.deepEqual(
      sink.packets.map(({ isMarked }) => isMarked),
      [false, false, true],
    );
  });
});
