// Viewers of paths whose media comes from here, then from there: redirects, slates, lists of sources.
import assert from 'node:assert/strict';
import { z } from 'zod';
import type { ChildProgram } from './support/child-program.ts';
import { Chromium } from './support/chromium.ts';
import { publishWithFfmpeg, startFfmpegPublisher } from './support/ffmpeg-publisher.ts';
import { decodeWithFfmpeg, probeWithFfprobe } from './support/ffmpeg-reader.ts';
import { ServerProcess } from './support/server-process.ts';
import { WhepPage } from './support/whep-page.ts';

/** The slate. */
const OFFLINE_WIDTH = 640;
const LINEAR = { sampleRate: 48_000, channelCount: 2 };
/** By the codecs that ffmpeg finds in them. */
const SLATES: Readonly<Record<string, readonly object[]>> = {
  'hevc-aac': [{ codec: 'H265' }, { codec: 'MPEG4Audio', ...LINEAR }],
  'vp9-pcm_mulaw': [
    { codec: 'VP9' },
    { codec: 'G711', sampleRate: 8000, channelCount: 1, muLaw: true },
  ],
  'av1-pcm_s16be': [{ codec: 'AV1' }, { codec: 'LPCM', ...LINEAR }],
};
const sourceSchema = z.looseObject({
  available: z.boolean(),
  online: z.boolean(),
  source: z.looseObject({ type: z.string(), index: z.number().optional() }).nullable(),
});

describe('viewers stay when the source changes', () => {
  let origin: ServerProcess;
  let edge: ServerProcess;
  let browser: Chromium;
  let standby: ChildProgram;

  before(async () => {
    origin = await ServerProcess.start({
      paths: { first: { publisherHoldTime: '0s' }, second: { publisherHoldTime: '0s' } },
    });
    standby = await publishWithFfmpeg({ url: origin.rtspUrl('second'), size: '160x120' });
    edge = await ServerProcess.start({
      settings: { api: true },
      paths: {
        list: {
          source: [origin.rtspUrl('first'), origin.rtspUrl('second')],
          rtspTransport: 'tcp',
        },
        stage: {
          alwaysAvailable: true,
          alwaysAvailableTracks: [{ codec: 'H264' }, { codec: 'Opus' }],
        },
        ...Object.fromEntries(
          Object.keys(SLATES).map((name) => [
            name,
            { alwaysAvailable: true, alwaysAvailableTracks: SLATES[name] },
          ]),
        ),
        near: { source: 'redirect', sourceRedirect: '/list' },
        far: { source: 'redirect', sourceRedirect: origin.rtspUrl('second') },
      },
    });
    browser = await Chromium.launch();
  });

  after(async () => {
    await browser.close();
    await edge.stop();
    await standby.stop();
    await origin.stop();
  });

  async function watch(path: string): Promise<WhepPage> {
    const viewer = await WhepPage.start(await browser.openKit(), { url: edge.whepUrl(path) });
    assert.equal(viewer.exchange.status, 201, viewer.exchange.body);
    return viewer;
  }

  /** Waits until the viewer shows pictures of that width, and some more of them. */
  async function showsWidth(viewer: WhepPage, width: number, timeoutMs = 10_000): Promise<void> {
    const seen = await viewer.waitFor(({ picture }) => picture?.width === width, timeoutMs);
    await viewer.waitForFrames((seen.video?.framesDecoded ?? 0) + 5);
    assert.equal((await viewer.report()).connectionState, 'connected');
  }

  async function shown(path: string): Promise<z.infer<typeof sourceSchema>> {
    const response = await fetch(edge.apiUrl(`/v3/paths/get/${path}`));
    return sourceSchema.parse(await response.json());
  }

  it('sends RTSP readers and WHEP viewers to where the stream is', async () => {
    await edge.waitForLog(/source 2 of 2 feeds the path now/u);
    for (const path of ['near', 'far']) {
      const { streams } = await probeWithFfprobe({ url: edge.rtspUrl(path), durationSeconds: 1 });
      assert.deepEqual(
        streams.map(({ width }) => width).filter((width) => width !== undefined),
        [160],
        path,
      );
    }
    const viewer = await watch('near');
    assert.match(viewer.exchange.location, /\/list\/whep\//u);
    await showsWidth(viewer, 160);
    assert.equal(await viewer.stop(), 200);
  });

  it('shows the slate, the publisher, and the slate again to one viewer', async () => {
    const viewer = await watch('stage');
    await showsWidth(viewer, OFFLINE_WIDTH);
    const { available, online, source } = await shown('stage');
    assert.deepEqual([available, online, source], [true, false, null]);
    const url = edge.rtspUrl('stage');
    await using wrong = startFfmpegPublisher({ url, video: 'h264', audio: 'pcma' });
    await wrong.waitForExit(15_000);
    await edge.waitForLog(/always available with H264, Opus .*, but the source has H264, G711/u);
    {
      await using publisher = await publishWithFfmpeg({ url, audio: 'opus', size: '320x240' });
      assert.equal(publisher.exit, undefined);
      await showsWidth(viewer, 320);
      assert.equal((await shown('stage')).online, true);
      await viewer.waitFor(({ audio }) => (audio?.totalAudioEnergy ?? 0) > 0);
    }
    await showsWidth(viewer, OFFLINE_WIDTH);
    assert.equal((await shown('stage')).online, false);
    const { streams } = await probeWithFfprobe({ url, durationSeconds: 1 });
    assert.deepEqual(streams.map((stream) => stream.codec_name).sort(), ['h264', 'opus']);
  });

  it('has slates that decode in every format, in ffmpeg and Chromium', async () => {
    for (const codecs of ['hevc-aac', 'vp9-pcm_mulaw']) {
      const url = edge.rtspUrl(codecs);
      const { streams } = await probeWithFfprobe({ url, durationSeconds: 1 });
      assert.equal(streams.map(({ codec_name: name }) => name).join('-'), codecs);
      const { videoFrames, warnings } = await decodeWithFfmpeg({ url, durationSeconds: 1 });
      assert.ok(videoFrames >= 8, `${codecs}: ${videoFrames} frames; ${warnings}`);
    }
    // FFmpeg reads AV1 out of RTP since version 8 only.
    for (const codecs of ['vp9-pcm_mulaw', 'av1-pcm_s16be']) {
      await showsWidth(await watch(codecs), OFFLINE_WIDTH);
    }
  });

  it('goes back to the preferred source without a break, and on to the next one when it ends', async () => {
    const viewer = await watch('list');
    await showsWidth(viewer, 160);
    assert.equal((await shown('list')).source?.index, 1);
    {
      await using publisher = await publishWithFfmpeg({
        ...{ url: origin.rtspUrl('first'), size: '320x240' },
      });
      assert.equal(publisher.exit, undefined);
      await showsWidth(viewer, 320, 35_000);
      assert.equal((await shown('list')).source?.index, 0);
    }
    await showsWidth(viewer, 160);
    assert.equal((await shown('list')).source?.index, 1);
    // The session of the first picture; each change of the source leaves one number out.
    const { video } = await viewer.report();
    assert.equal(video?.packetsLost, 2);
    assert.equal(await viewer.stop(), 200);
    assert.deepEqual(edge.log.match(/source \d of 2 feeds the path now/gu), [
      'source 2 of 2 feeds the path now',
      'source 1 of 2 feeds the path now',
      'source 2 of 2 feeds the path now',
    ]);
  });
});
