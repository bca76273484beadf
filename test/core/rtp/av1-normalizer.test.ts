// Tests of the AV1 normaliser.
import assert from 'node:assert/strict';
import { Av1Normalizer } from '../../../core/rtp/av1-normalizer.ts';
import { Av1Payload } from '../../../core/rtp/av1-payload.ts';
import { CollectingSink } from '../../support/collecting-sink.ts';
import { pushUnit, sketches } from './nal-samples.ts';
import { countingBytes, rtpPacketOf } from './rtp-packets.ts';

const AV1 = { name: 'AV1', clockRateHz: 90000 } as const;
const Z = 0x80;
const Y = 0x40;
const N = 0x08;
/** libaom's, 322x178, without size field. */
const SEQUENCE_HEADER = Uint8Array.of(0x08, ...Buffer.from('000000043d06c4daf90040', 'hex'));
const TEMPORAL_DELIMITER = Uint8Array.of(0x10);

function frameOf(isKey: boolean, length: number): Uint8Array {
  return Uint8Array.of(0x30, isKey ? 0x10 : 0x30, ...countingBytes(length - 2, 9));
}

/** Payload whose elements all have lengths below 128, but the last, which has none. */
function payloadOf(flags: number, ...elements: readonly Uint8Array[]): Uint8Array {
  const items = elements.flatMap((element, index) =>
    index + 1 < elements.length ? [element.length, ...element] : [...element],
  );
  return Uint8Array.of(flags | (elements.length << 4), ...items);
}

function setUp(): { normalizer: Av1Normalizer; sink: CollectingSink } {
  return { normalizer: new Av1Normalizer(AV1), sink: new CollectingSink() };
}

/** OBUs put together from all payloads; the aggregation headers are checked on the way. */
function obusOf(sink: CollectingSink): Uint8Array[] {
  const obus: number[][] = [];
  const payload = new Av1Payload();
  let isInside = false;
  for (const { payload: bytes } of sink.packets) {
    assert.ok(bytes.length <= 1188);
    assert.equal(payload.parse(bytes, 0, bytes.length), true);
    assert.equal(payload.isContinuation, isInside);
    for (let index = 0; index < payload.count; index++) {
      if (index > 0 || !isInside) obus.push([]);
      obus.at(-1)?.push(...bytes.subarray(payload.startOf(index), payload.endOf(index)));
    }
    isInside = payload.continues;
  }
  assert.equal(isInside, false);
  return obus.map((obu) => Uint8Array.from(obu));
}

describe('Av1Normalizer', () => {
  it('passes payloads that fit, and knows key frames', () => {
    const { normalizer, sink } = setUp();
    const key = payloadOf(N, SEQUENCE_HEADER, frameOf(true, 300));
    pushUnit(normalizer, sink, { at: 0, payloads: [key] });
    pushUnit(normalizer, sink, { at: 1, payloads: [payloadOf(0, frameOf(false, 300))] });
    assert.deepEqual(sink.packets[0]?.payload, key);
    assert.deepEqual(
      sketches(sink).map((text) => text.slice(text.indexOf('@'))),
      ['@0 KSE!', '@1 SE!'],
    );
  });

  it('learns the parameters from the sequence header, once', () => {
    const { normalizer, sink } = setUp();
    const key = payloadOf(N, SEQUENCE_HEADER, frameOf(true, 30));
    pushUnit(normalizer, sink, { at: 0, payloads: [key] });
    const codec = normalizer.codec;
    const learnt = { profile: 0, levelIdx: 0, tier: 0, sequenceHeader: SEQUENCE_HEADER };
    assert.deepEqual(codec, { ...AV1, ...learnt });
    const withSize = Uint8Array.of(0x0a, 11, ...SEQUENCE_HEADER.subarray(1));
    pushUnit(normalizer, sink, { at: 1, payloads: [payloadOf(N, withSize, frameOf(true, 30))] });
    assert.equal(normalizer.codec, codec);
  });

  it('does not take a repeated sequence header for a key frame', () => {
    const { normalizer, sink } = setUp();
    const payload = payloadOf(0, SEQUENCE_HEADER, frameOf(false, 30));
    pushUnit(normalizer, sink, { at: 0, payloads: [payload] });
    assert.deepEqual(
      sink.packets.map(({ flags }) => flags),
      [6],
    );
  });

  it('drops temporal delimiters', () => {
    const { normalizer, sink } = setUp();
    const frame = frameOf(true, 300);
    const payload = payloadOf(N, TEMPORAL_DELIMITER, SEQUENCE_HEADER, frame);
    pushUnit(normalizer, sink, { at: 0, payloads: [TEMPORAL_DELIMITER_ALONE, payload] });
    assert.deepEqual(
      sink.packets.map(({ payload: bytes }) => bytes),
      [payloadOf(N, SEQUENCE_HEADER, frame)],
    );
    assert.deepEqual(
      sink.packets.map(({ flags }) => flags),
      [7],
    );
  });

  it('packs long payloads anew, across packets', () => {
    const { normalizer, sink } = setUp();
    const frame = frameOf(true, 6000);
    const first = payloadOf(N | Y, SEQUENCE_HEADER, frame.subarray(0, 1440));
    const payloads = [
      first,
      payloadOf(Z | Y, frame.subarray(1440, 2900)),
      payloadOf(Z | Y, frame.subarray(2900, 4360)),
      payloadOf(Z, frame.subarray(4360)),
    ];
    pushUnit(normalizer, sink, { at: 0, payloads });
    assert.deepEqual(obusOf(sink), [SEQUENCE_HEADER, frame]);
    assert.equal(sink.packets.length, 6);
    assert.deepEqual(sink.packets.map(({ isMarked }) => isMarked).indexOf(true), 5);
    assert.deepEqual(
      sink.packets.map(({ payload }) => (payload[0] ?? 0) & N),
      [N, 0, 0, 0, 0, 0],
    );
  });

  it('packs payloads with lengths on all elements, and more than three', () => {
    const { normalizer, sink } = setUp();
    const obus = [1, 2, 3, 4, 5].map((seed) => Uint8Array.of(0x2a, ...countingBytes(300, seed)));
    const items = obus.flatMap((obu) => [(obu.length & 0x7f) | 0x80, obu.length >> 7, ...obu]);
    pushUnit(normalizer, sink, { at: 0, payloads: [Uint8Array.of(0, ...items)] });
    assert.deepEqual(obusOf(sink), obus);
    assert.deepEqual(
      sink.packets.map(({ isMarked }) => isMarked),
      [false, true],
    );
  });

  it('drops what a loss damaged, up to the next element', () => {
    const { normalizer, sink } = setUp();
    const [start, middle, end] = [0, 1, 2].map((part) => countingBytes(900, part));
    assert.ok(start && middle && end);
    start[0] = 0x30;
    normalizer.push(rtpPacketOf(payloadOf(Y, start)), sink);
    normalizer.noteLoss(sink);
    pushUnit(normalizer, sink, { at: 0, payloads: [payloadOf(Z, end)] });
    pushUnit(normalizer, sink, { at: 1, payloads: [payloadOf(0, frameOf(false, 50))] });
    assert.deepEqual(
      sink.packets.map(({ gapBefore }) => gapBefore),
      [false, true],
    );
    assert.equal(normalizer.packetsInError, 0);
  });

  it('counts elements that do not continue, and lengths that do not add up', () => {
    const { normalizer, sink } = setUp();
    pushUnit(normalizer, sink, { at: 0, payloads: [payloadOf(0, frameOf(false, 50))] });
    pushUnit(normalizer, sink, { at: 1, payloads: [payloadOf(Z, frameOf(false, 50))] });
    pushUnit(normalizer, sink, { at: 2, payloads: [payloadOf(Y, frameOf(false, 50))] });
    pushUnit(normalizer, sink, { at: 3, payloads: [payloadOf(0, frameOf(false, 50))] });
    assert.equal(normalizer.packetsInError, 2);
    for (const bytes of [[0x10], [0x20, 5, 1], [0x30, 1, 7], [0, 0x80]]) {
      normalizer.push(rtpPacketOf(bytes, { timestampTicks: 4 }), sink);
    }
    assert.equal(normalizer.packetsInError, 6);
  });
});

const TEMPORAL_DELIMITER_ALONE = Uint8Array.of(0x10, ...TEMPORAL_DELIMITER);
