// Tests of access units put together from packets, with and without loss.
import assert from 'node:assert/strict';
import { MediaError } from '../../../core/base/media-error.ts';
import type { Codec } from '../../../core/codec/codec.ts';
import { AccessUnitAssembler } from '../../../core/rtp/access-unit-assembler.ts';
import type { AccessUnit } from '../../../core/rtp/access-unit.ts';
import { fuA, H264, idrSlice, interSlice, intraSlice, PPS, SPS, stapA } from './nal-samples.ts';
import { rtpPacketOf, type RtpPacketFacts } from './rtp-packets.ts';

const VP8 = { name: 'VP8', clockRateHz: 90000 } as const;
const VP9 = { name: 'VP9', clockRateHz: 90000 } as const;
const AV1 = { name: 'AV1', clockRateHz: 90000 } as const;

/** An assembler that writes down what it finds; each push takes the next sequence number. */
class Recorder {
  readonly units: AccessUnit[] = [];
  readonly damaged: number[] = [];
  readonly assembler: AccessUnitAssembler;
  next = 65534;

  constructor(codec: Codec) {
    this.assembler = new AccessUnitAssembler(codec, {
      onAccessUnit: (unit) => this.units.push(unit),
      onDamaged: (at) => this.damaged.push(at),
    });
  }

  push(payload: ArrayLike<number>, at: number, isMarked = false): void {
    const facts: RtpPacketFacts = {
      timestampTicks: at,
      isMarked,
      sequenceNumber: this.next & 0xffff,
    };
    this.next++;
    this.assembler.push(rtpPacketOf(payload, facts));
  }
}

describe('AccessUnitAssembler', () => {
  it('delivers at the marker', () => {
    const recorder = new Recorder(H264);
    recorder.push(stapA(SPS, PPS), 5);
    fuA(idrSlice(3000), 1000).forEach((payload, index) => recorder.push(payload, 5, index === 2));
    const units = [SPS, PPS, idrSlice(3000)];
    assert.deepEqual(recorder.units, [{ units, timestampTicks: 5, isKeyFrame: true }]);
  });

  it('delivers at the next timestamp when there is no marker, and at flush()', () => {
    const recorder = new Recorder(H264);
    recorder.push(interSlice(), 5);
    recorder.push(interSlice(), 6);
    assert.deepEqual(
      recorder.units.map(({ timestampTicks }) => timestampTicks),
      [5],
    );
    recorder.assembler.flush();
    recorder.assembler.flush();
    assert.deepEqual(
      recorder.units.map(({ timestampTicks }) => timestampTicks),
      [5, 6],
    );
  });

  it('hands out copies', () => {
    const recorder = new Recorder(H264);
    const packet = rtpPacketOf(interSlice(), { isMarked: true });
    recorder.assembler.push(packet);
    packet.bytes.fill(0);
    assert.deepEqual(recorder.units[0]?.units, [interSlice()]);
  });

  it('leaves filler out, and access units that hold nothing else', () => {
    const recorder = new Recorder(H264);
    recorder.push(interSlice(), 5);
    recorder.push([0x0c, 0x80], 5, true);
    recorder.push([0x0c, 0x80], 6, true);
    assert.deepEqual(
      recorder.units.map(({ units }) => units),
      [[interSlice()]],
    );
  });

  it('knows open GOP key frames', () => {
    const recorder = new Recorder(H264);
    recorder.push([0x06, 6, 1, 0xc4, 0x80], 5);
    recorder.push(intraSlice(), 5, true);
    recorder.push(intraSlice(), 6, true);
    assert.deepEqual(
      recorder.units.map(({ isKeyFrame }) => isKeyFrame),
      [true, false],
    );
  });

  it('reports an access unit that lost a packet, once', () => {
    const recorder = new Recorder(H264);
    const fragments = fuA(interSlice(3000), 1000);
    recorder.push(fragments[0] ?? [], 5);
    recorder.next++;
    recorder.push(fragments[2] ?? [], 5, true);
    recorder.push(interSlice(), 6, true);
    assert.deepEqual(recorder.damaged, [5]);
    assert.deepEqual(
      recorder.units.map(({ timestampTicks }) => timestampTicks),
      [6],
    );
  });

  it('reports one that lost its end, and keeps the next when its start is there', () => {
    const recorder = new Recorder(H264);
    recorder.push(fuA(interSlice(3000), 1000)[0] ?? [], 5);
    recorder.next += 2;
    recorder.push(interSlice(), 6, true);
    assert.deepEqual(recorder.damaged, [5]);
    assert.equal(recorder.units.length, 1);
  });

  it('reports one that lost its start', () => {
    const recorder = new Recorder(H264);
    recorder.push(interSlice(), 5, true);
    recorder.next++;
    recorder.push(fuA(interSlice(3000), 1000)[1] ?? [], 6);
    recorder.push(fuA(interSlice(3000), 1000)[2] ?? [], 6, true);
    assert.deepEqual(recorder.damaged, [6]);
  });

  it('reports a NAL unit that has no end', () => {
    const recorder = new Recorder(H264);
    recorder.push(fuA(interSlice(3000), 1000)[0] ?? [], 5, true);
    assert.deepEqual(recorder.damaged, [5]);
  });

  it('reports an access unit of more than 16 MiB', () => {
    const recorder = new Recorder(H264);
    const slice = interSlice(65000);
    for (let count = 0; count < 260; count++) recorder.push(slice, 5);
    recorder.push(interSlice(), 6, true);
    assert.deepEqual(recorder.damaged, [5]);
    assert.equal(recorder.units.length, 1);
  });

  it('takes any sequence number after reset()', () => {
    const recorder = new Recorder(H264);
    recorder.push(interSlice(), 5);
    recorder.assembler.reset();
    recorder.next = 7;
    recorder.push(interSlice(), 9, true);
    assert.deepEqual(
      recorder.units.map(({ timestampTicks }) => timestampTicks),
      [9],
    );
    assert.deepEqual(recorder.damaged, []);
  });

  it('joins VP8 partitions to a frame', () => {
    const recorder = new Recorder(VP8);
    recorder.push([0x10, 0xb0, 1, 2], 5);
    recorder.push([0x00, 3], 5);
    recorder.push([0x11, 4], 5, true);
    recorder.push([0x00, 4], 6, true);
    assert.deepEqual(recorder.units, [
      { units: [Uint8Array.of(0xb0, 1, 2, 3, 4)], timestampTicks: 5, isKeyFrame: true },
    ]);
    assert.deepEqual(recorder.damaged, [6]);
  });

  it('keeps VP9 layers apart', () => {
    const recorder = new Recorder(VP9);
    recorder.push([0x28, 0, 1, 0x82, 1], 5);
    recorder.push([0x24, 0, 1, 2], 5);
    recorder.push([0x2c, 2, 1, 0x86, 9], 5, true);
    recorder.push([0x08, 0x86], 6, true);
    assert.deepEqual(recorder.units, [
      {
        units: [Uint8Array.of(0x82, 1, 2), Uint8Array.of(0x86, 9)],
        timestampTicks: 5,
        isKeyFrame: true,
      },
    ]);
    assert.deepEqual(recorder.damaged, [6]);
  });

  it('joins AV1 elements to OBUs', () => {
    const recorder = new Recorder(AV1);
    recorder.push([0x70, 1, 0x10, 2, 0x08, 0, 0x30, 0x10, 1], 5);
    recorder.push([0x90, 2, 3], 5, true);
    recorder.push([0x10, 0x30, 0x30], 6, true);
    recorder.push([0x90, 2, 3], 7, true);
    assert.deepEqual(recorder.units, [
      {
        units: [Uint8Array.of(0x08, 0), Uint8Array.of(0x30, 0x10, 1, 2, 3)],
        timestampTicks: 5,
        isKeyFrame: true,
      },
      { units: [Uint8Array.of(0x30, 0x30)], timestampTicks: 6, isKeyFrame: false },
    ]);
    assert.deepEqual(recorder.damaged, [7]);
  });

  it('refuses codecs without access units', () => {
    const listener = { onAccessUnit: () => undefined, onDamaged: () => undefined };
    const codec: Codec = { name: 'Opus', clockRateHz: 48000, channelCount: 2 };
    assert.throws(() => new AccessUnitAssembler(codec, listener), MediaError);
  });
});
