// The API listener: parts of several layers on one port.
import assert from 'node:assert/strict';
import { ApiServer, type ApiParts } from '../../../core/api/api-server.ts';
import { systemClock } from '../../../core/base/clock.ts';
import { MediaError } from '../../../core/base/media-error.ts';
import type { GlobalConfig } from '../../../core/config/config.ts';
import { loadConfig } from '../../../core/config/load-config.ts';
import { jsonReply } from '../../../core/http/http-reply.ts';
import { httpRequest } from '../../support/http-client.ts';
import { RecordingLogger } from '../../support/recording-logger.ts';

const configOf = (text: string): GlobalConfig => loadConfig({ text, env: {} }).global;
const LOCAL = 'apiAddress: 127.0.0.1:0';

const part = (pattern: string, answer: string, isPublic = true): ApiParts => ({
  routes: [
    {
      methods: ['GET'],
      pattern,
      access: isPublic ? { type: 'public', reason: 'test' } : { type: 'action', action: 'api' },
      action: () => jsonReply({ answer }),
    },
  ],
});

async function startApi(parts: readonly ApiParts[], yml = LOCAL): Promise<ApiServer> {
  const access = (): Promise<{ user: string }> =>
    Promise.reject(new MediaError('permission-denied', 'denied', 'not you'));
  const logger = new RecordingLogger();
  const server = new ApiServer({ clock: systemClock, logger, access, parts }, configOf(yml));
  await server.start();
  return server;
}

describe('ApiServer', () => {
  it('serves the routes of every part and asks the gate for protected ones', async () => {
    await using server = await startApi([part('/a', 'first'), part('/b', 'second', false)]);
    const { port } = server.address;
    const open = await httpRequest({ port, path: '/a' });
    assert.deepEqual([open.status, JSON.parse(open.body)], [200, { answer: 'first' }]);
    assert.match(String(open.headers['access-control-expose-headers']), /ETag, ID/u);
    assert.equal((await httpRequest({ port, path: '/b' })).status, 403);
    assert.equal((await httpRequest({ port, path: '/c' })).status, 404);
  });

  it('tells of unknown paths as the part does that they would belong to', async () => {
    const errors = { below: '/x/', envelope: ({ text }: { text: string }) => ({ why: text }) };
    await using server = await startApi([{ ...part('/x/a', 'first'), errors }, part('/b', '2')]);
    const { port } = server.address;
    const own = await httpRequest({ port, path: '/x/none' });
    assert.equal(own.status, 404);
    assert.match(own.body, /^\{"why":/u);
    assert.match((await httpRequest({ port, path: '/none' })).body, /^\{"status":"error"/u);
  });

  it('refuses parts that claim the same route', () => {
    const components = {
      clock: systemClock,
      logger: new RecordingLogger(),
      access: () => Promise.resolve({ user: '' }),
      parts: [part('/a', 'first'), part('/a', 'second')],
    };
    assert.throws(() => new ApiServer(components, configOf(LOCAL)), { code: 'duplicate-route' });
  });

  it('answers only the origins of apiAllowOrigins', async () => {
    const yml = `${LOCAL}\napiAllowOrigins: [https://board.example]`;
    await using server = await startApi([part('/a', 'first')], yml);
    const { port } = server.address;
    const ask = async (origin: string): Promise<unknown> =>
      (await httpRequest({ port, path: '/a', headers: { origin } })).headers[
        'access-control-allow-origin'
      ];
    assert.equal(await ask('https://board.example'), 'https://board.example');
    assert.equal(await ask('https://evil.example'), undefined);
  });

  it('names the key of an address that is taken', async () => {
    await using server = await startApi([part('/a', 'first')]);
    const taken = `apiAddress: 127.0.0.1:${server.address.port}`;
    await assert.rejects(startApi([part('/a', 'again')], taken), {
      code: 'address-in-use',
      message: /apiAddress/u,
    });
  });
});
