// Clients of other projects: browsers and aiortc publish by WHIP, aiortc and GStreamer watch by WHEP.
import assert from 'node:assert/strict';
import { Chromium } from './support/chromium.ts';
import { publishWithFfmpeg } from './support/ffmpeg-publisher.ts';
import { probeWithFfprobe } from './support/ffmpeg-reader.ts';
import { finishPythonClient, runPythonClient, startPythonClient } from './support/python-client.ts';
import { ServerProcess } from './support/server-process.ts';
import { WhipPage } from './support/whip-page.ts';

describe('WHEP clients of other projects', () => {
  const opened = new AsyncDisposableStack();
  let server: ServerProcess;

  before(async () => {
    server = opened.use(await ServerProcess.start());
    const publishers = await Promise.all([
      publishWithFfmpeg({ url: server.rtspUrl('h264'), video: 'h264', audio: 'opus' }),
      publishWithFfmpeg({ url: server.rtspUrl('h265'), video: 'h265', audio: 'pcma' }),
      publishWithFfmpeg({ url: server.rtspUrl('vp8'), video: 'vp8', audio: 'pcmu' }),
    ]);
    for (const publisher of publishers) opened.use(publisher);
  });

  after(() => opened.disposeAsync());

  it('aiortc plays H264 and Opus', async () => {
    const report = await runPythonClient('aiortc_whep', { url: server.whepUrl('h264') });
    assert.equal(report.status, 201, JSON.stringify(report));
    assert.ok((report.video?.frames ?? 0) >= 50, JSON.stringify(report));
    assert.ok((report.audio?.frames ?? 0) >= 50, JSON.stringify(report));
    assert.equal(report.delete_status, 200);
  });

  it('aiortc, strict about 20 ms of G711, plays VP8 and PCMU', async () => {
    const report = await runPythonClient('aiortc_whep', { url: server.whepUrl('vp8') });
    assert.ok((report.video?.frames ?? 0) >= 50, JSON.stringify(report));
    assert.ok((report.audio?.frames ?? 0) >= 50, JSON.stringify(report));
    assert.equal(report.audio?.error, undefined);
  });

  it('GStreamer plays H264 and Opus', async () => {
    const report = await runPythonClient('gstreamer_whep', {
      url: server.whepUrl('h264'),
      seconds: 6,
    });
    assert.equal(report.status, 201, JSON.stringify(report));
    assert.ok((report.video?.frames ?? 0) >= 50, JSON.stringify(report));
    assert.ok((report.audio?.frames ?? 0) >= 50, JSON.stringify(report));
  });

  it('GStreamer plays H265 and PCMA', async () => {
    const url = server.whepUrl('h265');
    const codecs = { video: 'H265', audio: 'PCMA' };
    const report = await runPythonClient('gstreamer_whep', { url, seconds: 6, ...codecs });
    assert.equal(report.status, 201, JSON.stringify(report));
    assert.ok((report.video?.frames ?? 0) >= 50, JSON.stringify(report));
    assert.ok((report.audio?.frames ?? 0) >= 50, JSON.stringify(report));
  });
});

describe('WHIP clients of other projects', () => {
  const opened = new AsyncDisposableStack();
  let server: ServerProcess;

  before(async () => {
    server = opened.use(await ServerProcess.start());
  });

  after(() => opened.disposeAsync());

  it('Chromium publishes H264 and Opus, ffprobe reads them', async () => {
    await using browser = await Chromium.launch();
    const page = await browser.openKit();
    const publisher = await WhipPage.start(page, {
      url: server.whipUrl('web'),
      videoCodec: 'H264',
    });
    assert.equal(publisher.exchange.status, 201, publisher.exchange.body);
    await publisher.waitFor(({ video }) => (video?.framesEncoded ?? 0) >= 25);
    const report = await probeWithFfprobe({ url: server.rtspUrl('web') });
    assert.deepEqual(report.streams.map((stream) => stream.codec_name).sort(), ['h264', 'opus']);
    assert.ok(report.packets.length >= 50, `${report.packets.length} packets`);
    assert.equal(await publisher.stop(), 200);
  });

  it('aiortc publishes VP8 and Opus, ffprobe reads them', async () => {
    const options = { url: server.whipUrl('aiortc'), seconds: 8 };
    const publisher = startPythonClient('aiortc_whip', options);
    try {
      await publisher.waitForOutput(
        ({ stdout }) => stdout.includes('answered') || undefined,
        15_000,
      );
      await server.waitForLog(/publishing to path 'aiortc'/u);
      const report = await probeWithFfprobe({ url: server.rtspUrl('aiortc') });
      assert.deepEqual(report.streams.map((stream) => stream.codec_name).sort(), ['opus', 'vp8']);
      const sent = await finishPythonClient(publisher, 20_000);
      assert.equal(sent.delete_status, 200);
    } finally {
      await publisher.stop();
    }
  });
});
