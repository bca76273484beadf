// WHIP and WHEP from the client's side against servers that a test plays.
import assert from 'node:assert/strict';
import {
  SignalingExchange,
  type SignalingExchangeOptions,
} from '../../../../core/webrtc/client/signaling-exchange.ts';
import type {
  SignalingReply,
  SignalingRequest,
} from '../../../../core/webrtc/client/signaling-http.ts';
import { parseSignalingUrl } from '../../../../core/webrtc/client/signaling-url.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { HOST } from './peer-doubles.ts';

type Reply = Partial<SignalingReply>;

function setUp(
  replies: readonly Reply[],
  options: Partial<SignalingExchangeOptions> = {},
): { exchange: SignalingExchange; requests: SignalingRequest[] } {
  const requests: SignalingRequest[] = [];
  const exchange = new SignalingExchange(
    {
      clock: new FakeClock(),
      send: (_clock, request) => {
        const reply = replies[requests.length];
        requests.push(request);
        return Promise.resolve({ status: 200, headers: {}, body: '', ...reply });
      },
    },
    {
      target: parseSignalingUrl('whep://u:p@h:8/cam/whep'),
      ...{ bearerToken: '', fingerprint: 'ab', fingerprintKey: 'sourceFingerprint' },
      ...{ timeoutMs: 1000, signal: new AbortController().signal },
      ...options,
    },
  );
  return { exchange, requests };
}

const urlsOf = (requests: readonly SignalingRequest[]): string[] =>
  requests.map(({ method, url }) => `${method} ${url.href}`);

describe('SignalingExchange', () => {
  it('learns ICE servers and whether candidates may follow', async () => {
    const { exchange } = setUp([
      {
        status: 204,
        headers: {
          link: '<stun:s>; rel="ice-server"',
          'access-control-allow-methods': 'OPTIONS, POST, PATCH, DELETE',
        },
      },
    ]);
    const { iceServers, takesCandidates } = await exchange.invite();
    assert.deepEqual([iceServers[0]?.url, takesCandidates], ['stun:s', true]);
  });

  it('goes on without servers when OPTIONS is unknown', async () => {
    const { exchange } = setUp([{ status: 405 }]);
    assert.deepEqual(await exchange.invite(), { iceServers: [], takesCandidates: false });
  });

  it('posts, trickles to the session, deletes it once, with credentials all the way', async () => {
    const { exchange, requests } = setUp([
      { status: 201, headers: { location: '/cam/whep/s1', etag: '"e"' }, body: 'answer' },
      { status: 204 },
    ]);
    assert.equal(await exchange.post('offer'), 'answer');
    await exchange.trickle([HOST, undefined], { ufrag: 'uu', password: 'pp' });
    await exchange.delete();
    await exchange.delete();
    assert.deepEqual(urlsOf(requests), [
      'POST http://h:8/cam/whep',
      'PATCH http://h:8/cam/whep/s1',
      'DELETE http://h:8/cam/whep/s1',
    ]);
    const authorization = `Basic ${Buffer.from('u:p').toString('base64')}`;
    for (const { headers } of requests) assert.equal(headers['Authorization'], authorization);
    const [, patch] = requests;
    assert.equal(patch?.headers['If-Match'], '"e"');
    assert.match(patch.body ?? '', /a=ice-ufrag:uu[\s\S]*a=candidate:1 1 udp[\s\S]*a=end-of/u);
  });

  it('prefers the token of the configuration', async () => {
    const { exchange, requests } = setUp([{ status: 201 }], { bearerToken: 'tok' });
    await exchange.post('offer');
    assert.equal(requests[0]?.headers['Authorization'], 'Bearer tok');
  });

  it('keeps credentials from a session elsewhere', async () => {
    const { exchange, requests } = setUp([
      { status: 201, headers: { location: 'http://evil.example/s' } },
    ]);
    await exchange.post('offer');
    await exchange.delete();
    assert.equal(requests.length, 1);
  });

  it('follows a redirect, without credentials when the host changes', async () => {
    const { exchange, requests } = setUp([
      { status: 307, headers: { location: '/b' } },
      { status: 308, headers: { location: 'http://other:9/c' } },
      { status: 201 },
    ]);
    await exchange.post('offer');
    assert.deepEqual(urlsOf(requests), [
      'POST http://h:8/cam/whep',
      'POST http://h:8/b',
      'POST http://other:9/c',
    ]);
    const sent = requests.map(({ headers }) => headers['Authorization'] !== undefined);
    assert.deepEqual(sent, [true, true, false]);
  });

  for (const [location, isTold] of [
    ['http://h:9/b', false],
    ['https://h:9/b', true],
    ['https://h/b', true],
    ['https://other/b', false],
  ] as const) {
    it(`${isTold ? 'shows' : 'does not show'} its credentials to ${location} after http://h:8`, async () => {
      const { exchange, requests } = setUp([
        { status: 307, headers: { location } },
        { status: 201 },
      ]);
      await exchange.post('offer');
      assert.equal(requests[1]?.headers['Authorization'] !== undefined, isTold);
    });
  }

  const refusals: readonly [string, string, readonly Reply[]][] = [
    ['too many redirects', 'whep', Array(9).fill({ status: 302, headers: { location: '/x' } })],
    ['a redirect out of TLS', 'wheps', [{ status: 302, headers: { location: 'http://h/' } }]],
    ['a redirect to a file', 'whep', [{ status: 302, headers: { location: 'file:///x' } }]],
  ];
  for (const [what, scheme, replies] of refusals) {
    it(`refuses ${what}`, async () => {
      const { exchange } = setUp(replies, { target: parseSignalingUrl(`${scheme}://h/a`) });
      await assert.rejects(exchange.post('offer'), { code: 'signaling-redirect-refused' });
    });
  }

  const statuses: readonly [number, string, string][] = [
    [400, 'failed-precondition', 'signaling-refused'],
    [401, 'unauthenticated', 'signaling-unauthorized'],
    [403, 'permission-denied', 'signaling-forbidden'],
    [404, 'not-found', 'signaling-not-found'],
    [503, 'unavailable', 'signaling-refused'],
  ];
  for (const [status, kind, code] of statuses) {
    it(`names a ${status} with the server's words`, async () => {
      const { exchange } = setUp([
        { status, body: '{"status":"error","error":"because\u0007 x"}' },
      ]);
      const message = `h:8 answered POST with ${status}: because x`;
      await assert.rejects(exchange.post('offer'), { kind, code, message });
    });
  }
});
