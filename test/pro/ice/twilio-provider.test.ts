// Tests of Twilio's TURN servers against a double whose shape the official client accepts.
import assert from 'node:assert/strict';
import twilio from 'twilio';
import { MediaError } from '../../../core/base/media-error.ts';
import { TwilioTurnProvider, isTwilioReady } from '../../../pro/ice/twilio-provider.ts';
import { parseTwilioToken } from '../../../pro/ice/twilio-token.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { RecordingLogger } from '../../support/recording-logger.ts';
import { TwilioDouble, twilioTokenBody } from '../../support/twilio-double.ts';

const SID = `AC${'0123456789abcdef'.repeat(2)}`;
const TOKEN = 'f'.repeat(32);

async function textOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (thrown) {
    assert.ok(thrown instanceof MediaError, String(thrown));
    return `${thrown.code}: ${thrown.message}`;
  }
  assert.fail('nothing was thrown');
}

describe('TwilioTurnProvider', () => {
  let double: TwilioDouble;
  let clock: FakeClock;
  let logger: RecordingLogger;

  function create(more: { apiKey?: string; apiSecret?: string } = {}): TwilioTurnProvider {
    return new TwilioTurnProvider(
      { clock, logger },
      {
        ...{ accountSid: SID, authToken: TOKEN, baseUrl: double.baseUrl },
        ...{ timeoutMs: 10_000, ttlSeconds: 3600 },
        ...more,
      },
    );
  }

  beforeEach(async () => {
    double = await TwilioDouble.start();
    clock = new FakeClock();
    logger = new RecordingLogger();
  });

  afterEach(() => double[Symbol.asyncDispose]());

  it('is understood by the official client as Twilio itself', async () => {
    const http = new twilio.RequestClient();
    const client = twilio(SID, TOKEN, {
      httpClient: {
        request: (options: { uri: string }) =>
          http.request({
            ...options,
            method: 'post',
            uri: options.uri.replace('https://api.twilio.com', double.baseUrl),
          }),
      } as unknown as typeof http, // The client only calls request().
    });
    const token = await client.tokens.create({ ttl: 3600 });
    assert.equal(token.ttl, '3600');
    assert.equal(token.iceServers.length, 4);
    assert.equal(token.username, 'user-1');
    assert.equal(double.requests[0]?.url, `/2010-04-01/Accounts/${SID}/Tokens.json`);
  });

  it('asks as the official client does', async () => {
    await create().issue();
    assert.deepEqual(double.requests, [
      {
        method: 'POST',
        url: `/2010-04-01/Accounts/${SID}/Tokens.json`,
        authorization: `Basic ${Buffer.from(`${SID}:${TOKEN}`).toString('base64')}`,
        contentType: 'application/x-www-form-urlencoded',
        body: 'Ttl=3600',
      },
    ]);
  });

  it('logs in with an API key when there is one', async () => {
    await create({ apiKey: 'SK1', apiSecret: 'shh' }).issue();
    const login = Buffer.from('SK1:shh').toString('base64');
    assert.equal(double.requests[0]?.authorization, `Basic ${login}`);
  });

  it('gives the servers in their order with one URL each and nothing else', async () => {
    const { servers, ttlSeconds, isComplete } = await create().issue();
    const turn = { username: 'user-1', credential: 'secret-of-1' };
    assert.deepEqual(servers, [
      { url: 'stun:global.stun.twilio.com:3478', username: '', credential: '' },
      { url: 'turn:global.turn.twilio.com:3478?transport=udp', ...turn },
      { url: 'turn:global.turn.twilio.com:3478?transport=tcp', ...turn },
      { url: 'turn:global.turn.twilio.com:443?transport=tcp', ...turn },
    ]);
    assert.deepEqual([ttlSeconds, isComplete], [3600, true]);
  });

  it('asks once for many clients and again after half of the life', async () => {
    const provider = create();
    await Promise.all(Array.from({ length: 50 }, () => provider.issue()));
    clock.advance(1_799_000);
    assert.equal((await provider.issue()).ttlSeconds, 1801);
    assert.equal(double.requests.length, 1);
    clock.advance(1000);
    assert.equal((await provider.issue()).ttlSeconds, 3600);
    assert.equal(double.requests.length, 2);
  });

  for (const [status, code] of [
    [401, 20003],
    [429, 20429],
    [500, 20500],
  ] as const) {
    it(`tells the status ${status} and rests for 30 s`, async () => {
      double.mood = { type: 'error', status, code };
      const provider = create();
      const text = `twilio-error: Twilio API error: ${status}`;
      assert.equal(await textOf(provider.issue()), text);
      assert.equal(await textOf(provider.issue()), text);
      assert.equal(double.requests.length, 1);
      assert.deepEqual(
        logger.lines.map(({ level, message }) => `${level} ${message}`),
        [`warn Twilio API error: ${status}`],
      );
      double.mood = { type: 'token' };
      clock.advance(30_000);
      assert.equal((await provider.issue()).servers.length, 4);
    });
  }

  it('tells that Twilio is silent after 10 s', async () => {
    double.mood = { type: 'silent' };
    const refused = textOf(create().issue());
    await double.received(1);
    clock.advance(10_000);
    assert.equal(await refused, 'twilio-timeout: Twilio API timeout');
  });

  it('tells that nobody is there, without the address', async () => {
    const provider = create();
    await double[Symbol.asyncDispose]();
    assert.match(await textOf(provider.issue()), /^twilio-error: Twilio API error: ECONNREFUSED$/u);
    double = await TwilioDouble.start();
  });

  it('follows no redirect: the credentials are for Twilio alone', async () => {
    double.mood = { type: 'redirect', location: `${double.baseUrl}/elsewhere` };
    assert.match(await textOf(create().issue()), /^twilio-error/u);
    assert.equal(double.requests.length, 1);
  });

  it('goes on with the old token while it lives when Twilio fails', async () => {
    const provider = create();
    await provider.issue();
    double.mood = { type: 'error', status: 500, code: 20500 };
    clock.advance(2_000_000);
    const { servers, ttlSeconds } = await provider.issue();
    assert.deepEqual([servers[1]?.username, ttlSeconds], ['user-1', 1600]);
    clock.advance(1_550_000);
    assert.match(await textOf(provider.issue()), /Twilio API error: 500/u);
  });

  it('makes nobody wait for a silent Twilio who can have a token that still works', async () => {
    const provider = create();
    await provider.issue();
    double.mood = { type: 'silent' };
    clock.advance(2_000_000);
    const waiting = [provider.issue(), provider.issue()];
    await double.received(2);
    clock.advance(1000);
    for (const { ttlSeconds } of await Promise.all(waiting)) assert.equal(ttlSeconds, 1599);
    clock.advance(9000);
    assert.equal((await provider.issue()).ttlSeconds, 1590);
    assert.equal(double.requests.length, 2);
    assert.equal(clock.pendingTimers, 0);
  });

  it('lets a client leave without ending the call of the others', async () => {
    const provider = create();
    const abort = new AbortController();
    const left = textOf(provider.issue(abort.signal));
    const stays = provider.issue();
    abort.abort(new MediaError('canceled', 'client-left', 'client left'));
    assert.equal(await left, 'client-left: client left');
    assert.equal((await stays).servers.length, 4);
    assert.equal(double.requests.length, 1);
    assert.equal(clock.pendingTimers, 0);
  });

  it('refuses what is no token, and an answer without end', async () => {
    double.mood = { type: 'text', body: '{"ttl":"3600"}' };
    assert.match(await textOf(create().issue()), /^twilio-invalid-answer: Twilio API error/u);
    double.mood = { type: 'text', body: 'x'.repeat(70_000) };
    assert.match(await textOf(create().issue()), /larger than 65536 bytes/u);
  });

  it('never logs or tells a secret', async () => {
    double.mood = { type: 'error', status: 401, code: 20003 };
    await textOf(create().issue());
    assert.doesNotMatch(JSON.stringify(logger.lines), new RegExp(`${TOKEN}|${SID}`, 'u'));
  });
});

describe('parseTwilioToken()', () => {
  it('leaves out relays without credentials and what is no STUN or TURN server', () => {
    const body = {
      ...twilioTokenBody('60', 1),
      ice_servers: [
        { url: 'stun:a' },
        { urls: 'turn:b', username: 'u' },
        { urls: 'http://c' },
        { urls: 'stun:d', username: 'u', credential: 'c' },
      ],
    };
    assert.deepEqual(parseTwilioToken(JSON.stringify(body)), {
      servers: [
        { url: 'stun:a', username: '', credential: '' },
        { url: 'stun:d', username: '', credential: '' },
      ],
      ttlSeconds: 60,
    });
  });

  for (const body of ['', 'null', '[]', '{"ttl":"x","ice_servers":[{"urls":"stun:a"}]}']) {
    it(`refuses '${body}'`, () => {
      assert.throws(() => parseTwilioToken(body), { code: 'twilio-invalid-answer' });
    });
  }
});

describe('isTwilioReady()', () => {
  it('wants the account and its token, or a whole API key', () => {
    const base = { accountSid: '', authToken: '', baseUrl: '', timeoutMs: 1 };
    assert.equal(isTwilioReady(base), false);
    assert.equal(isTwilioReady({ ...base, accountSid: SID }), false);
    assert.equal(isTwilioReady({ ...base, authToken: TOKEN }), false);
    assert.equal(isTwilioReady({ ...base, accountSid: SID, apiKey: 'SK' }), false);
    assert.equal(isTwilioReady({ ...base, accountSid: SID, apiKey: 'SK', apiSecret: 's' }), true);
    assert.equal(isTwilioReady({ ...base, accountSid: SID, authToken: TOKEN }), true);
  });
});
