// Tests of what the index page is told: who sees which path, and in which state.
import assert from 'node:assert/strict';
import { basic, GUARDED_YML, HTML, openSite, OPEN_YML, OWNER, type Site } from './page-site.ts';
import { H264, OPUS, tracksOf } from './sample-stream.ts';

/** What paths.json tells, as far as tests look at it. */
async function overview(site: Site, headers?: Record<string, string>): Promise<unknown> {
  const reply = await site.get('/mediamtx-pro/paths.json', headers);
  assert.equal(reply.status, 200);
  assert.equal(reply.headers['cache-control'], 'no-store');
  const parsed: unknown = JSON.parse(reply.body);
  return parsed;
}

function pick(value: unknown, ...names: readonly string[]): unknown {
  assert(typeof value === 'object' && value !== null);
  const entries = Object.entries(value);
  return Object.fromEntries(entries.filter(([name]) => names.includes(name)));
}

function rowsOf(value: unknown): readonly unknown[] {
  assert(typeof value === 'object' && value !== null && 'paths' in value);
  assert(Array.isArray(value.paths));
  return value.paths;
}

describe('paths.json', () => {
  it('lists only what the visitor may watch', async () => {
    await using site = await openSite(GUARDED_YML);
    const names = async (headers?: Record<string, string>): Promise<unknown> =>
      rowsOf(await overview(site, headers)).map((row) => pick(row, 'name', 'canPublish'));
    assert.deepEqual(await names(), [{ name: 'public', canPublish: false }]);
    assert.deepEqual(await names(basic('guest', 'long-enough')), [
      { name: 'front_door', canPublish: false },
      { name: 'public', canPublish: false },
    ]);
    assert.deepEqual(await names(OWNER), [
      { name: 'front_door', canPublish: true },
      { name: 'garden', canPublish: true },
      { name: 'public', canPublish: true },
    ]);
  });

  it('hints at a login, and tells a refused one', async () => {
    await using site = await openSite(GUARDED_YML);
    const hints = async (headers?: Record<string, string>): Promise<unknown> =>
      pick(await overview(site, headers), 'isLoginNeeded', 'isRefused');
    assert.deepEqual(await hints(), { isLoginNeeded: true, isRefused: false });
    assert.deepEqual(await hints(OWNER), { isLoginNeeded: false, isRefused: false });
    const wrong = basic('owner', 'wrong');
    assert.deepEqual(await hints(wrong), { isLoginNeeded: true, isRefused: true });
  });

  it('counts wrong credentials once, however many paths there are', async () => {
    await using site = await openSite(GUARDED_YML);
    for (let attempt = 0; attempt < 4; attempt++) {
      await overview(site, basic('owner', `wrong ${attempt}`));
    }
    assert.equal((await site.get('/garden/', OWNER)).status, 200);
  });

  it('tells state, tracks and viewers of a live stream', async () => {
    await using site = await openSite(OPEN_YML);
    const { manager } = site;
    const grant = manager.grant('cam', { user: '' });
    const publisher = { id: 'p', type: 'rtspSession', onPathClosed: () => undefined };
    const lease = manager.publish(grant, { publisher, tracks: tracksOf(H264, OPUS) });
    manager.read(grant, { id: 'r', type: 'webRTCSession' });
    const [row] = rowsOf(await overview(site));
    assert.deepEqual(pick(row, 'name', 'state', 'tracks', 'readers', 'origin', 'failure'), {
      ...{ name: 'cam', state: 'live', tracks: ['H264', 'Opus stereo'], readers: 1 },
      ...{ origin: 'rtspSession', failure: null },
    });
    lease.close();
    const [after] = rowsOf(await overview(site));
    assert.deepEqual(pick(after, 'state', 'tracks', 'onlineAt'), {
      ...{ state: 'waiting', tracks: [], onlineAt: null },
    });
  });

  it('tells why a source fails, without its password', async () => {
    await using site = await openSite(`
authInternalUsers: [{ user: any, permissions: [{ action: read }] }]
paths:
  cam: { source: 'rtsp://admin:secret@192.0.2.1/stream' }
  lazy: { source: 'rtsp://admin:secret@192.0.2.1/stream', sourceOnDemand: yes }
`);
    const rows = rowsOf(await overview(site));
    assert.deepEqual(pick(rows[0], 'state', 'failure'), {
      state: 'failing',
      failure: 'no answer from rtsp://***@192.0.2.1/stream',
    });
    assert.deepEqual(pick(rows[1], 'state', 'failure'), { state: 'standby', failure: null });
  });

  it('offers a name to publish to only where names are free', async () => {
    await using free = await openSite(OPEN_YML, { rtspPort: 9554 });
    assert.deepEqual(pick(await overview(free), 'exampleName', 'rtspPort'), {
      ...{ exampleName: 'mystream', rtspPort: 9554 },
    });
    await using fixed = await openSite(GUARDED_YML, { rtspPort: null });
    assert.deepEqual(pick(await overview(fixed), 'exampleName', 'rtspPort'), {
      ...{ exampleName: null, rtspPort: null },
    });
  });
});

describe('login', () => {
  it('challenges, and leads back once the password is right', async () => {
    await using site = await openSite(GUARDED_YML);
    const first = await site.get('/mediamtx-pro/login', HTML);
    assert.equal(first.status, 401);
    assert.equal(first.headers['www-authenticate'], 'Basic realm="mediamtx"');
    const wrong = await site.get('/mediamtx-pro/login', { ...basic('owner', 'no'), ...HTML });
    assert.equal(wrong.status, 401);
    assert.equal(wrong.headers['www-authenticate'], 'Basic realm="mediamtx"');
    const right = await site.get('/mediamtx-pro/login', { ...OWNER, ...HTML });
    assert.deepEqual([right.status, right.headers.location], [302, '../']);
  });
});
