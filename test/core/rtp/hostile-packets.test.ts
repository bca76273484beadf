// Random payloads, loss and restarts at every video normaliser: never a throw, never a long payload.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Codec } from '../../../core/codec/codec.ts';
import { AccessUnitAssembler } from '../../../core/rtp/access-unit-assembler.ts';
import { createNormalizer } from '../../../core/rtp/create-normalizer.ts';
import { MAX_NORMALIZED_PAYLOAD_BYTES } from '../../../core/rtp/track-normalizer.ts';
import { CollectingSink } from '../../support/collecting-sink.ts';
import { H264_WITH_SETS, H265_WITH_SETS } from './nal-samples.ts';
import { rtpPacketOf } from './rtp-packets.ts';

const CODECS: readonly Codec[] = [
  H264_WITH_SETS,
  H265_WITH_SETS,
  { name: 'VP8', clockRateHz: 90000 },
  { name: 'VP9', clockRateHz: 90000 },
  { name: 'AV1', clockRateHz: 90000 },
];

/** First bytes that lead far into the parsers: fragments, aggregates, slices, descriptors. */
const head = fc.oneof(
  fc.uint8Array({ maxLength: 6 }),
  fc
    .tuple(
      fc.constantFrom(0x7c, 0x78, 0x65, 0x41, 0x67, 0x06, 0x0c, 0x60, 0x62, 0x26, 0x42, 0x90, 0x40),
      fc.constantFrom(0x01, 0x85, 0x45, 0x05, 0xc5, 0x81, 0x93, 0x80, 0x00),
      fc.nat(255),
    )
    .map((bytes) => Uint8Array.from(bytes)),
);
const body = fc.tuple(fc.constantFrom(0, 1, 3, 40, 400, 1400, 5000), fc.nat(255));
const step = fc.record({
  head,
  body,
  tick: fc.nat(2),
  isMarked: fc.boolean(),
  event: fc.constantFrom('none', 'none', 'none', 'none', 'loss', 'restart'),
});

describe('normalisers under hostile packets', () => {
  for (const codec of CODECS) {
    it(`keep ${codec.name} packets valid`, () => {
      fc.assert(
        fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
          const normalizer = createNormalizer(codec);
          const sink = new CollectingSink();
          for (const { head: first, body: rest, tick, isMarked, event } of steps) {
            if (event === 'loss') normalizer.noteLoss(sink);
            if (event === 'restart') normalizer.restart(codec);
            const payload = Uint8Array.of(...first, ...new Uint8Array(rest[0]).fill(rest[1]));
            normalizer.push(rtpPacketOf(payload, { timestampTicks: tick, isMarked }), sink);
          }
          for (const { payload } of sink.packets) {
            assert.ok(payload.length > 0 && payload.length <= MAX_NORMALIZED_PAYLOAD_BYTES);
          }
          assert.ok(normalizer.packetsInError <= steps.length * 3);
          const assembler = new AccessUnitAssembler(codec, {
            onAccessUnit: ({ units }) => assert.ok(units.length > 0),
            onDamaged: () => undefined,
          });
          for (const packet of sink.toRtpPackets()) assembler.push(packet);
        }),
        { numRuns: 1500 },
      );
    });
  }
});
