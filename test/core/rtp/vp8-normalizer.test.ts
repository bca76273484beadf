// Tests of the VP8 normaliser.
import assert from 'node:assert/strict';
import { Vp8Normalizer } from '../../../core/rtp/vp8-normalizer.ts';
import { CollectingSink } from '../../support/collecting-sink.ts';
import { pushUnit, sketches } from './nal-samples.ts';
import { countingBytes, rtpPacketOf } from './rtp-packets.ts';

const VP8 = { name: 'VP8', clockRateHz: 90000 } as const;
const PICTURE_ID = [0x80, 0x92, 0x34] as const;

/** Payload with a 15-bit picture id; `first` is S and PID. */
function payloadOf(first: number, body: Uint8Array): Uint8Array {
  return Uint8Array.of(0x80 | first, ...PICTURE_ID, ...body);
}

function frameOf(isKey: boolean, length: number): Uint8Array {
  const frame = countingBytes(length, 7);
  frame[0] = isKey ? 0xb0 : 0xb1;
  return frame;
}

function setUp(): { normalizer: Vp8Normalizer; sink: CollectingSink } {
  return { normalizer: new Vp8Normalizer(VP8), sink: new CollectingSink() };
}

describe('Vp8Normalizer', () => {
  it('passes payloads that fit, and knows key frames', () => {
    const { normalizer, sink } = setUp();
    const key = payloadOf(0x10, frameOf(true, 500));
    pushUnit(normalizer, sink, { at: 0, payloads: [key] });
    pushUnit(normalizer, sink, { at: 1, payloads: [payloadOf(0x10, frameOf(false, 500))] });
    assert.deepEqual(sink.packets[0]?.payload, key);
    assert.deepEqual(sketches(sink), ['16@0 KSE!', '16@1 SE!']);
  });

  it('reads every form of descriptor', () => {
    for (const descriptor of [
      [0x10],
      [0x90, 0x80, 0x11],
      [0x90, 0x80, 0x91, 0x22],
      [0x90, 0x40, 1],
      [0x90, 0x10, 1],
      [0x90, 0xf0, 0x80, 0, 1, 1],
    ]) {
      const { normalizer, sink } = setUp();
      pushUnit(normalizer, sink, { at: 0, payloads: [Uint8Array.of(...descriptor, 0xb0, 1)] });
      assert.deepEqual(sketches(sink).length, 1);
      assert.equal((sink.packets[0]?.flags ?? 0) & 1, 1);
      normalizer.push(rtpPacketOf(descriptor), sink);
      assert.equal(normalizer.packetsInError, 1);
    }
  });

  it('cuts long payloads, joins the rest, and keeps S in front only', () => {
    const { normalizer, sink } = setUp();
    const frame = frameOf(true, 4000);
    const payloads = [0, 1468, 2936].map((from) =>
      payloadOf(from === 0 ? 0x10 : 0, frame.subarray(from, from + 1468)),
    );
    pushUnit(normalizer, sink, { at: 0, payloads });
    assert.equal(sink.packets.length, 4);
    assert.deepEqual(
      sink.packets.map(({ payload }) => [...payload.subarray(0, 4)]),
      [0x90, 0x80, 0x80, 0x80].map((first) => [first, ...PICTURE_ID]),
    );
    assert.deepEqual(
      sink.packets.flatMap(({ payload }) => [...payload.subarray(4)]),
      [...frame],
    );
    assert.ok(sink.packets.every(({ payload }) => payload.length <= 1188));
    assert.deepEqual(
      sketches(sink).map((text) => text.slice(text.indexOf('@'))),
      ['@0 KS', '@0', '@0', '@0 E!'],
    );
  });

  it('does not join across partitions', () => {
    const { normalizer, sink } = setUp();
    const first = payloadOf(0x10, frameOf(true, 1400));
    const second = payloadOf(0x11, countingBytes(100));
    pushUnit(normalizer, sink, { at: 0, payloads: [first, second] });
    assert.deepEqual(
      sink.packets.map(({ payload }) => [payload[0], payload.length]),
      [
        [0x90, 1188],
        [0x80, 1400 - 1184 + 4],
        [0x91, 104],
      ],
    );
  });

  it('writes the rest of a frame that no marker ends', () => {
    const { normalizer, sink } = setUp();
    normalizer.push(rtpPacketOf(payloadOf(0x10, frameOf(true, 1400))), sink);
    const next = payloadOf(0x10, frameOf(false, 10));
    normalizer.push(rtpPacketOf(next, { timestampTicks: 3000 }), sink);
    assert.deepEqual(
      sink.packets.map(({ payload, timestampTicks }) => [payload.length, timestampTicks]),
      [
        [1188, 0],
        [220, 0],
        [14, 3000],
      ],
    );
    assert.deepEqual(
      sink.packets.map(({ flags }) => flags),
      [5, 0, 4],
    );
  });

  it('drops the rest of a damaged frame', () => {
    const { normalizer, sink } = setUp();
    normalizer.push(rtpPacketOf(payloadOf(0x10, frameOf(true, 1400))), sink);
    normalizer.noteLoss(sink);
    pushUnit(normalizer, sink, { at: 0, payloads: [payloadOf(0, countingBytes(50))] });
    pushUnit(normalizer, sink, { at: 1, payloads: [payloadOf(0x10, frameOf(false, 50))] });
    assert.deepEqual(sketches(sink), ['16@0 KS', 'gap 16@1 SE!']);
    assert.deepEqual([sink.packets[0]?.payload.length, normalizer.packetsInError], [1188, 0]);
  });

  it('waits for a frame at the beginning and after a restart', () => {
    const { normalizer, sink } = setUp();
    pushUnit(normalizer, sink, { at: 0, payloads: [payloadOf(0, countingBytes(50))] });
    assert.equal(sink.packets.length, 0);
    pushUnit(normalizer, sink, { at: 0, payloads: [payloadOf(0x10, frameOf(true, 50))] });
    normalizer.restart(VP8);
    pushUnit(normalizer, sink, { at: 1, payloads: [payloadOf(0, countingBytes(50))] });
    assert.equal(sink.packets.length, 1);
  });
});
