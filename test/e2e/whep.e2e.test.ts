// Chromium watches what ffmpeg publishes: codecs, late joiners, restarts, TCP, and viewers that vanish.
import assert from 'node:assert/strict';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Page } from 'playwright-core';
import type { ChildProgram } from './support/child-program.ts';
import { Chromium } from './support/chromium.ts';
import { publishWithFfmpeg, type FfmpegPublisherOptions } from './support/ffmpeg-publisher.ts';
import { ServerProcess } from './support/server-process.ts';
import { WhepPage } from './support/whep-page.ts';
import type { WhepReport } from './support/peer-report.ts';

const framesOf = ({ video }: WhepReport): number => video?.framesDecoded ?? 0;

/** Seconds without a new picture where there should have been one. */
const frozenOf = ({ video }: WhepReport): number => video?.totalFreezesDuration ?? 0;

function playsSound({ audio }: WhepReport): boolean {
  return (audio?.totalAudioEnergy ?? 0) > 0 && (audio?.totalSamplesReceived ?? 0) > 24_000;
}

/** UDP sockets that a process holds, by their inodes in /proc. */
async function udpSocketsOf(pid: number): Promise<number> {
  const links = await Promise.all(
    (await readdir(`/proc/${pid}/fd`)).map((fd) =>
      readlink(`/proc/${pid}/fd/${fd}`).catch(() => ''),
    ),
  );
  const inodes = new Set(links.flatMap((link) => /^socket:\[(\d+)\]$/u.exec(link)?.[1] ?? []));
  const tables = await Promise.all(
    ['udp', 'udp6'].map((name) => readFile(`/proc/${pid}/net/${name}`, 'utf8')),
  );
  const rows = tables.flatMap((table) => table.trim().split('\n').slice(1));
  return rows.filter((row) => inodes.has(row.trim().split(/\s+/u)[9] ?? '')).length;
}

describe('WHEP in Chromium', () => {
  let server: ServerProcess;
  let browser: Chromium;
  let page: Page;
  const publishers: ChildProgram[] = [];

  async function publish(
    path: string,
    options: Omit<FfmpegPublisherOptions, 'url'>,
  ): Promise<ChildProgram> {
    const publisher = await publishWithFfmpeg({ url: server.rtspUrl(path), ...options });
    publishers.push(publisher);
    return publisher;
  }

  function watch(path: string): Promise<WhepPage> {
    return WhepPage.start(page, { url: server.whepUrl(path) });
  }

  before(async () => {
    server = await ServerProcess.start();
    browser = await Chromium.launch();
    page = await browser.openKit();
  });

  afterEach(async () => {
    await Promise.all(publishers.splice(0).map((publisher) => publisher.stop()));
  });

  after(async () => {
    await browser.close();
    await server.stop();
  });

  const streams = [
    ['tcp', 'h264', 'aac', 'video/H264', 'audio/opus'],
    ['udp', 'h264', 'opus', 'video/H264', 'audio/opus'],
    ['tcp', 'vp8', 'pcma', 'video/VP8', 'audio/PCMA'],
    ['udp', 'vp9', 'pcmu', 'video/VP9', 'audio/PCMU'],
    ['tcp', 'h264', 'g722', 'video/H264', 'audio/G722'],
  ] as const;
  for (const [transport, video, audio, videoCodec, audioCodec] of streams) {
    it(`plays ${video} and ${audio} that came over ${transport}`, async () => {
      await publish('cam', { transport, video, audio });
      const viewer = await watch('cam');
      assert.equal(viewer.exchange.status, 201, viewer.exchange.body);
      const report = await viewer.waitFor((now) => framesOf(now) >= 30 && playsSound(now));
      assert.deepEqual([report.video?.codec, report.audio?.codec], [videoCodec, audioCodec]);
      assert.ok((report.picture?.contrast ?? 0) > 20, JSON.stringify(report.picture));
      assert.equal(report.video?.packetsLost, 0);
      assert.equal(await viewer.stop(), 200);
    });
  }

  it('tells that it does not play H265, and plays the audio to those who want that alone', async () => {
    await publish('cam', { video: 'h265', audio: 'opus' });
    const refused = await watch('cam');
    assert.equal(refused.exchange.status, 400);
    assert.match(refused.exchange.body, /this browser can't play H265/u);
    const listener = await WhepPage.start(page, { url: server.whepUrl('cam'), kinds: ['audio'] });
    await listener.waitFor(playsSound);
    await listener.stop();
  });

  it('refuses a stream with B-frames and says what to change', async () => {
    await publish('cam', { video: 'h264', bFrames: 2 });
    const seen = await WhepPage.start(page, { url: server.whepUrl('cam') });
    if (seen.exchange.status === 201) await server.waitForLog(/closed: H264 with B-frames/u);
    const again = await watch('cam');
    assert.equal(again.exchange.status, 400, again.exchange.body);
    assert.match(again.exchange.body, /H264 with B-frames.*-bf 0/u);
  });

  it('answers 404 while nobody publishes', async () => {
    const { exchange } = await watch('nobody');
    assert.equal(exchange.status, 404);
    assert.match(exchange.body, /no stream is available on path 'nobody'/u);
  });

  it('serves two viewers through the one UDP socket', async () => {
    await publish('cam', { video: 'h264' });
    const socketCount = await udpSocketsOf(server.pid ?? 0);
    const viewers = [await watch('cam'), await watch('cam')];
    for (const viewer of viewers) await viewer.waitForFrames(25);
    const pairs = await Promise.all(viewers.map(async (viewer) => (await viewer.report()).pair));
    for (const pair of pairs)
      assert.equal(pair?.remote, `host udp 127.0.0.1:${server.ports.media}`);
    assert.equal(await udpSocketsOf(server.pid ?? 0), socketCount);
    // RTP and RTCP of RTSP, and the one of WebRTC.
    assert.equal(socketCount, 3);
    for (const viewer of viewers) await viewer.stop();
  });

  it('shows a late joiner of a 4 s group of pictures the picture at once, and smoothly', async () => {
    await publish('cam', { video: 'h264', gopFrames: 100, size: '640x360', bitrateKbps: 1000 });
    const first = await watch('cam');
    await first.waitForFrames(1);
    await sleep(2000);
    const joiner = await watch('cam');
    const shown = await joiner.waitFor(({ firstFrameMs }) => firstFrameMs >= 0);
    assert.ok(shown.firstFrameMs < 1500, `${shown.firstFrameMs} ms to the first picture`);
    // The viewer that was there before shows what this machine can do.
    const reports = (): Promise<WhepReport[]> => Promise.all([first.report(), joiner.report()]);
    const [firstStart, joinerStart] = await reports();
    await sleep(2000);
    const [firstEnd, joinerEnd] = await reports();
    assert.ok(firstStart && joinerStart && firstEnd && joinerEnd);
    const shownToFirst = framesOf(firstEnd) - framesOf(firstStart);
    const shownToJoiner = framesOf(joinerEnd) - framesOf(joinerStart);
    const numbers = `${shownToJoiner} frames in 2 s, the other viewer ${shownToFirst}`;
    assert.ok(Math.abs(shownToJoiner - shownToFirst) <= 15, numbers);
    assert.ok(frozenOf(joinerEnd) <= frozenOf(firstEnd) + 0.5, `${frozenOf(joinerEnd)} s frozen`);
    assert.equal(joinerEnd.video?.packetsLost, 0);
    await first.stop();
    await joiner.stop();
  });

  it('goes on when the camera restarts, on the same connection', async () => {
    const camera = await publish('cam', { video: 'h264', audio: 'opus' });
    const viewer = await watch('cam');
    const early = await viewer.waitForFrames(25);
    await camera.stop('SIGKILL');
    await server.waitForLog(/\[path cam\] stream is offline(?![\s\S]*stream is available)/u);
    await publish('cam', { video: 'h264', audio: 'opus' });
    const late = await viewer.waitForFrames(framesOf(early) + 75);
    assert.equal(late.connectionState, 'connected');
    assert.equal(late.connectedMs, early.connectedMs);
    const energy = late.audio?.totalAudioEnergy ?? 0;
    await viewer.waitFor(({ audio }) => (audio?.totalAudioEnergy ?? 0) > energy);
    await viewer.stop();
  });

  it('restarts ICE by PATCH without losing the picture', async () => {
    await publish('cam', { video: 'h264' });
    const witness = await watch('cam');
    const viewer = await watch('cam');
    const early = await viewer.waitForFrames(25);
    const { status, etag, fragment } = await viewer.restartIce();
    assert.equal(status, 200, fragment);
    assert.equal(etag, `"${/^a=ice-ufrag:(.*)\r$/mu.exec(fragment)?.[1] ?? ''}"`);
    const late = await viewer.waitForFrames(framesOf(early) + 50);
    assert.equal(late.connectionState, 'connected');
    assert.equal(late.video?.packetsLost, 0);
    const frozen = frozenOf(await witness.report());
    assert.ok(frozenOf(late) <= frozen + 0.5, `${frozenOf(late)} s frozen, the other ${frozen} s`);
    await witness.stop();
    await viewer.stop();
  });

  it('lets go of a viewer that vanished within 12 s', async () => {
    await publish('cam', { video: 'h264' });
    const doomed = await browser.openKit();
    const viewer = await WhepPage.start(doomed, { url: server.whepUrl('cam') });
    await viewer.waitForFrames(5);
    const id = viewer.exchange.headers['id'] ?? '';
    await browser.crash(doomed);
    await server.waitForLog(
      new RegExp(`session ${id.slice(0, 8)}\\] closed: nothing received`, 'u'),
      12_000,
    );
  });
});

describe('WHEP in Chromium where UDP does not get through', () => {
  it('plays over TCP on the same port number', async () => {
    await using server = await ServerProcess.start({
      // Bound where no candidate points to: checks over UDP get no answer.
      settings: (ports) => ({ webrtcLocalUDPAddress: `127.0.0.2:${ports.media}` }),
    });
    await using publisher = await publishWithFfmpeg({
      url: server.rtspUrl('cam'),
      ...{ video: 'h264', audio: 'opus', gopFrames: 25 },
    });
    assert.equal(publisher.exit, undefined);
    await using browser = await Chromium.launch();
    const viewer = await WhepPage.start(await browser.openKit(), { url: server.whepUrl('cam') });
    assert.match(viewer.exchange.body, /candidate:.* udp .*\r\na=candidate:.* tcp .*/u);
    const report = await viewer.waitFor((now) => framesOf(now) >= 50 && playsSound(now), 15_000);
    assert.equal(report.pair?.remote, `host tcp 127.0.0.1:${server.ports.media}`);
    assert.equal(report.video?.packetsLost, 0);
    await viewer.stop();
  });
});
