// Tests of the fan-out over TCP: shared buffers, other channels, joining, slow readers.
import assert from 'node:assert/strict';
import type { TrackDescription } from '../../../core/codec/codec.ts';
import { RtspParser } from '../../../core/rtsp/rtsp-parser.ts';
import { TcpFanout, type FanoutMember } from '../../../core/rtsp/tcp-fanout.ts';
import { Stream } from '../../../core/stream/stream.ts';
import type { StreamWriter } from '../../../core/stream/stream-writer.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { rtpPacket, vp8Payload } from '../../support/rtsp-fixture.ts';

const TRACKS: readonly TrackDescription[] = [
  { kind: 'video', payloadType: 96, codec: { name: 'VP8', clockRateHz: 90000 } },
  {
    kind: 'audio',
    payloadType: 8,
    codec: { name: 'G711', clockRateHz: 8000, channelCount: 1, isMuLaw: false },
  },
];

interface Frame {
  readonly channel: number;
  readonly sequence: number;
  readonly isMarked: boolean;
  readonly payload: Buffer;
}

/** A socket that keeps what is written and takes it away when told. */
class Sink {
  queuedBytes = 0;
  isStuck = false;
  readonly writes: Uint8Array[] = [];

  write(bytes: Uint8Array): void {
    this.writes.push(bytes);
    if (this.isStuck) this.queuedBytes += bytes.length;
  }

  /** Frames as channel and size of the payload, in order. */
  get frames(): Frame[] {
    const frames: Frame[] = [];
    const parser = new RtspParser({
      onRequest: () => assert.fail('no text expected'),
      onResponse: () => assert.fail('no text expected'),
      onFrame: (channel, packet) => {
        const payload = Buffer.from(packet.subarray(12));
        const isMarked = packet.readUInt8(1) >= 0x80;
        frames.push({ channel, sequence: packet.readUInt16BE(2), isMarked, payload });
      },
    });
    for (const bytes of this.writes) parser.push(Buffer.from(bytes));
    return frames;
  }
}

class Scene {
  readonly clock = new FakeClock();
  readonly stream = new Stream(TRACKS, { clock: this.clock });
  readonly fanout = new TcpFanout(this.stream, this.clock);
  readonly writer: StreamWriter;
  keyFrameWishes = 0;
  #video = 100;
  #audio = 500;

  constructor() {
    this.writer = this.stream.attach(TRACKS, { onKeyFrameRequest: () => this.keyFrameWishes++ });
  }

  /** One video frame and one audio packet, then 40 ms pass. */
  frame(isKeyFrame = false, sizeBytes = 20): void {
    const sequenceNumber = this.#video++;
    const payload = vp8Payload(isKeyFrame, sizeBytes);
    this.writer.writeRtp(0, rtpPacket({ payloadType: 96, sequenceNumber, payload }));
    this.audio();
    this.writer.publish();
    this.clock.advance(40);
  }

  audio(): void {
    const sequenceNumber = this.#audio++;
    const timestampTicks = sequenceNumber * 160;
    const payload = Buffer.alloc(160, sequenceNumber & 0xff);
    this.writer.writeRtp(1, rtpPacket({ payloadType: 8, sequenceNumber, timestampTicks, payload }));
  }

  join(channels: readonly number[] = [0, 2]): { sink: Sink; member: FanoutMember } {
    const sink = new Sink();
    const reader = this.fanout.createReader({ sink, channels });
    const member = { reader, onStreamClosed: () => undefined };
    this.fanout.prepare(reader);
    this.fanout.add(member);
    return { sink, member };
  }
}

function videoOf(sink: Sink): string {
  return sink.frames
    .filter(({ channel, payload }) => channel === 0 && ((payload[0] ?? 0) & 0x10) !== 0)
    .map(({ payload }) => (((payload[1] ?? 1) & 1) === 0 ? 'K' : 'p'))
    .join('');
}

describe('TcpFanout', () => {
  it('writes the same buffer to every live reader', () => {
    const scene = new Scene();
    const first = scene.join();
    const second = scene.join();
    scene.frame(true);
    first.sink.writes.length = 0;
    second.sink.writes.length = 0;
    scene.frame();
    assert.equal(first.sink.writes.length, 2);
    assert.equal(first.sink.writes[0], second.sink.writes[0]);
    assert.equal(first.sink.writes[1], second.sink.writes[1]);
  });

  it('writes other channels to readers who chose them, and shares those as well', () => {
    const scene = new Scene();
    scene.frame(true);
    const usual = scene.join();
    const others = [scene.join([9, 4]), scene.join([9, 4])];
    scene.frame();
    const [first, second] = others;
    assert.deepEqual(
      first?.sink.frames.map(({ channel }) => channel),
      [9, 4, 9, 4],
    );
    assert.equal(first.sink.writes.at(-1), second?.sink.writes.at(-1));
    assert.deepEqual(
      first.sink.frames.map(({ payload }) => payload),
      usual.sink.frames.map(({ payload }) => payload),
    );
  });

  it('leaves out tracks that were not set up', () => {
    const scene = new Scene();
    const { sink } = scene.join([-1, 2]);
    scene.frame(true);
    assert.deepEqual(
      sink.frames.map(({ channel }) => channel),
      [2],
    );
  });

  it('starts a late reader at the newest key frame, with the audio that belongs to it', () => {
    const scene = new Scene();
    for (const isKeyFrame of [true, false, true, false, false]) scene.frame(isKeyFrame);
    const { sink } = scene.join();
    assert.equal(videoOf(sink), 'Kpp');
    assert.equal(sink.frames.filter(({ channel }) => channel === 2).length, 3);
    scene.frame();
    assert.equal(videoOf(sink), 'Kppp');
  });

  it('lets a reader wait for the first key frame, asks for it, and sends audio meanwhile', () => {
    const scene = new Scene();
    scene.audio();
    scene.writer.publish();
    scene.clock.advance(40);
    const { sink, member } = scene.join();
    assert.equal(scene.keyFrameWishes, 1);
    scene.clock.advance(40);
    scene.audio();
    scene.writer.publish();
    assert.deepEqual(
      sink.frames.map(({ channel }) => channel),
      [2],
    );
    scene.frame(true);
    scene.frame();
    assert.equal(videoOf(sink), 'Kp');
    assert.equal(member.reader.cursor.discardedPackets, 0);
    assert.equal(member.reader.isLive, true);
  });

  it('sends every packet once and in order, whatever joins and leaves', () => {
    const scene = new Scene();
    const { sink } = scene.join();
    for (let index = 0; index < 50; index++) {
      scene.frame(index % 10 === 0);
      if (index % 7 === 0) scene.fanout.remove(scene.join([5, 6]).member);
    }
    for (const channel of [0, 2]) {
      const numbers = sink.frames.filter((frame) => frame.channel === channel);
      assert.equal(numbers.length, 50);
      for (const [index, { sequence }] of numbers.entries()) {
        assert.equal(sequence, ((numbers[0]?.sequence ?? 0) + index) & 0xffff);
      }
    }
  });

  it('drops whole frames up to the next key frame for a reader that is stuck, and nobody else', () => {
    const scene = new Scene();
    const fast = scene.join();
    const slow = scene.join();
    slow.sink.isStuck = true;
    // Key frames every 20 frames (800 ms), 40 kB each frame: 1 MB per second.
    for (let index = 0; index < 100; index++) scene.frame(index % 20 === 0, 40_000);
    assert.equal(videoOf(fast.sink).length, 100);
    assert.equal(slow.member.reader.isLive, false);
    assert.ok(slow.sink.queuedBytes < 1_000_000, `${slow.sink.queuedBytes} bytes are queued`);
    assert.ok(slow.member.reader.cursor.discardedFrames > 50);
    assert.equal(fast.member.reader.cursor.discardedPackets, 0);
    slow.sink.isStuck = false;
    slow.sink.queuedBytes = 0;
    const before = slow.sink.writes.length;
    scene.frame(true, 40_000);
    scene.frame(false, 40_000);
    assert.equal(slow.member.reader.isLive, true);
    assert.ok(slow.sink.writes.length > before);
  });

  it('leaves gaps in the video only between a whole frame and a key frame', () => {
    const scene = new Scene();
    const { sink } = scene.join();
    for (let index = 0; index < 200; index++) {
      sink.isStuck = index % 60 > 10;
      if (!sink.isStuck) sink.queuedBytes = 0;
      scene.frame(index % 20 === 0, 40_000);
    }
    const video = sink.frames.filter(({ channel }) => channel === 0);
    let gaps = 0;
    for (const [index, frame] of video.entries()) {
      const previous = video[index - 1];
      if (previous === undefined || frame.sequence === ((previous.sequence + 1) & 0xffff)) continue;
      gaps++;
      assert.equal(previous.isMarked, true);
      assert.equal((frame.payload[0] ?? 0) & 0x10, 0x10);
      assert.equal((frame.payload[1] ?? 1) & 1, 0);
    }
    assert.ok(gaps >= 2, `${gaps} gaps`);
  });

  it('resumes behind what was sent, at a key frame', () => {
    const scene = new Scene();
    const { sink, member } = scene.join();
    scene.frame(true);
    scene.frame();
    scene.fanout.remove(member);
    scene.frame();
    scene.fanout.prepare(member.reader);
    scene.fanout.add(member);
    scene.frame();
    assert.equal(videoOf(sink), 'Kp');
    scene.frame(true);
    scene.frame();
    assert.equal(videoOf(sink), 'KpKp');
  });

  it('leaves the stream with its last reader', () => {
    const scene = new Scene();
    const { member } = scene.join();
    assert.equal(scene.stream.readerCount, 1);
    scene.fanout.remove(member);
    scene.fanout.remove(member);
    assert.equal(scene.stream.readerCount, 0);
    assert.equal(scene.fanout.memberCount, 0);
  });
});
