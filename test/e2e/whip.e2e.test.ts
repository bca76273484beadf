// Chromium publishes: ffmpeg reads, a second browser watches, the bitrate climbs and stays.
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { Chromium } from './support/chromium.ts';
import { decodeWithFfmpeg, probeWithFfprobe } from './support/ffmpeg-reader.ts';
import type { WhipReport } from './support/peer-report.ts';
import { ServerProcess } from './support/server-process.ts';
import { WhepPage } from './support/whep-page.ts';
import { WhipPage } from './support/whip-page.ts';

const encodedOf = ({ video }: WhipReport): number => video?.framesEncoded ?? 0;

/** What the publisher's rate control gives the encoder, bit/s. */
const targetOf = ({ video }: WhipReport): number => video?.targetBitrate ?? 0;

describe('WHIP from Chromium', () => {
  let server: ServerProcess;
  let browser: Chromium;

  before(async () => {
    server = await ServerProcess.start({ paths: { all_others: { overridePublisher: false } } });
    browser = await Chromium.launch();
  });

  after(async () => {
    await browser.close();
    await server.stop();
  });

  /** A canvas of 640x360 that moves in every part. */
  async function publish(path: string, videoCodec: string): Promise<WhipPage> {
    const page = await browser.openKit();
    const size = { width: 640, height: 360, framesPerSecond: 30 };
    const publisher = await WhipPage.start(page, {
      url: server.whipUrl(path),
      videoCodec,
      ...size,
    });
    assert.equal(publisher.exchange.status, 201, publisher.exchange.body);
    return publisher;
  }

  for (const [codec, name] of [
    ['H264', 'h264'],
    ['VP8', 'vp8'],
  ] as const) {
    it(`is decoded by ffmpeg over RTSP (${codec})`, async () => {
      const publisher = await publish(name, codec);
      await publisher.waitFor((report) => encodedOf(report) >= 15);
      const url = server.rtspUrl(name);
      const probe = await probeWithFfprobe({ url });
      assert.deepEqual(
        probe.streams.map((stream) => stream.codec_name).sort(),
        [name, 'opus'].sort(),
      );
      const decoded = await decodeWithFfmpeg({ url, durationSeconds: 2 });
      assert.ok(decoded.videoFrames >= 30, `${decoded.videoFrames} frames: ${decoded.warnings}`);
      assert.doesNotMatch(decoded.warnings, /concealing|error while decoding|missed/iu);
      assert.equal(await publisher.stop(), 200);
    });
  }

  it('is watched by another browser, first picture at once (AV1)', async () => {
    const publisher = await publish('av1', 'AV1');
    await publisher.waitFor((report) => encodedOf(report) >= 30);
    const viewer = await WhepPage.start(await browser.openKit(), { url: server.whepUrl('av1') });
    const report = await viewer.waitForFrames(30);
    assert.equal(report.video?.codec, 'video/AV1');
    assert.ok(report.firstFrameMs < 1500, `${report.firstFrameMs} ms`);
    assert.ok((report.picture?.contrast ?? 0) > 5, JSON.stringify(report.picture));
    await viewer.waitFor(({ audio }) => (audio?.totalAudioEnergy ?? 0) > 0);
    assert.equal(report.video.packetsLost, 0);
    await viewer.stop();
    await publisher.stop();
  });

  // How fast is measured by `npm run bench whip-rate`; an encoder without CPU sends less than it may.
  it('climbs above 1 Mbit/s, and does not fall back', async () => {
    const publisher = await publish('rate', 'H264');
    await publisher.waitFor((report) => targetOf(report) > 1e6, 25_000);
    const start = await publisher.report();
    const targets: number[] = [];
    for (let second = 0; second < 18; second++) {
      await sleep(1000);
      targets.push(targetOf(await publisher.report()));
    }
    const end = await publisher.report();
    const median = targets.toSorted((a, b) => a - b)[9] ?? 0;
    assert.ok(median > 1e6, `allowed each second: ${targets.join(', ')} bit/s`);
    const sentBps = (((end.video?.bytesSent ?? 0) - (start.video?.bytesSent ?? 0)) * 8) / 18;
    assert.ok(sentBps > 300_000, `${sentBps} bit/s, allowed: ${targets.join(', ')}`);
    await publisher.stop();
  });

  it('is turned away when the path is taken and may not be taken over', async () => {
    const publisher = await publish('taken', 'VP8');
    await publisher.waitFor((report) => encodedOf(report) >= 5);
    await server.waitForLog(/is publishing to path 'taken'/u);
    const second = await publish('taken', 'VP8');
    await server.waitForLog(/closed: someone is already publishing to path 'taken'/u);
    await second.stop();
    assert.equal((await publisher.report()).connectionState, 'connected');
    await publisher.stop();
  });

  it('is closed when no media comes', async () => {
    const page = await browser.openKit();
    const silent = { hasVideo: true, hasAudio: false, framesPerSecond: 0.01 };
    const publisher = await WhipPage.start(page, { url: server.whipUrl('silent'), ...silent });
    assert.equal(publisher.exchange.status, 201);
    await server.waitForLog(/closed: no media came in time/u);
    await publisher.stop();
  });
});
