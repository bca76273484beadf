// Who may use the go2rtc API.
import assert from 'node:assert/strict';
import { WebSocket } from 'ws';
import { go2rtcAccess } from '../../../../pro/signaling/go2rtc/access-gate.ts';
import { MediaError } from '../../../../core/base/media-error.ts';
import type { AccessQuestion } from '../../../../core/http/route.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { Go2rtcFixture } from './go2rtc-fixture.ts';

const LOGIN = { username: 'ann', password: 'pass:word', asksLocalClients: false };

function question(ip: string, headers: Readonly<Record<string, string>> = {}): AccessQuestion {
  return {
    ...{ action: 'api', path: '', method: 'GET', urlPath: '/api', query: '', requestId: 'x', ip },
    headers: { host: 'localhost:1984', ...headers },
    signal: new AbortController().signal,
  };
}

const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`;

async function outcome(
  gate: ReturnType<typeof go2rtcAccess>,
  asked: AccessQuestion,
): Promise<string> {
  try {
    return (await gate(asked)).user;
  } catch (thrown) {
    return thrown instanceof MediaError ? thrown.code : 'no error of ours';
  }
}

describe('go2rtcAccess()', () => {
  it('lets everybody in without a user', async () => {
    const gate = go2rtcAccess(new FakeClock(), { ...LOGIN, username: '', password: '' });
    assert.equal(await outcome(gate, question('203.0.113.5')), '');
  });

  it('asks clients of elsewhere for user and password', async () => {
    const gate = go2rtcAccess(new FakeClock(), LOGIN);
    const from = '203.0.113.5';
    assert.equal(await outcome(gate, question(from)), 'go2rtc-login');
    for (const wrong of ['ann:', 'ann', ':pass:word', 'ann:pass', '']) {
      const code = await outcome(gate, question('203.0.113.9', { authorization: basic(wrong) }));
      assert.match(code, /^(?:go2rtc-login|too-many-failed-logins)$/u, wrong);
    }
    for (const header of ['Basic', 'Basic !', 'Bearer x', 'Basic a b']) {
      assert.equal(await outcome(gate, question(from, { authorization: header })), 'go2rtc-login');
    }
    const right = { authorization: basic('ann:pass:word') };
    assert.equal(await outcome(gate, question(from, right)), 'ann');
  });

  it('lets programs of this machine in, unless told otherwise', async () => {
    const gate = go2rtcAccess(new FakeClock(), LOGIN);
    for (const ip of ['127.0.0.1', '127.8.8.8', '::1']) {
      assert.equal(await outcome(gate, question(ip)), '');
    }
    const strict = go2rtcAccess(new FakeClock(), { ...LOGIN, asksLocalClients: true });
    assert.equal(await outcome(strict, question('127.0.0.1')), 'go2rtc-login');
  });

  it('takes neither a proxy nor a page under a foreign name for a program of this machine', async () => {
    const gate = go2rtcAccess(new FakeClock(), LOGIN);
    for (const headers of [
      { 'x-forwarded-for': '203.0.113.5' },
      { forwarded: 'for=203.0.113.5' },
      { via: '1.1 proxy' },
      { host: 'rebound.example.com' },
      { host: 'localhost.example.com' },
      { host: '' },
    ]) {
      assert.equal(await outcome(gate, question('127.0.0.1', headers)), 'go2rtc-login');
    }
  });

  it('slows guessing down for one network only', async () => {
    const clock = new FakeClock();
    const gate = go2rtcAccess(clock, LOGIN);
    const guess = (ip: string, text: string): Promise<string> =>
      outcome(gate, question(ip, { authorization: basic(text) }));
    for (let count = 0; count < 5; count++) {
      assert.equal(await guess('203.0.113.5', `ann:${count}`), 'go2rtc-login');
    }
    assert.equal(await guess('203.0.113.5', 'ann:pass:word'), 'too-many-failed-logins');
    assert.equal(await guess('203.0.113.6', 'ann:pass:word'), 'ann');
    clock.advance(60_000);
    assert.equal(await guess('203.0.113.5', 'ann:pass:word'), 'ann');
  });
});

describe('the listener of the go2rtc API', () => {
  const options = { ...LOGIN, asksLocalClients: true };

  it('stands before every route and the WebSocket, and says what it wants', async () => {
    await using fixture = await Go2rtcFixture.start({ options });
    for (const path of ['/api', '/api/streams', '/api/schemes', '/api/stream.mp4?src=cam']) {
      const { status, headers } = await fixture.call('GET', path);
      assert.deepEqual([status, headers['www-authenticate']], [401, 'Basic realm="go2rtc"'], path);
    }
    await assert.rejects(fixture.socket('?src=cam'), /401/u);
    const login = { headers: { Authorization: basic('ann:pass:word') } };
    assert.equal((await fixture.call('GET', '/api', login)).status, 200);
    const { socket } = await fixture.socket('?src=cam', login.headers);
    assert.equal(socket.readyState, WebSocket.OPEN);
  });

  it('answers pages of other origins only where it is told to', async () => {
    const foreign = { headers: { Origin: 'https://elsewhere.example' } };
    await using closed = await Go2rtcFixture.start();
    const refused = await closed.call('PUT', '/api/streams?name=x&src=rtsp://192.0.2.1/', foreign);
    assert.equal(refused.status, 403);
    const read = await closed.call('GET', '/api', foreign);
    assert.equal(read.headers['access-control-allow-origin'], undefined);
    await assert.rejects(closed.socket('?src=cam', foreign.headers), /403/u);
    await using open = await Go2rtcFixture.start({ options: { origin: '*' } });
    const allowed = await open.call('PUT', '/api/streams?name=x&src=rtsp://192.0.2.1/', foreign);
    assert.equal(allowed.status, 200);
    assert.equal(allowed.headers['access-control-allow-origin'], '*');
  });
});
