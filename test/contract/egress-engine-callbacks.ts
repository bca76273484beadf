// Every engine: viewers that come and go, also in the middle of a turn, and what is left of them.
import assert from 'node:assert/strict';
import { describeEgressReentry } from './egress-engine-reentry.ts';
import { readPlain, steps, type EgressRig, type ViewerRig } from './egress-engine-rig.ts';

const REPORT = Buffer.from('80c8000111223344', 'hex');

/** Life cycle and calls from inside a turn. */
export function describeEgressCallbacks(createRig: () => EgressRig): void {
  describeLifeCycle(createRig);
  describeRemovals(createRig);
  describeEgressReentry(createRig);
}

function describeLifeCycle(createRig: () => EgressRig): void {
  it('reuses the rows of viewers that left', () => {
    const rig = createRig();
    const video = rig.openVideo();
    video.play({ isKeyFrame: true });
    let highest = 0;
    for (let round = 0; round < 5; round++) {
      const viewers = Array.from({ length: 200 }, () => video.addViewer());
      video.play();
      const handles = viewers.map(({ handle }) => handle);
      assert.equal(new Set(handles).size, 200);
      highest = Math.max(highest, ...handles);
      for (const handle of handles) rig.engine.removeViewer(handle);
      rig.socket.packets.length = 0;
      video.play();
      assert.equal(rig.socket.packets.length, 0);
    }
    assert.ok(highest < 200, `handle ${highest}`);
    assert.equal(rig.clock.pendingTimers, 0);
  });

  it('serves a thousand viewers, each with numbers of its own', () => {
    const rig = createRig();
    const video = rig.openVideo();
    const viewers = Array.from({ length: 1000 }, () => video.addViewer());
    rig.socket.keeps = (bytes) => readPlain(bytes).ssrc % 111 === 0;
    video.play({ isKeyFrame: true, packets: 2 });
    video.play();
    const firsts = new Set<number>();
    for (const viewer of viewers.filter(({ description }) => description.ssrc % 111 === 0)) {
      const numbers = viewer.take().map((packet) => packet.sequenceNumber);
      assert.deepEqual(steps(numbers, 16), [1, 1]);
      firsts.add(numbers[0] ?? -1);
      viewer.nack(...numbers);
      assert.equal(viewer.takeRaw().length, 3);
    }
    assert.ok(firsts.size >= 8, 'nine viewers with random first numbers');
  });

  it('gives nothing of an old viewer to the next one in its row', () => {
    const rig = createRig();
    const video = rig.openVideo();
    video.play({ isKeyFrame: true });
    for (let round = 0; round < 8; round++) {
      const old = video.addViewer({ rtx: { ssrc: 9, payloadType: 99 } });
      video.play({}, 3);
      rig.engine.setPaused(old.handle, true);
      const oldNumbers = old.take().map((packet) => packet.sequenceNumber);
      rig.engine.removeViewer(old.handle);
      rig.engine.removeViewer(old.handle);
      const next = video.addViewer();
      assert.equal(next.handle, old.handle);
      const { packetsSent, octetsSent, hasStarted } = next.counters;
      assert.deepEqual([packetsSent, octetsSent, hasStarted], [0, 0, false]);
      rig.clock.advance(5);
      const packets = next.take();
      assert.equal(packets.length, video.frames);
      const numbers = new Set(packets.map((packet) => packet.sequenceNumber));
      next.nack(...oldNumbers.filter((number) => !numbers.has(number)));
      assert.equal(rig.socket.packets.length, 0);
      rig.engine.removeViewer(next.handle);
    }
  });

  it('ignores calls for viewers and tracks that are gone', () => {
    const rig = createRig();
    const video = rig.openVideo();
    const viewer = video.addViewer();
    video.play({ isKeyFrame: true });
    viewer.take();
    rig.engine.removeViewer(viewer.handle);
    rig.engine.setPaused(viewer.handle, false);
    rig.engine.setAddress(viewer.handle, 'elsewhere');
    rig.engine.sendRtcp(viewer.handle, REPORT);
    viewer.nack(1, 2, 3);
    rig.engine.removeViewer(viewer.handle + 1000);
    rig.engine.closeTrack(video.handle);
    rig.engine.closeTrack(video.handle);
    rig.engine.publish(video.handle);
    rig.engine.publish(-1);
    assert.equal(rig.socket.packets.length, 0);
  });

  it('closes a track with its viewers and keeps the others', () => {
    const rig = createRig();
    const video = rig.openVideo();
    const audio = rig.openAudio();
    const watching = [video.addViewer(), video.addViewer()];
    const listening = audio.addViewer();
    video.play({ isKeyFrame: true, packets: 100 });
    audio.play();
    rig.engine.closeTrack(video.handle);
    rig.socket.packets.length = 0;
    video.play();
    audio.play();
    assert.deepEqual(
      watching.map((viewer) => viewer.takeRaw().length),
      [0, 0],
    );
    assert.equal(listening.take().length, 1);
    const other = rig.openVideo();
    assert.equal(other.handle, video.handle, 'handles are reused');
    const viewer = other.addViewer();
    other.play({ isKeyFrame: true });
    assert.equal(viewer.take().length, 1);
  });

  it('frees its timer when it closes, twice', () => {
    const rig = createRig();
    const video = rig.openVideo();
    video.addViewer();
    video.frame({ isKeyFrame: true, packets: 300 });
    video.publish();
    assert.equal(rig.clock.pendingTimers, 1);
    rig.engine.close();
    rig.engine.close();
    assert.equal(rig.clock.pendingTimers, 0);
    rig.socket.packets.length = 0;
    video.publish();
    assert.equal(rig.socket.packets.length, 0);
  });
}

function describeRemovals(createRig: () => EgressRig): void {
  const actions: Record<string, (rig: EgressRig, viewers: readonly ViewerRig[]) => void> = {
    'the viewer that is being served': (rig, [first]) => {
      if (first) rig.engine.removeViewer(first.handle);
    },
    'all but the last viewer': (rig, viewers) => {
      for (const viewer of viewers.slice(0, -1)) rig.engine.removeViewer(viewer.handle);
    },
    'a viewer and adds others': (rig, [first]) => {
      if (first) rig.engine.removeViewer(first.handle);
      for (let i = 0; i < 40; i++) rig.engine.addViewer(0, rig.describeViewer());
    },
  };
  for (const [what, act] of Object.entries(actions)) {
    it(`allows a socket to remove ${what}`, () => {
      const rig = createRig();
      const video = rig.openVideo();
      const viewers = Array.from({ length: 5 }, () => video.addViewer());
      const last = viewers.at(-1);
      rig.socket.onSend = () => {
        rig.socket.onSend = undefined;
        act(rig, viewers);
      };
      video.play({ isKeyFrame: true, packets: 20 });
      video.play({ packets: 20 });
      assert.ok((viewers[0]?.take().length ?? 9) <= 1, 'nothing after its removal');
      assert.equal(last?.take().length, 40);
    });
  }

  it('allows a socket to close the track or the engine', () => {
    for (const isEngine of [false, true]) {
      const rig = createRig();
      const video = rig.openVideo();
      for (let i = 0; i < 5; i++) video.addViewer();
      rig.socket.onSend = () => {
        if (isEngine) rig.engine.close();
        else rig.engine.closeTrack(video.handle);
      };
      video.play({ isKeyFrame: true, packets: 200 });
      assert.equal(rig.socket.packets.length, 1);
      assert.equal(rig.clock.pendingTimers, 0);
      const next = rig.openVideo();
      rig.socket.onSend = undefined;
      const viewer = next.addViewer();
      next.play({ isKeyFrame: true, packets: 10 });
      assert.equal(viewer.take().length, 10);
    }
  });

  it('allows who is asked for a key frame to remove and to add viewers', () => {
    const rig = createRig();
    const video = rig.openVideo();
    const added: ViewerRig[] = [];
    const viewers: ViewerRig[] = [];
    const onKeyFrameNeeded = (): void => {
      for (const viewer of viewers.slice(0, 2)) rig.engine.removeViewer(viewer.handle);
      added.push(video.addViewer());
    };
    for (let i = 0; i < 3; i++) viewers.push(video.addViewer({ onKeyFrameNeeded }));
    video.play();
    assert.equal(added.length, 2, 'the removed one is not asked any more');
    video.play({ isKeyFrame: true });
    assert.deepEqual(
      viewers.map((viewer) => viewer.takeRaw().length),
      [0, 0, 1],
    );
    assert.deepEqual(
      added.map((viewer) => viewer.take().length),
      [1, 1],
    );
  });

  it('goes on after a callback that throws', () => {
    const rig = createRig();
    const video = rig.openVideo();
    const angry = video.addViewer({
      onKeyFrameNeeded: () => {
        throw new RangeError('asked too often');
      },
    });
    const calm = video.addViewer();
    assert.throws(() => video.play(), RangeError);
    rig.engine.removeViewer(angry.handle);
    video.play({ isKeyFrame: true });
    assert.equal(calm.take().length, 1);
    assert.equal(video.addViewer().handle, angry.handle, 'its row is free');
  });
}
