// Properties of the VP8, VP9 and AV1 normalisers and the assembler: frames survive every packet size.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Codec } from '../../../core/codec/codec.ts';
import { writeLeb128 } from '../../../core/codec/leb128.ts';
import { AccessUnitAssembler } from '../../../core/rtp/access-unit-assembler.ts';
import type { AccessUnit } from '../../../core/rtp/access-unit.ts';
import { createNormalizer } from '../../../core/rtp/create-normalizer.ts';
import { PacketFlag } from '../../../core/rtp/packet-sink.ts';
import { MAX_NORMALIZED_PAYLOAD_BYTES } from '../../../core/rtp/track-normalizer.ts';
import { CollectingSink } from '../../support/collecting-sink.ts';
import { pushUnit } from './nal-samples.ts';
import { countingBytes } from './rtp-packets.ts';

const frameBytes = fc.oneof(fc.integer({ min: 12, max: 300 }), fc.integer({ min: 900, max: 6000 }));
const pieceBytes = fc.integer({ min: 100, max: 1460 });

function cut(bytes: Uint8Array, size: number): Uint8Array[] {
  const count = Math.ceil(bytes.length / size);
  return Array.from({ length: count }, (_, index) =>
    bytes.subarray(index * size, (index + 1) * size),
  );
}

/** Sends frames, one per timestamp, and gives back what the assembler makes of it. */
function pass(codec: Codec, frames: readonly (readonly Uint8Array[])[]): AccessUnit[] {
  const normalizer = createNormalizer(codec);
  const sink = new CollectingSink();
  frames.forEach((payloads, at) => pushUnit(normalizer, sink, { at, payloads }));
  assert.equal(normalizer.packetsInError, 0);
  const units: AccessUnit[] = [];
  const assembler = new AccessUnitAssembler(codec, {
    onAccessUnit: (unit) => units.push(unit),
    onDamaged: (at) => assert.fail(`access unit ${at} is damaged`),
  });
  for (const packet of sink.toRtpPackets()) assembler.push(packet);
  assert.ok(sink.packets.every(({ payload }) => payload.length <= MAX_NORMALIZED_PAYLOAD_BYTES));
  const isFlagged = (flag: number): number[] =>
    sink.packets.flatMap(({ flags, timestampTicks }) =>
      (flags & flag) === 0 ? [] : timestampTicks,
    );
  const all = frames.map((_, at) => at);
  assert.deepEqual(isFlagged(PacketFlag.accessUnitStart), all);
  assert.deepEqual(isFlagged(PacketFlag.accessUnitEnd), all);
  const keyFrames = all.filter((at) => units[at]?.isKeyFrame);
  assert.deepEqual(isFlagged(PacketFlag.keyFrameStart), keyFrames);
  return units;
}

describe('frames from camera to access unit', () => {
  it('survive as VP8', () => {
    fc.assert(
      fc.property(fc.array(frameBytes, { maxLength: 4 }), pieceBytes, (sizes, size) => {
        const frames = sizes.map((length, index) => {
          const frame = countingBytes(length, index);
          frame[0] = index === 0 ? 0xb0 : 0xb1;
          return frame;
        });
        const payloads = frames.map((frame, index) =>
          cut(frame, size).map((piece, at) =>
            Uint8Array.of(at === 0 ? 0x90 : 0x80, 0x80, index, ...piece),
          ),
        );
        const units = pass({ name: 'VP8', clockRateHz: 90000 }, payloads);
        assert.deepEqual(
          units.map((unit) => unit.units),
          frames.map((frame) => [frame]),
        );
        assert.deepEqual(
          units.map((unit) => unit.isKeyFrame),
          frames.map((_, index) => index === 0),
        );
      }),
    );
  });

  it('survive as VP9', () => {
    fc.assert(
      fc.property(fc.array(frameBytes, { maxLength: 4 }), pieceBytes, (sizes, size) => {
        const frames = sizes.map((length, index) => {
          const frame = countingBytes(length, index);
          frame[0] = index === 0 ? 0x82 : 0x86;
          return frame;
        });
        const payloads = frames.map((frame, index) => {
          const pieces = cut(frame, size);
          return pieces.map((piece, at) => {
            const bits = (at === 0 ? 0x08 : 0) | (at === pieces.length - 1 ? 0x04 : 0);
            return Uint8Array.of(0x80 | bits, index, ...piece);
          });
        });
        const units = pass({ name: 'VP9', clockRateHz: 90000 }, payloads);
        assert.deepEqual(
          units.map((unit) => unit.units),
          frames.map((frame) => [frame]),
        );
      }),
    );
  });

  it('survive as AV1', () => {
    const unit = fc.array(frameBytes, { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(fc.array(unit, { maxLength: 3 }), pieceBytes, (temporalUnits, size) => {
        const sent = temporalUnits.map((sizes) =>
          sizes.map((length, index) => {
            // A sequence header that cannot be read, then metadata: enough for the packing.
            return Uint8Array.of(index === 0 ? 0x08 : 0x28, ...countingBytes(length, index));
          }),
        );
        const units = pass(
          { name: 'AV1', clockRateHz: 90000 },
          sent.map((obus) => av1Payloads(obus, size)),
        );
        assert.deepEqual(
          units.map(({ units: obus }) => obus),
          sent,
        );
      }),
    );
  });
});

/** Packs OBUs with lengths on all elements (W = 0) into payloads of at most `size` bytes. */
function av1Payloads(obus: readonly Uint8Array[], size: number): Uint8Array[] {
  const payloads: number[][] = [[0]];
  for (const obu of obus) {
    let from = 0;
    while (from < obu.length) {
      let payload = payloads.at(-1) ?? [];
      if (size - payload.length < 4) {
        payload = [0];
        payloads.push(payload);
      }
      const to = Math.min(obu.length, from + size - payload.length - 2);
      const length = new Uint8Array(2);
      const lengthBytes = writeLeb128(length, 0, to - from);
      payload.push(...length.subarray(0, lengthBytes), ...obu.subarray(from, to));
      if (to < obu.length) {
        payload[0] = (payload[0] ?? 0) | 0x40;
        payloads.push([0x80]);
      }
      from = to;
    }
  }
  return payloads.map((payload) => Uint8Array.from(payload));
}
