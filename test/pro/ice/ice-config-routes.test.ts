// Tests of the ICE service: which provider wins, what clients see, and who may ask.
import assert from 'node:assert/strict';
import { MediaError } from '../../../core/base/media-error.ts';
import { iceServerLinks } from '../../../core/webrtc/ice-server-provider.ts';
import { iceConfigRoutes, type IceTokenVerifier } from '../../../pro/ice/ice-config-routes.ts';
import { clampTtl, defaultIceOptions, type IceOptions } from '../../../pro/ice/ice-options.ts';
import { IceService } from '../../../pro/ice/ice-service.ts';
import { turnCredentials } from '../../../pro/ice/turn-provider.ts';
import { startListener } from '../../core/http/listener-fixture.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { httpRequest, type TestReply } from '../../support/http-client.ts';
import { RecordingLogger } from '../../support/recording-logger.ts';
import { TwilioDouble } from '../../support/twilio-double.ts';

const TURN = ['turn:turn.example.com:3478', 'turns:turn.example.com:5349'];
const GOOGLE = [
  { urls: 'stun:stun.l.google.com:19302' },
  { urls: 'stun:stun1.l.google.com:19302' },
];

interface Asked {
  readonly options?: Partial<IceOptions>;
  readonly verifyToken?: IceTokenVerifier;
  readonly path?: string;
  readonly headers?: Record<string, string>;
  readonly logger?: RecordingLogger;
}

async function ask(asked: Asked = {}): Promise<TestReply> {
  const { options = {}, verifyToken, path = '/webrtc/ice-config', headers = {} } = asked;
  const logger = asked.logger ?? new RecordingLogger();
  const clock = new FakeClock(1_735_228_800_000);
  const service = new IceService({ clock, logger }, { ...defaultIceOptions, ...options });
  await using listener = await startListener({
    routes: iceConfigRoutes({ service, ...(verifyToken ? { verifyToken } : {}) }),
    access: () => Promise.reject(new MediaError('unauthenticated', 'guard', 'the guard')),
  });
  return await httpRequest({ port: listener.port, path, headers });
}

function bodyOf({ body }: TestReply): Record<string, unknown> {
  const value: unknown = JSON.parse(body);
  assert.ok(typeof value === 'object' && value !== null);
  return { ...value };
}

describe('GET /webrtc/ice-config', () => {
  let double: TwilioDouble;
  before(async () => {
    double = await TwilioDouble.start();
  });
  after(() => double[Symbol.asyncDispose]());

  const twilioOptions = (): Partial<IceOptions> => ({
    twilio: {
      ...{ accountSid: 'AC1', authToken: 'shh' },
      ...{ baseUrl: double.baseUrl, timeoutMs: 10_000 },
    },
  });

  it('gives two STUN servers when nothing is set up', async () => {
    const reply = await ask();
    assert.equal(reply.status, 200);
    assert.deepEqual(bodyOf(reply), { iceServers: GOOGLE, ttl: 3600, turnEnabled: false });
    assert.equal(reply.headers['access-control-allow-origin'], '*');
    assert.equal(reply.headers['cache-control'], 'private, no-store');
  });

  it('gives what Twilio gives, in its order and nothing more', async () => {
    double.mood = { type: 'token' };
    const { iceServers, ttl, turnEnabled } = bodyOf(await ask({ options: twilioOptions() }));
    const serial = double.requests.length;
    const turn = { username: `user-${serial}`, credential: `secret-of-${serial}` };
    assert.deepEqual(iceServers, [
      { urls: 'stun:global.stun.twilio.com:3478' },
      { urls: 'turn:global.turn.twilio.com:3478?transport=udp', ...turn },
      { urls: 'turn:global.turn.twilio.com:3478?transport=tcp', ...turn },
      { urls: 'turn:global.turn.twilio.com:443?transport=tcp', ...turn },
    ]);
    assert.deepEqual([ttl, turnEnabled], [3600, true]);
  });

  it('gives fixed credentials', async () => {
    const login = { username: 'myuser', credential: 'mypassword' };
    const options = { provider: 'static', urls: TURN, ...login, ttlSeconds: 120 } as const;
    assert.deepEqual(bodyOf(await ask({ options })), {
      iceServers: [...GOOGLE, ...TURN.map((urls) => ({ urls, ...login }))],
      ttl: 120,
      turnEnabled: true,
    });
  });

  it('gives own STUN servers instead of the public ones, without a password', async () => {
    const urls = ['stun:stun.example.com:3478', 'turn:turn.example.com:3478'];
    const login = { username: 'u', credential: 'c' };
    const both = bodyOf(await ask({ options: { provider: 'static', urls, ...login } }));
    assert.deepEqual(both['iceServers'], [{ urls: urls[0] }, { urls: urls[1], ...login }]);
    const logger = new RecordingLogger();
    const stun = await ask({ options: { provider: 'static', urls: urls.slice(0, 1) }, logger });
    assert.deepEqual(bodyOf(stun), {
      iceServers: [{ urls: urls[0] }],
      ttl: 3600,
      turnEnabled: false,
    });
    assert.deepEqual(logger.lines, []);
  });

  it('makes credentials that coturn accepts until they expire', async () => {
    const options = { provider: 'coturn-secret', urls: TURN, secret: 'north', ttlSeconds: 600 };
    const { iceServers } = bodyOf(
      await ask({ options: { ...options, provider: 'coturn-secret' } }),
    );
    assert.ok(Array.isArray(iceServers));
    const turn: unknown = iceServers[2];
    assert.ok(typeof turn === 'object' && turn !== null);
    const { username, credential } = { username: '', credential: '', ...turn };
    assert.match(username, /^1735229400:[0-9a-f]{16}$/u);
    const user = username.slice('1735229400:'.length);
    const expected = turnCredentials('north', { expiresAtS: 1_735_229_400, user });
    assert.deepEqual({ username, credential }, expected);
  });

  it('goes without TURN when Twilio fails, or with the own TURN server', async () => {
    double.mood = { type: 'error', status: 401, code: 20003 };
    const logger = new RecordingLogger();
    const bare = bodyOf(await ask({ options: twilioOptions(), logger }));
    assert.deepEqual(bare, { iceServers: GOOGLE, ttl: 3600, turnEnabled: false });
    assert.equal(logger.lines[0]?.message, 'Twilio API error: 401');
    const own = { provider: 'coturn-secret', urls: TURN, secret: 'north' } as const;
    const both = bodyOf(await ask({ options: { ...twilioOptions(), ...own } }));
    assert.equal(both['turnEnabled'], true);
  });

  it('tells the failure of Twilio when it is strict', async () => {
    double.mood = { type: 'error', status: 401, code: 20003 };
    const reply = await ask({ options: { ...twilioOptions(), isStrict: true } });
    assert.deepEqual([reply.status, reply.body], [502, '{"error":"Twilio API error: 401"}']);
  });

  it('wants a token where tokens are asked for', async () => {
    const seen: string[] = [];
    const verifyToken: IceTokenVerifier = (token) => {
      seen.push(token);
      if (token === 'good') return;
      throw new MediaError('unauthenticated', 'bad', 'token is not valid');
    };
    const missing = await ask({ verifyToken });
    assert.deepEqual([missing.status, missing.body], [401, '{"error":"token is missing"}']);
    assert.equal(missing.headers['access-control-allow-origin'], '*');
    const bad = await ask({ verifyToken, path: '/webrtc/ice-config?token=bad' });
    assert.deepEqual([bad.status, bad.body], [401, '{"error":"token is not valid"}']);
    const good = await ask({ verifyToken, path: '/webrtc/ice-config?token=good' });
    const bearer = await ask({ verifyToken, headers: { Authorization: 'Bearer good' } });
    assert.deepEqual([good.status, bearer.status], [200, 200]);
    const long = await ask({ verifyToken, path: `/webrtc/ice-config?token=${'a'.repeat(8193)}` });
    assert.ok(long.status >= 400, String(long.status));
    assert.deepEqual(seen, ['bad', 'good', 'good']);
  });

  it('ignores a token where none is asked for', async () => {
    assert.equal((await ask({ path: '/webrtc/ice-config?token=anything' })).status, 200);
  });
});

describe('GET /webrtc/health', () => {
  it('tells whether TURN is set up, without a token', async () => {
    const path = '/webrtc/health';
    const verifyToken = (): void => assert.fail('nobody asks for a token here');
    assert.deepEqual(bodyOf(await ask({ path, verifyToken })), {
      status: 'healthy',
      turn_configured: false,
      message: 'WebRTC ICE config service is running',
    });
    const options = { provider: 'coturn-secret', urls: TURN, secret: 's' } as const;
    assert.equal(bodyOf(await ask({ path, options }))['turn_configured'], true);
  });
});

describe('IceService', () => {
  const clock = new FakeClock();
  const login = { username: 'u', credential: 'c' };

  it('puts configured servers in front for Link headers, each URL once', async () => {
    const configured = { url: TURN[0] ?? '', username: 'x', credential: 'y' };
    const service = new IceService(
      {
        ...{ clock, logger: new RecordingLogger() },
        configured: { iceServers: () => Promise.resolve([configured]) },
      },
      { ...defaultIceOptions, provider: 'static', urls: TURN, ...login },
    );
    const servers = await service.iceServers();
    assert.deepEqual(servers, [configured, { url: TURN[1], ...login }]);
    assert.equal(iceServerLinks(servers).length, 2);
    assert.deepEqual((await service.turnServers()).length, 2);
  });

  it('gives no public STUN server to Link headers', async () => {
    const service = new IceService({ clock, logger: new RecordingLogger() }, defaultIceOptions);
    assert.deepEqual(await service.iceServers(), []);
  });

  for (const [title, options, text] of [
    ['no URL', { provider: 'coturn-secret', secret: 's' }, 'turn.urls has no turn: URL'],
    ['no password', { provider: 'static', urls: TURN, username: 'u' }, 'turn.credential is empty'],
    ['no secret', { provider: 'coturn-secret', urls: TURN }, 'turn.secret is empty'],
    ['no account', { provider: 'twilio' }, 'twilio.accountSid or its credentials are missing'],
  ] as const) {
    it(`ignores a provider with ${title} and says so`, async () => {
      const logger = new RecordingLogger();
      const service = new IceService({ clock, logger }, { ...defaultIceOptions, ...options });
      assert.equal(service.isTurnConfigured, false);
      assert.match(logger.lines[0]?.message ?? '', new RegExp(text.replaceAll('.', '\\.'), 'u'));
      assert.equal((await service.iceConfig()).hasTurn, false);
    });
  }

  it('keeps the life of credentials within a minute and a day', () => {
    assert.deepEqual([1, 3600.7, 1e9].map(clampTtl), [60, 3600, 86_400]);
  });

  it('signs as openssl does', () => {
    // printf 1735229400:ann | openssl dgst -sha1 -hmac north -binary | base64
    const credentials = turnCredentials('north', { expiresAtS: 1_735_229_400, user: 'ann' });
    assert.deepEqual(credentials, {
      username: '1735229400:ann',
      credential: '07oorN3cxTuoJp8elmqRZ8vc/BI=',
    });
  });
});
