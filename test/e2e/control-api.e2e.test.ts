// Control API v3 of a running server: real clients in its lists, and changes that outlive a restart.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { systemClock } from '../../core/base/clock.ts';
import { silentLogger } from '../../core/base/logger.ts';
import { ConfigStore } from '../../core/config/config-store.ts';
import { loadConfig } from '../../core/config/load-config.ts';
import { MediaServer } from '../../core/server.ts';
import { OpenApiValidator } from '../support/openapi-validator.ts';
import { publishWithFfmpeg } from './support/ffmpeg-publisher.ts';
import { decodeWithFfmpeg } from './support/ffmpeg-reader.ts';
import { pollUntil } from './support/kit-call.ts';
import { runPythonClient } from './support/python-client.ts';
import { ServerProcess } from './support/server-process.ts';

const FILE = new URL('../../../shared/testdata/mediamtx/openapi-v3.yaml', import.meta.url);

const pathSchema = z.looseObject({
  readers: z.array(z.object({ type: z.string(), id: z.string() })),
  source: z.object({ type: z.string(), id: z.string() }).nullable(),
  inboundBytes: z.number(),
  outboundBytes: z.number(),
});

const pageSchema = z.object({
  itemCount: z.number(),
  pageCount: z.number(),
  items: z.array(z.looseObject({ id: z.string().optional(), state: z.string().optional() })),
});

interface Answer {
  readonly status: number;
  readonly json: unknown;
}

async function ask(url: string, method = 'GET', body?: object): Promise<Answer> {
  const sent = body === undefined ? {} : { body: JSON.stringify(body) };
  const reply = await fetch(url, { method, ...sent });
  return { status: reply.status, json: await reply.json() };
}

describe('Control API v3 of a running server', () => {
  if (!existsSync(FILE)) {
    it('shows real clients as the document says (shared testdata absent)');
  } else {
    it(
      'shows real clients as the document says, counts them when they are gone, and kicks',
      showsClients,
    );
  }
  it('keeps a change over a restart, with the comments, by one line of the file', keepsChange);
  it('forgets a change with persist=no at the restart', forgetsChange);
});

async function showsClients(): Promise<void> {
  const validator = new OpenApiValidator(parse(readFileSync(FILE, 'utf8')), {
    open: ['GlobalConf', 'PathConf'],
  });
  await using server = await ServerProcess.start({ settings: { api: true } });
  const get = async (operation: string, url: string): Promise<unknown> => {
    const { status, json } = await ask(server.apiUrl(url));
    assert.deepEqual([status, ...validator.faults(`GET ${operation}`, 200, json)], [200]);
    return json;
  };
  const path = async (): Promise<z.output<typeof pathSchema>> =>
    pathSchema.parse(await get('/v3/paths/get/{name}', '/v3/paths/get/site/cam'));
  const list = async (name: string): Promise<z.output<typeof pageSchema>> =>
    pageSchema.parse(await get(`/v3/${name}/list`, `/v3/${name}/list`));
  const url = server.rtspUrl('site/cam');
  await using publisher = await publishWithFfmpeg({ url, video: 'h264', audio: 'opus' });
  const viewers = Promise.all([
    runPythonClient('aiortc_whep', { url: server.whepUrl('site/cam'), seconds: 4 }),
    decodeWithFfmpeg({ url, durationSeconds: 4 }),
  ]);
  const watched = await pollUntil(path, ({ readers }) => readers.length === 2, 10_000);
  const types = watched.readers.map(({ type }) => type).sort();
  assert.deepEqual(types, ['rtspSession', 'webRTCSession']);
  const isUp = (page: z.output<typeof pageSchema>): boolean =>
    page.items[0]?.['peerConnectionEstablished'] === true;
  const { items } = await pollUntil(() => list('webrtcsessions'), isUp, 5000);
  const candidate = /^(?:host|prflx)\/(?:udp|tcp)\/[^/]+\/\d+$/u;
  assert.match(String(items[0]?.['localCandidate']), candidate);
  assert.match(String(items[0]?.['remoteCandidate']), candidate);
  const sessions = await list('rtspsessions');
  assert.deepEqual(sessions.items.map(({ state }) => state).sort(), ['publish', 'read']);
  for (const { id } of sessions.items) {
    await get('/v3/rtspsessions/get/{id}', `/v3/rtspsessions/get/${id ?? ''}`);
  }
  assert.equal((await list('rtspconns')).itemCount, 2);
  await get('/v3/paths/list', '/v3/paths/list');
  const during = await path();
  assert.ok(during.inboundBytes > 0 && during.outboundBytes > 0, JSON.stringify(during));
  await viewers;
  const after = await pollUntil(path, ({ readers }) => readers.length === 0, 10_000);
  assert.ok(after.outboundBytes > during.outboundBytes, JSON.stringify([during, after]));
  const kick = server.apiUrl(`/v3/rtspsessions/kick/${after.source?.id ?? ''}`);
  assert.deepEqual(await ask(kick, 'POST'), { status: 200, json: { status: 'ok' } });
  await pollUntil(
    () => Promise.resolve(publisher.exit),
    (exit) => exit !== undefined,
    10_000,
  );
  assert.equal((await ask(kick, 'POST')).status, 404);
}

const YML = `# The site
api: yes # for the dashboard
apiAddress: 127.0.0.1:0
rtsp: no
webrtc: no

paths:
  # at the door
  cam:
    source: rtsp://root:topsecret@192.0.2.1/live # east wall
    sourceOnDemand: yes
    maxReaders: 2 # enough
  all_others:
`;

/** A server on a file; its API's URL goes to `use`. */
async function withServer(filePath: string, use: (root: string) => Promise<void>): Promise<void> {
  const config = loadConfig({ filePath, env: {} });
  const components = { clock: systemClock, logger: silentLogger };
  const configStore = new ConfigStore(components, { config, env: {} });
  const server = new MediaServer({ ...components, configStore }, { config, searchPath: '' });
  try {
    await server.start();
    await server.openApi({ parts: [] });
    const url = server.listeners.find(({ name }) => name === 'API')?.url ?? '';
    await use(`${url}v3/config/paths`);
  } finally {
    await server.close();
  }
}

async function withFile(use: (filePath: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'mediamtx-pro-'));
  try {
    const filePath = join(folder, 'mediamtx.yml');
    await writeFile(filePath, YML);
    await use(filePath);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const maxReadersOf = async (root: string): Promise<unknown> =>
  z.looseObject({ maxReaders: z.number() }).parse((await ask(`${root}/get/cam`)).json).maxReaders;

function keepsChange(): Promise<void> {
  return withFile(async (filePath) => {
    await withServer(filePath, async (root) => {
      const change = { maxReaders: 7, source: 'rtsp://***@192.0.2.1/live' };
      const { status, json } = await ask(`${root}/patch/cam`, 'PATCH', change);
      assert.deepEqual([status, json], [200, { status: 'ok' }]);
      assert.equal(await maxReadersOf(root), 7);
    });
    const expected = YML.replace('maxReaders: 2 #', 'maxReaders: 7 #');
    assert.equal(await readFile(filePath, 'utf8'), expected);
    assert.equal(await readFile(`${filePath}.1`, 'utf8'), YML);
    await withServer(filePath, async (root) => assert.equal(await maxReadersOf(root), 7));
  });
}

function forgetsChange(): Promise<void> {
  return withFile(async (filePath) => {
    await withServer(filePath, async (root) => {
      await ask(`${root}/patch/cam?persist=no`, 'PATCH', { maxReaders: 7 });
      assert.equal(await maxReadersOf(root), 7);
    });
    assert.equal(await readFile(filePath, 'utf8'), YML);
    await withServer(filePath, async (root) => assert.equal(await maxReadersOf(root), 2));
  });
}
