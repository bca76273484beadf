// Control API v3 against the peer's own description of it: every operation, every answer, every failure.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { OpenApiValidator } from '../../support/openapi-validator.ts';
import { FakeSession, serveControlApi, type ControlApiFixture } from './control-api-fixture.ts';

const FILE = new URL('../../../../shared/testdata/mediamtx/openapi-v3.yaml', import.meta.url);

const UNKNOWN = '00000000-0000-4000-8000-000000000000';
const FORWARD = '11111111-1111-4111-8111-111111111111';

/** Collections that are known by UUID. */
const ID_COLLECTIONS = [
  ...['rtspconns', 'rtspsconns', 'rtspsessions', 'rtspssessions', 'webrtcsessions'],
  ...['hlssessions', 'rtmpconns', 'rtmpsconns', 'srtconns', 'moqsessions'],
];

const YML = `
authInternalUsers: [{user: op, pass: hidden, permissions: [{action: api}]}]
webrtcICEServers2: [{url: "turn:192.0.2.1", username: u, password: hidden}]
paths:
  cam:
  second:
  other: {source: "rtsp://u:hidden@192.0.2.1/x", sourceOnDemand: yes, forward: [{dest: "rtsp://192.0.2.2/x"}]}
  ~^cam(\\d+)$: {alwaysAvailableTracks: [{codec: G711, sampleRate: 8000, channelCount: 1}]}
`;

async function fill(api: ControlApiFixture): Promise<ReadonlyMap<string, string>> {
  api.publish('cam');
  const types = ['rtspSession', 'rtspsSession', 'webRTCSession'];
  const sessions = types.flatMap((type) => [
    new FakeSession(type, 'read'),
    new FakeSession(type, 'publish'),
    ...(type === 'webRTCSession' ? [] : [new FakeSession(type, 'idle')]),
  ]);
  for (const session of sessions) {
    api.sessions.add(session);
    if (session.type === 'webRTCSession') continue;
    api.connections.push({
      id: session.id,
      createdAt: 0,
      remoteAddress: '192.0.2.7:50000',
      session: session.state === 'idle' ? undefined : session.id,
      isEncrypted: session.type === 'rtspsSession',
      ...{ inboundBytes: 1, outboundBytes: 2 },
    });
  }
  api.manager.read(api.manager.grant('cam', { user: '' }), {
    id: sessions[0]?.id ?? '',
    type: 'rtspSession',
  });
  const conf = { dest: 'rtsp://192.0.2.2/x', destFingerprint: '', whipBearerToken: '' };
  const times = { id: FORWARD, pos: 0, created: '2026-01-01T00:00:00.000Z' };
  const progress = { state: 'idle', lastError: '', outboundBytes: 0 } as const;
  api.forwards.push({ ...times, conf, protocol: 'rtsp', ...progress });
  await Promise.resolve();
  return new Map(sessions.map(({ type, id }) => [type, id]));
}

/** What answers 200, by operation; in the order of asking. */
function requests(
  ids: ReadonlyMap<string, string>,
): readonly (readonly [string, string, object?])[] {
  const id = (type: string): string => ids.get(type) ?? '';
  const sessions = [
    ['rtspsessions', 'rtspSession'],
    ['rtspssessions', 'rtspsSession'],
    ['webrtcsessions', 'webRTCSession'],
  ] as const;
  return [
    ['GET /v3/info', '/v3/info'],
    ['POST /v3/auth/jwks/refresh', '/v3/auth/jwks/refresh'],
    ['GET /v3/config/global/get', '/v3/config/global/get'],
    ['PATCH /v3/config/global/patch', '/v3/config/global/patch', { logLevel: 'debug' }],
    ['GET /v3/config/pathdefaults/get', '/v3/config/pathdefaults/get'],
    ['PATCH /v3/config/pathdefaults/patch', '/v3/config/pathdefaults/patch', { maxReaders: 5 }],
    ['GET /v3/config/paths/list', '/v3/config/paths/list'],
    ['GET /v3/config/paths/get/{name}', '/v3/config/paths/get/other'],
    ['POST /v3/config/paths/add/{name}', '/v3/config/paths/add/a/b', { maxReaders: 1 }],
    ['PATCH /v3/config/paths/patch/{name}', '/v3/config/paths/patch/a/b', { maxReaders: 2 }],
    ['POST /v3/config/paths/replace/{name}', '/v3/config/paths/replace/a/b', {}],
    ['DELETE /v3/config/paths/delete/{name}', '/v3/config/paths/delete/a/b'],
    ['GET /v3/paths/list', '/v3/paths/list'],
    ['GET /v3/paths/get/{name}', '/v3/paths/get/cam'],
    ['GET /v3/paths/forward/list', '/v3/paths/forward/list?path=cam'],
    ['GET /v3/paths/forward/get', `/v3/paths/forward/get?path=cam&id=${FORWARD}`],
    ['GET /v3/hlsmuxers/list', '/v3/hlsmuxers/list'],
    ...ID_COLLECTIONS.map((name) => [`GET /v3/${name}/list`, `/v3/${name}/list`] as const),
    ...sessions.map(
      ([name, type]) => [`GET /v3/${name}/get/{id}`, `/v3/${name}/get/${id(type)}`] as const,
    ),
    ['GET /v3/rtspconns/get/{id}', `/v3/rtspconns/get/${id('rtspSession')}`],
    ['GET /v3/rtspsconns/get/{id}', `/v3/rtspsconns/get/${id('rtspsSession')}`],
    ...sessions.map(
      ([name, type]) => [`POST /v3/${name}/kick/{id}`, `/v3/${name}/kick/${id(type)}`] as const,
    ),
    ['GET /v3/recordings/list', '/v3/recordings/list'],
    ['GET /v3/recordings/get/{name}', '/v3/recordings/get/cam'],
    [
      'DELETE /v3/recordings/deletesegment',
      '/v3/recordings/deletesegment?path=cam&start=2026-01-02T03:04:05.678Z',
    ],
  ];
}

/** What answers 400 and 404, by operation. */
const FAILURES: readonly (readonly [number, string, string, (object | string)?])[] = [
  [400, 'PATCH /v3/config/global/patch', '/v3/config/global/patch', { nope: 1 }],
  [400, 'PATCH /v3/config/global/patch', '/v3/config/global/patch', '{'],
  [400, 'PATCH /v3/config/global/patch', '/v3/config/global/patch', { paths: {} }],
  [400, 'PATCH /v3/config/pathdefaults/patch', '/v3/config/pathdefaults/patch', { source: 7 }],
  [400, 'POST /v3/config/paths/add/{name}', '/v3/config/paths/add/cam', {}],
  [400, 'POST /v3/config/paths/add/{name}', '/v3/config/paths/add/new', { source: 'nope://x' }],
  [400, 'POST /v3/config/paths/add/{name}', '/v3/config/paths/add/__proto__', {}],
  [400, 'PATCH /v3/config/paths/patch/{name}', '/v3/config/paths/patch/cam', { nope: 1 }],
  [400, 'POST /v3/config/paths/replace/{name}', '/v3/config/paths/replace/cam', []],
  [404, 'GET /v3/config/paths/get/{name}', '/v3/config/paths/get/nobody'],
  [404, 'PATCH /v3/config/paths/patch/{name}', '/v3/config/paths/patch/nobody', {}],
  [404, 'DELETE /v3/config/paths/delete/{name}', '/v3/config/paths/delete/nobody'],
  [404, 'GET /v3/paths/get/{name}', '/v3/paths/get/nobody'],
  [404, 'GET /v3/paths/forward/list', '/v3/paths/forward/list?path=nobody'],
  [400, 'GET /v3/paths/forward/list', '/v3/paths/forward/list'],
  [404, 'GET /v3/paths/forward/get', `/v3/paths/forward/get?path=cam&id=${UNKNOWN}`],
  [400, 'GET /v3/paths/forward/get', '/v3/paths/forward/get?path=cam&id=x'],
  [404, 'GET /v3/hlsmuxers/get/{name}', '/v3/hlsmuxers/get/a/b'],
  [404, 'GET /v3/recordings/get/{name}', '/v3/recordings/get/nobody'],
  [400, 'GET /v3/recordings/get/{name}', '/v3/recordings/get/%2e%2e%2fetc'],
  [400, 'DELETE /v3/recordings/deletesegment', '/v3/recordings/deletesegment?path=cam&start=x'],
  [400, 'DELETE /v3/recordings/deletesegment', '/v3/recordings/deletesegment?path=cam'],
  ...['config/paths', 'paths', 'recordings', 'hlsmuxers', ...ID_COLLECTIONS].map(
    (name) => [400, `GET /v3/${name}/list`, `/v3/${name}/list?page=-1`] as const,
  ),
  ...ID_COLLECTIONS.flatMap((name) => [
    [404, `GET /v3/${name}/get/{id}`, `/v3/${name}/get/${UNKNOWN}`] as const,
    [400, `GET /v3/${name}/get/{id}`, `/v3/${name}/get/nobody`] as const,
    ...(name.endsWith('conns') && name.startsWith('rtsp')
      ? []
      : [[404, `POST /v3/${name}/kick/{id}`, `/v3/${name}/kick/${UNKNOWN}`] as const]),
  ]),
];

describe("Control API v3 and the peer's OpenAPI document", () => {
  if (!existsSync(FILE)) {
    it('agree (shared testdata absent)');
    return;
  }
  const document: unknown = parse(readFileSync(FILE, 'utf8'));
  const validator = new OpenApiValidator(document, { open: ['GlobalConf', 'PathConf'] });

  it('agree about every success', async () => {
    await using api = await serveControlApi({ yml: YML });
    const asked = new Set<string>();
    for (const [operation, url, body] of requests(await fill(api))) {
      const { status, json } = await api.ask(`${operation.split(' ')[0] ?? ''} ${url}`, body);
      assert.equal(status, 200, `${operation}: ${JSON.stringify(json)}`);
      assert.deepEqual(validator.faults(operation, 200, json), [], operation);
      asked.add(operation);
    }
    const failing = new Set(FAILURES.map(([, operation]) => operation));
    const forgotten = [...validator.operations.keys()].filter(
      (operation) => !asked.has(operation) && !failing.has(operation),
    );
    assert.deepEqual(forgotten, []);
  });

  it('agree about every failure', async () => {
    await using api = await serveControlApi({ yml: YML });
    await fill(api);
    for (const [expected, operation, url, body] of FAILURES) {
      const { status, json } = await api.ask(`${operation.split(' ')[0] ?? ''} ${url}`, body);
      assert.equal(status, expected, `${operation} ${url}: ${JSON.stringify(json)}`);
      assert.deepEqual(validator.faults(operation, expected, json), [], `${operation} ${url}`);
    }
  });

  it('show lists that are not empty', async () => {
    await using api = await serveControlApi({ yml: YML });
    await fill(api);
    for (const name of ['paths', 'rtspsessions', 'rtspssessions', 'rtspconns', 'webrtcsessions']) {
      const { json } = await api.ask(`GET /v3/${name}/list?itemsPerPage=1`);
      const page = { itemCount: 0, pageCount: 0, items: [], ...(json as object) };
      assert.ok(page.itemCount > 1 && page.pageCount > 1 && page.items.length === 1, name);
    }
  });

  it('never show a secret', async () => {
    await using api = await serveControlApi({ yml: YML });
    await fill(api);
    for (const [operation, url] of requests(new Map())) {
      if (!operation.startsWith('GET')) continue;
      assert.doesNotMatch(JSON.stringify(await api.ask(`GET ${url}`)), /hidden/u, operation);
    }
  });
});

describe('OpenApiValidator', () => {
  const schema = { type: 'object', properties: { a: { type: 'string' } } };
  const content = { content: { 'application/json': { schema } } };
  const validator = new OpenApiValidator({
    paths: { '/x': { get: { responses: { 200: content } } } },
  });

  it('finds what is missing, too much, null or of another type', () => {
    const faults = (body: unknown): readonly string[] => validator.faults('GET /x', 200, body);
    assert.deepEqual(faults({ a: 'x' }), []);
    assert.deepEqual(faults({}), ['$.a is missing']);
    assert.deepEqual(faults({ a: 'x', b: 1 }), ['$.b is not in the document']);
    assert.deepEqual(faults({ a: null }), ['$.a is null']);
    assert.deepEqual(faults({ a: 1 }), ['$.a is 1, not string']);
    assert.deepEqual(validator.faults('GET /x', 404, {}), ['GET /x: 404 is not in the document']);
  });
});
