// WebSocket handshakes: origin, access, routes; refusals are plain HTTP answers.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { MediaError } from '../../../core/base/media-error.ts';
import type { AccessQuestion, UpgradeRoute } from '../../../core/http/route.ts';
import { rawExchange } from '../../support/http-client.ts';
import { open, startListener, type ListenerFixture } from './listener-fixture.ts';

const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';

function handshake(path: string, headers: Readonly<Record<string, string>> = {}): string {
  const all = {
    Host: 'server.example',
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': KEY,
    ...headers,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `GET ${path} HTTP/1.1\r\n${lines.join('')}\r\n`;
}

describe('HttpListener with WebSocket routes', () => {
  const asked: AccessQuestion[] = [];
  let fixture: ListenerFixture;

  const accept: UpgradeRoute['accept'] = (request, { incoming, socket }) => {
    const key = incoming.headers['sec-websocket-key'] ?? '';
    const accepted = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`);
    const hello = `${request.user}@${request.parameter('room')}`;
    socket.end(
      `HTTP/1.1 101 Switching Protocols\r\nAccept: ${accepted.digest('base64')}\r\n\r\n${hello}`,
    );
  };

  before(async () => {
    fixture = await startListener({
      routes: [
        {
          methods: ['GET'],
          pattern: '/plain',
          access: open,
          action: () => ({ status: 200, headers: { Connection: 'close' }, body: 'plain' }),
        },
      ],
      upgrades: [
        { pattern: '/ws/:room', access: { type: 'action', action: 'api' }, accept },
        {
          pattern: '/bug',
          access: open,
          accept: () => {
            throw new TypeError('hunter2');
          },
        },
      ],
      access: (question) => {
        asked.push(question);
        if (question.query === 'token=good') return Promise.resolve({ user: 'alice' });
        const context = { hadCredentials: false };
        throw new MediaError('unauthenticated', 'authentication-required', 'no', { context });
      },
      cors: { allowOrigins: ['https://good.example'] },
    });
  });

  after(() => fixture.listener.close());

  const send = (text: string): Promise<string> => rawExchange(fixture.port, text);

  it('hands the socket to the route, with user and parameters', async () => {
    asked.length = 0;
    const answer = await send(handshake('/ws/a?token=good', { Origin: 'https://good.example' }));
    assert.match(answer, /^HTTP\/1\.1 101 .*s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=.*alice@a$/su);
    assert.equal(asked[0]?.action, 'api');
  });

  it('refuses without access, with a challenge', async () => {
    const answer = await send(handshake('/ws/a?token=bad'));
    assert.match(
      answer,
      /^HTTP\/1\.1 401 Unauthorized\r\n.*WWW-Authenticate: Basic.*"error":"no"\}$/su,
    );
  });

  it('refuses a foreign origin before it asks for access', async () => {
    asked.length = 0;
    const answer = await send(handshake('/ws/a?token=good', { Origin: 'https://evil.example' }));
    assert.match(answer, /^HTTP\/1\.1 403 Forbidden\r\n/u);
    assert.equal(asked.length, 0);
    const same = await send(handshake('/ws/a?token=good', { Origin: 'https://server.example' }));
    assert.match(same, /^HTTP\/1\.1 101 /u);
  });

  it('hides a bug and logs it', async () => {
    fixture.logger.lines.length = 0;
    const answer = await send(handshake('/bug'));
    assert.match(answer, /^HTTP\/1\.1 500 .*"internal error, request [0-9a-f]{16}"\}$/su);
    assert.equal(fixture.logger.lines.filter(({ level }) => level === 'error').length, 1);
  });

  it('answers a handshake elsewhere, and an offer of h2c, as an ordinary request', async () => {
    assert.match(await send(handshake('/plain')), /^HTTP\/1\.1 200 OK\r\n.*plain$/su);
    assert.match(await send(handshake('/plain', { Upgrade: 'h2c' })), /^HTTP\/1\.1 200 OK\r\n/u);
    const close = { Connection: 'close', Upgrade: 'none' };
    assert.match(await send(handshake('/missing', close)), /^HTTP\/1\.1 404 /u);
    assert.match(await send(handshake('/ws/a', close)), /^HTTP\/1\.1 426 .*upgrade: websocket/isu);
    assert.match(await send(handshake('/ws/%2e%2e', close)), /^HTTP\/1\.1 400 /u);
  });
});

describe('HttpListener.close() with open WebSockets', () => {
  it('ends them after the grace period', async () => {
    const accepted = Promise.withResolvers<undefined>();
    const route: UpgradeRoute = {
      pattern: '/ws',
      access: open,
      accept: (_request, { socket }) => {
        socket.write('HTTP/1.1 101 Switching Protocols\r\n\r\n');
        accepted.resolve(undefined);
      },
    };
    const limits = { closeGraceMs: 20 };
    const { listener, port } = await startListener({ routes: [], upgrades: [route], limits });
    const exchange = rawExchange(port, handshake('/ws'));
    await accepted.promise;
    await listener.close();
    assert.match(await exchange, /^HTTP\/1\.1 101 /u);
  });
});
