// Hooks with the whole server: ffmpeg publishes and reads, commands write down what they were given.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { publishWithFfmpeg } from './support/ffmpeg-publisher.ts';
import { probeWithFfprobe } from './support/ffmpeg-reader.ts';
import { HookDiary } from './support/hook-diary.ts';
import { ServerProcess } from './support/server-process.ts';

/** A shell would create files of it; as arguments it would be several. */
const QUERY = `a=it's;$(touch$IFS\`pwned\`)%20"&b=1|2`;
const FOLDER = `it's $(touch pwned); "all" of it`;
const PATH_HOOKS = [
  ...['runOnAvailable', 'runOnUnavailable', 'runOnOnline', 'runOnOffline', 'runOnRead'],
  ...['runOnUnread', 'runOnRecordSegmentCreate', 'runOnRecordSegmentComplete'],
];
const PUBLISH =
  'ffmpeg -loglevel error -re -f lavfi -i testsrc=size=160x120:rate=25 -c:v libx264 ' +
  '-preset ultrafast -tune zerolatency -g 25 -pix_fmt yuv420p -f rtsp -rtsp_transport tcp ' +
  'rtsp://127.0.0.1:$RTSP_PORT/$MTX_PATH';

describe('hooks', () => {
  let folder = '';
  let diary: HookDiary;
  let server: ServerProcess;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hooks-'));
    diary = new HookDiary(join(folder, 'diary.jsonl'));
    const { runOnRead = '', ...others } = diary.commands(PATH_HOOKS);
    server = await ServerProcess.start({
      ...{ folder, env: { MTX_READTIMEOUT: '9s' } },
      settings: diary.commands(['runOnConnect', 'runOnDisconnect']),
      paths: {
        '~^cam_(.+)_(.+)$': {
          ...{ ...others, runOnRead: `${runOnRead} $MTX_QUERY [$G2]`, record: true },
          recordPath: `./${FOLDER}/%path/%Y-%m-%d_%H-%M-%S-%f`,
        },
        '~^wanted_(.+)$': {
          ...{ runOnDemand: PUBLISH, runOnUnDemand: diary.command('runOnUnDemand') },
          runOnDemandCloseAfter: '100ms',
        },
        fixed: { runOnInit: diary.command('runOnInit') },
      },
    });
  });

  after(async () => {
    await server.stop();
    await rm(folder, { recursive: true });
  });

  it('run once each, with what belongs to them in their environment alone', async () => {
    const url = server.rtspUrl(`cam_a_b?${QUERY}`);
    await using publisher = await publishWithFfmpeg({ url });
    await diary.find('runOnRecordSegmentCreate');
    await diary.find('runOnOnline');
    await probeWithFfprobe({ url, durationSeconds: 1 });
    await diary.find('runOnUnread');
    await publisher.stop('SIGINT');
    for (const hook of PATH_HOOKS) await diary.find(hook);
    const entries = await diary.entries();
    const counts = PATH_HOOKS.map((hook) => entries.filter((entry) => entry.hook === hook).length);
    assert.deepEqual(new Set(counts), new Set([1]));
    const path = {
      ...{ MTX_PATH: 'cam_a_b', RTSP_PATH: 'cam_a_b', RTSP_PORT: String(server.ports.rtsp) },
      ...{ G1: 'a', G2: 'b' },
    };
    for (const { hook, env } of entries.filter((entry) => PATH_HOOKS.includes(entry.hook))) {
      const known = Object.fromEntries(Object.keys(path).map((name) => [name, env[name]]));
      assert.deepEqual(known, path, hook);
      assert.equal(env['MTX_READTIMEOUT'], undefined, 'configuration is nobody else’s business');
    }
  });

  it('give a source its kind and identity, the same at its beginning and end', async () => {
    const { env } = await diary.find('runOnAvailable');
    assert.equal(env['MTX_SOURCE_TYPE'], 'rtspSession');
    assert.match(env['MTX_SOURCE_ID'] ?? '', /^[\da-f-]{36}$/u);
    for (const hook of ['runOnOnline', 'runOnOffline', 'runOnUnavailable']) {
      assert.deepEqual((await diary.find(hook)).env, env, hook);
    }
  });

  it('give queries encoded, so that nothing in them means anything to anybody', async () => {
    const { env, args } = await diary.find('runOnRead');
    assert.equal(env['MTX_READER_TYPE'], 'rtspSession');
    const query = env['MTX_QUERY'] ?? '';
    assert.match(query, /^[\w.~+%-]+$/u);
    assert.equal(decodeURIComponent(query.replaceAll('+', ' ')), QUERY);
    assert.deepEqual(args, [query, '[b]']);
    assert.deepEqual((await diary.find('runOnUnread')).env, env);
    assert.equal((await diary.find('runOnOnline')).env['MTX_QUERY'], query);
    for (const each of ['pwned', `${FOLDER}/pwned`]) {
      assert.equal(existsSync(join(folder, each)), false, each);
    }
  });

  it('give names of files literally, and the duration of a file when it is complete', async () => {
    const { env: created } = await diary.find('runOnRecordSegmentCreate');
    const { env: completed } = await diary.find('runOnRecordSegmentComplete');
    const file = completed['MTX_SEGMENT_PATH'] ?? '';
    assert.ok(file.startsWith(join(folder, FOLDER, 'cam_a_b/')), file);
    assert.equal(created['MTX_SEGMENT_PATH'], file);
    assert.ok((await stat(file)).size > 10_000);
    const seconds = Number(completed['MTX_SEGMENT_DURATION']);
    assert.ok(seconds > 0.5 && seconds < 15, `${seconds} s`);
    assert.equal(created['MTX_SEGMENT_DURATION'], undefined);
  });

  it('tell of every connection, at its beginning and end', async () => {
    const { env } = await diary.find('runOnConnect');
    assert.deepEqual(Object.keys(env).sort(), ['MTX_CONN_ID', 'MTX_CONN_TYPE', 'RTSP_PORT']);
    assert.equal(env['MTX_CONN_TYPE'], 'rtspConn');
    const id = env['MTX_CONN_ID'];
    const end = await diary.find('runOnDisconnect', (entry) => entry.env['MTX_CONN_ID'] === id);
    assert.deepEqual(end.env, env);
  });

  it('run as long as a path of the configuration exists', async () => {
    assert.equal((await diary.find('runOnInit')).env['MTX_PATH'], 'fixed');
  });

  it('publish a stream for the first viewer, and end after the last', async () => {
    const url = server.rtspUrl('wanted_x?who=me');
    const { streams } = await probeWithFfprobe({ url, durationSeconds: 0.5 });
    assert.deepEqual([streams.length, streams[0]?.width], [1, 160]);
    const { env } = await diary.find('runOnUnDemand');
    assert.deepEqual([env['MTX_PATH'], env['G1']], ['wanted_x', 'x']);
    assert.equal(env['MTX_QUERY'], 'who%3Dme');
    await server.waitForLog(/runOnDemand command stopped/u);
  });
});
