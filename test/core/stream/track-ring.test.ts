// Tests of the ring: what is written can be read back until it is overwritten, whatever the sizes.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { PacketFlag } from '../../../core/rtp/packet-sink.ts';
import { RtpPacket } from '../../../core/rtp/rtp-packet.ts';
import {
  INTERLEAVED_HEADER_BYTES,
  TrackRing,
  type TrackRingOptions,
} from '../../../core/stream/track-ring.ts';

function createRing(options: Partial<TrackRingOptions> = {}): TrackRing {
  return new TrackRing({
    payloadType: 96,
    ssrc: 0x01020304,
    interleavedChannel: 2,
    firstSequence: 65530,
    initialBytes: 4096,
    maxBytes: 4096,
    initialPackets: 64,
    minHistoryMs: 5000,
    ...options,
  });
}

function write(ring: TrackRing, payload: Uint8Array, timestampTicks = 0, flags = 0): void {
  const offset = ring.reserve(payload.length);
  ring.bytes.set(payload, offset);
  ring.commit(timestampTicks, (flags & PacketFlag.accessUnitEnd) !== 0, flags);
}

function packetAt(ring: TrackRing, sequence: number): Buffer {
  const slot = ring.slotOf(sequence);
  const offset = ring.offsets[slot] ?? 0;
  return ring.bytes.subarray(offset, offset + (ring.lengths[slot] ?? 0));
}

describe('TrackRing', () => {
  it('stores a whole RTP packet behind an interleaved header', () => {
    const ring = createRing();
    write(ring, Buffer.from('hello'), 1234, PacketFlag.accessUnitEnd);
    const packet = new RtpPacket();
    const bytes = packetAt(ring, 65530);
    assert.ok(packet.parse(bytes));
    assert.equal(packet.payloadType, 96);
    assert.equal(packet.sequenceNumber, 65530);
    assert.equal(packet.timestampTicks, 1234);
    assert.equal(packet.ssrc, 0x01020304);
    assert.equal(packet.isMarked, true);
    assert.equal(bytes.subarray(12).toString(), 'hello');
    const offset = ring.offsets[ring.slotOf(65530)] ?? 0;
    const interleaved = ring.bytes.subarray(offset - INTERLEAVED_HEADER_BYTES, offset);
    assert.deepEqual([...interleaved], [0x24, 2, 0, 17]);
  });

  it('writes 16-bit sequence numbers across the wrap', () => {
    const ring = createRing();
    for (let count = 0; count < 10; count++) write(ring, Buffer.from([count]));
    assert.equal(ring.head, 65540);
    assert.equal(packetAt(ring, 65536).readUInt16BE(2), 0);
    assert.equal(packetAt(ring, 65539).readUInt16BE(2), 3);
  });

  it('lays packets without a wrap behind one another, ready for one write', () => {
    const ring = createRing();
    write(ring, Buffer.alloc(10, 1));
    write(ring, Buffer.alloc(20, 2));
    const first = ring.offsets[ring.slotOf(65530)] ?? 0;
    const second = ring.offsets[ring.slotOf(65531)] ?? 0;
    assert.equal(second - first, 12 + 10 + INTERLEAVED_HEADER_BYTES);
  });

  it('adds the timestamp offset modulo 2^32', () => {
    const ring = createRing();
    ring.timestampOffsetTicks = -10;
    write(ring, Buffer.from([1]), 5);
    assert.equal(packetAt(ring, 65530).readUInt32BE(4), 0xfffffffb);
  });

  it('keeps a hole as an entry without bytes', () => {
    const ring = createRing();
    write(ring, Buffer.from([1]));
    ring.leaveGap();
    write(ring, Buffer.from([2]));
    assert.equal(ring.lengths[ring.slotOf(65531)], 0);
    assert.equal(packetAt(ring, 65532).readUInt16BE(2), 65532);
  });

  it('forgets the newest key frame when it is overwritten', () => {
    const ring = createRing();
    write(ring, Buffer.alloc(100), 0, PacketFlag.keyFrameStart);
    assert.equal(ring.newestKeyFrame, 65530);
    for (let count = 0; count < 60; count++) write(ring, Buffer.alloc(100));
    assert.equal(ring.newestKeyFrame, -1);
    assert.ok(ring.tail > 65530);
  });

  it('grows while packets are younger than the history, up to its limit', () => {
    const ring = createRing({ maxBytes: 16384 });
    for (let count = 0; count < 200; count++) {
      ring.nowMs = count;
      write(ring, Buffer.alloc(100, count));
    }
    assert.equal(ring.sizeBytes, 16384);
    assert.ok(ring.head - ring.tail > 100);
    assert.equal(packetAt(ring, ring.tail)[12], (ring.tail - 65530) & 0xff);
  });

  it('does not grow for packets older than the history', () => {
    const ring = createRing({ maxBytes: 1 << 20 });
    for (let count = 0; count < 500; count++) {
      ring.nowMs = count * 1000;
      write(ring, Buffer.alloc(100));
    }
    assert.equal(ring.sizeBytes, 4096);
  });

  it('takes a packet larger than its first size', () => {
    const ring = createRing();
    write(ring, Buffer.alloc(9000, 7));
    assert.equal(packetAt(ring, 65530).length, 9012);
  });

  it('returns exactly what was written for every packet it still holds', () => {
    const sizes = fc.array(fc.integer({ min: 0, max: 1500 }), { minLength: 1, maxLength: 300 });
    fc.assert(
      fc.property(sizes, fc.integer({ min: 0, max: 50 }), (lengths, gapEvery) => {
        const ring = createRing({ maxBytes: 32768, minHistoryMs: 40 });
        const written = new Map<number, number>();
        lengths.forEach((length, index) => {
          ring.nowMs = index;
          if (gapEvery > 0 && index % gapEvery === gapEvery - 1) ring.leaveGap();
          written.set(ring.head, length);
          write(ring, Buffer.alloc(length, ring.head & 0xff), index);
        });
        for (let sequence = ring.tail; sequence < ring.head; sequence++) {
          const length = written.get(sequence);
          const bytes = packetAt(ring, sequence);
          if (length === undefined) {
            assert.equal(bytes.length, 0);
            continue;
          }
          assert.equal(bytes.length, 12 + length);
          assert.equal(bytes.readUInt16BE(2), sequence & 0xffff);
          assert.ok(bytes.subarray(12).every((byte) => byte === (sequence & 0xff)));
        }
        assert.ok(ring.head - ring.tail >= 1);
      }),
      { numRuns: 300 },
    );
  });
});
