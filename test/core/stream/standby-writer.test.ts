// Tests of what a source writes into while another one feeds the path.
import assert from 'node:assert/strict';
import type { TrackDescription } from '../../../core/codec/codec.ts';
import { StandbyWriter } from '../../../core/stream/standby-writer.ts';
import { Stream } from '../../../core/stream/stream.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const H264: TrackDescription = {
  kind: 'video',
  codec: {
    ...{ name: 'H264', clockRateHz: 90000, packetizationMode: 1 },
    sps: Buffer.from('Z2QAM6zoAoALWQ==', 'base64'),
    pps: Buffer.from('aO48MA==', 'base64'),
  },
  payloadType: 96,
};

/** One picture in one packet; not every camera sets the marker. */
function picture(
  sequence: number,
  {
    isKeyFrame,
    isMarked = true,
    bytes = 40,
  }: { isKeyFrame: boolean; isMarked?: boolean; bytes?: number },
): Uint8Array {
  const packet = new Uint8Array(bytes).fill(0x55);
  packet.set([0x80, (isMarked ? 0x80 : 0) | 96, sequence >> 8, sequence & 0xff]);
  new DataView(packet.buffer).setUint32(4, sequence * 3000);
  // A slice that begins with the first macroblock.
  packet.set([0, 0, 0, 1, isKeyFrame ? 0x65 : 0x41, 0x88], 8);
  return packet;
}

class Fixture {
  readonly clock = new FakeClock();
  readonly writer: StandbyWriter;
  readyCount = 0;
  wishes = 0;

  constructor() {
    this.writer = new StandbyWriter(
      {
        clock: this.clock,
        onReady: () => {
          this.readyCount++;
        },
      },
      [H264],
      {
        onKeyFrameRequest: () => {
          this.wishes++;
        },
      },
    );
  }

  write(packet: Uint8Array): void {
    this.writer.writeRtp(0, packet);
    this.writer.publish();
  }
}

describe('StandbyWriter', () => {
  it('is ready with a whole key frame, whether or not the camera marks the end of pictures', () => {
    for (const isMarked of [true, false]) {
      const fixture = new Fixture();
      fixture.write(picture(1, { isKeyFrame: false, isMarked }));
      fixture.write(picture(2, { isKeyFrame: true, isMarked }));
      assert.equal(fixture.readyCount, isMarked ? 1 : 0);
      fixture.write(picture(3, { isKeyFrame: false, isMarked }));
      assert.notEqual(fixture.readyCount, 0);
      const stream = new Stream([H264], { clock: fixture.clock });
      const target = stream.attach([H264]);
      fixture.writer.takeOver(target);
      const ring = stream.tracks[0]?.ring;
      // The key frame, its parameter sets in front of it, and the picture behind it.
      assert.equal(ring?.packetsWritten, 3);
      assert.equal(ring.newestKeyFrame, ring.tail);
      fixture.write(picture(4, { isKeyFrame: false, isMarked }));
      assert.equal(stream.tracks[0]?.stats.packetsLost, 0);
      assert.equal(fixture.writer.isClosed, false);
      target.close();
      assert.equal(fixture.writer.isClosed, true);
      assert.equal(fixture.clock.pendingTimers, 0);
    }
  });

  it('asks for a key frame once in a second until one comes', () => {
    const fixture = new Fixture();
    for (let sequence = 0; sequence < 75; sequence++) {
      fixture.write(picture(sequence, { isKeyFrame: false }));
      fixture.clock.advance(40);
    }
    assert.equal(fixture.wishes, 4);
    fixture.writer.close();
    fixture.writer.close();
    fixture.write(picture(75, { isKeyFrame: true }));
    assert.equal(fixture.readyCount, 0);
    assert.equal(fixture.clock.pendingTimers, 0);
  });

  it('keeps a bounded amount while it is not taken over', () => {
    const fixture = new Fixture();
    fixture.write(picture(0, { isKeyFrame: true }));
    const packet = picture(1, { isKeyFrame: false, isMarked: false, bytes: 1400 });
    for (let count = 0; count < 7000; count++) fixture.writer.writeRtp(0, packet);
    const before = fixture.readyCount;
    fixture.writer.publish();
    assert.equal(fixture.readyCount, before);
    fixture.writer.close();
  });

  it('passes reports on as of the moment of the takeover', () => {
    const fixture = new Fixture();
    fixture.writer.writeSenderReport(0, 50_000, 3000);
    fixture.clock.advance(20_000);
    const stream = new Stream([H264], { clock: fixture.clock });
    const target = stream.attach([H264]);
    fixture.write(picture(601, { isKeyFrame: true }));
    fixture.writer.takeOver(target);
    assert.equal(stream.clock.usesSourceClock, true);
    const nowMs = fixture.clock.monotonicMs();
    assert.equal(stream.clock.ticksAt(0, nowMs), 3000 + 20_000 * 90);
    // The source's wall time of the same instant: the next report moves nothing.
    target.writeSenderReport(0, 70_000, 3000 + 20_000 * 90);
    assert.equal(stream.clock.ticksAt(0, nowMs), 3000 + 20_000 * 90);
    target.close();
  });
});
