// Tokens over a real listener: both carriers, WebSocket handshakes, and a log without tokens.
import assert from 'node:assert/strict';
import { systemClock } from '../../../core/base/clock.ts';
import { MediaError } from '../../../core/base/media-error.ts';
import type { Authorizer } from '../../../core/auth/access-request.ts';
import { jsonReply } from '../../../core/http/http-reply.ts';
import { AppTokens } from '../../../pro/token/app-tokens.ts';
import { TokenGate } from '../../../pro/token/token-gate.ts';
import { startListener, type ListenerFixture } from '../../core/http/listener-fixture.ts';
import { httpRequest, rawExchange } from '../../support/http-client.ts';

const nobody: Authorizer = {
  authorize: () => Promise.reject(new MediaError('unauthenticated', 'authentication-failed', 'no')),
};

describe('a listener behind the TokenGate', () => {
  const tokens = new AppTokens({ clock: systemClock }, { appId: 'app', appSecret: 's'.repeat(32) });
  const api = { type: 'action', action: 'api' } as const;
  let fixture: ListenerFixture;

  before(async () => {
    const namedTokens = {
      verify: () => Promise.resolve({ type: 'invalid', text: 'unknown' } as const),
    };
    const gate = new TokenGate(
      {
        ...{ clock: systemClock, appTokens: tokens, namedTokens },
        ...{ users: nobody, namedUsers: nobody },
      },
      { hasGrants: false },
    );
    fixture = await startListener({
      access: gate.access,
      routes: [
        {
          methods: ['GET'],
          pattern: '/api/v2/info',
          access: api,
          action: ({ user }) => jsonReply({ user }),
        },
      ],
      upgrades: [
        {
          pattern: '/ws',
          access: api,
          accept: ({ user }, { socket }) => void socket.end(`HTTP/1.1 101 OK\r\n\r\n${user}`),
        },
      ],
      errorEnvelope: ({ text }) => ({ success: false, error: text }),
    });
  });

  after(() => fixture.listener.close());

  const handshake = (query: string): Promise<string> =>
    rawExchange(
      fixture.port,
      `GET /ws${query} HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
        'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
    );

  it('answers both carriers', async () => {
    const { port } = fixture;
    const token = tokens.create({ identity: 'alice' });
    const headers = { authorization: `Bearer ${token}` };
    const first = await httpRequest({ port, path: '/api/v2/info', headers });
    const second = await httpRequest({ port, path: `/api/v2/info?access_token=${token}` });
    assert.deepEqual([first.body, second.body], ['{"user":"app:alice"}', '{"user":"app:alice"}']);
  });

  it('challenges who has none with Bearer', async () => {
    const { status, headers, body } = await httpRequest({
      port: fixture.port,
      path: '/api/v2/info',
    });
    assert.deepEqual(
      [status, headers['www-authenticate'], body],
      [401, 'Bearer realm="mediamtx-pro"', '{"success":false,"error":"permissions denied"}'],
    );
  });

  it('asks WebSocket clients for the token in the query', async () => {
    assert.match(await handshake(`?access_token=${tokens.create()}`), /^HTTP\/1\.1 101 .*app$/su);
    assert.match(await handshake(''), /^HTTP\/1\.1 401 .*permissions denied/su);
  });

  it('keeps tokens out of the log and out of answers', async () => {
    const { port, logger } = fixture;
    const canary = `canary${'a'.repeat(20)}`;
    const forged = `eyJhbGciOiJIUzI1NiJ9.${Buffer.from(`{"iss":"app","x":"${canary}"}`).toString('base64url')}.AAAA`;
    const answers = [
      await httpRequest({ port, path: `/api/v2/info?access_token=${canary}` }),
      await httpRequest({ port, path: `/api/v2/info?access_token=${forged}` }),
      await httpRequest({
        ...{ port, path: '/api/v2/info', headers: { authorization: `Token ${canary}` } },
      }),
      await httpRequest({ port, path: `/nowhere?access_token=${canary}` }),
      await httpRequest({ port, path: `/api/v2/%zz?access_token=${canary}` }),
    ];
    const raw = await handshake(`?access_token=${forged}`);
    assert.deepEqual(
      answers.map(({ status }) => status),
      [401, 401, 401, 404, 400],
    );
    assert.equal(logger.lines.length > 3, true);
    const text = JSON.stringify({ answers, raw, lines: logger.lines });
    assert.equal(text.includes(canary), false);
    assert.equal(text.includes(forged.slice(21, 60)), false);
  });
});
