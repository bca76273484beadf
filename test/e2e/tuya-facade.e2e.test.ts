// The Tuya façade with the vendor's own REST client, a viewer of paho and aiortc, and a mosquitto with rules.
import assert from 'node:assert/strict';
import { TuyaContext } from '@tuya/tuya-connector-nodejs';
import { z } from 'zod';
import { ChildProgram } from './support/child-program.ts';
import { publishWithFfmpeg } from './support/ffmpeg-publisher.ts';
import { decodeWithFfmpeg, probeWithFfprobe } from './support/ffmpeg-reader.ts';
import { pollUntil } from './support/kit-call.ts';
import {
  FACADE_DEVICE,
  FACADE_LOGIN,
  TuyaFacadeSite,
  viewerReport,
} from './support/tuya-facade-site.ts';
import { TuyaPuller } from './support/tuya-puller.ts';

const TIMEOUT_MS = 15_000;
const FRAMES = 20;
const DEVICE_PATH = `/v1.0/devices/${FACADE_DEVICE}`;

const refusal = z.object({ success: z.literal(false), code: z.number(), msg: z.string() });
const tokensSchema = z.object({ access_token: z.string(), refresh_token: z.string() });

describe('the Tuya façade', () => {
  const opened = new AsyncDisposableStack();
  let site: TuyaFacadeSite;

  before(async () => {
    site = opened.use(await TuyaFacadeSite.start());
    opened.use(await publishWithFfmpeg({ url: site.rtspUrl('cam'), audio: 'pcmu' }));
    opened.use(await publishWithFfmpeg({ url: site.rtspUrl('cam_sub'), size: '160x120' }));
  });

  after(() => opened.disposeAsync());

  async function nobodyWatches(): Promise<void> {
    await until(() => site.facade.stats.sessions === 0);
  }

  describe("asked by Tuya's own client", () => {
    function context(version: 'v1' | 'v2', secretKey: string = FACADE_LOGIN.secret): TuyaContext {
      const { clientId: accessKey } = FACADE_LOGIN;
      return new TuyaContext({ baseUrl: site.origin, accessKey, secretKey, version });
    }

    for (const version of ['v1', 'v2'] as const) {
      it(`gives a token, a device and its configuration to signatures ${version}`, async () => {
        const tuya = context(version);
        const device = await tuya.request({ method: 'GET', path: DEVICE_PATH });
        assert.deepEqual(z.object({ id: z.string(), online: z.boolean() }).parse(device.result), {
          id: FACADE_DEVICE,
          online: true,
        });
        const path = `/v1.0/users/${FACADE_LOGIN.uid}/devices/${FACADE_DEVICE}/webrtc-configs`;
        const { result } = await tuya.request({ method: 'GET', path });
        const config = z.object({ moto_id: z.string(), skill: z.string() }).parse(result);
        assert.equal(config.moto_id, 'moto_test001');
        const skill = z
          .object({ videos: z.array(z.object({ width: z.number() })) })
          .parse(JSON.parse(config.skill));
        assert.deepEqual(
          skill.videos.map(({ width }) => width),
          [320, 160],
        );
      });
    }

    it('renews a token', async () => {
      let tokens = { access_token: '', refresh_token: '' };
      const renewed: string[] = [];
      const store = {
        setTokens: (data: object) => {
          tokens = tokensSchema.parse(data);
          renewed.push(tokens.refresh_token);
          return Promise.resolve(true);
        },
        getAccessToken: () => Promise.resolve(tokens.access_token),
        getRefreshToken: () => Promise.resolve(tokens.refresh_token),
      };
      const { clientId: accessKey, secret: secretKey } = FACADE_LOGIN;
      const tuya = new TuyaContext({ baseUrl: site.origin, accessKey, secretKey, store });
      await tuya.client.init();
      await tuya.client.refreshToken();
      assert.equal(new Set(renewed).size, 2);
      const { success } = await tuya.request({ method: 'GET', path: DEVICE_PATH });
      assert.equal(success, true);
    });

    it('tells the broker to both calls', async () => {
      const tuya = context('v2');
      const common = { uid: FACADE_LOGIN.uid, link_type: 'mqtt', topics: 'ipc' };
      const schema = z.object({
        url: z.string(),
        client_id: z.string(),
        source_topic: z.object({ ipc: z.string() }),
      });
      for (const [path, link] of [
        ['/v1.0/open-hub/access/config', { link_id: '12345678' }],
        ['/v2.0/open-iot-hub/access/config', { unique_id: crypto.randomUUID() }],
      ] as const) {
        const reply = await tuya.request({ method: 'POST', path, body: { ...common, ...link } });
        const hub = schema.parse(reply.result);
        assert.equal(hub.url, site.broker.tuyaUrl);
        assert.equal(hub.source_topic.ipc, `/av/u/${hub.client_id}`);
      }
    });

    it('gives an RTSP URL that plays, and says that there is no HLS', async () => {
      const tuya = context('v2');
      const path = `${DEVICE_PATH}/stream/actions/allocate`;
      const reply = await tuya.request({ method: 'POST', path, body: { type: 'rtsp' } });
      const { url } = z.object({ url: z.string() }).parse(reply.result);
      const args = ['-v', 'error', '-rtsp_transport', 'tcp', '-show_entries', 'stream=codec_name'];
      const probe = new ChildProgram({ name: 'ffprobe', command: 'ffprobe', args: [...args, url] });
      await probe.waitForExit(TIMEOUT_MS);
      assert.match(probe.stdout, /h264[^]*pcm_mulaw/u);
      const refused = await tuya.request({ method: 'POST', path, body: { type: 'hls' } });
      const { code, msg } = refusal.parse(refused);
      assert.equal(code, 1109);
      assert.match(msg, /only 'rtsp'/u);
    });

    it('refuses in numbers of the vendor', async () => {
      const tuya = context('v2');
      const get = async (path: string): Promise<number> =>
        refusal.parse(await tuya.request({ method: 'GET', path })).code;
      assert.equal(await get('/v1.0/devices/other'), 1106);
      assert.equal(await get(`/v1.0/users/other/devices/${FACADE_DEVICE}/webrtc-configs`), 1106);
      assert.equal(await get('/v1.0/other'), 1108);
      const wrong = context('v2', 'another secret');
      await assert.rejects(wrong.request({ method: 'GET', path: DEVICE_PATH }), /1004/u);
    });
  });

  describe('watched by a viewer', () => {
    for (const [name, args, size] of [
      [
        'the main stream, signed by HMAC',
        ['--stream-type', '0', '--uid', FACADE_LOGIN.uid],
        '320x240',
      ],
      ['the sub stream, signed by MD5', ['--sign', 'md5', '--config-api', 'v2'], '160x120'],
      [
        'the sub stream with trickled candidates',
        ['--sign', 'hmac-legacy', '--trickle'],
        '160x120',
      ],
    ] as const) {
      it(`shows ${name}`, async () => {
        const { video, sizes, candidates, answers } = await site.watch(...args);
        assert.ok(video >= FRAMES, `${video} frames`);
        assert.deepEqual([sizes, answers], [[size], 1]);
        assert.match(candidates[0] ?? '', /^a=candidate:1 1 udp .*\r\n$/u);
        assert.equal(candidates.at(-1), '');
        await nobodyWatches();
      });
    }

    it('sends the sound as PCMU', async () => {
      const { video, audio, skill } = await site.watch('--stream-type', '0', '--audio');
      assert.ok(video >= FRAMES && audio >= FRAMES / 4, `${video} frames, ${audio} of sound`);
      assert.match(skill, /"codecType":105/u);
    });

    it('answers control messages with what holds, and a second offer with another answer', async () => {
      const { control, answers } = await site.watch('--resolution', '0', '--reoffer');
      assert.deepEqual(control, [
        { type: 'resolution', value: 1 },
        { type: 'speaker', value: 0 },
      ]);
      assert.equal(answers, 2);
      await nobodyWatches();
    });

    it('hangs up on a wrong proof', async () => {
      const { video, answers, disconnected } = await site.watch('--auth', 'A'.repeat(43) + '=');
      assert.deepEqual([video, answers, disconnected], [0, 0, true]);
    });

    it('does not hear messages for another instance', async () => {
      const { answers, disconnected } = await site.watch('--moto-id', 'other', '--timeout', '2');
      assert.deepEqual([answers, disconnected], [0, false]);
    });

    it('lets nobody listen to others', async () => {
      const other = site.startViewer('--spy', '/av/#', '--frames', '60');
      try {
        const { video } = await site.watch();
        assert.ok(video >= FRAMES);
        assert.equal((await viewerReport(other)).spied, 0);
      } finally {
        await other.stop();
      }
    });

    it('survives messages that are none', async () => {
      const topic = `/av/moto/moto_test001/u/${FACADE_DEVICE}`;
      const before = site.facade.stats.malformedMessages;
      for (const payload of ['{', '[]', '{"protocol":302}', 'x'.repeat(70_000)]) {
        await site.publish(topic, payload);
      }
      await until(() => site.facade.stats.malformedMessages >= before + 3);
      const { video } = await site.watch();
      assert.ok(video >= FRAMES);
    });

    it('ends a viewer that left without a word', async () => {
      await site.watch('--lurk');
      await nobodyWatches();
    });
  });

  describe('pulled by our own source', () => {
    for (const [stream, signMethod, mqttConfigApi, size] of [
      ['main', 'hmac', 'auto', '320x240'],
      ['sub', 'md5', 'v2', '160x120'],
    ] as const) {
      it(`gives the ${stream} stream to ${signMethod} and ${mqttConfigApi}`, async () => {
        await using puller = await TuyaPuller.start(site, { stream, signMethod, mqttConfigApi });
        await until(() => site.facade.stats.sessions > 0);
        const [width, height] = size.split('x').map(Number);
        const { url } = puller;
        const { streams } = await probeWithFfprobe({ url });
        const video = streams.find(({ codec_name: name }) => name === 'h264');
        assert.deepEqual([video?.width, video?.height], [width, height]);
        const { videoFrames, warnings } = await decodeWithFfmpeg({ url, durationSeconds: 2 });
        assert.ok(videoFrames >= FRAMES, `${videoFrames} frames; ${warnings}`);
        await puller[Symbol.asyncDispose]();
        await nobodyWatches();
      });
    }
  });

  describe('when something ends', () => {
    it('hangs up when the path ends', async () => {
      await using alone = await TuyaFacadeSite.start();
      const publisher = await publishWithFfmpeg({ url: alone.rtspUrl('cam_sub'), size: '160x120' });
      const viewer = alone.startViewer('--stay', '--timeout', '30');
      try {
        await until(() => alone.isPlaying('cam_sub'));
        await publisher.stop();
        assert.equal((await viewerReport(viewer)).disconnected, true);
      } finally {
        await publisher.stop();
        await viewer.stop();
      }
    });

    it('hangs up at once on a path without a stream, told by an open API with TLS', async () => {
      await using alone = await TuyaFacadeSite.start({ isSecure: true });
      const { disconnected, answers } = await alone.watch();
      assert.deepEqual([disconnected, answers], [true, 0]);
    });

    it('keeps playing while the broker is gone, and listens again when it is back', async () => {
      const viewer = site.startViewer('--frames', '150', '--timeout', '30');
      try {
        await until(() => site.isPlaying('cam_sub'));
        await site.broker.halt();
        const { video } = await viewerReport(viewer);
        assert.ok(video >= 150, `${video} frames`);
      } finally {
        await viewer.stop();
      }
      assert.equal(site.facade.stats.isBrokerConnected, false);
      await site.broker.resume();
      await site.devicesListen();
      assert.ok((await site.watch()).video >= FRAMES);
    });

    it('says goodbye to its viewers when it stops', async () => {
      const stopping = await TuyaFacadeSite.start();
      try {
        await using publisher = await publishWithFfmpeg({ url: stopping.rtspUrl('cam_sub') });
        assert.equal(publisher.exit, undefined);
        const viewer = stopping.startViewer('--stay', '--timeout', '30');
        try {
          await until(() => stopping.isPlaying('cam_sub'));
          await stopping.facade.close();
          assert.equal((await viewerReport(viewer)).disconnected, true);
        } finally {
          await viewer.stop();
        }
      } finally {
        await stopping[Symbol.asyncDispose]();
      }
    });
  });
});

async function until(isTrue: () => boolean): Promise<void> {
  await pollUntil(
    () => Promise.resolve(isTrue()),
    (value) => value,
    TIMEOUT_MS,
  );
}
