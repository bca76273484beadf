// Tests of noticing cameras that wait for acknowledgements, alone and on a connection.
import assert from 'node:assert/strict';
import { ClientStallDetector } from '../../../core/rtsp/client-stall-detector.ts';
import { cameraPacket, FakeCamera } from '../../support/fake-camera.ts';
import { OVER_TCP, packetsOf, playing, pull, stopCleanly, video } from './client-pull.ts';

/** Frames whose second half comes after `gapMs`. */
function afterFrames(count: number, gapMs: number): boolean {
  const detector = new ClientStallDetector();
  for (let frame = 0; frame < count; frame++) {
    detector.onReadEnd(true, frame * 100);
    detector.onReadEnd(false, frame * 100 + gapMs);
  }
  return detector.isStalling;
}

describe('ClientStallDetector', () => {
  it('believes eight gaps of a delayed acknowledgement', () => {
    assert.equal(afterFrames(7, 44), false);
    assert.equal(afterFrames(8, 44), true);
  });

  it('does not mistake slow or paced frames for them', () => {
    assert.equal(afterFrames(100, 10), false);
    assert.equal(afterFrames(100, 80), false);
  });
});

describe('a camera that holds back the rest of a frame', () => {
  it('is sent a report out of turn, another camera is not', async () => {
    for (const gapMs of [10, 44]) {
      await using camera = await FakeCamera.start();
      const run = pull(camera, { config: OVER_TCP });
      await playing(run);
      camera.sendRtp(0, video(0));
      const stream = await run.published;
      const ring = stream.tracks[0]?.ring;
      const payload = Uint8Array.of(0x41, 0x9a, 0);
      for (let sequence = 1; sequence <= 18; sequence++) {
        const isMarked = sequence % 2 === 0;
        const ticks = Math.ceil(sequence / 2) * 3600;
        const before = ring?.packetsWritten ?? 0;
        camera.sendRtp(0, cameraPacket({ payloadType: 96, sequence, ticks, payload, isMarked }));
        await packetsOf(stream, 0, before + 1);
        run.clock.advance(gapMs);
      }
      if (gapMs === 44) await camera.waitUntil(() => camera.frames.length > 0);
      assert.ok(camera.frames.every(([channel, bytes]) => channel === 1 && bytes[1] === 201));
      assert.ok(camera.frames.length <= (gapMs === 44 ? 4 : 0), `${camera.frames.length} reports`);
      await stopCleanly(run, camera);
    }
  });
});
