// The client of the open API against a double: tokens, renewals, refusals, and what no text may tell.
import assert from 'node:assert/strict';
import { silentLogger } from '../../../../core/base/logger.ts';
import { MediaError } from '../../../../core/base/media-error.ts';
import {
  OpenApiClient,
  type OpenApiClientOptions,
} from '../../../../pro/signaling/tuya/open-api-client.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { OpenApiDouble, type OpenApiDoubleOptions } from '../../../support/tuya/open-api-double.ts';

const SECRET = 'canary-secret';
const { signal } = new AbortController();
const options: OpenApiClientOptions = {
  ...{ endpoint: 'http://cloud', clientId: 'id1', secret: SECRET, code: 'canary-code' },
  ...{ authMode: 'easy', signMethod: 'hmac' },
};
const get = { method: 'GET', path: '/v1.0/devices/dev1/webrtc-configs', signal } as const;

interface Scene {
  readonly clock: FakeClock;
  readonly cloud: OpenApiDouble;
  readonly client: OpenApiClient;
}

function scene(
  more: Partial<OpenApiClientOptions> = {},
  cloudMore: Partial<OpenApiDoubleOptions> = {},
): Scene {
  const clock = new FakeClock();
  const cloud = new OpenApiDouble({
    ...{ clientId: 'id1', secret: SECRET, devices: { dev1: { auth: 'x' } }, mqtt: {} },
    ...{ nowMs: () => clock.nowMs(), ...cloudMore },
  });
  const components = { clock, logger: silentLogger, http: cloud };
  return { clock, cloud, client: new OpenApiClient(components, { ...options, ...more }) };
}

const failsWith = (work: Promise<unknown>, code: string, words: RegExp): Promise<void> =>
  assert.rejects(work, (error) => {
    assert.ok(error instanceof MediaError);
    assert.equal(error.code, code);
    assert.match(error.message, words);
    assert.doesNotMatch(error.message, /canary/u);
    return true;
  });
const tokenCalls = ({ calls }: OpenApiDouble): readonly string[] =>
  calls.map(({ path }) => path).filter((path) => path.includes('/token'));

describe('OpenApiClient', () => {
  for (const signMethod of ['hmac', 'hmac-legacy', 'md5'] as const) {
    it(`calls with ${signMethod}, one token for all`, async () => {
      const { cloud, client } = scene({ signMethod });
      const results = await Promise.all([client.call(get), client.call(get), client.call(get)]);
      assert.deepEqual(results, [{ auth: 'x' }, { auth: 'x' }, { auth: 'x' }]);
      assert.deepEqual(tokenCalls(cloud), ['/v1.0/token?grant_type=1']);
      assert.ok(cloud.calls.every(({ kind }) => kind === signMethod));
      client.close();
    });
  }

  it('authorizes by code, and knows whose devices they are', async () => {
    const { cloud, client } = scene({ authMode: 'auth' });
    assert.equal(await client.uid(signal), 'uid-of-token');
    assert.deepEqual(tokenCalls(cloud), ['/v1.0/token?grant_type=2&code=canary-code']);
    const easy = scene();
    assert.equal(await easy.client.uid(signal), '');
    assert.deepEqual(easy.cloud.calls, []);
  });

  it('renews 300 s before the end, and again after 60 s when that fails', async () => {
    const { clock, cloud, client } = scene();
    await client.call(get);
    clock.advance(6_899_000);
    assert.equal(tokenCalls(cloud).length, 1);
    cloud.refusals.push({ code: 500, msg: 'busy' });
    clock.advance(1000);
    await new Promise(setImmediate);
    assert.deepEqual(cloud.refusals, []);
    clock.advance(60_000);
    await new Promise(setImmediate);
    assert.equal(tokenCalls(cloud).at(-1), '/v1.0/token/refresh-1');
    assert.equal(cloud.token, 'token-2');
    await client.call(get);
    assert.equal(tokenCalls(cloud).length, 2);
    client.close();
    assert.equal(clock.pendingTimers, 0);
  });

  it('begins anew when the token is over and the refresh token is refused for any reason', async () => {
    const { clock, cloud, client } = scene();
    await client.call(get);
    cloud.refusals.push(...Array.from({ length: 6 }, () => ({ code: 1199, msg: 'odd' })));
    clock.advance(6_900_000);
    await new Promise(setImmediate);
    for (let minute = 1; minute <= 5; minute++) {
      assert.equal(cloud.refusals.length, 6 - minute);
      clock.advance(60_000);
      await new Promise(setImmediate);
    }
    assert.deepEqual(tokenCalls(cloud).slice(1), ['/v1.0/token?grant_type=1']);
    assert.deepEqual(await client.call(get), { auth: 'x' });
    client.close();
  });

  it('takes one new token when the cloud does not know it any more', async () => {
    const { cloud, client } = scene();
    await client.call(get);
    cloud.revoke();
    assert.deepEqual(await client.call(get), { auth: 'x' });
    // The refresh token is no better, so it begins anew.
    assert.deepEqual(tokenCalls(cloud).slice(1), [
      '/v1.0/token/refresh-1',
      '/v1.0/token?grant_type=1',
    ]);
    const no = { code: 500, msg: 'no' };
    cloud.refusals.push({ code: 1010, msg: 'token invalid' }, no, no);
    await failsWith(client.call(get), 'tuya-refused', /500: no/u);
    client.close();
  });

  it('names what is refused', async () => {
    const wrong = scene({ secret: 'canary-other' });
    await failsWith(wrong.client.call(get), 'tuya-sign-invalid', /secret and signMethod.*1004/u);
    const before = wrong.cloud.calls.length;
    await failsWith(wrong.client.call(get), 'tuya-sign-invalid', /1004/u);
    assert.equal(wrong.cloud.calls.length, before);
    const stranger = scene({ clientId: 'id2' });
    await failsWith(stranger.client.call(get), 'tuya-client-invalid', /clientId/u);
    const { cloud, client } = scene();
    const other = { ...get, path: '/v1.0/devices/dev2/webrtc-configs' };
    await failsWith(
      client.call(other),
      'tuya-permission-denied',
      /1106.*GET \/v1\.0\/devices\/dev2/u,
    );
    await failsWith(client.call({ ...get, path: '/v9' }), 'tuya-path-invalid', /1108/u);
    cloud.refusals.push({ code: 2001, msg: 'device is offline' });
    await failsWith(client.call(get), 'tuya-device-offline', /offline/u);
    cloud.refusals.push({ code: 28_841_105, msg: 'No permissions' });
    await failsWith(client.call(get), 'tuya-permission-denied', /services/u);
    cloud.refusals.push({ code: 9, msg: `you sent ${SECRET}\nand ${cloud.token}` });
    await failsWith(client.call(get), 'tuya-refused', /you sent \*\*\* and \*\*\*/u);
    client.close();
  });

  it('says how far the clock is off', async () => {
    const { client } = scene({}, { nowMs: () => new FakeClock().nowMs() + 3_600_000 });
    await failsWith(client.call(get), 'tuya-clock-skew', /1013.*3600 s behind the cloud's/u);
  });

  it('calls junk what is no answer, and never tells codes or tokens of a path', async () => {
    const clock = new FakeClock();
    const reply = (status: number, text: string): OpenApiClient => {
      const answer = { status, headers: {}, body: Buffer.from(text) };
      const http = { request: () => Promise.resolve(answer) };
      const components = { clock, logger: silentLogger, http };
      return new OpenApiClient(components, { ...options, authMode: 'auth' });
    };
    await failsWith(
      reply(502, '<html>').call(get),
      'tuya-answer-invalid',
      /502.*GET \/v1\.0\/token$/u,
    );
    await failsWith(reply(404, '').call(get), 'tuya-path-invalid', /404/u);
    await failsWith(reply(200, '{"success":true}').call(get), 'tuya-answer-invalid', /token/u);
    await failsWith(reply(200, 'null').call(get), 'tuya-answer-invalid', /200/u);
  });

  it('lets one caller go without ending the request for the others', async () => {
    const { client } = scene();
    const stop = new AbortController();
    const stopped = client.call({ ...get, signal: stop.signal });
    const other = client.call(get);
    stop.abort(new MediaError('canceled', 'source-stopped', 'stopped'));
    await failsWith(stopped, 'source-stopped', /stopped/u);
    assert.deepEqual(await other, { auth: 'x' });
    client.close();
  });
});
