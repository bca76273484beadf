// Properties of packetizer, normaliser and assembler together: what goes in comes out.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { AccessUnitAssembler } from '../../../core/rtp/access-unit-assembler.ts';
import type { AccessUnit } from '../../../core/rtp/access-unit.ts';
import { H264Normalizer } from '../../../core/rtp/h264-normalizer.ts';
import { H264Packetizer } from '../../../core/rtp/h264-packetizer.ts';
import { H265Normalizer } from '../../../core/rtp/h265-normalizer.ts';
import { H265Packetizer } from '../../../core/rtp/h265-packetizer.ts';
import { PacketFlag } from '../../../core/rtp/packet-sink.ts';
import { MAX_NORMALIZED_PAYLOAD_BYTES } from '../../../core/rtp/track-normalizer.ts';
import { CollectingSink } from '../../support/collecting-sink.ts';
import {
  H264,
  H264_WITH_SETS,
  H265,
  H265_PPS,
  H265_SPS,
  H265_VPS,
  H265_WITH_SETS,
  idrSlice,
  interSlice,
  laterIdrSlice,
  PPS,
  SPS,
} from './nal-samples.ts';
import { countingBytes } from './rtp-packets.ts';

const length = fc.oneof(fc.integer({ min: 4, max: 300 }), fc.integer({ min: 1000, max: 5000 }));
const cameraPayloadBytes = fc.oneof(fc.integer({ min: 100, max: 1472 }), fc.constant(1460));

interface Unit {
  readonly nals: readonly Uint8Array[];
  readonly isKeyFrame: boolean;
}

const isDropped = (nal: Uint8Array): boolean => [9, 12].includes((nal[0] ?? 0) & 0x1f);

/** An H.264 access unit as cameras send them: delimiter, sets, SEI, slices, filler. */
const h264Unit: fc.Arbitrary<Unit> = fc
  .record({
    isKeyFrame: fc.boolean(),
    hasDelimiter: fc.boolean(),
    hasSets: fc.boolean(),
    sei: fc.option(length, { nil: 0 }),
    slices: fc.array(length, { minLength: 1, maxLength: 4 }),
    filler: fc.option(length, { nil: 0 }),
  })
  .map(({ isKeyFrame, hasDelimiter, hasSets, sei, slices, filler }) => ({
    isKeyFrame,
    nals: [
      ...(hasDelimiter ? [Uint8Array.of(9, 0xf0)] : []),
      ...(hasSets ? [SPS, PPS] : []),
      ...(sei > 0 ? [Uint8Array.of(6, 5, ...countingBytes(sei, 1).map((byte) => byte | 1))] : []),
      ...slices.map((size, index) => {
        if (!isKeyFrame) return interSlice(size);
        return index === 0 ? idrSlice(size) : laterIdrSlice(size);
      }),
      ...(filler > 0 ? [new Uint8Array(filler).fill(0xff).fill(12, 0, 1)] : []),
    ],
  }));

function assemble(
  sink: CollectingSink,
  codec = H264 as Parameters<typeof newAssembler>[0],
): AccessUnit[] {
  const units: AccessUnit[] = [];
  const assembler = newAssembler(codec, units);
  for (const packet of sink.toRtpPackets(65530)) assembler.push(packet);
  return units;
}

function newAssembler(
  codec: ConstructorParameters<typeof AccessUnitAssembler>[0],
  units: AccessUnit[],
): AccessUnitAssembler {
  return new AccessUnitAssembler(codec, {
    onAccessUnit: (unit) => units.push(unit),
    onDamaged: (at) => assert.fail(`access unit ${at} is damaged`),
  });
}

describe('H.264 from camera to access unit', () => {
  it('keeps every NAL unit, and adds sets before key frames only', () => {
    fc.assert(
      fc.property(
        fc.array(h264Unit, { minLength: 1, maxLength: 5 }),
        cameraPayloadBytes,
        (units, maxBytes) => {
          const camera = new CollectingSink();
          const packetizer = new H264Packetizer(maxBytes);
          units.forEach((unit, index) => packetizer.packetize(unit.nals, index * 3000, camera));
          assert.ok(camera.packets.every(({ payload }) => payload.length <= maxBytes));
          const normalizer = new H264Normalizer(H264_WITH_SETS);
          const out = new CollectingSink();
          for (const packet of camera.toRtpPackets()) normalizer.push(packet, out);
          assert.equal(normalizer.packetsInError, 0);
          assert.ok(
            out.packets.every((packet) => packet.payload.length <= MAX_NORMALIZED_PAYLOAD_BYTES),
          );
          const found = assemble(out);
          assert.equal(found.length, units.length);
          units.forEach((unit, index) => {
            const isSet = (nal: Uint8Array): boolean => [7, 8].includes((nal[0] ?? 0) & 0x1f);
            const hasSets = unit.isKeyFrame || unit.nals.some(isSet);
            const body = unit.nals.filter((nal) => !isDropped(nal) && !isSet(nal));
            const got = found[index];
            assert.ok(got);
            assert.deepEqual(
              got.units.filter((nal) => !isSet(nal)),
              body,
            );
            assert.deepEqual(got.units.filter(isSet), hasSets ? [SPS, PPS] : []);
            assert.equal(got.isKeyFrame, unit.isKeyFrame);
            assert.equal(got.timestampTicks, index * 3000);
          });
          checkFlags(out, units);
        },
      ),
      { numRuns: 150 },
    );
  });
});

/** Each access unit starts once, ends once, and key frames are flagged once. */
function checkFlags(out: CollectingSink, units: readonly Unit[]): void {
  units.forEach((unit, index) => {
    const packets = out.packets.filter(({ timestampTicks }) => timestampTicks === index * 3000);
    const count = (flag: number): number =>
      packets.filter(({ flags }) => (flags & flag) !== 0).length;
    assert.equal(count(PacketFlag.accessUnitStart), 1);
    assert.equal(count(PacketFlag.accessUnitEnd), 1);
    assert.equal(count(PacketFlag.keyFrameStart), unit.isKeyFrame ? 1 : 0);
    assert.equal((packets[0]?.flags ?? 0) & PacketFlag.accessUnitStart, PacketFlag.accessUnitStart);
    assert.equal(packets.at(-1)?.isMarked, true);
  });
}

describe('H.265 from camera to access unit', () => {
  it('keeps every NAL unit', () => {
    const slices = fc.array(length, { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(slices, fc.boolean(), cameraPayloadBytes, (sizes, isKeyFrame, maxBytes) => {
        const nals = sizes.map((size, index) =>
          Uint8Array.of(isKeyFrame ? 38 : 2, 1, index === 0 ? 0xe0 : 0x60, ...countingBytes(size)),
        );
        const camera = new CollectingSink();
        new H265Packetizer(maxBytes).packetize(nals, 7, camera);
        const normalizer = new H265Normalizer(H265_WITH_SETS);
        const out = new CollectingSink();
        for (const packet of camera.toRtpPackets()) normalizer.push(packet, out);
        const sets = isKeyFrame ? [H265_VPS, H265_SPS, H265_PPS] : [];
        assert.deepEqual(assemble(out, H265), [
          { units: [...sets, ...nals], timestampTicks: 7, isKeyFrame },
        ]);
      }),
      { numRuns: 100 },
    );
  });
});
