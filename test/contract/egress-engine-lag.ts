// Every engine: bursts, a full network, viewers that can't keep up.
import assert from 'node:assert/strict';
import {
  FRAME_MS,
  framesOf,
  ringSequenceOf,
  steps,
  type EgressRig,
  type PlainPacket,
} from './egress-engine-rig.ts';

/** Longest time that a normal key frame may be spread over. */
const KEY_FRAME_SPREAD_MS = 12;
const KEY_FRAME = { isKeyFrame: true, packets: 250, payloadBytes: 1188 };

function isRising(packets: readonly PlainPacket[]): boolean {
  const ticks = steps(
    packets.map((packet) => packet.timestampTicks),
    32,
  );
  return ticks.every((step) => step < 2 ** 31);
}

/** Pacing, congestion, skipping. */
export function describeEgressLag(createRig: () => EgressRig): void {
  describePacing(createRig);
  describeSkips(createRig);
}

function describePacing(createRig: () => EgressRig): void {
  it('sends a key frame of 300 kB in slices, all within 12 ms', () => {
    const rig = createRig();
    const video = rig.openVideo();
    const viewer = video.addViewer();
    video.frame(KEY_FRAME);
    video.publish();
    const sizes = [viewer.take().length];
    for (let ms = 0; ms < KEY_FRAME_SPREAD_MS; ms++) {
      rig.clock.advance(1);
      sizes.push(viewer.take().length);
    }
    assert.equal(
      sizes.reduce((sum, size) => sum + size, 0),
      250,
    );
    assert.ok(Math.max(...sizes) <= 128, `slices ${sizes.join()}`);
    assert.equal(rig.clock.pendingTimers, 0, 'the timer stops when all are at the head');
  });

  it('keeps what is published while a viewer is behind in order', () => {
    const rig = createRig();
    const video = rig.openVideo();
    const viewer = video.addViewer();
    video.frame(KEY_FRAME);
    video.publish();
    video.frame();
    video.publish();
    rig.clock.advance(KEY_FRAME_SPREAD_MS);
    video.frame();
    video.publish();
    assert.deepEqual(
      viewer.take().map(ringSequenceOf),
      Array.from({ length: 252 }, (_, i) => 1000 + i),
    );
  });

  it('loses nothing when the network is full for a moment', () => {
    const rig = createRig();
    const video = rig.openVideo();
    const viewers = [video.addViewer(), video.addViewer(), video.addViewer()];
    rig.socket.room = 50;
    video.play({ isKeyFrame: true, packets: 30 });
    rig.socket.room = 1;
    video.play({ packets: 3 });
    assert.equal(rig.socket.packets.length, 51);
    rig.socket.room = Infinity;
    rig.clock.advance(FRAME_MS);
    for (const viewer of viewers) {
      const packets = viewer.take();
      assert.equal(packets.length, 33);
      assert.ok(
        steps(
          packets.map((packet) => packet.sequenceNumber),
          16,
        ).every((step) => step === 1),
      );
      assert.equal(viewer.counters.packetsDropped, 0);
    }
  });

  it('takes turns in who is served first when the network fills up', () => {
    const rig = createRig();
    const video = rig.openVideo();
    const viewers = Array.from({ length: 4 }, () => video.addViewer());
    video.play({ isKeyFrame: true });
    for (const viewer of viewers) viewer.take();
    const served = viewers.map(() => 0);
    for (let turn = 0; turn < 40; turn++) {
      rig.socket.room = 2;
      video.frame();
      video.publish();
      viewers.forEach((viewer, i) => {
        served[i] = (served[i] ?? 0) + viewer.take().length;
      });
      rig.socket.room = Infinity;
      rig.clock.advance(FRAME_MS);
      for (const viewer of viewers) viewer.take();
    }
    assert.equal(Math.min(...served), 20, `at once: ${served.join()}`);
    for (const viewer of viewers) assert.equal(viewer.counters.packetsSent, 41);
  });

  it('does not let a dead address delay the others', () => {
    const rig = createRig();
    const video = rig.openVideo();
    const dead = video.addViewer();
    const alive = video.addViewer();
    rig.socket.refusing.add(dead.description.address);
    for (let second = 0; second < 4; second++) {
      video.play({ isKeyFrame: true });
      video.play({}, 24);
    }
    assert.equal(alive.take().length, 100);
    assert.equal(dead.counters.packetsSent, 0);
    assert.ok(dead.counters.skips > 0 && dead.counters.packetsDropped > 0);
  });
}

function describeSkips(createRig: () => EgressRig): void {
  it('skips to the newest key frame after a second of lag, leaving a gap in a cut frame', () => {
    const rig = createRig();
    const video = rig.openVideo();
    const viewer = video.addViewer();
    video.play({ isKeyFrame: true });
    rig.socket.room = 3;
    video.play({ packets: 5 });
    rig.socket.room = 0;
    video.play({}, 20);
    video.play({ isKeyFrame: true, packets: 2 });
    video.play({}, 8);
    assert.equal(viewer.counters.skips, 1);
    rig.socket.room = Infinity;
    rig.clock.advance(5);
    const packets = viewer.take();
    assert.deepEqual(framesOf(packets), [1, 2, ...Array.from({ length: 9 }, (_, i) => 23 + i)]);
    const numbers = steps(
      packets.map((packet) => packet.sequenceNumber),
      16,
    );
    assert.deepEqual(numbers, [1, 1, 1, 2, ...Array.from({ length: 9 }, () => 1)]);
    assert.ok(isRising(packets));
    const expected = (video.ringTicks + viewer.counters.timestampOffsetTicks) % 2 ** 32;
    assert.equal(packets.at(-1)?.timestampTicks, expected);
    assert.equal(viewer.counters.packetsDropped, 22, 'two of the cut frame and twenty frames');
    const last = packets[3]?.sequenceNumber ?? 0;
    viewer.nack((last + 1) & 0xffff);
    assert.equal(viewer.takeRaw().length, 0, 'the number left out stands for nothing');
  });

  it('leaves no gap when the frame before the skip was whole', () => {
    const rig = createRig();
    const video = rig.openVideo();
    const viewer = video.addViewer();
    video.play({ isKeyFrame: true, packets: 3 });
    rig.socket.isFull = true;
    video.play({}, 20);
    video.play({ isKeyFrame: true }, 10);
    rig.socket.isFull = false;
    rig.clock.advance(5);
    const numbers = viewer.take().map((packet) => packet.sequenceNumber);
    assert.ok(steps(numbers, 16).every((step) => step === 1));
  });

  it('asks for a key frame and waits when it lags and there is none', () => {
    const rig = createRig();
    const video = rig.openVideo();
    let wishes = 0;
    const viewer = video.addViewer({
      onKeyFrameNeeded: () => {
        wishes++;
      },
    });
    video.play({ isKeyFrame: true });
    rig.socket.isFull = true;
    video.play({}, 30);
    assert.equal(wishes, 1);
    assert.equal(viewer.counters.skips, 0);
    rig.socket.isFull = false;
    video.play({}, 3);
    assert.equal(viewer.take().length, 1, 'frames without their references stay here');
    assert.equal(rig.clock.pendingTimers, 0, 'who waits needs no timer');
    video.play({ isKeyFrame: true });
    assert.deepEqual(framesOf(viewer.take()), [35]);
    assert.equal(viewer.counters.skips, 1);
    assert.equal(viewer.counters.packetsDropped, 33);
  });

  it('does not count lag while it catches up with frames from before it came', () => {
    const rig = createRig();
    const video = rig.openVideo();
    video.play({ isKeyFrame: true });
    video.play({ packets: 10 }, 60);
    let wishes = 0;
    const viewer = video.addViewer({
      onKeyFrameNeeded: () => {
        wishes++;
      },
    });
    video.play({}, 3);
    assert.equal(viewer.take().length, 604);
    assert.deepEqual([wishes, viewer.counters.skips], [0, 0]);
  });

  it('skips when the ring overtakes it', () => {
    const rig = createRig();
    const video = rig.openVideo({ maxBytes: 1 << 16, minHistoryMs: 0 });
    const viewer = video.addViewer();
    video.play({ isKeyFrame: true });
    rig.socket.isFull = true;
    video.frame({ packets: 50, payloadBytes: 1000 });
    video.frame({ isKeyFrame: true, packets: 30, payloadBytes: 1000 });
    video.publish();
    rig.socket.isFull = false;
    rig.clock.advance(5);
    assert.deepEqual(framesOf(viewer.take()), [1, 3]);
    assert.equal(viewer.counters.skips, 1);
  });

  it('lets lagging audio go on at the head', () => {
    const rig = createRig();
    const audio = rig.openAudio();
    const viewer = audio.addViewer();
    audio.play();
    rig.socket.isFull = true;
    audio.play({}, 30);
    rig.socket.isFull = false;
    audio.play({}, 3);
    const packets = viewer.take();
    assert.ok(packets.length >= 4 && packets.length < 10, `${packets.length} packets`);
    assert.ok(
      steps(
        packets.map((packet) => packet.sequenceNumber),
        16,
      ).every((step) => step === 1),
    );
    assert.ok(isRising(packets));
    assert.equal(viewer.counters.skips, 1);
  });
}
