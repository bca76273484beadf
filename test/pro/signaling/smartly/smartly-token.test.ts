// Tests of token requests: the answer, every refusal in its order, replays, rates and addresses.
import assert from 'node:assert/strict';
import { SMARTLY_HEADERS } from '../../../../pro/signaling/smartly/smartly-routes.ts';
import {
  CLIENT,
  fieldsOf,
  outcomeOf,
  SECRET,
  SmartlyFixture,
  TURN,
  type SmartlySetup,
  type TokenAttempt,
} from './smartly-fixture.ts';

const GOOGLE = ['', '1', '2'].map((digit) => ({ urls: `stun:stun${digit}.l.google.com:19302` }));
const OTHER = { ...CLIENT, id: 'ha_other', secret: 'another-secret-of-32-characters..' };

/** What one attempt at a fresh bridge comes to. */
async function attempt(tried: TokenAttempt = {}, setup: SmartlySetup = {}): Promise<string> {
  await using fixture = await SmartlyFixture.start(setup);
  return outcomeOf(await fixture.token(tried));
}

describe('a token request', () => {
  it('is answered with a token, where to go with it and ICE servers', async () => {
    await using fixture = await SmartlyFixture.start({ turn: [TURN] });
    const reply = await fixture.token();
    const { token, ...rest } = fieldsOf(reply);
    assert.equal(reply.status, 200);
    assert.match(String(token), /^[\w-]{43}$/u);
    const base = '/api/smartly/camera/camera.front_door/webrtc';
    assert.deepEqual(rest, {
      expires_at: 1_767_225_600 + 300,
      expires_in: 300,
      entity_id: 'camera.front_door',
      offer_endpoint: `${base}/offer`,
      ice_endpoint: `${base}/ice`,
      hangup_endpoint: `${base}/hangup`,
      ice_servers: [
        ...GOOGLE,
        { urls: TURN.url, username: TURN.username, credential: TURN.credential },
      ],
    });
    assert.equal(reply.headers['cache-control'], 'no-store');
  });

  it('never gives the same token twice', async () => {
    await using fixture = await SmartlyFixture.start();
    const tokens = await Promise.all(Array.from({ length: 20 }, () => fixture.issue()));
    assert.equal(new Set(tokens).size, 20);
    assert.deepEqual(fixture.bridge.stats, {
      active_tokens: 20,
      active_sessions: 0,
      token_ttl: 300,
      session_timeout: 600,
    });
  });

  it('hashes the body as it was received, empty or not', async () => {
    assert.equal(await attempt({ body: '' }), '200');
    assert.equal(await attempt({ body: ' { "x" : 1 } ' }), '200');
  });

  it('takes a percent-encoded URL, signed as it was sent or decoded', async () => {
    const entity = 'camera%2Efront_door';
    assert.equal(await attempt({ entity }), '200');
    const signedTarget = '/api/smartly/camera/camera.front_door/webrtc';
    assert.equal(await attempt({ entity, signedTarget }), '200');
  });

  it('signs the query as part of the path', async () => {
    const signedTarget = '/api/smartly/camera/camera.front_door/webrtc';
    assert.equal(await attempt({ query: '?a=%31' }), '200');
    assert.equal(await attempt({ query: '?a=1', signedTarget }), '401 invalid_signature');
  });

  const limited = { allowedCidrs: ['192.0.2.0/24'] };
  const refusals: readonly (readonly [string, TokenAttempt, SmartlySetup])[] = [
    ['400 invalid_entity_id', { entity: 'light.kitchen' }, {}],
    ['400 invalid_entity_id', { entity: 'camera.Front' }, {}],
    ['400 invalid_entity_id', { entity: 'camera.' }, {}],
    ['500 integration_not_configured', {}, { options: { clients: [] } }],
    ['403 ip_not_allowed', {}, { options: { clients: [{ ...CLIENT, ...limited }] } }],
    ['401 missing_headers', { headers: { 'X-Nonce': '' } }, {}],
    ['401 missing_headers', { headers: { 'X-Signature': '' } }, {}],
    ['401 missing_headers', { clientId: '' }, {}],
    ['401 missing_headers', { nonce: 'n'.repeat(257) }, {}],
    ['401 invalid_timestamp', { timestamp: '1767225631' }, {}],
    ['401 invalid_timestamp', { timestamp: '1767225569' }, {}],
    ['401 invalid_timestamp', { timestamp: '1767225600000' }, {}],
    ['401 invalid_timestamp', { timestamp: 'today' }, {}],
    ['401 invalid_timestamp', { timestamp: '-5' }, {}],
    ['200', { timestamp: '1767225630' }, {}],
    ['200', { timestamp: '1767225570' }, {}],
    ['401 invalid_signature', { secret: `${SECRET}x` }, {}],
    ['401 invalid_signature', { clientId: 'ha_nobody' }, {}],
    ['401 invalid_signature', { clientId: 'ha_other' }, { options: { clients: [CLIENT, OTHER] } }],
    ['401 invalid_signature', { headers: { 'X-Signature': 'no hex' } }, {}],
    ['401 invalid_signature', { headers: { 'X-Nonce': 'another' } }, {}],
    ['401 invalid_signature', { headers: { 'X-Timestamp': '1767225601' } }, {}],
    ['400 invalid_json', { body: '{' }, {}],
    ['400 invalid_json', { body: '[]' }, {}],
    [
      '403 entity_not_allowed',
      {},
      { options: { clients: [{ ...CLIENT, entities: ['camera.back_*'] }] } },
    ],
    ['403 entity_not_allowed', {}, { entities: { 'camera.front_door': { isAllowed: false } } }],
    ['404 entity_not_found', { entity: 'camera.cellar' }, {}],
    ['404 entity_not_found', { entity: 'camera.cellar' }, { paths: '{ all_others: {} }' }],
    ['404 entity_not_found', {}, { entities: { 'camera.front_door': { path: 'nowhere' } } }],
    ['500 webrtc_not_available', {}, { hasWebRtc: false }],
    ['413 body_too_large', { body: ' '.repeat(9000) }, {}],
  ];
  for (const [expected, tried, setup] of refusals) {
    it(`gets ${expected} for ${JSON.stringify({ ...tried, ...setup }).slice(0, 120)}`, async () => {
      assert.equal(await attempt(tried, setup), expected);
    });
  }

  it('gets 400 where the URL names no entity, 405 for another method', async () => {
    await using fixture = await SmartlyFixture.start();
    const { port } = fixture;
    const url = `http://127.0.0.1:${port}/api/smartly/camera`;
    const missing = await fetch(`${url}/webrtc`, { method: 'POST', body: '{}' });
    assert.deepEqual(
      [missing.status, await missing.json()],
      [400, { error: 'invalid_entity_id', message: 'the URL names no entity' }],
    );
    const got = await fetch(`${url}/camera.front_door/webrtc`);
    assert.deepEqual([got.status, got.headers.get('allow')], [405, 'POST']);
    await got.body?.cancel();
  });

  it('refuses in the order of the checks', async () => {
    const clients = [{ ...CLIENT, ...limited }];
    const bad = { timestamp: '1', secret: 'wrong', entity: 'camera.cellar' };
    assert.equal(
      await attempt({ ...bad, entity: 'bad' }, { options: { clients } }),
      '400 invalid_entity_id',
    );
    assert.equal(await attempt(bad, { options: { clients } }), '403 ip_not_allowed');
    assert.equal(await attempt({ ...bad, nonce: '' }), '401 missing_headers');
    assert.equal(await attempt(bad), '401 invalid_timestamp');
    assert.equal(
      await attempt({ secret: 'wrong', entity: 'camera.cellar' }),
      '401 invalid_signature',
    );
  });

  it('tells strangers nothing of which clients there are', async () => {
    const clients = [{ ...CLIENT, ...limited }, OTHER];
    const bodies = [];
    for (const clientId of [CLIENT.id, 'ha_nobody']) {
      await using fixture = await SmartlyFixture.start({ options: { clients } });
      const { status, body } = await fixture.token({ clientId, secret: 'guess' });
      bodies.push(`${status} ${body}`);
    }
    assert.deepEqual(
      bodies,
      Array.from({ length: 2 }, () => '401 {"error":"invalid_signature"}'),
    );
    assert.equal(await attempt({}, { options: { clients } }), '403 ip_not_allowed');
  });

  it('works once of 100 that are equal', async () => {
    await using fixture = await SmartlyFixture.start({
      options: { rateLimit: { requests: 1000, windowMs: 60_000 } },
    });
    const replies = await Promise.all(
      Array.from({ length: 100 }, () => fixture.token({ nonce: 'same' })),
    );
    const outcomes = replies.map(outcomeOf).sort();
    assert.deepEqual(outcomes, ['200', ...Array<string>(99).fill('401 nonce_already_used')]);
  });

  it('keeps nonces of clients apart, and forgets them after their time', async () => {
    await using fixture = await SmartlyFixture.start({ options: { clients: [CLIENT, OTHER] } });
    const other = { clientId: OTHER.id, secret: OTHER.secret };
    assert.equal(outcomeOf(await fixture.token({ nonce: 'n' })), '200');
    assert.equal(outcomeOf(await fixture.token({ nonce: 'n', ...other })), '200');
    fixture.advance(299_000);
    assert.equal(outcomeOf(await fixture.token({ nonce: 'n' })), '401 nonce_already_used');
    fixture.advance(1000);
    assert.equal(outcomeOf(await fixture.token({ nonce: 'n' })), '200');
  });

  it('keeps a nonce as long as its request could come again, however short the setting', async () => {
    await using fixture = await SmartlyFixture.start({ options: { nonceTtlMs: 1000 } });
    const ahead = { nonce: 'n', timestamp: String(1_767_225_600 + 30) };
    assert.equal(outcomeOf(await fixture.token(ahead)), '200');
    fixture.advance(60_000);
    assert.equal(outcomeOf(await fixture.token(ahead)), '401 nonce_already_used');
    fixture.advance(1000);
    assert.equal(outcomeOf(await fixture.token(ahead)), '401 invalid_timestamp');
  });

  it('does not let a forger use nonces up', async () => {
    await using fixture = await SmartlyFixture.start();
    assert.equal(
      outcomeOf(await fixture.token({ nonce: 'n', secret: 'x' })),
      '401 invalid_signature',
    );
    assert.equal(outcomeOf(await fixture.token({ nonce: 'n' })), '200');
  });

  it('is limited to a rate per client in a sliding window', async () => {
    await using fixture = await SmartlyFixture.start({ options: { clients: [CLIENT, OTHER] } });
    for (let count = 0; count < 60; count++) {
      assert.equal(outcomeOf(await fixture.token()), '200');
      if (count === 29) fixture.advance(30_000);
    }
    const refused = await fixture.token({ nonce: 'again' });
    assert.equal(outcomeOf(refused), '429 rate_limited');
    assert.equal(refused.headers['retry-after'], '30');
    assert.equal(refused.headers['x-ratelimit-remaining'], '0');
    const other = { clientId: OTHER.id, secret: OTHER.secret };
    assert.equal(outcomeOf(await fixture.token(other)), '200');
    fixture.advance(30_000);
    assert.equal(outcomeOf(await fixture.token({ nonce: 'again' })), '200');
  });
});

describe('the address of a client', () => {
  const clients = [{ ...CLIENT, allowedCidrs: ['203.0.113.0/24'] }];
  const forwarded = { 'X-Forwarded-For': '198.51.100.7, 203.0.113.9' };
  const trusting = { trustedProxies: ['127.0.0.1'] };
  const cases = [
    ['auto', {}, '403 ip_not_allowed'],
    ['auto', trusting, '200'],
    ['always', {}, '200'],
    ['never', trusting, '403 ip_not_allowed'],
  ] as const;
  for (const [trustProxy, listener, expected] of cases) {
    const proxies = 'trustedProxies' in listener ? 'a trusted' : 'any';
    it(`is what trustProxy ${trustProxy} believes of ${proxies} proxy: ${expected}`, async () => {
      const setup = { options: { clients, trustProxy }, listener };
      assert.equal(await attempt({ headers: forwarded }, setup), expected);
    });
  }

  it('is that of the connection when the proxy in front says nothing', async () => {
    const options = { clients, trustProxy: 'always' } as const;
    assert.equal(await attempt({}, { options }), '403 ip_not_allowed');
    const garbage = { 'X-Forwarded-For': '203.0.113.9, unknown' };
    assert.equal(await attempt({ headers: garbage }, { options }), '403 ip_not_allowed');
  });
});

describe('a script of another origin', () => {
  it('may send the headers of the dialect where the listener allows them', async () => {
    const cors = { allowOrigins: ['*'], allowHeaders: SMARTLY_HEADERS.join(', ') };
    await using fixture = await SmartlyFixture.start({ listener: { cors } });
    const url = `http://127.0.0.1:${fixture.port}/api/smartly/camera/camera.front_door/webrtc`;
    const headers = { Origin: 'https://a.example', 'Access-Control-Request-Method': 'POST' };
    const reply = await fetch(url, { method: 'OPTIONS', headers });
    const allowed = reply.headers.get('access-control-allow-headers');
    assert.equal(allowed, 'X-Client-Id, X-Timestamp, X-Nonce, X-Signature');
  });
});

describe('the envelope', () => {
  it('wraps successes and failures', async () => {
    await using fixture = await SmartlyFixture.start({ options: { hasEnvelope: true } });
    const { data, ...rest } = fieldsOf(await fixture.token());
    assert.deepEqual(rest, { schema_version: '2026.06', warnings: [], errors: [] });
    assert.ok(typeof data === 'object' && data !== null && 'token' in data);
    const failure = await fixture.token({ secret: 'x' });
    assert.deepEqual(
      [failure.status, fieldsOf(failure)],
      [
        401,
        {
          schema_version: '2026.06',
          data: null,
          warnings: [],
          errors: [{ code: 'invalid_signature', message: 'the signature is not valid' }],
        },
      ],
    );
  });
});
