// /ws of a running server: who may connect, and that a revoked token hears nothing more.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WebSocket } from 'ws';
import { systemClock } from '../../core/base/clock.ts';
import { silentLogger } from '../../core/base/logger.ts';
import { AppTokens } from '../../pro/token/app-tokens.ts';
import { NamedTokens } from '../../pro/token/named-tokens.ts';
import { ApiClient } from './support/api-client.ts';
import { ServerProcess } from './support/server-process.ts';

const app = { appId: 'dashboard', appSecret: 's'.repeat(32) };

describe('/ws with tokens', () => {
  let folder = '';
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ws-tokens-'));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  it('ends who came with a named token when another process revokes it', async function () {
    this.timeout(60_000);
    await using server = await ServerProcess.start({
      folder,
      settings: {
        ...{ api: true, rtsp: false, webrtc: false },
        ...{ apiAuth: true, appid: app.appId, appsecret: app.appSecret },
      },
      pro: { tokens: { file: './tokens.json' } },
    });
    const filePath = join(folder, 'tokens.json');
    const tokens = new NamedTokens({ clock: systemClock, logger: silentLogger }, { filePath });
    const { token } = await tokens.create({ name: 'wall', verbs: ['GET'], paths: ['/ws'] });
    const appToken = new AppTokens({ clock: systemClock }, app).create();
    const url = server.apiUrl('/ws').replace(/^http/u, 'ws');

    assert.equal(await refusal(url), 401);
    assert.equal(await refusal(`${url}?access_token=${appToken}x`), 401);
    const [named, other] = [
      await open(`${url}?access_token=${token}`),
      await open(`${url}?since=&access_token=${appToken}`),
    ];
    const closed = once(named, 'close');
    await tokens.revoke('wall');
    const end: readonly unknown[] = await closed;
    assert.equal(end[0], 4401);
    assert.equal(await refusal(`${url}?access_token=${token}`), 401);

    const message = once(other, 'message');
    await new ApiClient(server.apiUrl(''), appToken).post('paths/message', { n: 1 });
    assert.match(String(await message), /"data":\{"n":1\}/u);
    other.terminate();
    assert.equal(server.log.includes(token), false);
  });
});

async function open(url: string): Promise<WebSocket> {
  const socket = new WebSocket(url);
  await once(socket, 'open');
  return socket;
}

/** Status of a refused handshake. */
async function refusal(url: string): Promise<number> {
  const socket = new WebSocket(url);
  socket.on('error', () => undefined);
  const received: readonly unknown[] = await once(socket, 'unexpected-response');
  const response = received[1];
  assert.ok(typeof response === 'object' && response !== null && 'statusCode' in response);
  return Number(response.statusCode);
}
