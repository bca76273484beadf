// The whole way, once: ffmpeg publishes, ffprobe reads, Chromium watches, the server stops cleanly.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { Chromium } from './support/chromium.ts';
import { publishWithFfmpeg } from './support/ffmpeg-publisher.ts';
import { decodeWithFfmpeg, probeWithFfprobe } from './support/ffmpeg-reader.ts';
import { ServerProcess } from './support/server-process.ts';
import { WhepPage } from './support/whep-page.ts';

describe('a stream from ffmpeg', () => {
  const opened = new AsyncDisposableStack();
  let server: ServerProcess;
  let browser: Chromium;

  before(async () => {
    server = opened.use(await ServerProcess.start());
    const url = server.rtspUrl('cam');
    opened.use(await publishWithFfmpeg({ url, video: 'h264', audio: 'opus' }));
    browser = opened.use(await Chromium.launch());
  });

  after(() => opened.disposeAsync());

  it('is read by ffprobe, beginning with a key frame', async () => {
    const report = await probeWithFfprobe({ url: server.rtspUrl('cam') });
    assert.deepEqual(
      report.streams.map((stream) => stream.codec_name),
      ['h264', 'opus'],
    );
    const first = report.packets.find((packet) => packet.codec_type === 'video');
    assert.match(first?.flags ?? '', /^K/u);
  });

  it('is decoded by ffmpeg without a complaint about the picture', async () => {
    const report = await decodeWithFfmpeg({ url: server.rtspUrl('cam'), durationSeconds: 2 });
    assert.ok(report.videoFrames >= 45, `${report.videoFrames} frames`);
    assert.doesNotMatch(report.warnings, /h264.*(error|concealing|no frame)/iu);
  });

  it('plays in Chromium with sound', async () => {
    const viewer = await WhepPage.start(await browser.openKit(), { url: server.whepUrl('cam') });
    assert.equal(viewer.exchange.status, 201, viewer.exchange.body);
    const report = await viewer.waitFor(
      ({ video, audio }) => (video?.framesDecoded ?? 0) >= 50 && (audio?.totalAudioEnergy ?? 0) > 0,
    );
    assert.equal(report.video?.codec, 'video/H264');
    assert.equal(report.audio?.codec, 'audio/opus');
    assert.equal(report.video.packetsLost, 0);
    assert.ok((report.picture?.contrast ?? 0) > 20, JSON.stringify(report.picture));
    assert.equal(await viewer.stop(), 200);
  });
});

describe('the server', () => {
  it('ends with code 0 on SIGTERM', async () => {
    const server = await ServerProcess.start();
    assert.deepEqual(await server.stop('SIGTERM'), { code: 0, signal: null });
  });

  it('ends with code 0 when Ctrl-C reaches it twice, as under npm', async () => {
    await using server = await ServerProcess.start();
    // An unfinished request keeps the graceful stop busy for its two seconds.
    const socket = connect(server.ports.webrtc, '127.0.0.1');
    await once(socket, 'connect');
    socket.on('error', () => undefined);
    socket.write('POST /cam/whip HTTP/1.1\r\nHost: x\r\nContent-Type: application/sdp\r\n');
    socket.write('Content-Length: 9\r\nExpect: 100-continue\r\n\r\n');
    await once(socket, 'data');
    assert.ok(server.pid !== undefined);
    process.kill(server.pid, 'SIGINT');
    for (let turn = 0; turn < 200 && !server.log.includes('shutting down'); turn++) await delay(10);
    assert.deepEqual(await server.stop('SIGINT'), { code: 0, signal: null });
    socket.destroy();
  });
});
