// Tests of the VP9 normaliser.
import assert from 'node:assert/strict';
import { PacketFlag } from '../../../core/rtp/packet-sink.ts';
import { Vp9Normalizer } from '../../../core/rtp/vp9-normalizer.ts';
import { Vp9PayloadDescriptor } from '../../../core/rtp/vp9-payload-descriptor.ts';
import { CollectingSink } from '../../support/collecting-sink.ts';
import { pushUnit } from './nal-samples.ts';
import { countingBytes, rtpPacketOf } from './rtp-packets.ts';

const VP9 = { name: 'VP9', clockRateHz: 90000 } as const;
const B = 0x08;
const E = 0x04;
/** Profile 0, key frame, 322x178. */
const KEY_START = Buffer.from('82498342201410b160', 'hex');
const INTER_START = Buffer.from('8600', 'hex');

function setUp(): { normalizer: Vp9Normalizer; sink: CollectingSink } {
  return { normalizer: new Vp9Normalizer(VP9), sink: new CollectingSink() };
}

function flagsOf(sink: CollectingSink): boolean[] {
  return sink.packets.map(({ flags }) => (flags & PacketFlag.keyFrameStart) !== 0);
}

describe('Vp9Normalizer', () => {
  it('tells key frames by the frame, not by the descriptor', () => {
    const { normalizer, sink } = setUp();
    // FFmpeg never sets P, so its descriptors call every frame a key frame.
    pushUnit(normalizer, sink, { at: 0, payloads: [Uint8Array.of(B | E, ...KEY_START)] });
    pushUnit(normalizer, sink, { at: 1, payloads: [Uint8Array.of(B | E, ...INTER_START)] });
    assert.deepEqual(flagsOf(sink), [true, false]);
  });

  it('flags the base layer of a key frame only', () => {
    const { normalizer, sink } = setUp();
    const base = Uint8Array.of(0x20 | B | E, 0, 7, ...KEY_START);
    const upper = Uint8Array.of(0x20 | B | E, 2, 7, ...KEY_START);
    pushUnit(normalizer, sink, { at: 0, payloads: [base, upper] });
    assert.deepEqual(flagsOf(sink), [true, false]);
  });

  it('cuts long payloads with B in front and E at the end', () => {
    const { normalizer, sink } = setUp();
    const frame = Uint8Array.of(...KEY_START, ...countingBytes(3991));
    const pieces = [frame.subarray(0, 1460), frame.subarray(1460, 2920), frame.subarray(2920)];
    const payloads = pieces.map((piece, index) =>
      Uint8Array.of(0x80 | (index === 0 ? B : 0) | (index === 2 ? E : 0), 0x11, ...piece),
    );
    pushUnit(normalizer, sink, { at: 0, payloads });
    assert.deepEqual(
      sink.packets.map(({ payload }) => payload[0]),
      [0x80 | B, 0x80, 0x80, 0x80 | E],
    );
    assert.ok(sink.packets.every(({ payload }) => payload[1] === 0x11 && payload.length <= 1188));
    assert.deepEqual(
      sink.packets.flatMap(({ payload }) => [...payload.subarray(2)]),
      [...frame],
    );
    assert.deepEqual(
      sink.packets.map(({ isMarked }) => isMarked),
      [false, false, false, true],
    );
  });

  it('carries the scalability structure in front only', () => {
    const { normalizer, sink } = setUp();
    const structure = [0x10, 1, 0x42, 0, 0xb2];
    const body = [...KEY_START, ...countingBytes(1400)];
    pushUnit(normalizer, sink, {
      at: 0,
      payloads: [Uint8Array.of(0x02 | B | E, ...structure, ...body)],
    });
    assert.deepEqual(
      sink.packets.map(({ payload }) => payload[0]),
      [0x02 | B, E],
    );
    const [first, last] = sink.packets.map(({ payload }) => payload);
    assert.deepEqual([...(first ?? []).slice(6), ...(last ?? []).slice(1)], body);
  });

  it('learns the profile from key frames', () => {
    const { normalizer, sink } = setUp();
    const before = normalizer.codec;
    pushUnit(normalizer, sink, { at: 0, payloads: [Uint8Array.of(B | E, ...KEY_START)] });
    assert.equal(normalizer.codec, before);
    const profile1 = Buffer.from('a2498342e014100b160c38', 'hex');
    pushUnit(normalizer, sink, { at: 1, payloads: [Uint8Array.of(B | E, ...profile1)] });
    assert.deepEqual(normalizer.codec, { ...VP9, profileId: 1 });
  });

  it('drops the rest of a damaged frame and counts broken descriptors', () => {
    const { normalizer, sink } = setUp();
    normalizer.push(rtpPacketOf(Uint8Array.of(B, ...KEY_START)), sink);
    normalizer.noteLoss(sink);
    pushUnit(normalizer, sink, { at: 0, payloads: [Uint8Array.of(E, 1, 2, 3)] });
    pushUnit(normalizer, sink, { at: 1, payloads: [Uint8Array.of(B | E, ...INTER_START)] });
    assert.deepEqual(
      sink.packets.map(({ gapBefore }) => gapBefore),
      [false, true],
    );
    assert.equal(normalizer.packetsInError, 0);
    normalizer.push(rtpPacketOf([0x80 | B, 0x80]), sink);
    assert.equal(normalizer.packetsInError, 1);
  });
});

describe('Vp9PayloadDescriptor.parse()', () => {
  it('measures every form', () => {
    const descriptor = new Vp9PayloadDescriptor();
    for (const bytes of [
      [0x08],
      [0x88, 0x11],
      [0x88, 0x92, 0x34],
      [0x28, 0x02, 9],
      [0x38, 0x02],
      [0x78, 0x02, 0x03, 0x05, 0x06],
      [0x78, 0x02, 0x03, 0x05, 0x07],
      [0x0a, 0x30, 0, 1, 0, 1, 0, 2, 0, 2],
      [0x0a, 0x08, 2, 0x04, 1, 0x08, 1, 2],
    ]) {
      const all = Uint8Array.of(...bytes, 0x82);
      assert.equal(descriptor.parse(all, 0, all.length), true);
      assert.equal(descriptor.length, bytes.length, String(bytes));
      assert.equal(descriptor.parse(all, 0, bytes.length), false);
    }
    descriptor.parse(Uint8Array.of(0x28, 0x04, 9, 1), 0, 4);
    assert.equal(descriptor.spatialLayer, 2);
  });
});
