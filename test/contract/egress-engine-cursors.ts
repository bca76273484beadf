// Every engine: where viewers begin, wait, catch up, skip, pause and go on.
import assert from 'node:assert/strict';
import { describeEgressLag } from './egress-engine-lag.ts';
import {
  FRAME_TICKS,
  frameOf,
  framesOf,
  ringSequenceOf,
  steps,
  type EgressRig,
  type PlainPacket,
} from './egress-engine-rig.ts';

/** Outgoing ticks between frames that are squeezed: 1 ms at 90 kHz. */
const SQUEEZED_TICKS = 90;

function timestampsOf(packets: readonly PlainPacket[]): number[] {
  return packets.map((packet) => packet.timestampTicks);
}

function numbersOf(packets: readonly PlainPacket[]): number[] {
  return packets.map((packet) => packet.sequenceNumber);
}

/** Begin, key frame wishes, pause; then lag and congestion. */
export function describeEgressCursors(createRig: () => EgressRig): void {
  describeBeginnings(createRig);
  describePauses(createRig);
  describeEgressLag(createRig);
}

function describeBeginnings(createRig: () => EgressRig): void {
  it('lets a late joiner begin at the newest key frame', () => {
    const rig = createRig();
    const video = rig.openVideo();
    video.play({ isKeyFrame: true, packets: 3 });
    video.play({}, 10);
    video.play({ isKeyFrame: true, packets: 3 });
    video.play({}, 10);
    const viewer = video.addViewer();
    rig.clock.advance(10);
    assert.deepEqual(
      viewer.take().map(ringSequenceOf),
      Array.from({ length: 13 }, (_, i) => 1013 + i),
    );
  });

  it('squeezes the frames before "now" to 1 ms each, ending at the live frame', () => {
    const rig = createRig();
    const video = rig.openVideo();
    const live = video.addViewer();
    video.play({ isKeyFrame: true, packets: 3 });
    video.play({ packets: 2 }, 24);
    const late = video.addViewer();
    rig.clock.advance(10);
    const caughtUp = late.take();
    assert.equal(framesOf(caughtUp).length, 25);
    const first = caughtUp.filter(
      (packet, i) => frameOf(packet) !== frameOf(caughtUp[i - 1] ?? packet) || i === 0,
    );
    assert.ok(steps(timestampsOf(first), 32).every((step) => step === SQUEEZED_TICKS));
    for (const packet of caughtUp) {
      const sameFrame = first.find((other) => frameOf(other) === frameOf(packet));
      assert.equal(packet.timestampTicks, sameFrame?.timestampTicks, 'one timestamp per frame');
    }
    const expected = (video.ringTicks + late.counters.timestampOffsetTicks) % 2 ** 32;
    assert.equal(caughtUp.at(-1)?.timestampTicks, expected, 'the newest frame is live');
    video.play({}, 5);
    const [next] = late.take();
    assert.deepEqual(steps([expected, next?.timestampTicks ?? 0], 32), [3600]);
    assert.ok(steps(timestampsOf(live.take()), 32).every((step) => step === 3600 || step === 0));
  });

  it('squeezes for those who join at the next key frame, too', () => {
    const rig = createRig();
    const video = rig.openVideo();
    for (const frames of [30, 12, 20]) {
      video.play({ isKeyFrame: true });
      video.play({}, frames);
      const viewer = video.addViewer();
      rig.clock.advance(10);
      const ticks = steps(timestampsOf(viewer.take()), 32);
      assert.deepEqual(
        ticks,
        Array.from({ length: frames }, () => SQUEEZED_TICKS),
      );
    }
  });

  it('keeps time for who watches longer than half the range of timestamps', () => {
    const rig = createRig();
    const video = rig.openVideo();
    video.play({ isKeyFrame: true });
    video.play({}, 5);
    const viewer = video.addViewer();
    rig.clock.advance(10);
    viewer.take();
    // Seven hours and more pass between frames.
    for (let leap = 0; leap < 6; leap++) {
      video.ticks = (video.ticks + 0x2800_0000) >>> 0;
      video.play();
      const expected = (video.ringTicks + viewer.counters.timestampOffsetTicks) % 2 ** 32;
      assert.deepEqual(timestampsOf(viewer.take()), [expected]);
    }
  });

  it('keeps a frame in one piece for who joins in its middle', () => {
    const rig = createRig();
    const video = rig.openVideo();
    video.play({ isKeyFrame: true }, 1);
    video.play({}, 5);
    video.frame({ packets: 3, isOpen: true });
    const viewer = video.addViewer();
    rig.clock.advance(5);
    video.frame({ packets: 3, continues: true });
    video.publish();
    const packets = viewer.take().slice(-6);
    assert.deepEqual(framesOf(packets), [7]);
    assert.equal(new Set(timestampsOf(packets)).size, 1);
  });

  it('does not stretch frames that lie closer than 1 ms', () => {
    const rig = createRig();
    const video = rig.openVideo();
    video.frame({ isKeyFrame: true });
    for (let i = 0; i < 10; i++) {
      video.ticks -= FRAME_TICKS - 30;
      video.frame();
    }
    const viewer = video.addViewer();
    rig.clock.advance(10);
    const ticks = steps(timestampsOf(viewer.take()), 32);
    assert.deepEqual(
      ticks,
      Array.from({ length: 10 }, () => 30),
    );
  });

  it('waits for a key frame and wishes for one at most once a second', () => {
    const rig = createRig();
    const video = rig.openVideo();
    let wishes = 0;
    const viewer = video.addViewer({
      onKeyFrameNeeded: () => {
        wishes++;
      },
    });
    const silent = video.addViewer();
    video.play();
    assert.equal(wishes, 1);
    // 2.4 s more at 25 frames a second.
    video.play({}, 60);
    assert.equal(wishes, 3);
    assert.equal(rig.socket.packets.length, 0);
    video.play({ isKeyFrame: true });
    video.play({}, 60);
    assert.equal(wishes, 3, 'satisfied');
    const frames = Array.from({ length: 61 }, (_, i) => 62 + i);
    assert.deepEqual(framesOf(viewer.take()), frames);
    assert.deepEqual(framesOf(silent.take()), frames);
  });

  it('begins audio at the head', () => {
    const rig = createRig();
    const audio = rig.openAudio();
    audio.play({}, 5);
    const viewer = audio.addViewer();
    rig.clock.advance(10);
    assert.equal(rig.socket.packets.length, 0);
    audio.play({}, 3);
    const packets = viewer.take();
    assert.deepEqual(framesOf(packets), [6, 7, 8]);
    assert.ok(steps(timestampsOf(packets), 32).every((step) => step === 3600));
  });

  it('starts a viewer of a silent source with what is there', () => {
    const rig = createRig();
    const video = rig.openVideo();
    video.play({ isKeyFrame: true });
    rig.clock.advance(60_000);
    const viewer = video.addViewer();
    rig.clock.advance(10);
    assert.deepEqual(framesOf(viewer.take()), [1]);
    assert.equal(rig.clock.pendingTimers, 0);
  });
}

function describePauses(createRig: () => EgressRig): void {
  it('sends nothing to a paused viewer', () => {
    const rig = createRig();
    const video = rig.openVideo();
    const viewer = video.addViewer();
    video.play({ isKeyFrame: true });
    viewer.take();
    rig.engine.setPaused(viewer.handle, true);
    video.play({ isKeyFrame: true }, 5);
    assert.equal(viewer.takeRaw().length, 0);
    assert.equal(rig.clock.pendingTimers, 0);
  });

  it('goes on at the newest key frame on the old numbering, time never going back', () => {
    const rig = createRig();
    const video = rig.openVideo();
    const viewer = video.addViewer();
    video.play({ isKeyFrame: true }, 10);
    rig.engine.setPaused(viewer.handle, true);
    video.play({ isKeyFrame: true });
    video.play({}, 20);
    rig.engine.setPaused(viewer.handle, false);
    rig.clock.advance(10);
    video.play({}, 3);
    const packets = viewer.take();
    assert.deepEqual(framesOf(packets).slice(9, 12), [10, 11, 12]);
    assert.ok(steps(numbersOf(packets), 16).every((step) => step === 1));
    const ticks = steps(timestampsOf(packets), 32);
    assert.ok(
      ticks.every((step) => step > 0 && step < 2 ** 31),
      String(ticks),
    );
    const expected = (video.ringTicks + viewer.counters.timestampOffsetTicks) % 2 ** 32;
    assert.equal(packets.at(-1)?.timestampTicks, expected);
  });

  it('repeats the frames since the key frame after a pause without a new one', () => {
    const rig = createRig();
    const video = rig.openVideo();
    const viewer = video.addViewer();
    video.play({ isKeyFrame: true });
    video.play({}, 59);
    rig.engine.setPaused(viewer.handle, true);
    // One frame's time has to hold all of them: less than 1 ms each.
    video.play();
    rig.engine.setPaused(viewer.handle, false);
    rig.clock.advance(10);
    const packets = viewer.take();
    assert.deepEqual(
      packets.map(frameOf),
      [...Array(60).keys(), ...Array(61).keys()].map((i) => i + 1),
    );
    const ticks = steps(timestampsOf(packets), 32);
    assert.ok(
      ticks.every((step) => step > 0 && step < 2 ** 31),
      String(ticks),
    );
  });

  it('just goes on after a pause in which nothing was missed', () => {
    const rig = createRig();
    const video = rig.openVideo();
    const viewer = video.addViewer();
    video.play({ isKeyFrame: true }, 1);
    video.play({}, 9);
    rig.engine.setPaused(viewer.handle, true);
    rig.engine.setPaused(viewer.handle, false);
    video.play({}, 3);
    const packets = viewer.take();
    assert.equal(packets.length, 13);
    assert.ok(steps(timestampsOf(packets), 32).every((step) => step === 3600));
  });

  it('waits after a pause when the ring holds no key frame', () => {
    const rig = createRig();
    const video = rig.openVideo({ maxBytes: 1 << 16, minHistoryMs: 0 });
    const viewer = video.addViewer();
    video.play({ isKeyFrame: true });
    rig.engine.setPaused(viewer.handle, true);
    video.play({ packets: 50, payloadBytes: 1000 }, 3);
    viewer.take();
    rig.engine.setPaused(viewer.handle, false);
    video.play();
    assert.equal(viewer.takeRaw().length, 0);
    video.play({ isKeyFrame: true });
    assert.deepEqual(framesOf(viewer.take()), [6]);
  });

  it('counts a pause as no skip, also for who was lagging before', () => {
    const rig = createRig();
    const video = rig.openVideo({ maxBytes: 1 << 16, minHistoryMs: 0 });
    const viewer = video.addViewer();
    video.play({ isKeyFrame: true });
    rig.socket.isFull = true;
    video.play({}, 30);
    rig.socket.isFull = false;
    rig.engine.setPaused(viewer.handle, true);
    video.play({ packets: 50, payloadBytes: 1000 }, 3);
    rig.engine.setPaused(viewer.handle, false);
    video.play({ isKeyFrame: true });
    assert.deepEqual(framesOf(viewer.take()), [1, 35]);
    assert.deepEqual([viewer.counters.skips, viewer.counters.packetsDropped], [0, 0]);
  });

  it('goes on with audio at the head', () => {
    const rig = createRig();
    const audio = rig.openAudio();
    const viewer = audio.addViewer();
    audio.play({}, 2);
    rig.engine.setPaused(viewer.handle, true);
    audio.play({}, 50);
    rig.engine.setPaused(viewer.handle, false);
    audio.play({}, 2);
    const packets = viewer.take();
    assert.deepEqual(framesOf(packets), [1, 2, 53, 54]);
    assert.deepEqual(steps(numbersOf(packets), 16), [1, 1, 1]);
    assert.deepEqual(steps(timestampsOf(packets), 32), [3600, 51 * 3600, 3600]);
  });
}
