// Two of our servers: one pulls from the other by WHEP, and one pushes to the other by RTSP and WHIP.
import assert from 'node:assert/strict';
import { Chromium } from './support/chromium.ts';
import { decodeWithFfmpeg, probeWithFfprobe } from './support/ffmpeg-reader.ts';
import {
  publishWithFfmpeg,
  type PublishedAudio,
  type PublishedVideo,
} from './support/ffmpeg-publisher.ts';
import { ServerProcess } from './support/server-process.ts';
import { WhepPage } from './support/whep-page.ts';

const ONLINE = /\[path copy\] stream is available and online/u;

/** Waits until a path came online for the nth time. */
async function waitForOnline(server: ServerProcess, times: number): Promise<void> {
  const pattern = new RegExp(`(?:${ONLINE.source}[\\s\\S]*?){${times}}`, 'u');
  await server.waitForLog(pattern, 20_000);
}

describe('peers: whep:// as source', () => {
  let origin: ServerProcess;
  let copy: ServerProcess;

  before(async () => {
    origin = await ServerProcess.start();
    copy = await ServerProcess.start({
      paths: { copy: { source: origin.whepUrl('cam').replace('http:', 'whep:') } },
    });
  });

  after(async () => {
    await copy.stop();
    await origin.stop();
  });

  const streams: readonly [PublishedVideo, PublishedAudio, readonly string[]][] = [
    ['h264', 'opus', ['h264', 'opus']],
    ['vp8', 'none', ['vp8']],
  ];
  for (const [index, [video, audio, codecs]] of streams.entries()) {
    it(`pulls ${codecs.join(' and ')} that decode`, async () => {
      await using publisher = await publishWithFfmpeg({ url: origin.rtspUrl('cam'), video, audio });
      assert.equal(publisher.exit, undefined);
      await waitForOnline(copy, index + 1);
      const url = copy.rtspUrl('copy');
      const { streams: found } = await probeWithFfprobe({ url });
      assert.deepEqual(found.map((stream) => stream.codec_name).sort(), [...codecs].sort());
      const { videoFrames, warnings } = await decodeWithFfmpeg({ url, durationSeconds: 3 });
      assert.ok(videoFrames >= 40, `${videoFrames} frames; ${warnings}`);
    });
  }

  it('says why there is no stream, and asks again', async () => {
    await copy.waitForLog(/source failed: 127\.0\.0\.1:\d+ answered POST with 404: no stream/u);
  });
});

describe('peers: forward', () => {
  const targets: readonly [string, (to: ServerProcess) => string, object][] = [
    ['RTSP over TCP', (to) => to.rtspUrl('copy'), {}],
    ['RTSP over UDP', (to) => to.rtspUrl('copy'), { rtspTransport: 'udp' }],
    ['WHIP', (to) => to.whipUrl('copy').replace('http:', 'whip:'), {}],
  ];
  for (const [name, urlOf, keys] of targets) {
    it(`pushes H264 and AAC by ${name}, in ffmpeg and Chromium`, async () => {
      await using to = await ServerProcess.start();
      const dead = { dest: 'rtsp://127.0.0.1:1/dead' };
      await using from = await ServerProcess.start({
        paths: { cam: { ...keys, forward: [dead, { dest: urlOf(to) }] } },
      });
      const url = from.rtspUrl('cam');
      await using publisher = await publishWithFfmpeg({ url, video: 'h264', audio: 'aac' });
      assert.equal(publisher.exit, undefined);
      await waitForOnline(to, 1);
      const { streams } = await probeWithFfprobe({ url: to.rtspUrl('copy') });
      const audio = name === 'WHIP' ? 'opus' : 'aac';
      const codecs = streams.map((stream) => stream.codec_name).sort();
      assert.deepEqual(codecs, [audio, 'h264'].sort());
      const decoded = await decodeWithFfmpeg({ url: to.rtspUrl('copy'), durationSeconds: 3 });
      assert.ok(decoded.videoFrames >= 40, `${decoded.videoFrames} frames; ${decoded.warnings}`);
      await using browser = await Chromium.launch();
      const viewer = await WhepPage.start(await browser.openKit(), { url: to.whepUrl('copy') });
      await viewer.waitForFrames(25, 20_000);
      await viewer.stop();
    });
  }

  for (const [scheme, urlOf] of [
    ['rtsp', (to: ServerProcess) => to.rtspUrl('copy')],
    ['whip', (to: ServerProcess) => to.whipUrl('copy').replace('http:', 'whip:')],
  ] as const) {
    it(`comes back by ${scheme} when the other server was restarted`, async () => {
      const to = await ServerProcess.start();
      const { ports } = to;
      await using from = await ServerProcess.start({
        paths: { cam: { forward: [{ dest: urlOf(to) }] } },
      });
      const url = from.rtspUrl('cam');
      await using publisher = await publishWithFfmpeg({ url, video: 'h264', audio: 'opus' });
      assert.equal(publisher.exit, undefined);
      await waitForOnline(to, 1);
      await to.stop();
      await from.waitForLog(/forward to \S+ failed/u);
      await using again = await ServerProcess.start({ ports });
      await waitForOnline(again, 1);
      const decoded = await decodeWithFfmpeg({ url: again.rtspUrl('copy'), durationSeconds: 2 });
      assert.ok(decoded.videoFrames >= 25, `${decoded.videoFrames} frames; ${decoded.warnings}`);
    });
  }
});
