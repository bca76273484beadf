// WHEP clients that are no browsers: aiortc, strict about packet sizes, and GStreamer, which bundles.
import assert from 'node:assert/strict';
import type { ChildProgram } from './support/child-program.ts';
import { publishWithFfmpeg } from './support/ffmpeg-publisher.ts';
import { runPythonClient } from './support/python-client.ts';
import { ServerProcess } from './support/server-process.ts';

describe('WHEP clients that are no browsers', () => {
  let server: ServerProcess;
  const publishers: ChildProgram[] = [];

  before(async () => {
    server = await ServerProcess.start();
    publishers.push(
      ...(await Promise.all([
        publishWithFfmpeg({ url: server.rtspUrl('h264'), video: 'h264', audio: 'pcma' }),
        publishWithFfmpeg({ url: server.rtspUrl('h265'), video: 'h265', audio: 'opus' }),
      ])),
    );
  });

  after(async () => {
    await Promise.all(publishers.map((publisher) => publisher.stop()));
    await server.stop();
  });

  it('aiortc plays H264 and PCMA in packets of 20 ms', async () => {
    const url = server.whepUrl('h264');
    const report = await runPythonClient('aiortc_whep', { url, seconds: 3 });
    assert.equal(report.status, 201, JSON.stringify(report));
    assert.ok((report.video?.frames ?? 0) >= 40, JSON.stringify(report));
    assert.equal(report.audio?.codec, 'audio/PCMA');
    assert.equal(report.audio.error, undefined);
    assert.ok(report.audio.frames >= 80, JSON.stringify(report));
    assert.equal(report.delete_status, 200);
  });

  it('GStreamer, whose audio section is bundle-only, plays H265 and Opus', async () => {
    const url = server.whepUrl('h265');
    // Its ICE tries UDP for 2 s, which cannot leave its interface for 127.0.0.1, then takes TCP.
    const report = await runPythonClient('gstreamer_whep', { url, seconds: 5, video: 'H265' });
    assert.equal(report.status, 201, JSON.stringify(report));
    assert.equal(report.video?.codec, 'H265');
    assert.ok(report.video.frames >= 40, JSON.stringify(report));
    assert.ok((report.audio?.frames ?? 0) >= 40, JSON.stringify(report));
    assert.deepEqual(report.errors, []);
  });
});
