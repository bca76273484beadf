// Control API v3: its document, who may use it, what its lists count and what its kicks do.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { MediaError } from '../../../core/base/media-error.ts';
import { controlApiOutline, openApiV3File } from '../../support/openapi-v3-file.ts';
import { OPENAPI_V3_FILE } from '../../support/tools/write-openapi-v3.ts';
import { FakeSession, RECORDED, serveControlApi } from './control-api-fixture.ts';

const item = (json: unknown): Record<string, unknown> => ({ ...(json as object) });

describe('Control API v3', () => {
  it('is what apidocs/openapi-v3.yaml says; test/support/tools/write-openapi-v3.ts writes it', () => {
    assert.equal(readFileSync(OPENAPI_V3_FILE, 'utf8'), openApiV3File());
  });

  it('has an operation id of its own for every endpoint', () => {
    const ids = controlApiOutline().map(({ operationId }) => operationId);
    assert.deepEqual([ids.length, new Set(ids).size], [49, 49]);
    assert.equal(ids.includes(undefined), false);
  });

  it('asks the gate for every endpoint, as action api', async () => {
    const asked: string[] = [];
    await using api = await serveControlApi({
      access: ({ action, method, urlPath }) => {
        asked.push(`${action} ${method} ${urlPath}`);
        const context = { hadCredentials: true };
        const denied = new MediaError('unauthenticated', 'denied', 'authentication error', {
          context,
        });
        return Promise.reject(denied);
      },
    });
    for (const { method, path } of controlApiOutline()) {
      const url = path.replace(':id', '1').replace('*name', 'x');
      const { status, json } = await api.ask(`${method} ${url}`);
      assert.deepEqual([status, json], [401, { status: 'error', error: 'authentication error' }]);
      assert.equal(asked.at(-1), `api ${method} ${url}`);
    }
  });

  it('kicks a session of the kind that was asked for, and no other', async () => {
    await using api = await serveControlApi();
    const session = new FakeSession('rtspSession', 'read');
    api.sessions.add(session);
    const wrong = await api.ask(`POST /v3/webrtcsessions/kick/${session.id}`);
    assert.deepEqual([wrong.status, session.closedFor], [404, undefined]);
    const right = await api.ask(`POST /v3/rtspsessions/kick/${session.id.toUpperCase()}`);
    assert.deepEqual([right.status, right.json], [200, { status: 'ok' }]);
    assert.equal(session.closedFor?.code, 'session-kicked');
  });

  it('shows the connections of a session', async () => {
    await using api = await serveControlApi();
    const session = new FakeSession('rtspSession', 'read');
    api.sessions.add(session);
    const connection = { createdAt: 0, remoteAddress: '', isEncrypted: false };
    const bytes = { inboundBytes: 1, outboundBytes: 2 };
    api.connections.push({ id: 'c1', session: session.id, ...connection, ...bytes });
    api.connections.push({ id: 'c2', session: undefined, ...connection, ...bytes });
    const { json } = await api.ask(`GET /v3/rtspsessions/get/${session.id}`);
    assert.deepEqual(item(json)['conns'], ['c1']);
  });

  it('counts what readers were sent after they left, and what streams brought after they ended', async () => {
    await using api = await serveControlApi();
    const endStream = api.publish('cam');
    const [viewer, left] = [
      new FakeSession('rtspSession', 'read'),
      new FakeSession('rtspSession', 'read'),
    ];
    const grant = api.manager.grant('cam', { user: '' });
    for (const session of [viewer, left]) api.sessions.add(session);
    const lease = api.manager.read(grant, left);
    api.manager.read(grant, viewer);
    viewer.counters = { outboundBytes: 7 };
    left.counters = { outboundBytes: 1000 };
    const sent = async (): Promise<unknown> =>
      item((await api.ask('GET /v3/paths/get/cam')).json)['outboundBytes'];
    assert.equal(await sent(), 1007);
    lease.close(1000);
    api.sessions.remove(left);
    assert.equal(await sent(), 1007);
    const path = api.manager.get('cam');
    const track = path?.stream?.tracks[0];
    if (track) track.stats.bytesReceived = 55;
    endStream();
    await path?.close(new MediaError('canceled', 'test', 'test'));
    assert.equal(path?.traffic.totals(path.stream).inboundBytes, 55);
  });

  it('lists recordings of every path, by name, with the start of each file', async () => {
    await using api = await serveControlApi();
    const segments = RECORDED.map((at) => ({ start: new Date(at).toISOString() }));
    const { json } = await api.ask('GET /v3/recordings/list');
    const items = ['cam', 'gone'].map((name) => ({ name, segments }));
    assert.deepEqual(json, { itemCount: 2, pageCount: 1, items });
  });

  it('finds a file to delete by its start in any spelling of RFC 3339', async () => {
    await using api = await serveControlApi();
    const remove = async (start: string): Promise<number> => {
      const query = `path=cam&start=${encodeURIComponent(start)}`;
      return (await api.ask(`DELETE /v3/recordings/deletesegment?${query}`)).status;
    };
    assert.equal(await remove('2026-01-02T05:04:05.678000+02:00'), 200);
    assert.equal(await remove('2026-01-02T03:04:05.678Z'), 200);
    assert.equal(await remove('2026-01-02T03:04:05.679Z'), 400);
    assert.equal(await remove('2026-13-02T03:04:05Z'), 400);
    assert.equal(await remove('1767323045678'), 400);
    assert.deepEqual(api.deleted, [`cam ${RECORDED[0]}`, `cam ${RECORDED[0]}`]);
  });

  it('forgets the keys of tokens when it is asked to', async () => {
    await using api = await serveControlApi();
    await api.ask('POST /v3/auth/jwks/refresh');
    assert.deepEqual(api.deleted, ['keys']);
  });
});
