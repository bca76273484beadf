// The façade as a whole: its open API on a real listener, its devices on a broker in the hands of the test.
import assert from 'node:assert/strict';
import { z } from 'zod';
import { MediaError } from '../../../../core/base/media-error.ts';
import { FacadeIdentity } from '../../../../pro/signaling/tuya/facade-identity.ts';
import {
  defaultTuyaFacadeOptions,
  type TuyaFacadeOptions,
} from '../../../../pro/signaling/tuya/facade-options.ts';
import {
  signMethodHeader,
  signOpenApi,
  type OpenApiSignMethod,
} from '../../../../pro/signaling/tuya/open-api-signature.ts';
import { TuyaFacade } from '../../../../pro/signaling/tuya/tuya-facade.ts';
import { ManagerFixture } from '../../../core/webrtc/manager-fixture.ts';
import { H264 } from '../../../core/webrtc/sample-stream.ts';
import { httpRequest, type TestReply } from '../../../support/http-client.ts';

const LOGIN = { clientId: 'project', secret: 'secret-of-the-tests', uid: 'user1' };
const GONE = new MediaError('unavailable', 'mqtt-lost', 'no broker');
const HUB = { link_type: 'mqtt', topics: 'ipc' };
const V1 = '/v1.0/open-hub/access/config';
const V2 = '/v2.0/open-iot-hub/access/config';
const ALLOCATE = '/v1.0/devices/dev1/stream/actions/allocate';

const envelope = z.object({
  success: z.boolean(),
  t: z.number(),
  code: z.number().optional(),
  msg: z.string().optional(),
  result: z.record(z.string(), z.unknown()).optional(),
});

class Scene implements AsyncDisposable {
  readonly core = new ManagerFixture('{ cam: {} }');
  readonly facade: TuyaFacade;
  #token = '';
  #count = 0;

  constructor(options: Partial<TuyaFacadeOptions> = {}) {
    const { clock, logger, manager, pathManager: paths } = this.core;
    this.core.pathManager.start();
    this.facade = new TuyaFacade(
      {
        ...{ clock, logger, manager, paths },
        ice: {
          iceServers: () =>
            Promise.resolve([
              { url: 'stun:stun.example.com:3478', username: '', credential: '' },
              { url: 'turn:turn.example.com:3478', username: '1767229200:u', credential: 'pass' },
              { url: 'turn:other.example.com', username: 'u', credential: 'p' },
            ]),
        },
        rtspUrl: (path, host) => (host === '' ? undefined : `rtsp://${host}:8554/${path}`),
        openLink: () => Promise.reject(GONE),
      },
      {
        ...defaultTuyaFacadeOptions,
        ...LOGIN,
        address: { host: '127.0.0.1', port: 0 },
        broker: { url: 'mqtts://broker', username: '', password: '', fingerprint: '' },
        publicBrokerUrl: 'ssl://broker.example.com:8883',
        viewerUsername: 'u-{client_id}',
        viewerPassword: '{hmac}',
        devices: new Map([['dev1', { path: 'cam', subPath: '' }]]),
        ...options,
      },
    );
  }

  static async start(options: Partial<TuyaFacadeOptions> = {}): Promise<Scene> {
    const scene = new Scene(options);
    await scene.facade.start();
    return scene;
  }

  /** Gets a token first, unless this is about tokens. */
  async call(method: string, path: string, body?: unknown): Promise<z.output<typeof envelope>> {
    const isLogin = path.startsWith('/v1.0/token');
    if (!isLogin && this.#token === '') {
      const { result } = await this.call('GET', '/v1.0/token?grant_type=1');
      this.#token = String(result?.['access_token']);
    }
    const text = body === undefined ? '' : JSON.stringify(body);
    const reply = await this.send({ method, path, text, token: isLogin ? '' : this.#token });
    assert.equal(reply.headers['cache-control'], 'no-store');
    assert.equal(reply.status, 200);
    return envelope.parse(JSON.parse(reply.body));
  }

  send(request: {
    readonly method: string;
    readonly path: string;
    readonly text: string;
    readonly token: string;
    readonly kind?: OpenApiSignMethod;
  }): Promise<TestReply> {
    const { method, path, text, token, kind = 'hmac' } = request;
    const t = String(this.core.clock.nowMs());
    const nonce = `nonce ${(this.#count += 1)}`;
    const call = { method, target: path, body: Buffer.from(text), t, nonce, accessToken: token };
    const sign = signOpenApi(kind, LOGIN, { ...call, signedHeaders: [] });
    const who = { client_id: LOGIN.clientId, sign, sign_method: signMethodHeader(kind), t, nonce };
    const headers = { ...who, ...(token === '' ? {} : { access_token: token }) };
    return httpRequest({ port: this.facade.address.port, method, path, headers, body: text });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.facade.close();
  }
}

describe('TuyaFacade', () => {
  let scene: Scene;

  beforeEach(async () => {
    scene = await Scene.start();
  });

  afterEach(() => scene.facade.close());

  it('gives tokens, and renews them', async () => {
    const { result, success, t } = await scene.call('GET', '/v1.0/token?grant_type=1');
    assert.deepEqual([success, t], [true, scene.core.clock.nowMs()]);
    assert.deepEqual([result?.['expire_time'], result?.['uid']], [7200, 'user1']);
    const path = `/v1.0/token/${String(result?.['refresh_token'])}`;
    assert.equal((await scene.call('GET', path)).success, true);
    assert.equal((await scene.call('GET', path)).code, 1010);
    assert.equal((await scene.call('POST', path)).code, 1108);
    const lines = scene.core.logger.lines.map(({ message }) => message);
    assert.ok(lines.some((line) => line.includes('/v1.0/token/*** of 127.0.0.1: token invalid')));
    assert.doesNotMatch(lines.join('\n'), new RegExp(String(result?.['refresh_token']), 'u'));
  });

  it('gives tokens for a code where one is set, and for no other type of grant', async () => {
    await using other = await Scene.start({ code: 'code1' });
    const codeOf = async (house: Scene, query: string): Promise<number | undefined> =>
      (await house.call('GET', `/v1.0/token?${query}`)).code;
    assert.equal(await codeOf(other, 'grant_type=2&code=code1'), undefined);
    assert.equal(await codeOf(other, 'grant_type=2&code=code2'), 1109);
    assert.equal(await codeOf(scene, 'grant_type=2&code='), 1109);
    assert.equal(await codeOf(scene, 'grant_type=3'), 1109);
    assert.equal(await codeOf(scene, ''), 1109);
  });

  it('tells what a device is, and whether it is there', async () => {
    const offline = await scene.call('GET', '/v1.0/devices/dev1');
    scene.core.publish([H264]);
    const online = await scene.call('GET', '/v1.0/devices/dev1');
    assert.deepEqual([offline.result?.['online'], online.result?.['online']], [false, true]);
    assert.deepEqual([online.result?.['id'], online.result?.['name']], ['dev1', 'cam']);
  });

  it('tells how to call a device, with a proof that opens it', async () => {
    for (const user of ['', '/users/user1']) {
      const { result } = await scene.call('GET', `/v1.0${user}/devices/dev1/webrtc-configs`);
      assert.deepEqual(result?.['p2p_config'], {
        ices: [
          { urls: 'stun:stun.example.com:3478' },
          {
            ...{ urls: 'turn:turn.example.com:3478', username: '1767229200:u', credential: 'pass' },
            ttl: 3600,
          },
          { urls: 'turn:other.example.com', username: 'u', credential: 'p' },
        ],
      });
      const { auth, id, moto_id: motoId, supports_webrtc: isSupported } = result;
      assert.deepEqual([id, motoId, isSupported], ['dev1', 'moto_pro001', true]);
      const identity = new FacadeIdentity(LOGIN);
      const verdict = identity.checkAuth(String(auth), 'dev1', scene.core.clock.nowMs());
      assert.equal(verdict, 'valid');
    }
  });

  it('tells the broker, the same name for the same link', async () => {
    const ask = async (path: string, link: object): Promise<Record<string, unknown>> =>
      (await scene.call('POST', path, { ...HUB, uid: 'user1', ...link })).result ?? {};
    const first = await ask(V1, { link_id: '123456' });
    const again = await ask(V1, { link_id: '123456' });
    const other = await ask(V2, { unique_id: '123456' });
    assert.deepEqual(again, first);
    const msid = String(first['client_id']);
    assert.notEqual(other['client_id'], msid);
    assert.deepEqual(
      { ...first, password: '' },
      {
        ...{ url: 'ssl://broker.example.com:8883', client_id: msid, username: `u-${msid}` },
        ...{ password: '', expire_time: 7200 },
        source_topic: { ipc: `/av/u/${msid}` },
        sink_topic: { ipc: '/av/moto/moto_id/u/{device_id}' },
      },
    );
    assert.match(String(first['password']), /^[0-9a-f]{64}$/u);
  });

  it('gives an RTSP URL with the name by which the client knows this server', async () => {
    const { result } = await scene.call('POST', ALLOCATE, { type: 'RTSP' });
    assert.deepEqual(result, { url: 'rtsp://127.0.0.1:8554/cam' });
  });

  for (const [method, path, body, code, words] of [
    ['GET', '/v1.0/devices/other', undefined, 1106, /device/u],
    ['GET', '/v1.0/devices/constructor', undefined, 1106, /device/u],
    ['GET', '/v1.0/users/other/devices/dev1/webrtc-configs', undefined, 1106, /user/u],
    ['POST', V1, { ...HUB, link_id: '1', uid: 'other' }, 1106, /user/u],
    ['POST', V1, HUB, 1109, /link_id/u],
    ['POST', V2, { ...HUB, link_id: '1' }, 1109, /unique_id/u],
    ['POST', V1, { ...HUB, link_id: '1', link_type: 'tcp' }, 1109, /'tcp' is not 'mqtt'/u],
    ['POST', V1, { ...HUB, link_id: '1', topics: 'x' }, 1109, /ipc/u],
    ['POST', V1, { link_id: 5 }, 1109, /link_id/u],
    ['POST', V1, [], 1109, /body|missing/u],
    ['POST', ALLOCATE, { type: 'hls' }, 1109, /'hls' is not available here, only 'rtsp'/u],
    ['POST', ALLOCATE, {}, 1109, /type/u],
    ['POST', ALLOCATE, undefined, 1109, /no JSON/u],
    ['GET', '/v1.0/nowhere', undefined, 1108, /nowhere/u],
    ['DELETE', '/v1.0/devices/dev1', undefined, 1108, /uri path invalid/u],
  ] as const) {
    it(`answers ${method} ${path} ${body === undefined ? '' : JSON.stringify(body)} with ${code}`, async () => {
      const reply = await scene.call(method, path, body);
      assert.deepEqual([reply.success, reply.code], [false, code]);
      assert.match(reply.msg ?? '', words);
    });
  }

  it('answers who is not let in with the numbers of the vendor', async () => {
    const codeOf = async (change: Parameters<Scene['send']>[0]): Promise<unknown> =>
      envelope.parse(JSON.parse((await scene.send(change)).body)).code;
    const request = { method: 'GET', path: '/v1.0/devices/dev1', text: '' };
    assert.equal(await codeOf({ ...request, token: '' }), 1010);
    assert.equal(await codeOf({ ...request, token: 'unknown' }), 1010);
    const bare = await httpRequest({ port: scene.facade.address.port, path: '/v1.0/token' });
    assert.equal(envelope.parse(JSON.parse(bare.body)).code, 1005);
  });

  it('takes all three kinds of signatures', async () => {
    const request = { method: 'GET', path: '/v1.0/token?grant_type=1', text: '', token: '' };
    for (const kind of ['hmac', 'hmac-legacy', 'md5'] as const) {
      const { body } = await scene.send({ ...request, kind });
      assert.equal(envelope.parse(JSON.parse(body)).success, true);
    }
  });

  it('answers in the shape of the vendor what the listener itself refuses', async () => {
    const { port } = scene.facade.address;
    const large = await httpRequest({ port, method: 'POST', path: V1, body: 'x'.repeat(20_000) });
    assert.equal(envelope.parse(JSON.parse(large.body)).success, false);
    const root = await httpRequest({ port, path: '/' });
    assert.equal(envelope.parse(JSON.parse(root.body)).code, 1108);
  });

  it('warns about devices whose paths are not configured, with their place', async () => {
    await using other = await Scene.start({
      devices: new Map([['dev1', { path: 'cam', subPath: 'nothing' }]]),
    });
    const warnings = other.core.logger.lines.filter(({ level }) => level === 'warn');
    assert.equal(warnings.length, 1);
    assert.match(warnings[0]?.message ?? '', /^tuya\.facade\.devices\.dev1\.subPath: .*nothing/u);
  });

  it('tells its numbers, and leaves nothing behind', async () => {
    assert.deepEqual(scene.facade.stats, {
      isBrokerConnected: false,
      sessions: 0,
      malformedMessages: 0,
      ignoredMessages: 0,
      unsentMessages: 0,
    });
    await scene.facade.close();
    await scene.facade.close();
    await assert.rejects(httpRequest({ port: scene.facade.address.port, path: '/' }));
  });
});
