// Every engine: calls from inside a send never mix up packets, keys or numbers.
import assert from 'node:assert/strict';
import {
  framesOf,
  readPlain,
  ringSequenceOf,
  steps,
  type EgressRig,
  type PlainPacket,
} from './egress-engine-rig.ts';

/** A sender report with two report blocks: longer than the media packets that wait meanwhile. */
const REPORT = Buffer.from('82c80012'.padEnd(152, '1122'), 'hex');

/** A socket's owner may call anything while a packet is handed over. */
export function describeEgressReentry(createRig: () => EgressRig): void {
  /** Every number stands for one packet only, whatever was called while it was sent. */
  function assertNoNumberTwice(rig: EgressRig): void {
    const known = new Map<string, string>();
    for (const { address, bytes } of rig.socket.packets) {
      const { sequenceNumber, ssrc, timestampTicks } = readPlain(bytes);
      const key = `${address} ${ssrc} ${sequenceNumber} ${timestampTicks}`;
      const number = `${address} ${ssrc} ${sequenceNumber}`;
      const text = `${key} ${Buffer.from(bytes).toString('hex')}`;
      assert.equal(known.get(number) ?? text, text, `number ${sequenceNumber} has two contents`);
      known.set(number, text);
    }
  }

  /** All of the ring, each once, with the payload that was written. */
  function assertAll(packets: readonly PlainPacket[], count: number): void {
    assert.deepEqual(
      packets.map(ringSequenceOf),
      Array.from({ length: count }, (_, i) => 1000 + i),
    );
  }

  it('keeps packets whole when a report is sent from inside a send', () => {
    const rig = createRig();
    const video = rig.openVideo();
    const viewers = [video.addViewer(), video.addViewer()];
    let isNested = false;
    rig.socket.onSend = () => {
      if (isNested) return;
      isNested = true;
      for (const viewer of viewers) rig.engine.sendRtcp(viewer.handle, REPORT);
      isNested = false;
    };
    video.play({ isKeyFrame: true, packets: 40, payloadBytes: 16 });
    for (const viewer of viewers) {
      const packets = viewer.takeRaw();
      const media = packets.filter((bytes) => ((bytes[1] ?? 0) & 0x7f) === 102);
      assertAll(
        media.map((bytes) => viewer.open(bytes)),
        40,
      );
      const reports = packets.filter((bytes) => ((bytes[1] ?? 0) & 0x7f) !== 102);
      assert.equal(reports.map((bytes) => viewer.openRtcp(bytes)).length, 80);
    }
  });

  it('keeps packets whole when another track is published from inside a send', () => {
    const rig = createRig();
    const first = rig.openVideo();
    const second = rig.openVideo();
    const [watching, other] = [first.addViewer(), second.addViewer()];
    second.frame({ isKeyFrame: true, packets: 40 });
    let calls = 0;
    rig.socket.onSend = () => {
      if (++calls === 5) second.publish();
    };
    first.play({ isKeyFrame: true, packets: 40 });
    second.publish();
    rig.clock.advance(20);
    assertNoNumberTwice(rig);
    assertAll(watching.take(), 40);
    assertAll(other.take(), 40);
  });

  it('keeps packets whole when NACKs come from inside a send', () => {
    const rig = createRig();
    const video = rig.openVideo();
    const viewer = video.addViewer({ rtx: { ssrc: 9, payloadType: 99 } });
    video.play({ isKeyFrame: true, packets: 20 });
    const numbers = viewer.take().map((packet) => packet.sequenceNumber);
    rig.socket.onSend = () => {
      rig.clock.advance(25);
      viewer.nack(...numbers);
    };
    video.frame({ packets: 16 });
    video.publish();
    rig.socket.onSend = undefined;
    const packets = viewer.take().filter((packet) => packet.payloadType === 102);
    assert.deepEqual(
      packets.map(ringSequenceOf),
      Array.from({ length: 16 }, (_, i) => 1020 + i),
    );
  });

  it('uses no number twice when a viewer is paused and resumed from inside a send', () => {
    const rig = createRig();
    const video = rig.openVideo();
    const viewer = video.addViewer();
    video.play({ isKeyFrame: true });
    let calls = 0;
    rig.socket.onSend = () => {
      calls++;
      if (calls % 10 !== 1 || calls > 60) return;
      rig.engine.setPaused(viewer.handle, true);
      rig.engine.setPaused(viewer.handle, false);
    };
    video.play({ packets: 30 }, 4);
    rig.clock.advance(20);
    assertNoNumberTwice(rig);
    const packets = viewer.take();
    assert.equal(framesOf(packets).at(-1), 5);
    const numbers = steps(
      packets.map((packet) => packet.sequenceNumber),
      16,
    );
    assert.ok(
      numbers.every((step) => step === 1 || step === 2),
      numbers.join(),
    );
  });

  it('stops at once when a viewer is paused from inside a send', () => {
    const rig = createRig();
    const video = rig.openVideo();
    const viewer = video.addViewer();
    rig.socket.onSend = () => {
      if (rig.socket.packets.length === 5) rig.engine.setPaused(viewer.handle, true);
    };
    video.play({ isKeyFrame: true, packets: 100 });
    assert.equal(viewer.take().length, 5);
    assert.equal(viewer.counters.packetsSent, 5);
  });
}
