// The configuration over Control API v3: what may be changed, what is written, what stays secret.
import assert from 'node:assert/strict';
import { ConfigRegistry } from '../../../core/config/config-registry.ts';
import { key } from '../../../core/config/config-key.ts';
import { secretText } from '../../../core/config/value-schemas.ts';
import { serveControlApi, type ControlApiFixture } from './control-api-fixture.ts';

const YML = `# My cameras
logLevel: info # how much
authInternalUsers:
  - user: op
    pass: "keepme"
    permissions: [{ action: api }]
paths:
  # at the door
  cam:
    source: rtsp://root:topsecret@192.0.2.1/live # east
    sourceOnDemand: yes
  all_others:
`;

const ROOT = '/v3/config';

const serve = (yml = YML): Promise<ControlApiFixture> => serveControlApi({ yml });

const get = async (api: ControlApiFixture, url: string): Promise<Record<string, unknown>> => ({
  ...((await api.ask(`GET ${ROOT}/${url}`)).json as object),
});

/** Lines that are in one text only. */
function changedLines(before: string, after: string): readonly string[] {
  const [old, now] = [before.split('\n'), after.split('\n')];
  return [
    ...old.filter((line) => !now.includes(line)).map((line) => `-${line}`),
    ...now.filter((line) => !old.includes(line)).map((line) => `+${line}`),
  ];
}

const DONE = { status: 200, json: { status: 'ok' } };

describe('PATCH /v3/config', () => {
  it('changes one line of the file and keeps the comments', async () => {
    await using api = await serve();
    assert.deepEqual(await api.ask(`PATCH ${ROOT}/global/patch`, { logLevel: 'debug' }), DONE);
    assert.deepEqual(changedLines(YML, api.configuration.text), [
      '-logLevel: info # how much',
      '+logLevel: debug # how much',
    ]);
    assert.equal((await get(api, 'global/get'))['logLevel'], 'debug');
  });

  it('leaves the file alone with persist=no', async () => {
    await using api = await serve();
    const target = `PATCH ${ROOT}/paths/patch/cam?persist=no`;
    assert.deepEqual(await api.ask(target, { maxReaders: 3 }), DONE);
    assert.equal(api.configuration.text, YML);
    assert.equal((await get(api, 'paths/get/cam'))['maxReaders'], 3);
  });

  it('takes a list of sources beside the one that was there, its password kept', async () => {
    await using api = await serve();
    const source = ['rtsp://***@192.0.2.1/live', 'rtsp://192.0.2.2/live'];
    assert.deepEqual(await api.ask(`PATCH ${ROOT}/paths/patch/cam`, { source }), DONE);
    assert.deepEqual((await get(api, 'paths/get/cam'))['source'], source);
    assert.match(api.configuration.text, /root:topsecret@192\.0\.2\.1/u);
    const [, second] = source;
    assert.deepEqual(await api.ask(`PATCH ${ROOT}/paths/patch/cam`, { source: second }), DONE);
    assert.equal((await get(api, 'paths/get/cam'))['source'], second);
  });

  it('refuses another word for persist', async () => {
    await using api = await serve();
    assert.equal((await api.ask(`PATCH ${ROOT}/global/patch?persist=maybe`, {})).status, 400);
  });

  it('takes null for a key as not given, old keys included', async () => {
    await using api = await serve();
    const body = { logLevel: null, readBufferCount: null, rtspDisable: null };
    assert.deepEqual(await api.ask(`PATCH ${ROOT}/global/patch`, body), DONE);
    assert.equal(api.configuration.text, YML);
  });

  it('takes what it shows, whole, and changes nothing by it', async () => {
    await using api = await serve();
    const before = [await get(api, 'global/get'), await get(api, 'paths/get/cam')];
    for (const [url, body] of [
      ['global/patch', before[0]],
      ['paths/patch/cam', before[1]],
    ] as const) {
      const { status, json } = await api.ask(`PATCH ${ROOT}/${url}?persist=no`, body);
      assert.equal(status, 200, JSON.stringify(json));
    }
    assert.deepEqual([await get(api, 'global/get'), await get(api, 'paths/get/cam')], before);
    const { global, paths } = api.configuration.current();
    assert.equal(global.authInternalUsers[0]?.pass, 'keepme');
    assert.equal(paths.get('cam')?.source, 'rtsp://root:topsecret@192.0.2.1/live');
  });

  it('writes what was changed of a whole section that is sent back, and nothing else', async () => {
    await using api = await serve();
    const global = await get(api, 'global/get');
    const cam = await get(api, 'paths/get/cam');
    await api.ask(`PATCH ${ROOT}/global/patch`, { ...global, logLevel: 'warn' });
    await api.ask(`PATCH ${ROOT}/paths/patch/cam`, { ...cam, sourceOnDemand: false });
    assert.deepEqual(changedLines(YML, api.configuration.text), [
      '-logLevel: info # how much',
      '-    sourceOnDemand: yes',
      '+logLevel: warn # how much',
      '+    sourceOnDemand: false',
    ]);
    await api.ask(`POST ${ROOT}/paths/add/copy`, { ...(await get(api, 'pathdefaults/get')) });
    assert.match(api.configuration.text, /^ {2}copy: (?:\{\}|)$/mu);
  });

  it('saves a value that was in force without being saved', async () => {
    await using api = await serve();
    await api.ask(`PATCH ${ROOT}/global/patch?persist=no`, { logLevel: 'debug' });
    await api.ask(`PATCH ${ROOT}/global/patch`, { logLevel: 'debug' });
    assert.match(api.configuration.text, /^logLevel: debug # how much$/mu);
  });

  it('moves old keys to their new names', async () => {
    await using api = await serve();
    const body = { readBufferCount: 1024, rtspDisable: true, record: true };
    assert.deepEqual(await api.ask(`PATCH ${ROOT}/global/patch`, body), DONE);
    const { global, pathDefaults } = api.configuration.current();
    assert.deepEqual(
      [global.writeQueueSize, global.rtsp, pathDefaults.record],
      [1024, false, true],
    );
  });

  for (const [body, text] of [
    [{ logLevel: 'loud' }, /request body: logLevel: must be one of/u],
    [{ nope: null }, /unknown field "nope"/u],
    [{ logLevell: 'info' }, /did you mean "logLevel"/u],
    [{ pathDefaults: {} }, /unknown field "pathDefaults"/u],
    [{ authInternalUsers: [{ user: 'x', passs: 'y' }] }, /authInternalUsers\[0\]\.passs/u],
    [{ readTimeout: 10 }, /readTimeout: must be a duration/u],
    [{ writeQueueSize: 3 }, /'writeQueueSize' must be a power of two/u],
    ['{"__proto__": {"logLevel": "debug"}}', /unknown field "__proto__"/u],
    ['[]', /must be an object/u],
    ['null', /must be an object/u],
  ] as const) {
    it(`refuses ${JSON.stringify(body)} and changes nothing`, async () => {
      await using api = await serve();
      const { status, json } = await api.ask(`PATCH ${ROOT}/global/patch`, body);
      assert.equal(status, 400);
      assert.match(JSON.stringify(json).replaceAll('\\"', '"'), text);
      assert.equal(api.configuration.text, YML);
    });
  }
});

describe('secrets over /v3/config', () => {
  it('are hidden, and stay when they come back hidden', async () => {
    await using api = await serve();
    const { source } = await get(api, 'paths/get/cam');
    assert.equal(source, 'rtsp://***@192.0.2.1/live');
    await api.ask(`PATCH ${ROOT}/paths/patch/cam`, { source, maxReaders: 2 });
    const { authInternalUsers } = await get(api, 'global/get');
    await api.ask(`PATCH ${ROOT}/global/patch`, { authInternalUsers });
    const { global, paths } = api.configuration.current();
    assert.equal(paths.get('cam')?.source, 'rtsp://root:topsecret@192.0.2.1/live');
    assert.equal(global.authInternalUsers[0]?.pass, 'keepme');
  });

  it('are never given to another server', async () => {
    await using api = await serve();
    const body = { source: 'rtsp://***@192.0.2.66/live' };
    const { status, json } = await api.ask(`PATCH ${ROOT}/paths/patch/cam`, body);
    assert.equal(status, 400);
    assert.match(JSON.stringify(json), /stands for a secret/u);
    assert.equal(api.configuration.text, YML);
  });

  it('of outer layers are hidden too', async () => {
    const registry = new ConfigRegistry();
    registry.addGlobalKey('appsecret', key(secretText, '', 'Secret.'));
    await using api = await serveControlApi({ yml: 'appsecret: hush\n', registry });
    assert.equal((await get(api, 'global/get'))['appsecret'], '***');
    assert.deepEqual(await api.ask(`PATCH ${ROOT}/global/patch`, { appsecret: 'other' }), DONE);
    assert.equal(api.configuration.text, 'appsecret: other\n');
  });
});

describe('/v3/config/paths', () => {
  it('adds, shows, replaces and deletes a path whose name has slashes', async () => {
    await using api = await serve();
    const paths = `${ROOT}/paths`;
    const url = 'rtsp://192.0.2.9/x';
    assert.deepEqual(await api.ask(`POST ${paths}/add/site/one`, { source: url }), DONE);
    assert.equal((await get(api, 'paths/get/site/one'))['name'], 'site/one');
    const again = await api.ask(`POST ${paths}/add/site/one`, {});
    assert.deepEqual(
      [again.status, again.json],
      [400, { status: 'error', error: 'path already exists' }],
    );
    assert.deepEqual(await api.ask(`POST ${paths}/replace/site/one`, { maxReaders: 4 }), DONE);
    const replaced = await get(api, 'paths/get/site/one');
    assert.deepEqual([replaced['source'], replaced['maxReaders']], ['publisher', 4]);
    assert.deepEqual(await api.ask(`DELETE ${paths}/delete/site/one`), DONE);
    assert.equal((await api.ask(`DELETE ${paths}/delete/site/one`)).status, 404);
    assert.equal(api.configuration.text, YML);
  });

  it('adds, shows, changes and deletes a path whose name is a regular expression', async () => {
    await using api = await serve();
    const paths = `${ROOT}/paths`;
    const name = String.raw`~^cam(\d+)/(low|high\.x)$`;
    const encoded = encodeURIComponent(name);
    assert.deepEqual(await api.ask(`POST ${paths}/add/${encoded}`, { maxReaders: 4 }), DONE);
    assert.equal((await get(api, `paths/get/${encoded}`))['name'], name);
    assert.deepEqual(await api.ask(`PATCH ${paths}/patch/${encoded}`, { maxReaders: 5 }), DONE);
    assert.match(api.configuration.text, /maxReaders: 5/u);
    assert.deepEqual(await api.ask(`DELETE ${paths}/delete/${encoded}`), DONE);
    assert.equal(api.configuration.text, YML);
  });

  it('lists entries by name, with the values that they inherit', async () => {
    await using api = await serve(`pathDefaults: { maxReaders: 9 }\n${YML}`);
    const { items } = await get(api, 'paths/list');
    assert.deepEqual(
      (items as readonly Record<string, unknown>[]).map(({ name, maxReaders }) => [
        name,
        maxReaders,
      ]),
      [
        ['all_others', 9],
        ['cam', 9],
      ],
    );
  });

  it('never renames a path', async () => {
    await using api = await serve();
    const same = await api.ask(`PATCH ${ROOT}/paths/patch/cam`, { name: 'cam' });
    const other = await api.ask(`PATCH ${ROOT}/paths/patch/cam`, { name: 'door' });
    assert.deepEqual([same.status, other.status], [200, 400]);
  });

  for (const name of [
    '__proto__',
    'constructor',
    '%2e%2e/x',
    'a//b',
    '~(',
    'x%20y',
    'x%00',
    '..%5Cx',
  ]) {
    it(`refuses to add '${name}'`, async () => {
      await using api = await serve();
      const { status } = await api.ask(`POST ${ROOT}/paths/add/${name}`, {});
      assert.ok(status === 400 || status === 404, String(status));
      assert.equal(api.configuration.text, YML);
    });
  }
});
