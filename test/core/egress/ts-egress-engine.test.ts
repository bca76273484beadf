// The TypeScript engine keeps the promises of every engine; and its own limits.
import assert from 'node:assert/strict';
import { TsEgressEngine } from '../../../core/egress/ts-egress-engine.ts';
import { describeEgressEngine } from '../../contract/egress-engine.ts';
import { EgressRig } from '../../contract/egress-engine-rig.ts';

describeEgressEngine('TsEgressEngine', (components) => new TsEgressEngine(components));

describe('TsEgressEngine pacing', () => {
  it('sends 64 packets at once and the next 64 every 3 ms', () => {
    const rig = new EgressRig((components) => new TsEgressEngine(components));
    const video = rig.openVideo();
    const viewer = video.addViewer();
    video.frame({ isKeyFrame: true, packets: 250 });
    video.publish();
    const sizes = [viewer.take().length];
    for (let ms = 1; ms <= 10; ms++) {
      rig.clock.advance(1);
      sizes.push(viewer.take().length);
    }
    assert.deepEqual(sizes, [64, 0, 0, 64, 0, 0, 64, 0, 0, 58, 0]);
  });

  it('sends history to a late joiner at half that rate', () => {
    const rig = new EgressRig((components) => new TsEgressEngine(components));
    const video = rig.openVideo();
    video.play({ isKeyFrame: true, packets: 100 });
    video.play({}, 4);
    const viewer = video.addViewer();
    const sizes: number[] = [];
    for (let ms = 1; ms <= 12; ms++) {
      rig.clock.advance(1);
      sizes.push(viewer.take().length);
    }
    assert.deepEqual(sizes, [0, 0, 32, 0, 0, 32, 0, 0, 32, 0, 0, 8]);
  });

  it('lets who joins far behind the key frame wait for the next one', () => {
    const rig = new EgressRig(
      (components) => new TsEgressEngine(components, { maxHistoryPackets: 50 }),
    );
    const video = rig.openVideo();
    const early = video.addViewer();
    video.play({ isKeyFrame: true });
    video.play({}, 50);
    let wishes = 0;
    const onKeyFrameNeeded = (): void => {
      wishes++;
    };
    const viewer = video.addViewer({ onKeyFrameNeeded });
    rig.engine.setPaused(early.handle, true);
    rig.engine.setPaused(early.handle, false);
    early.take();
    video.play({}, 10);
    assert.deepEqual([viewer.take().length, early.take().length, wishes], [0, 0, 1]);
    video.play({ isKeyFrame: true });
    video.play({}, 49);
    assert.deepEqual([viewer.take().length, early.take().length], [50, 50]);
  });

  it('lets other work in after a turn of many packets, and serves all in the same order', () => {
    const rig = new EgressRig(
      (components) => new TsEgressEngine(components, { turnPackets: 1000, slicePackets: 50 }),
    );
    const video = rig.openVideo();
    const viewers = Array.from({ length: 100 }, () => video.addViewer());
    video.frame({ isKeyFrame: true, packets: 50 });
    video.publish();
    const served: number[][] = [];
    for (let ms = 0; ms <= 5; ms++) {
      served.push(viewers.flatMap((viewer, i) => (viewer.takeRaw().length === 50 ? [i] : [])));
      rig.clock.advance(1);
    }
    assert.deepEqual(
      served.map((indexes) => indexes.length),
      [20, 20, 20, 20, 20, 0],
    );
    assert.deepEqual(
      served.flat(),
      viewers.map((_, i) => i),
    );
    assert.equal(rig.clock.pendingTimers, 0);
  });

  it('lets no viewer starve when the packets of a turn are too few for all', () => {
    const rig = new EgressRig(
      (components) => new TsEgressEngine(components, { turnPackets: 100, slicePackets: 50 }),
    );
    const video = rig.openVideo();
    const viewers = Array.from({ length: 10 }, () => video.addViewer());
    rig.socket.keeps = () => false;
    for (let ms = 0; ms < 100; ms++) {
      video.frame({ isKeyFrame: ms === 0, packets: 50 });
      video.publish();
      rig.clock.advance(1);
    }
    const sent = viewers.map((viewer) => viewer.counters.packetsSent);
    // Two keep up; the timer's packets are shared evenly by all who do not.
    assert.ok(Math.min(...sent) >= 1000, sent.join());
  });

  it('shares the packets of a turn between tracks', () => {
    const rig = new EgressRig(
      (components) => new TsEgressEngine(components, { turnPackets: 64, slicePackets: 64 }),
    );
    const tracks = [rig.openVideo(), rig.openVideo(), rig.openVideo()];
    const viewers = tracks.map((track) => track.addViewer());
    for (const track of tracks) {
      track.frame({ isKeyFrame: true, packets: 256 });
      track.publish();
    }
    for (const viewer of viewers) assert.equal(viewer.takeRaw().length, 64);
    rig.clock.advance(12);
    const sizes = viewers.map((viewer) => viewer.takeRaw().length);
    assert.deepEqual(sizes, [192, 192, 192]);
  });
});
