// Every engine: what a NACK brings back, and how often.
import assert from 'node:assert/strict';
import {
  ringSequenceOf,
  steps,
  type EgressRig,
  type PlainPacket,
  type TrackRig,
  type ViewerRig,
} from './egress-engine-rig.ts';

const RTX = { ssrc: 0xb0000001, payloadType: 103 };

function fields({ timestampTicks, isMarked, extension }: PlainPacket): unknown {
  return { timestampTicks, isMarked, extension };
}

/** Late joiner, so that part of what it got has squeezed timestamps. */
function joinLate(rig: EgressRig, rtx?: typeof RTX): { video: TrackRig; viewer: ViewerRig } {
  const video = rig.openVideo();
  video.play({ isKeyFrame: true, packets: 3, payloadBytes: 333 });
  video.play({ packets: 2, payloadBytes: 64 }, 10);
  const headerExtension = Buffer.from('bede000132ff0000', 'hex');
  const viewer = video.addViewer({ headerExtension, ...(rtx ? { rtx } : {}) });
  video.play({ packets: 2, payloadBytes: 65 }, 10);
  return { video, viewer };
}

/** RTX (RFC 4588), plain resends, limits. */
export function describeEgressRetransmission(createRig: () => EgressRig): void {
  it('repeats byte for byte without a retransmission stream', () => {
    const { viewer } = joinLate(createRig());
    const sent = viewer.takeRaw();
    const numbers = sent.map((bytes) => viewer.open(bytes).sequenceNumber);
    viewer.nack(...numbers);
    assert.deepEqual(viewer.takeRaw(), sent);
    assert.equal(viewer.counters.packetsRetransmitted, sent.length);
  });

  it('repeats on the retransmission stream with the original number in front', () => {
    const { viewer } = joinLate(createRig(), RTX);
    const sent = viewer.take();
    const wanted = sent.filter((_, i) => i % 3 !== 1);
    viewer.nack(...wanted.map((packet) => packet.sequenceNumber));
    const repeated = viewer.take();
    assert.ok(repeated.every(({ ssrc, payloadType }) => ssrc === RTX.ssrc && payloadType === 103));
    assert.ok(
      steps(
        repeated.map((packet) => packet.sequenceNumber),
        16,
      ).every((step) => step === 1),
    );
    assert.ok((repeated[0]?.sequenceNumber ?? 0xffff) < 0x8000);
    assert.deepEqual(
      repeated.map((packet) => packet.payload.readUInt16BE(0)),
      wanted.map((packet) => packet.sequenceNumber),
    );
    assert.deepEqual(
      repeated.map((packet) => packet.payload.subarray(2)),
      wanted.map((packet) => packet.payload),
    );
    assert.deepEqual(repeated.map(fields), wanted.map(fields));
  });

  it('numbers retransmissions on over several NACKs', () => {
    const rig = createRig();
    const { viewer } = joinLate(rig, RTX);
    const sent = viewer.take();
    const numbers: number[] = [];
    for (const packet of sent) {
      viewer.nack(packet.sequenceNumber);
      numbers.push(...viewer.take().map(({ sequenceNumber }) => sequenceNumber));
    }
    assert.equal(numbers.length, sent.length);
    assert.ok(steps(numbers, 16).every((step) => step === 1));
  });

  it('finds packets on both sides of the wrap of the numbers', () => {
    const rig = createRig();
    const video = rig.openVideo({ minHistoryMs: 0, maxBytes: 1 << 16 });
    const viewer = video.addViewer({ rtx: RTX });
    rig.socket.keeps = () => false;
    video.frame({ isKeyFrame: true, payloadBytes: 8 });
    video.publish();
    const toWrap = 65536 - 20;
    while (viewer.counters.packetsSent < 32768) {
      video.frame({ packets: 50, payloadBytes: 8 });
      video.publish();
    }
    rig.socket.keeps = () => true;
    video.frame({ payloadBytes: 8 });
    video.publish();
    let last = viewer.take().at(-1)?.sequenceNumber ?? 0;
    rig.socket.keeps = () => false;
    while (last < toWrap) {
      const packets = Math.min(60, toWrap - last);
      video.frame({ packets, payloadBytes: 8 });
      video.publish();
      last += packets;
    }
    rig.socket.keeps = () => true;
    video.frame({ packets: 40, payloadBytes: 8 });
    video.publish();
    const sent = viewer.take();
    assert.deepEqual([sent[0]?.sequenceNumber, sent.at(-1)?.sequenceNumber], [65517, 20]);
    viewer.nack(65530, 65535, 0, 1, 20);
    assert.deepEqual(
      viewer.take().map((packet) => packet.payload.readUInt16BE(0)),
      [65530, 65535, 0, 1, 20],
    );
  });

  it('answers nothing that was not sent', () => {
    const rig = createRig();
    const video = rig.openVideo();
    const viewer = video.addViewer();
    viewer.nack(0, 1, 2, 0xffff);
    video.frame({ isKeyFrame: true });
    video.ring.leaveGap();
    video.frame();
    video.publish();
    const [first] = viewer.take();
    assert.ok(first);
    const { sequenceNumber } = first;
    // Before the first, the hole, after the newest, far away.
    for (const offset of [-1, 1, 3, 4, 1000, 0x8000, -1000]) {
      viewer.nack((sequenceNumber + offset) & 0xffff);
    }
    assert.equal(viewer.takeRaw().length, 0);
    viewer.nack(sequenceNumber, (sequenceNumber + 2) & 0xffff);
    assert.equal(viewer.takeRaw().length, 2);
  });

  it('answers nothing that the ring has overwritten', () => {
    const rig = createRig();
    const video = rig.openVideo({ maxBytes: 1 << 16, minHistoryMs: 0 });
    const viewer = video.addViewer();
    video.play({ isKeyFrame: true, packets: 2 });
    const sent = viewer.take();
    video.play({ packets: 50, payloadBytes: 1000 }, 4);
    viewer.take();
    viewer.nack(...sent.map((packet) => packet.sequenceNumber));
    assert.equal(viewer.takeRaw().length, 0);
  });

  it('finds packets from before a jump', () => {
    const rig = createRig();
    const video = rig.openVideo();
    const viewer = video.addViewer({ rtx: RTX });
    const sent: PlainPacket[] = [];
    for (let round = 0; round < 4; round++) {
      video.play({ isKeyFrame: true }, 3);
      rig.engine.setPaused(viewer.handle, true);
      video.play({}, 3);
      rig.engine.setPaused(viewer.handle, false);
      rig.clock.advance(10);
      sent.push(...viewer.take());
    }
    viewer.nack(...sent.map((packet) => packet.sequenceNumber));
    const repeated = viewer.take();
    assert.deepEqual(
      repeated.map((packet) => packet.payload.readUInt16BE(0)),
      sent.map((packet) => packet.sequenceNumber),
    );
    assert.deepEqual(
      repeated.map((packet) => packet.payload.readUInt32BE(2)),
      sent.map(ringSequenceOf),
    );
    assert.deepEqual(repeated.map(fields), sent.map(fields));
  });

  it('repeats a packet once for NACKs that follow each other closely', () => {
    const rig = createRig();
    const { viewer } = joinLate(rig);
    const number = viewer.take().at(-1)?.sequenceNumber ?? 0;
    for (let i = 0; i < 5; i++) viewer.nack(number, number);
    assert.equal(viewer.takeRaw().length, 1);
    rig.clock.advance(100);
    viewer.nack(number);
    assert.equal(viewer.takeRaw().length, 1, 'again after a round trip');
  });

  it('limits what a storm of NACKs brings', () => {
    const rig = createRig();
    const video = rig.openVideo();
    const viewer = video.addViewer();
    video.play({ isKeyFrame: true, packets: 60, payloadBytes: 1188 }, 15);
    const sent = viewer.take();
    const numbers = sent.map((packet) => packet.sequenceNumber);
    let bytes = 0;
    for (let round = 0; round < 20; round++) {
      viewer.nack(...numbers);
      viewer.nack(...numbers, ...numbers, ...numbers);
      for (const packet of viewer.takeRaw()) bytes += packet.length;
      rig.clock.advance(50);
    }
    // One second: a burst and one second's allowance, whatever they are, and 900 packets of 1.2 kB.
    assert.ok(bytes > 100_000, `${bytes} bytes`);
    assert.ok(bytes < 2_000_000, `${bytes} bytes of ${numbers.length * 1200 * 20} wanted`);
  });

  it('serves other viewers while one storms', () => {
    const rig = createRig();
    const video = rig.openVideo();
    const stormy = video.addViewer();
    const calm = video.addViewer();
    video.play({ isKeyFrame: true, packets: 60, payloadBytes: 1188 }, 15);
    stormy.nack(...stormy.take().map((packet) => packet.sequenceNumber));
    const wanted = calm.take().slice(-3);
    calm.nack(...wanted.map((packet) => packet.sequenceNumber));
    assert.equal(calm.takeRaw().length, 3);
  });

  it('repeats nothing while the network is full', () => {
    const rig = createRig();
    const { viewer } = joinLate(rig);
    const numbers = viewer.take().map((packet) => packet.sequenceNumber);
    rig.socket.isFull = true;
    viewer.nack(...numbers);
    rig.socket.isFull = false;
    assert.equal(viewer.counters.packetsRetransmitted, 0);
    rig.clock.advance(100);
    viewer.nack(...numbers);
    assert.equal(viewer.takeRaw().length, numbers.length);
  });
}
