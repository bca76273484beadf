// ffmpeg publishes to the RTSP server and reads from it, over TCP and UDP, with every codec of the kit.
import assert from 'node:assert/strict';
import type { PathManager } from '../../core/path/path-manager.ts';
import { RtspFixture } from '../support/rtsp-fixture.ts';
import {
  publishWithFfmpeg,
  type PublishedAudio,
  type PublishedVideo,
} from './support/ffmpeg-publisher.ts';
import { decodeWithFfmpeg, probeWithFfprobe } from './support/ffmpeg-reader.ts';

interface Case {
  readonly video: PublishedVideo;
  readonly audio: PublishedAudio;
  readonly names: readonly string[];
}

const CASES: readonly Case[] = [
  { video: 'h264', audio: 'aac', names: ['h264', 'aac'] },
  { video: 'h265', audio: 'pcma', names: ['hevc', 'pcm_alaw'] },
  { video: 'vp8', audio: 'opus', names: ['vp8', 'opus'] },
  { video: 'vp9', audio: 'g722', names: ['vp9', 'adpcm_g722'] },
];

/**
 * Milliseconds between the first and the last packet of each frame of the first track, as they reach
 * the stream's writer. The ring would not tell: packets are put there a whole NAL unit at a time.
 */
function recordFrameSpreads(pathManager: PathManager): number[] {
  const spreads: number[] = [];
  const publish = pathManager.publish.bind(pathManager);
  pathManager.publish = (...args) => {
    const lease = publish(...args);
    const { writer } = lease;
    const writeRtp = writer.writeRtp.bind(writer);
    let startMs = -1;
    writer.writeRtp = (trackIndex, bytes) => {
      const isMarked = (bytes[1] ?? 0) >= 0x80;
      const nowMs = performance.now();
      if (startMs < 0) startMs = nowMs;
      if (isMarked) spreads.push(nowMs - startMs);
      if (isMarked) startMs = -1;
      return writeRtp(trackIndex, bytes);
    };
    return lease;
  };
  return spreads;
}

describe('RTSP with ffmpeg', () => {
  for (const { video, audio, names } of CASES) {
    for (const publishTransport of ['tcp', 'udp'] as const) {
      it(`passes ${video} and ${audio} published over ${publishTransport}`, async () => {
        await using fixture = await RtspFixture.start();
        const url = fixture.url('cam/one');
        await using publisher = await publishWithFfmpeg({
          ...{ url, video, audio, transport: publishTransport, bitrateKbps: 800 },
        });
        for (const transport of ['tcp', 'udp'] as const) {
          const report = await probeWithFfprobe({ url, transport, durationSeconds: 1 });
          assert.deepEqual(
            report.streams.map(({ codec_name: name }) => name),
            names,
          );
          const first = report.packets.find((packet) => packet.codec_type === 'video');
          // ffprobe marks no VP9 picture; that it decodes without complaints says the same.
          if (video !== 'vp9') assert.match(first?.flags ?? '', /^K/u, 'begins with a key frame');
        }
        const decoded = await decodeWithFfmpeg({ url, durationSeconds: 1 });
        assert.ok(decoded.videoFrames >= 20, `${decoded.videoFrames} frames`);
        assert.equal(
          decoded.warnings
            .replace(/^.*(deprecated|Could not find codec|experimental).*$/gmu, '')
            .trim(),
          '',
        );
        assert.equal(publisher.exit, undefined);
        const [session] = fixture.sessions.list();
        assert.equal(session?.stats()['inboundRTPPacketsLost'], 0);
      });
    }
  }

  it('gets the packets of a frame together, although ffmpeg leaves Nagle on', async () => {
    await using fixture = await RtspFixture.start();
    const spreads = recordFrameSpreads(fixture.pathManager);
    const url = fixture.url('cam');
    await using publisher = await publishWithFfmpeg({ url, size: '1280x720', bitrateKbps: 6000 });
    await decodeWithFfmpeg({ url, durationSeconds: 4 });
    spreads.sort((a, b) => a - b);
    assert.ok(spreads.length >= 60, `${spreads.length} frames`);
    const p95 = spreads[Math.floor(spreads.length * 0.95)] ?? Number.NaN;
    assert.ok(p95 < 20, `95 % of the frames come within ${p95.toFixed(1)} ms`);
    assert.equal(publisher.exit, undefined);
  });

  it('answers ffmpeg with the key frame that it has, at once', async () => {
    await using fixture = await RtspFixture.start();
    const url = fixture.url('cam');
    await using publisher = await publishWithFfmpeg({ url, gopFrames: 250 });
    const report = await probeWithFfprobe({ url, durationSeconds: 1, timeoutMs: 8000 });
    assert.match(report.packets[0]?.flags ?? '', /^K/u);
    assert.equal(publisher.exit, undefined);
  });
});
