// Every engine: what leaves is what the ring holds, rewritten and protected for each viewer.
import assert from 'node:assert/strict';
import {
  emptyCounters,
  readPlain,
  ringSequenceOf,
  steps,
  type EgressRig,
} from './egress-engine-rig.ts';

/** A block of one-byte elements (RFC 8285 section 4.2) of `words` words. */
function extensionBlock(words: number): Buffer {
  const block = Buffer.alloc(4 + words * 4, 0x10);
  block.writeUInt16BE(0xbede, 0);
  block.writeUInt16BE(words, 2);
  return block;
}

/** Media, header fields, numbers, SRTCP, counters. */
export function describeEgressDelivery(createRig: () => EgressRig): void {
  it('sends every packet once and in order, with the numbers of the viewer', () => {
    const rig = createRig();
    const video = rig.openVideo();
    const viewer = video.addViewer({ ssrc: 0xdeadbeef, payloadType: 107 });
    video.play({ isKeyFrame: true, packets: 3, payloadBytes: 1188 });
    video.play({ packets: 2, payloadBytes: 61 }, 20);
    const packets = viewer.take();
    assert.deepEqual(
      packets.map(ringSequenceOf),
      Array.from({ length: 43 }, (_, i) => 1000 + i),
    );
    assert.ok((packets[0]?.sequenceNumber ?? 0xffff) < 0x8000, 'first number leaves room to lose');
    assert.ok(
      steps(
        packets.map((packet) => packet.sequenceNumber),
        16,
      ).every((step) => step === 1),
    );
    assert.ok(packets.every((packet) => packet.ssrc === 0xdeadbeef && packet.payloadType === 107));
    assert.deepEqual(
      packets.map((packet) => packet.isMarked),
      packets.map((_, i) => i % 2 === 0 && i > 0),
    );
  });

  it('sends payloads of every length unchanged', () => {
    const rig = createRig();
    const video = rig.openVideo();
    const viewer = video.addViewer();
    video.frame({ isKeyFrame: true });
    for (let payloadBytes = 8; payloadBytes < 60; payloadBytes++) video.frame({ payloadBytes });
    video.publish();
    const packets = viewer.take();
    assert.equal(packets.length, 53);
    for (const packet of packets.slice(1)) {
      assert.ok(
        packet.payload.subarray(8).every((byte) => byte === (ringSequenceOf(packet) & 0xff)),
      );
      assert.equal(packet.payload.length, ringSequenceOf(packet) - 1001 + 8);
    }
  });

  it('keeps the distances of the ring timestamps, over their wrap', () => {
    const rig = createRig();
    const video = rig.openVideo();
    const viewer = video.addViewer();
    video.play({ isKeyFrame: true }, 40);
    const packets = viewer.take();
    assert.ok(
      steps(
        packets.map((packet) => packet.timestampTicks),
        32,
      ).every((step) => step === 3600),
    );
    const { timestampOffsetTicks } = viewer.counters;
    const expected = (video.ringTicks + timestampOffsetTicks) % 2 ** 32;
    assert.equal(packets.at(-1)?.timestampTicks, expected);
  });

  it('goes on after the 16-bit number has wrapped', () => {
    const rig = createRig();
    const video = rig.openVideo({ firstSequence: 65500, maxBytes: 1 << 17 });
    const viewer = video.addViewer();
    // The whole run is not opened: around the wrap and a sample that keeps the receiver in step.
    rig.socket.keeps = (bytes) => {
      const { sequenceNumber } = readPlain(bytes);
      return sequenceNumber % 997 === 0 || sequenceNumber > 65500 || sequenceNumber < 30;
    };
    video.frame({ isKeyFrame: true, payloadBytes: 8 });
    for (let sent = 1; sent < 70_000; sent += 50) {
      video.frame({ packets: 50, payloadBytes: 8 });
      video.publish();
      rig.clock.advance(1);
    }
    const numbers = viewer.take().map((packet) => packet.sequenceNumber);
    assert.equal(viewer.counters.packetsSent, video.ring.head - 65500);
    const wrap = numbers.indexOf(65535);
    assert.deepEqual(numbers.slice(wrap - 3, wrap + 4), [65532, 65533, 65534, 65535, 0, 1, 2]);
  });

  it('leaves the numbers of holes out', () => {
    const rig = createRig();
    const video = rig.openVideo();
    const viewer = video.addViewer();
    video.frame({ isKeyFrame: true, packets: 2 });
    video.ring.leaveGap();
    video.frame();
    for (let hole = 0; hole < 40; hole++) video.ring.leaveGap();
    video.publish();
    video.frame();
    video.publish();
    const packets = viewer.take();
    assert.deepEqual(
      steps(
        packets.map((packet) => packet.sequenceNumber),
        16,
      ),
      [1, 2, 41],
    );
    assert.deepEqual(packets.map(ringSequenceOf), [1000, 1001, 1003, 1044]);
  });

  it('puts a constant header extension block into each packet', () => {
    for (const words of [1, 2, 7]) {
      const rig = createRig();
      const video = rig.openVideo();
      const headerExtension = extensionBlock(words);
      const viewer = video.addViewer({ headerExtension });
      const plain = video.addViewer({ headerExtension: new Uint8Array(0) });
      video.play({ isKeyFrame: true, packets: 3, payloadBytes: 77 });
      for (const packet of viewer.take()) {
        assert.deepEqual(packet.extension, headerExtension);
        assert.equal(packet.payload.length, 77);
      }
      assert.ok(plain.take().every((packet) => packet.extension.length === 0));
    }
  });

  it('refuses what would break packets or use a key stream twice', () => {
    const rig = createRig();
    const video = rig.openVideo();
    const refused = { name: 'MediaError', kind: 'invalid-argument' };
    const add = (overrides: Parameters<typeof video.addViewer>[0]) => (): unknown =>
      video.addViewer(overrides);
    assert.throws(add({ headerExtension: Buffer.of(0xbe, 0xde, 0, 1, 0) }), refused);
    assert.throws(add({ headerExtension: extensionBlock(64) }), refused);
    assert.throws(add({ ssrc: 7, rtx: { ssrc: 7, payloadType: 103 } }), refused);
    assert.throws(() => rig.engine.addViewer(video.handle + 1, rig.describeViewer()), {
      kind: 'internal',
    });
  });

  it('follows the ring when it grows', () => {
    const rig = createRig();
    const video = rig.openVideo({ initialBytes: 4096, initialPackets: 16 });
    const viewer = video.addViewer();
    video.play({ isKeyFrame: true });
    const late = video.addViewer();
    video.play({ packets: 30, payloadBytes: 1100 }, 10);
    assert.ok(video.ring.generation > 3, 'the slab was replaced');
    const expected = Array.from({ length: 301 }, (_, i) => 1000 + i);
    assert.deepEqual(viewer.take().map(ringSequenceOf), expected);
    assert.deepEqual(late.take().map(ringSequenceOf), expected);
  });

  it('continues its numbers and timestamps when the source restarts', () => {
    const rig = createRig();
    const video = rig.openVideo();
    const viewer = video.addViewer();
    video.play({ isKeyFrame: true }, 5);
    const before = video.ringTicks;
    // What a track does: one hole, and an offset that joins the new timeline to the old one.
    video.ring.leaveGap();
    video.ticks = 123_456;
    video.ring.timestampOffsetTicks = (before - video.ticks) | 0;
    video.play({ isKeyFrame: true }, 5);
    const packets = viewer.take();
    assert.deepEqual(
      steps(
        packets.map((packet) => packet.sequenceNumber),
        16,
      ),
      [1, 1, 1, 1, 2, 1, 1, 1, 1],
    );
    assert.ok(
      steps(
        packets.map((packet) => packet.timestampTicks),
        32,
      ).every((step) => step === 3600),
    );
  });

  it('drops what is too long for a packet, counts it once and goes on', () => {
    const rig = createRig();
    const video = rig.openVideo();
    const viewer = video.addViewer();
    video.frame({ isKeyFrame: true, packets: 3 });
    video.frame({ payloadBytes: 3000 });
    video.frame({ packets: 3 });
    rig.socket.room = 2;
    video.publish();
    rig.socket.room = Infinity;
    rig.clock.advance(FRAME_MARGIN_MS);
    assert.deepEqual(viewer.take().map(ringSequenceOf), [1000, 1001, 1002, 1004, 1005, 1006]);
    assert.equal(viewer.counters.packetsDropped, 1);
  });

  it('sends to the address that a viewer moved to', () => {
    const rig = createRig();
    const video = rig.openVideo();
    const viewer = video.addViewer();
    video.play({ isKeyFrame: true });
    rig.engine.setAddress(viewer.handle, 'moved');
    video.play();
    rig.engine.sendRtcp(viewer.handle, Buffer.from('80c8000111223344', 'hex'));
    assert.equal(viewer.take().length, 1);
    assert.equal(rig.socket.take('moved').length, 2);
  });

  it('protects RTCP under the same keys', () => {
    const rig = createRig();
    const video = rig.openVideo();
    const viewer = video.addViewer();
    video.play({ isKeyFrame: true });
    viewer.take();
    const compound = Buffer.from(
      '80c80006a0000001000000010000000200000003000000040000000581ca',
      'hex',
    );
    const seen = new Set<string>();
    for (let i = 0; i < 3; i++) {
      rig.engine.sendRtcp(viewer.handle, compound);
      const [bytes] = viewer.takeRaw();
      assert.ok(bytes);
      seen.add(Buffer.from(bytes).toString('hex'));
      assert.deepEqual(viewer.openRtcp(bytes), compound);
    }
    assert.equal(seen.size, 3, 'each has an index of its own');
    rig.engine.sendRtcp(viewer.handle, compound.subarray(0, 7));
    assert.equal(viewer.takeRaw().length, 0, 'what is no RTCP is not sent');
  });

  it('counts packets and payload octets, retransmissions apart', () => {
    const rig = createRig();
    const video = rig.openVideo();
    const viewer = video.addViewer({ headerExtension: extensionBlock(1) });
    assert.deepEqual({ ...viewer.counters, timestampOffsetTicks: 0 }, emptyCounters());
    video.play({ isKeyFrame: true, packets: 4, payloadBytes: 250 });
    const [first] = viewer.take();
    assert.ok(first);
    viewer.nack(first.sequenceNumber);
    assert.deepEqual(
      { ...viewer.counters, timestampOffsetTicks: 0 },
      {
        ...emptyCounters(),
        packetsSent: 4,
        octetsSent: 1000,
        packetsRetransmitted: 1,
        hasStarted: true,
      },
    );
  });
}

const FRAME_MARGIN_MS = 20;
