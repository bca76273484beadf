// Tests of KeyFrameGrabber and its search in the ring: whole key frames only, or the next one.
import assert from 'node:assert/strict';
import { MediaError } from '../../../core/base/media-error.ts';
import type { TrackDescription } from '../../../core/codec/codec.ts';
import { Stream } from '../../../core/stream/stream.ts';
import type { StreamWriter } from '../../../core/stream/stream-writer.ts';
import { KeyFrameGrabber } from '../../../pro/snapshot/key-frame-grabber.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { rtpPacket, vp8Payload } from '../../support/rtsp-fixture.ts';

const VP8: TrackDescription = {
  ...{ kind: 'video', payloadType: 98 },
  codec: { name: 'VP8', clockRateHz: 90000 },
};
const OPUS: TrackDescription = {
  ...{ kind: 'audio', payloadType: 111 },
  codec: { name: 'Opus', clockRateHz: 48000, channelCount: 2 },
};

class Camera {
  readonly clock = new FakeClock();
  readonly stream = new Stream([OPUS, VP8], { clock: this.clock });
  readonly grabber = new KeyFrameGrabber(this.clock);
  keyFramesAsked = 0;
  readonly #writer: StreamWriter = this.stream.attach([OPUS, VP8], {
    onKeyFrameRequest: () => {
      this.keyFramesAsked++;
    },
  });
  #sequence = 0;

  send(
    payload: Uint8Array,
    options: { readonly isMarked?: boolean; readonly ticks?: number } = {},
  ): void {
    const sequenceNumber = this.#sequence++;
    const timestampTicks = options.ticks ?? sequenceNumber * 3000;
    const { isMarked = true } = options;
    this.#writer.writeRtp(1, rtpPacket({ sequenceNumber, timestampTicks, isMarked, payload }));
    this.#writer.publish();
  }

  lose(): void {
    this.#sequence++;
  }
}

/** Second packet of a frame: no start of a partition. */
const REST = Uint8Array.of(0x00, 1, 2, 3);

describe('KeyFrameGrabber', () => {
  it('gives the newest key frame that is held', async () => {
    const camera = new Camera();
    camera.send(vp8Payload(true, 30));
    camera.send(vp8Payload(false));
    camera.send(vp8Payload(true, 40));
    camera.send(vp8Payload(false));
    camera.clock.advance(20);
    const frame = await camera.grabber.grab(camera.stream);
    assert.equal(frame.ageMs, 20);
    assert.ok(frame.content.type === 'keyFrame');
    const { widthPixels, heightPixels, bytes } = frame.content.keyFrame;
    assert.deepEqual([widthPixels, heightPixels, bytes.length], [320, 240, 39]);
    assert.equal((await camera.grabber.grab(camera.stream)).id, frame.id);
    assert.equal(camera.keyFramesAsked, 0);
  });

  it('takes the one before while the newest is on its way', async () => {
    const camera = new Camera();
    camera.send(vp8Payload(true, 30));
    camera.send(vp8Payload(true, 50), { isMarked: false, ticks: 9000 });
    const held = await camera.grabber.grab(camera.stream);
    camera.send(REST, { ticks: 9000 });
    const next = await camera.grabber.grab(camera.stream);
    assert.notEqual(next.id, held.id);
    assert.ok(next.content.type === 'keyFrame');
    assert.equal(next.content.keyFrame.bytes.length, 52);
  });

  it('gives no key frame of which packets were lost', async () => {
    const camera = new Camera();
    camera.send(vp8Payload(true, 30), { isMarked: false, ticks: 3000 });
    camera.lose();
    camera.send(REST, { ticks: 3000 });
    const grabbed = camera.grabber.grab(camera.stream, { waitMs: 2000 });
    camera.clock.advance(2000);
    await assert.rejects(grabbed, { kind: 'deadline-exceeded', message: 'no key frame' });
  });

  it('asks for a key frame when none is held, and waits for it', async () => {
    const camera = new Camera();
    camera.send(vp8Payload(false));
    const grabbed = camera.grabber.grab(camera.stream);
    assert.equal(camera.keyFramesAsked, 1);
    camera.send(vp8Payload(true, 30), { isMarked: false, ticks: 90_000 });
    camera.send(REST, { ticks: 90_000 });
    assert.ok((await grabbed).content.type === 'keyFrame');
    assert.equal(camera.stream.readerCount, 0);
  });

  it('waits for a newer one than that which is too old, and is content with it at last', async () => {
    const camera = new Camera();
    camera.send(vp8Payload(true, 30));
    camera.clock.advance(6000);
    const first = camera.grabber.grab(camera.stream);
    camera.clock.advance(5000);
    assert.equal((await first).ageMs, 11_000);
    const strict = camera.grabber.grab(camera.stream, { acceptsOld: false });
    camera.clock.advance(5000);
    await assert.rejects(strict, { code: 'no-key-frame' });
  });

  it('ends with the stream and with its signal, leaving nothing behind', async () => {
    const camera = new Camera();
    const abort = new AbortController();
    const canceled = camera.grabber.grab(camera.stream, { signal: abort.signal });
    const ended = camera.grabber.grab(camera.stream);
    abort.abort();
    await assert.rejects(canceled, { kind: 'canceled' });
    camera.stream.close(new MediaError('unavailable', 'stream-ended', 'gone'));
    await assert.rejects(ended, { code: 'stream-ended' });
    assert.deepEqual([camera.stream.readerCount, camera.clock.pendingTimers], [0, 0]);
  });

  it('refuses a stream without pictures', async () => {
    const camera = new Camera();
    const stream = new Stream([OPUS], { clock: camera.clock });
    await assert.rejects(camera.grabber.grab(stream), { code: 'codec-without-pictures' });
  });
});
