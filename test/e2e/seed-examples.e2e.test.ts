// The examples of the specification run as they are written: configuration, tokens, curl, WebSocket in a browser.
import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { AccessToken } from 'livekit-server-sdk';
import { parse } from 'yaml';
import { z } from 'zod';
import { RtspFixture } from '../support/rtsp-fixture.ts';
import { ApiClient, eventually } from './support/api-client.ts';
import { ChildProgram } from './support/child-program.ts';
import { Chromium } from './support/chromium.ts';
import { EventTap } from './support/event-tap.ts';
import { publishWithFfmpeg } from './support/ffmpeg-publisher.ts';
import { probeFile } from './support/file-probe.ts';
import * as examples from './support/seed-examples.ts';
import { ServerProcess, type ServerSettings } from './support/server-process.ts';

const ymlSchema = z.record(z.string(), z.unknown());
const listSchema = z.object({
  success: z.literal(true),
  result: z.object({ itemCount: z.number(), items: z.array(z.object({ name: z.string() })) }),
});
const fileShape = {
  ...{ name: z.string(), fileName: z.string(), filePath: z.string(), fullPath: z.string() },
  fileURL: z.string(),
};
const startShape = {
  existed: z.literal(false),
  id: z.string(),
  ...fileShape,
  taskEndTime: z.string(),
};
/** The same keys at the top and in `result`. */
const startSchema = z.object({
  ...{ success: z.literal(true), ...startShape, result: z.object(startShape) },
});
const stopSchema = z.object({
  ...{ success: z.literal(true), ...fileShape, result: z.object(fileShape) },
});

/** Runs the text in a shell; host, port and token are the test's. */
async function curl(server: ServerProcess, text: string, token = ''): Promise<unknown> {
  const command = text
    .replace('localhost:9997', `127.0.0.1:${server.ports.api}`)
    .replace('YOUR_TOKEN', token);
  const program = new ChildProgram({ name: 'curl', command: 'bash', args: ['-c', command] });
  const { code } = await program.waitForExit(30_000);
  if (code !== 0) throw program.failure('failed');
  const json: unknown = JSON.parse(program.stdout);
  return json;
}

/** Keys of a yml text of the specification; the kit's ports stay. */
function settingsOf(yml: string): ServerSettings {
  const { paths, apiAddress, ...settings } = ymlSchema.parse(parse(yml, { version: '1.1' }));
  assert.ok(paths === undefined || apiAddress === ':9997');
  return settings;
}

describe('the examples of the specification', function () {
  this.timeout(120_000);

  describe('with tokens', () => {
    let server: ServerProcess;

    before(async () => {
      server = await ServerProcess.start({
        settings: { api: true, ...settingsOf(examples.TOKEN_YML) },
        pro: {},
      });
    });

    after(() => server.stop());

    it('let a token without identity of the LiveKit library in, by header and by query', async () => {
      const appID = 'your-app-id';
      const appSecret = 'your-app-secret';
      const at = new AccessToken(appID, appSecret);
      const token = await at.toJwt();
      for (const text of [examples.CURL_WITH_HEADER, examples.CURL_WITH_QUERY]) {
        listSchema.parse(await curl(server, text, token));
      }
      const { iss, sub } = z
        .object({ iss: z.string(), sub: z.string().optional() })
        .parse(JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()));
      assert.deepEqual([iss, sub], [appID, undefined]);
    });

    it('refuse the placeholder and the token of another secret', async () => {
      const other = await new AccessToken('your-app-id', 'another-secret').toJwt();
      for (const token of ['YOUR_TOKEN', other]) {
        for (const text of [examples.CURL_WITH_HEADER, examples.CURL_WITH_QUERY]) {
          const refused = z.object({ success: z.literal(false), error: z.string() });
          assert.match(refused.parse(await curl(server, text, token)).error, /token/u);
        }
      }
    });
  });

  describe('with the configuration example', () => {
    let camera: RtspFixture;
    let publisher: ChildProgram;
    let server: ServerProcess;
    let api: ApiClient;

    before(async () => {
      camera = await RtspFixture.start();
      publisher = await publishWithFfmpeg({ url: camera.url('stream'), audio: 'aac' });
      const { paths } = ymlSchema.parse(parse(examples.EXAMPLE_YML, { version: '1.1' }));
      const { mystream } = z.object({ mystream: ymlSchema }).parse(paths);
      assert.equal(mystream['source'], 'rtsp://camera-ip/stream');
      // Without tokens, as the other examples are written.
      server = await ServerProcess.start({
        settings: { ...settingsOf(examples.EXAMPLE_YML), apiAuth: false },
        paths: { mystream: { ...mystream, source: camera.url('stream') } },
        pro: {},
      });
      api = new ApiClient(server.apiUrl(''));
      await eventually(async () => {
        const [path] = z
          .array(z.object({ sourceReady: z.boolean() }))
          .parse(await api.get('paths/query'));
        return path?.sourceReady === true || undefined;
      });
    });

    after(async () => {
      await server.stop();
      await publisher.stop();
      await camera[Symbol.asyncDispose]();
    });

    it('show the camera as it was described', async () => {
      const [path] = z
        .array(
          z.object({
            ...{ name: z.string(), sourceName: z.string(), groupName: z.string() },
            ...{ order: z.number(), showList: z.boolean() },
          }),
        )
        .parse(await api.get('paths/query?group=%E4%B8%80%E6%A5%BC'));
      assert.deepEqual(path, {
        ...{ name: 'mystream', sourceName: '前门摄像头', groupName: '一楼' },
        ...{ order: 1, showList: true },
      });
      const scores = z.array(z.object({ name: z.string(), threshold: z.number() }));
      assert.deepEqual(scores.parse(await api.get('smart/scores')), [
        { name: 'mystream', threshold: 60 },
      ]);
    });

    it('connect a browser, and bring the broadcast to it', async () => {
      await using browser = await Chromium.launch();
      const page = await browser.openKit();
      const said: string[] = [];
      const values: Promise<unknown>[] = [];
      page.on('console', (message) => {
        said.push(message.text());
        values.push(
          ...message
            .args()
            .slice(1)
            .map((each) => each.jsonValue()),
        );
      });
      const script = examples.WEBSOCKET_SCRIPT.replace(
        'localhost:9997',
        `127.0.0.1:${server.ports.api}`,
      );
      await page.evaluate(script);
      await eventually(() => Promise.resolve(said.includes('WebSocket connected') || undefined));
      const told = z.object({
        success: z.literal(true),
        result: z.object({ clients: z.number() }),
      });
      assert.equal(told.parse(await curl(server, examples.CURL_MESSAGE)).result.clients, 1);
      const wanted = { type: 'notification', data: 'Recording started' };
      await eventually(async () => {
        const received = z
          .array(z.object({ type: z.string() }).loose())
          .parse(await Promise.all(values));
        return received.find(({ type }) => type === 'notification');
      });
      const received = await Promise.all(values);
      const notification = received.find(
        (value) => JSON.stringify(value) === JSON.stringify(wanted),
      );
      assert.deepEqual(notification, wanted, said.join('\n'));
      assert.ok(!said.some((line) => line.startsWith('WebSocket error')), said.join('\n'));
    });

    it('start and stop a recording of the chosen name', async () => {
      await using tap = await EventTap.open(server.apiUrl('/ws?types=recordStarted,recordStopped'));
      const started = startSchema.parse(await curl(server, examples.CURL_RECORD_START));
      const { success, result, ...top } = started;
      assert.ok(success);
      assert.deepEqual(top, result);
      const day = /^\/(\d{8})\/custom-name\.mp4$/u.exec(started.filePath)?.[1] ?? '';
      assert.equal(started.name, 'mystream');
      assert.equal(started.fullPath, join(server.folder, 'recordings', day, 'custom-name.mp4'));
      assert.match(started.fileURL, new RegExp(`^http://[^/]+/res/${day}/custom-name\\.mp4$`, 'u'));
      const leftMs = Date.parse(started.taskEndTime) - Date.now();
      assert.ok(Math.abs(leftMs - 30 * 60_000) < 60_000, `${leftMs} ms`);
      const again = z.object({ existed: z.boolean(), id: z.string() });
      const second = again.parse(await curl(server, examples.CURL_RECORD_START));
      assert.deepEqual([second.existed, second.id], [true, started.id]);
      await new Promise((resolve) => setTimeout(resolve, 2500));
      const stopped = stopSchema.parse(await curl(server, examples.CURL_RECORD_STOP));
      assert.equal(stopped.fullPath, started.fullPath);
      // Finished before the answer.
      const report = await probeFile(stopped.fullPath);
      assert.deepEqual(report.codecs, ['h264', 'aac']);
      assert.equal(report.decodeWarnings, '');
      const { error } = z
        .object({ error: z.string() })
        .parse(await curl(server, examples.CURL_RECORD_STOP));
      assert.equal(error, 'task id that does not exist');
      await tap.waitForType('recordStopped');
      const link = await fetch(started.fileURL.replace(/^http:\/\/[^/]+/u, server.apiUrl('')));
      assert.equal((await link.arrayBuffer()).byteLength > 10_000, true);
    });

    it('lay files out as shown, favorites beside the days', async () => {
      const automatic = z
        .object({ filePath: z.string() })
        .parse(await api.post('record/start', { name: 'mystream', videoFormat: 'mp4' }));
      await api.post('record/stop', { name: 'mystream' });
      assert.match(automatic.filePath, /^\/(\d{8})\/\1-\d{4}-[0-9a-z]{8}\.mp4$/u);
      const { filePath: fullPath } = automatic;
      await api.post('file/favorite', { fullPath, name: 'important-recording.mp4' });
      const folders = await readdir(join(server.folder, 'recordings'));
      assert.deepEqual(folders.filter((name) => /^(?:\d{8}|favorite)$/u.test(name)).sort(), [
        automatic.filePath.slice(1, 9),
        'favorite',
      ]);
      assert.deepEqual(await readdir(join(server.folder, 'recordings/favorite')), [
        'important-recording.mp4',
      ]);
    });

    for (const row of examples.ENDPOINT_ROWS.trim().split('\n')) {
      const [, method = '', path = '', about = ''] =
        /^\| (\w+) \| `(.+)` \| (.+) \|$/u.exec(row) ?? [];
      it(`serve ${method} ${path} (${about})`, async () => {
        const url = path
          .replace(':name', 'mystream')
          .replace(/\*\w+$/u, 'favorite/important-recording.mp4');
        if (method === 'WS') {
          await using tap = await EventTap.open(server.apiUrl(url));
          await api.post('paths/message', { row });
          await tap.waitFor(({ members }) => members['row'] === row);
          return;
        }
        const methods = method === 'ANY' ? ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] : [method];
        for (const each of methods) {
          const { status, json } = await api.send(url, { method: each });
          if (status === 200) continue;
          // A parameter is missing, which only the endpoint itself can tell.
          const failure = z.object({
            success: z.literal(false),
            error: z.string(),
            code: z.string(),
          });
          const { code, error } = failure.parse(json);
          assert.ok(status === 400 || code === 'record-task-not-found', `${status} ${error}`);
          assert.notEqual(code, 'no-such-route');
        }
      });
    }

    it('leave no error in the log', () => {
      assert.doesNotMatch(server.log, / ERR /u);
    });
  });
});
