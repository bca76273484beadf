// The go2rtc API with real clients: Chromium, aiortc, ffmpeg, Home Assistant's requests, and Smartly in front of it.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { z } from 'zod';
import { Go2rtcClient } from '../contract/go2rtc-client.ts';
import { viewerOffer } from '../core/webrtc/sample-offers.ts';
import { ChildProgram } from './support/child-program.ts';
import { Chromium } from './support/chromium.ts';
import { publishWithFfmpeg } from './support/ffmpeg-publisher.ts';
import { TestGo2rtcServer } from './support/go2rtc-server.ts';
import { pollUntil } from './support/kit-call.ts';
import { SMARTLY_CLIENT, SmartlyServer } from './support/smartly-server.ts';

const PYTHON = '/usr/bin/python3';
const TIMEOUT_MS = 15_000;

/** What web players of go2rtc do, in short. */
const WATCH = `(async (url) => {
  const socket = new WebSocket(url);
  await new Promise((resolve) => (socket.onopen = resolve));
  const pc = new RTCPeerConnection();
  globalThis.pc = pc;
  const send = (type, value) => socket.send(JSON.stringify({ type, value }));
  socket.onmessage = async ({ data }) => {
    const { type, value } = JSON.parse(data);
    globalThis.seen = [...(globalThis.seen ?? []), type];
    if (type === 'webrtc/answer') await pc.setRemoteDescription({ type: 'answer', sdp: value });
    if (type === 'webrtc') await pc.setRemoteDescription(value);
    if (type === 'webrtc/candidate') await pc.addIceCandidate({ candidate: value, sdpMid: '0' });
    if (type === 'error') globalThis.failure = value;
  };
  pc.onicecandidate = ({ candidate }) => send('webrtc/candidate', candidate?.candidate ?? '');
  const video = document.createElement('video');
  Object.assign(video, { muted: true, autoplay: true });
  document.body.append(video);
  pc.ontrack = ({ streams }) => (video.srcObject = streams[0]);
  pc.addTransceiver('video', { direction: 'recvonly' });
  pc.addTransceiver('audio', { direction: 'recvonly' });
  await pc.setLocalDescription(await pc.createOffer());
  if (new URL(url).searchParams.has('home')) {
    send('webrtc', { type: 'offer', sdp: pc.localDescription.sdp, ice_servers: [] });
  } else send('webrtc/offer', pc.localDescription.sdp);
})`;

const DECODED = `(async () => {
  const decoded = { video: 0, audio: 0 };
  for (const row of (await globalThis.pc.getStats()).values()) {
    if (row.type !== 'inbound-rtp') continue;
    decoded[row.kind] = row.kind === 'video' ? row.framesDecoded ?? 0 : row.packetsReceived;
  }
  return { ...decoded, failure: globalThis.failure ?? '' };
})()`;

const decodedSchema = z.object({ video: z.number(), audio: z.number(), failure: z.string() });

const clientSchema = z.object({
  status: z.number(),
  video: z.array(z.string()),
  audio: z.array(z.string()),
});

describe('the go2rtc API with real clients', () => {
  const opened = new AsyncDisposableStack();
  let server: TestGo2rtcServer;
  let camera: TestGo2rtcServer;

  before(async () => {
    server = opened.use(await TestGo2rtcServer.start());
    camera = opened.use(await TestGo2rtcServer.start());
    for (const each of [server, camera]) {
      opened.use(await publishWithFfmpeg({ url: each.rtspUrl('cam'), audio: 'aac' }));
    }
  });

  after(() => opened.disposeAsync());

  async function nobodyWatches(): Promise<void> {
    await pollUntil(
      () => Promise.resolve(server.core.sessions.list('webRTCSession').length),
      (count) => count === 0,
      TIMEOUT_MS,
    );
  }

  for (const way of ['', '&home']) {
    it(`plays in Chromium over the WebSocket${way === '' ? '' : ' as Home Assistant asks'}`, async () => {
      await using browser = await Chromium.launch();
      const page = await browser.open(`${server.origin}/api`);
      const url = `${server.origin.replace('http', 'ws')}/api/ws?src=cam${way}`;
      await page.evaluate(`${WATCH}(${JSON.stringify(url)})`);
      const decoded = await pollUntil(
        async () => decodedSchema.parse(await page.evaluate(DECODED)),
        ({ video, audio, failure }) => (video >= 25 && audio > 0) || failure !== '',
        TIMEOUT_MS,
      );
      assert.equal(decoded.failure, '');
      assert.ok(decoded.video >= 25);
      await page.close();
      await nobodyWatches();
    });
  }

  for (const dialect of ['json', 'whep', 'form', 'raw']) {
    it(`plays in aiortc through the ${dialect} dialect, sound as Opus`, async () => {
      const script = join(import.meta.dirname, 'clients/aiortc_go2rtc.py');
      const url = `${server.origin}/api/webrtc?src=cam`;
      const args = [script, url, '--dialect', dialect];
      const program = new ChildProgram({ name: 'aiortc_go2rtc', command: PYTHON, args });
      const { code } = await program.waitForExit(40_000);
      assert.equal(code, 0, program.output);
      const status = dialect === 'whep' ? 201 : 200;
      const report = clientSchema.parse(JSON.parse(program.stdout.trim().split('\n').at(-1) ?? ''));
      assert.deepEqual(report, { status, video: ['320x240'], audio: ['sound'] });
      await nobodyWatches();
    });
  }

  it('serves Home Assistant: pulls its camera when it is watched, shows pictures', async () => {
    const client = new Go2rtcClient(server.origin);
    const entityId = 'camera.front_door';
    const home = { entityId, source: camera.rtspUrl('cam') };
    await client.checkVersion();
    assert.equal(await client.ensureStream(home), true);
    assert.equal(server.core.pathManager.get(entityId)?.stream, undefined);
    await client.preload('PUT', entityId);
    assert.equal(await client.ensureStream(home), false);
    assert.match(await client.offer(entityId, viewerOffer()), /a=candidate:/u);
    assert.match(await client.offerOverSocket(entityId, viewerOffer()), /a=candidate:/u);
    const jpeg = await client.snapshot(entityId, { width: 160, height: 120 });
    const { width, height } = await sharp(jpeg).metadata();
    assert.deepEqual([width, height], [160, 120]);
    await client.preload('DELETE', entityId);
    const reply = await fetch(`${server.origin}/api/streams?src=${entityId}`, { method: 'DELETE' });
    assert.equal(reply.status, 200);
    assert.equal(server.core.pathManager.get(entityId), undefined);
  });

  it('says in time that a source is dead, and why', async () => {
    // Nothing listens there; port 9 is that of the discard service.
    const src = encodeURIComponent('rtsp://u:secret@127.0.0.1:9/dead');
    const reply = await fetch(`${server.origin}/api/frame.jpeg?src=${src}`);
    assert.equal(reply.status, 504);
    const text = await reply.text();
    assert.match(text, /\/dead' has no stream after 5 s: .*ECONNREFUSED/u);
    assert.doesNotMatch(text, /secret/u);
  });

  it('sends a stream to another server, which it starts and stops for that', async () => {
    const call = async (method: string, query: Record<string, string>): Promise<number> => {
      const text = new URLSearchParams(query).toString();
      return (await fetch(`${server.origin}/api/streams?${text}`, { method })).status;
    };
    const isOnline = (at: TestGo2rtcServer, path: string): boolean =>
      at.core.pathManager.get(path)?.stream?.isOnline === true;
    const becomes = (at: TestGo2rtcServer, path: string, wanted: boolean): Promise<boolean> =>
      pollUntil(
        () => Promise.resolve(isOnline(at, path)),
        (seen) => seen === wanted,
        30_000,
      );
    const dst = camera.rtspUrl('copy');
    assert.equal(await call('PUT', { name: 'door', src: camera.rtspUrl('cam') }), 200);
    assert.equal(await call('POST', { src: 'door', dst }), 200);
    assert.equal(await becomes(camera, 'copy', true), true);
    assert.equal(await call('DELETE', { src: 'door', dst }), 200);
    // Nobody reads the stream any more, so its source is let go too.
    assert.equal(await becomes(server, 'door', false), false);
    assert.equal(await call('GET', { src: 'door' }), 200);
    assert.equal(await call('DELETE', { src: 'door' }), 200);
  });

  it('streams MP4 that ffmpeg plays, with picture and sound, as long as asked', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'go2rtc-'));
    try {
      const file = join(folder, 'live.mp4');
      const reply = await fetch(`${server.origin}/api/stream.mp4?src=cam&duration=3`);
      assert.equal(reply.headers.get('content-type'), 'video/mp4');
      await writeFile(file, new Uint8Array(await reply.arrayBuffer()));
      const args = ['-v', 'error', '-count_frames', '-of', 'json'];
      args.push('-show_entries', 'stream=codec_name,nb_read_frames:format=duration', file);
      const probe = new ChildProgram({ name: 'ffprobe', command: 'ffprobe', args });
      await probe.waitForExit(TIMEOUT_MS);
      assert.equal(probe.stderr, '');
      const { streams, format } = z
        .object({
          streams: z.array(z.object({ codec_name: z.string(), nb_read_frames: z.string() })),
          format: z.object({ duration: z.string() }),
        })
        .parse(JSON.parse(probe.stdout));
      assert.deepEqual(
        streams.map(({ codec_name }) => codec_name),
        ['h264', 'aac'],
      );
      for (const { nb_read_frames } of streams) assert.ok(Number(nb_read_frames) > 60);
      const seconds = Number(format.duration);
      assert.ok(seconds > 2 && seconds < 5, `${seconds} s`);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  it('plays the external server of a Smartly bridge, as a second process', async () => {
    const script = join(import.meta.dirname, 'support/go2rtc-program.ts');
    const args = [script];
    await using facade = new ChildProgram({ name: 'go2rtc', command: process.execPath, args });
    const go2rtcUrl = await facade.waitForOutput(
      ({ stdout }) => /"origin":"([^"]+)"/u.exec(stdout)?.[1],
      TIMEOUT_MS,
    );
    const source = camera.rtspUrl('cam');
    const entities = new Map([['camera.cam', { path: '', source, isAllowed: true }]]);
    await using bridge = await SmartlyServer.start({
      smartly: { engine: 'go2rtc', go2rtcUrl, entities },
    });
    const { id, secret } = SMARTLY_CLIENT;
    const client = join(import.meta.dirname, 'clients/smartly_client.py');
    const program = new ChildProgram({
      name: 'smartly_client',
      command: PYTHON,
      args: [client, bridge.origin, 'camera.cam', id, secret],
    });
    const { code } = await program.waitForExit(40_000);
    assert.equal(code, 0, program.output);
    assert.match(program.stdout, /"frames": 25/u);
    const streams = await new Go2rtcClient(go2rtcUrl).sourcesByStream();
    assert.deepEqual(streams.get('camera.cam'), [source]);
  });
});
