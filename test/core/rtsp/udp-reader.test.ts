// Tests of a reader over UDP: pace, busy sockets, late readers.
import assert from 'node:assert/strict';
import type { TrackDescription } from '../../../core/codec/codec.ts';
import { UdpReader } from '../../../core/rtsp/udp-reader.ts';
import { Stream } from '../../../core/stream/stream.ts';
import type { StreamWriter } from '../../../core/stream/stream-writer.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { rtpPacket, vp8Payload } from '../../support/rtsp-fixture.ts';

const TRACK: TrackDescription = {
  ...{ kind: 'video', payloadType: 96 },
  codec: { name: 'VP8', clockRateHz: 90000 },
};

class Scene {
  readonly clock = new FakeClock();
  readonly stream = new Stream([TRACK], { clock: this.clock });
  readonly writer: StreamWriter = this.stream.attach([TRACK]);
  readonly sequences: number[] = [];
  isBusy = false;
  closedReason = '';
  readonly reader = new UdpReader({
    stream: this.stream,
    clock: this.clock,
    onStreamClosed: (reason) => (this.closedReason = reason.code),
    peers: [
      {
        sendRtp: (bytes, offset) => {
          if (this.isBusy) return false;
          this.sequences.push(Buffer.from(bytes).readUInt16BE(offset + 2));
          return true;
        },
        sendRtcp: () => undefined,
        close: () => undefined,
      },
    ],
  });
  #next = 1;

  frame(isKeyFrame: boolean, sizeBytes = 100): void {
    const sequenceNumber = this.#next++;
    const payload = vp8Payload(isKeyFrame, sizeBytes);
    this.writer.writeRtp(0, rtpPacket({ payloadType: 96, sequenceNumber, payload }));
    this.writer.publish();
  }

  start(): void {
    this.reader.prepare();
    this.reader.start();
  }
}

describe('UdpReader', () => {
  it('sends a late reader what came since the key frame, 64 packets at a time', () => {
    const scene = new Scene();
    scene.frame(false);
    scene.frame(true);
    for (let index = 0; index < 149; index++) scene.frame(false);
    scene.start();
    assert.equal(scene.sequences.length, 64);
    scene.clock.advance(5);
    assert.equal(scene.sequences.length, 128);
    scene.clock.advance(5);
    assert.equal(scene.sequences.length, 150);
    scene.frame(false);
    assert.equal(scene.sequences.length, 151);
    const [first = 0] = scene.sequences;
    assert.deepEqual(
      scene.sequences,
      scene.sequences.map((_value, index) => (first + index) & 0xffff),
    );
  });

  it('waits while the socket is busy and goes on where it was', () => {
    const scene = new Scene();
    scene.frame(true);
    scene.start();
    scene.isBusy = true;
    scene.frame(false);
    assert.equal(scene.sequences.length, 1);
    scene.isBusy = false;
    scene.clock.advance(5);
    assert.equal(scene.sequences.length, 2);
  });

  it('jumps to the newest key frame when the socket was busy for more than a second', () => {
    const scene = new Scene();
    scene.frame(true);
    scene.start();
    scene.isBusy = true;
    for (let index = 0; index < 30; index++) {
      scene.frame(index === 20);
      scene.clock.advance(50);
    }
    scene.isBusy = false;
    scene.clock.advance(5);
    assert.equal(scene.sequences.length, 11);
    assert.equal(scene.reader.cursor.discardedFrames, 20);
    assert.equal(scene.reader.cursor.discardedPackets, 20);
  });

  it('is not taken for slow when the publisher was away', () => {
    const scene = new Scene();
    scene.frame(true);
    scene.start();
    scene.writer.close();
    scene.clock.advance(60_000);
    const writer = scene.stream.attach([TRACK]);
    scene.clock.advance(5000);
    for (const sequenceNumber of [900, 901]) {
      const payload = vp8Payload(sequenceNumber === 900, 100);
      writer.writeRtp(0, rtpPacket({ payloadType: 96, sequenceNumber, payload }));
    }
    writer.publish();
    assert.equal(scene.sequences.length, 3);
    assert.equal(scene.reader.cursor.discardedPackets, 0);
  });

  it('stops and leaves no timer', () => {
    const scene = new Scene();
    scene.frame(true);
    scene.start();
    scene.isBusy = true;
    scene.frame(false);
    scene.reader.stop();
    scene.reader.stop();
    assert.equal(scene.clock.pendingTimers, 0);
    assert.equal(scene.stream.readerCount, 0);
  });
});
