// A canary in every field that can hold a secret: none sings in the log, an answer, an event, an error or a process list.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AccessToken } from 'livekit-server-sdk';
import { stringify } from 'yaml';
import { z } from 'zod';
import { loadConfiguration } from '../../pro/config/load-configuration.ts';
import { apiV2Document } from '../../pro/api/api-v2-endpoints.ts';
import { signRequest } from '../../pro/signaling/smartly/request-signature.ts';
import { documentedEndpoints } from '../support/openapi-v2-file.ts';
import { RtspFixture } from '../support/rtsp-fixture.ts';
import { eventually } from './support/api-client.ts';
import { Canaries } from './support/canaries.ts';
import { CanaryScene, basicOf } from './support/canary-scene.ts';
import {
  API_USER,
  APP_ID,
  GO2RTC_USER,
  SMARTLY_ID,
  canaryConfig,
  declaredSecrets,
} from './support/canary-config.ts';
import type { ChildProgram } from './support/child-program.ts';
import { findFreePorts } from './support/free-ports.ts';
import { EchoServer } from './support/echo-server.ts';
import { publishWithFfmpeg, startFfmpegPublisher } from './support/ffmpeg-publisher.ts';
import { readOperations } from './support/hostile-requests.ts';

/** Of Control API v3. */
const V3_PATHS: readonly string[] = [
  ...['info', 'config/global/get', 'config/pathdefaults/get', 'config/paths/list', 'paths/list'],
  ...['config/paths/get/cam', 'config/paths/get/push', 'paths/get/cam', 'paths/get/push'],
  ...['rtspconns/list', 'rtspsessions/list', 'webrtcsessions/list', 'recordings/list'],
  ...['recordings/get/push', 'hlsmuxers/list', 'rtmpconns/list', 'srtconns/list'],
];

/** What a viewer of one picture says. */
const OFFER = [
  ...['v=0', 'o=- 1 1 IN IP4 127.0.0.1', 's=-', 't=0 0', 'a=group:BUNDLE 0'],
  ...['m=video 9 UDP/TLS/RTP/SAVPF 96', 'c=IN IP4 0.0.0.0', 'a=mid:0', 'a=recvonly'],
  ...['a=ice-ufrag:abcd', 'a=ice-pwd:abcdefghijklmnopqrstuvwx', 'a=setup:actpass', 'a=rtcp-mux'],
  ...[`a=fingerprint:sha-256 ${Array(32).fill('AB').join(':')}`, 'a=rtpmap:96 H264/90000', ''],
].join('\r\n');

/** Publishers and readers with right and wrong passwords. */
async function useMedia(scene: CanaryScene): Promise<ChildProgram> {
  const { server, canaries } = scene;
  const password = canaries.of('authInternalUsers[].pass');
  const url = (user: string, pass: string): string =>
    server.rtspUrl('push').replace('rtsp://', `rtsp://${user}:${pass}@`);
  const wrong = startFfmpegPublisher({ url: url('other', password) });
  await wrong.waitForExit(20_000);
  const publisher = await publishWithFfmpeg({ url: url(API_USER, password), audio: 'aac' });
  const whep = server.whepUrl('push');
  const offer = { method: 'POST', headers: { 'Content-Type': 'application/sdp' }, body: 'v=0\r\n' };
  for (const authorization of [
    scene.basic,
    `Bearer ${API_USER}:${password}`,
    basicOf('x', password),
  ]) {
    const headers = { ...offer.headers, Authorization: authorization };
    await scene.call(whep, { ...offer, headers });
    await scene.call(whep, { method: 'OPTIONS', headers });
  }
  await scene.call(`${whep}?user=${API_USER}&pass=${password}&token=${password}`, offer);
  await scene.call(`${whep}?jwt=${password}`, { method: 'OPTIONS' });
  await scene.call(server.webrtcUrl('push/'), { headers: { Authorization: scene.basic } });
  return publisher;
}

/** Recordings, pictures, exports to the service, changes of files, broadcasts. */
async function useApi(scene: CanaryScene): Promise<void> {
  const order = { name: 'push', videoFormat: 'mp4' };
  const started = await scene.api('POST', '/api/v2/record/start', order);
  const { filePath } = z.object({ filePath: z.string() }).parse(started);
  for (const name of ['cam', 'gone', 'later', 'aside', 'missing', 'hash']) {
    await scene.api('GET', `/api/v2/publish/snapshot?name=${name}`);
  }
  await scene.api('GET', '/api/v2/publish/snapshot?name=push&fileType=url');
  await scene.api('GET', '/api/v2/snapshot?name=box');
  await scene.api('GET', '/api/v2/proxy/device/x?name=box');
  for (const name of ['gone', 'later', 'box', 'aside']) {
    await scene.api('POST', '/api/v2/record/start', { ...order, name });
  }
  await scene.api('POST', '/api/v2/record/stop', { name: 'push' });
  const exportConfig = [{ resPath: filePath, inputStart: 0, inputEnd: 0.5 }];
  await scene.api('POST', '/api/v2/file/export/mp4', { exportConfig });
  await scene.api('POST', '/api/v2/file/export/mp4?async=true', { fullPath: filePath });
  await scene.api('POST', '/api/v2/smart/replay', { fullPath: filePath });
  await scene.api('POST', '/api/v2/file/rename', { fullPath: filePath, name: 'renamed.mp4' });
  const fullPath = filePath.replace(/[^/]+$/u, 'renamed.mp4');
  await scene.api('POST', '/api/v2/file/del', { fullPath });
  await scene.api('POST', '/api/v2/record/clean', {});
}

/** Doors with right and wrong keys. */
async function useDoors(scene: CanaryScene): Promise<void> {
  const { server, canaries } = scene;
  const list = server.apiUrl('/api/v2/paths/list');
  await scene.call(list, { headers: { Authorization: scene.basic } });
  const wrong = await new AccessToken(APP_ID, `${canaries.of('appsecret')}x`).toJwt();
  await scene.call(list, { headers: { Authorization: `Bearer ${wrong}` } });
  await scene.call(`${list}?access_token=${canaries.of('appsecret')}`);
  await scene.call(`${server.apiUrl('/webrtc/ice-config')}?token=${wrong}`);
  const password = canaries.of('go2rtc.password');
  for (const key of [basicOf(GO2RTC_USER, password), basicOf('x', password)]) {
    for (const path of ['/api', '/api/streams', '/api/schemes', '/api/streams?src=cam']) {
      await scene.go2rtc(path, { Authorization: key });
    }
  }
}

/** A platform that asks for a stream: the engine is the service. */
async function useSmartly(scene: CanaryScene, entity: string): Promise<void> {
  const target = `/api/smartly/camera/${entity}/webrtc`;
  const timestamp = String(Math.floor(Date.now() / 1000));
  const nonce = randomUUID();
  const body = Buffer.from('{}');
  const secret = scene.canaries.of('smartly.clients[].secret');
  const signed = { method: 'POST', target, timestamp, nonce, body };
  for (const signature of ['0'.repeat(64), signRequest(secret, signed)]) {
    const headers = {
      ...{ 'X-Client-Id': SMARTLY_ID, 'X-Timestamp': timestamp, 'X-Nonce': nonce },
      ...{ 'X-Signature': signature, 'Content-Type': 'application/json' },
    };
    const url = scene.server.apiUrl(target);
    const answer = await scene.call(url, { method: 'POST', headers, body: '{}' });
    const { token } = z.object({ token: z.string().optional() }).loose().parse(JSON.parse(answer));
    if (token === undefined) continue;
    const offer = JSON.stringify({ token, type: 'offer', sdp: OFFER });
    await scene.call(`${url}/offer`, { method: 'POST', headers, body: offer });
  }
}

/** Every page that can be read. */
async function crawl(scene: CanaryScene): Promise<void> {
  const { server } = scene;
  const document = apiV2Document(documentedEndpoints(), 'test');
  for (const { method, path } of readOperations(document)) {
    if (method !== 'GET') continue;
    for (const name of ['cam', 'push', 'gone', 'box', 'aside']) {
      await scene.api('GET', path.replace('{name}', name).replace('{path}', 'x'));
    }
  }
  for (const path of V3_PATHS) await scene.api('GET', `/v3/${path}`);
  for (const path of [
    '/docs',
    '/docs/openapi-v2.json',
    '/',
    '/res/',
    '/admin/',
    '/webrtc/health',
  ]) {
    await scene.api('GET', path);
  }
  await scene.api('GET', `/webrtc/ice-config?token=${scene.jwt}`);
  await scene.call(server.metricsUrl(), { headers: { Authorization: scene.basic } });
}

describe('secrets', function () {
  this.timeout(180_000);
  let camera: RtspFixture;
  let cameraPublisher: ChildProgram;
  let echo: EchoServer;

  before(async () => {
    camera = await RtspFixture.start();
    cameraPublisher = await publishWithFfmpeg({ url: camera.url('live'), audio: 'aac' });
    echo = await EchoServer.start();
  });

  after(async () => {
    await echo[Symbol.asyncDispose]();
    await cameraPublisher.stop();
    await camera[Symbol.asyncDispose]();
  });

  it('have a canary in every field', async () => {
    const canaries = new Canaries();
    const neighbors = {
      service: '127.0.0.1:1',
      camera: '127.0.0.1:1',
      go2rtcPort: 1,
      nobody: '127.0.0.1:2',
    };
    canaryConfig(canaries, { ...neighbors, turnProvider: 'static' });
    const declared = await declaredSecrets();
    assert.ok(declared.length > 15, declared.join('\n'));
    assert.deepEqual(
      declared.filter((field) => !canaries.fields.includes(field)),
      [],
    );
    // The search finds what it should.
    const [first = '', second = ''] = canaries.fields;
    const text = `x${basicOf('u', canaries.of(first))} ${canaries.of(second)}`;
    assert.deepEqual(canaries.foundIn(text), [first, second]);
  });

  const cases = [
    ['from services that repeat what they were told', 'coturn-secret', true],
    ['from services that are gone', 'twilio', false],
    ['with TURN credentials of the file', 'static', false],
  ] as const;
  for (const [title, turnProvider, isThere] of cases) {
    it(`stay secret: ${title}`, async () => {
      const nobody = `127.0.0.1:${await findFreePorts(1)}`;
      const service = isThere ? echo.address : nobody;
      const address = { service, nobody, camera: `127.0.0.1:${camera.port}` };
      await using scene = await CanaryScene.start({ ...address, turnProvider });
      await using publisher = await useMedia(scene);
      // The same with TURN of either kind.
      if (turnProvider !== 'static') await useApi(scene);
      await useDoors(scene);
      await useSmartly(scene, 'camera.push');
      await useSmartly(scene, 'camera.extra');
      await eventually(async () => {
        const health = await scene.api('GET', '/api/v2/device/health?name=box');
        return JSON.stringify(health).includes('"notReady"') || undefined;
      });
      await crawl(scene);
      if (isThere) {
        // The services were asked with their secrets, so there was something to give away.
        await eventually(() => {
          const told = scene.canaries.foundIn(echo.told.join('\n'));
          const wanted = [
            'rvideo.token',
            'health.reboot.pass',
            'recordCreateWebhook (query)',
            'twilio.apiSecret',
            'smartly.go2rtcURL',
          ];
          return Promise.resolve(wanted.every((field) => told.includes(field)) || undefined);
        });
      }
      assert.equal(publisher.exit, undefined);
      const isForViewers = (where: string): boolean =>
        / \/(?:push|webrtc|api\/smartly)\//u.test(where);
      const iceFields = ['webrtcICEServers2[].password'];
      if (turnProvider === 'static') iceFields.push('turn.credential');
      const leaks = scene.leaks((where, field) => isForViewers(where) && iceFields.includes(field));
      assert.deepEqual([...new Set(leaks)], []);
      const toViewers = scene.leaks((where) => !isForViewers(where));
      for (const field of iceFields) {
        assert.ok(
          toViewers.some((leak) => leak.includes(field)),
          `${field} reaches its viewers`,
        );
      }
      const jwt = scene.utterances().filter(({ text }) => text.includes(scene.jwt));
      assert.deepEqual(jwt, []);
      // There was something to hide, and somebody to hide it from.
      assert.match(scene.server.log, /\*\*\*@/u);
      assert.ok(scene.said.length > 100, `${scene.said.length} answers`);
      const processes = scene.utterances().filter(({ where }) => where === 'process list');
      const hasFfmpeg = processes.some(({ text }) => text.includes('ffmpeg'));
      assert.equal(hasFfmpeg, turnProvider !== 'static', 'decoders of the snapshots');
    });
  }

  it('stay secret in what is said about a file with errors', () => {
    const canaries = new Canaries();
    const neighbors = {
      service: '127.0.0.1:1',
      camera: '127.0.0.1:1',
      go2rtcPort: 1,
      nobody: '127.0.0.1:2',
    };
    const good = canaryConfig(canaries, { ...neighbors, turnProvider: 'static' });
    const settings = typeof good.settings === 'function' ? {} : good.settings;
    const folder = mkdtempSync(join(tmpdir(), 'canary-'));
    const texts: string[] = [];
    const load = (mediamtx: string, pro: string): void => {
      writeFileSync(join(folder, 'mediamtx.yml'), mediamtx);
      writeFileSync(join(folder, 'config.yml'), pro);
      try {
        loadConfiguration({ proConfigFile: join(folder, 'config.yml'), folder }, {});
      } catch (error) {
        assert.ok(error instanceof Error);
        texts.push(`${error.message}\n${error.stack ?? ''}`);
      }
    };
    const mediamtx = stringify({ ...settings, paths: good.paths });
    const pro = stringify({ mediamtx: './mediamtx.yml', ...good.pro });
    load(mediamtx, pro);
    assert.deepEqual(texts, [], 'without errors');
    try {
      const isCanary = /^(.*)(Cnry[0-9a-f]{36})(.*)$/u;
      for (const [isPro, text] of [
        [false, mediamtx],
        [true, pro],
      ] as const) {
        const lines = text.split('\n');
        for (const [at, line] of lines.entries()) {
          const [, before = '', value] = isCanary.exec(line) ?? [];
          if (value === undefined) continue;
          const key = before.replace(/:.*$/u, '');
          // Of another type, of a broken syntax, under a name that is not known, in a list.
          for (const broken of [
            // A word in a list of sources is a name, as it is alone: secrets stand in URLs there.
            ...(key.trim() === 'source' ? [] : [`${key}: [${value}]`]),
            `${line} "`,
            `${key}: "${value}`,
            `${key}x: ${value}`,
            `${key}: {a: ${value}}`,
            `${key}: ${value}: ${value}`,
          ]) {
            const changed = lines.with(at, broken).join('\n');
            if (isPro) load(mediamtx, changed);
            else load(changed, pro);
          }
        }
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
    assert.ok(texts.length > 100, `${texts.length} errors`);
    const told = texts.filter((text) => canaries.foundIn(text).length > 0);
    assert.deepEqual(told, []);
  });
});
