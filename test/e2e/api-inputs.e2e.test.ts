// Hostile requests to every route of the document, and requests that get into each other's way.
import assert from 'node:assert/strict';
import { readdir, readFile, utimes, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { z } from 'zod';
import { apiV2Document } from '../../pro/api/api-v2-endpoints.ts';
import { documentedEndpoints } from '../support/openapi-v2-file.ts';
import { ApiClient, eventually } from './support/api-client.ts';
import type { ChildProgram } from './support/child-program.ts';
import { publishWithFfmpeg } from './support/ffmpeg-publisher.ts';
import { probeFile } from './support/file-probe.ts';
import {
  hostileRequests,
  readOperations,
  type HostileRequest,
  type Operation,
  type Vocabulary,
} from './support/hostile-requests.ts';
import { JsonSchemaCheck, nodeOf } from './support/json-schema-check.ts';
import { KeepAliveClient, type WireReply } from './support/keep-alive-client.ts';
import { reportLines } from './support/report-lines.ts';
import { ServerProcess } from './support/server-process.ts';

const SEED = 20_250_116;
const REQUESTS = 500;
const CONNECTIONS = 16;
const AN_HOUR_AGO = new Date(Date.now() - 3_600_000);
const document = apiV2Document(documentedEndpoints(), 'test');
const check = new JsonSchemaCheck(document);

const startedSchema = z.object({
  ...{ existed: z.boolean(), id: z.string(), filePath: z.string(), fullPath: z.string() },
});
const filesSchema = z.object({
  files: z.array(z.object({ filePath: z.string(), isRecording: z.boolean() })),
});

/** What the listener refuses before it knows a route: it has no such path, or can't read the target. */
const refusalSchema = z.union([
  z.strictObject({ status: z.literal('error'), error: z.string().min(1) }),
  z.strictObject({
    ...{ success: z.literal(false), error: z.string().min(1) },
    code: z.enum(['route-not-found', 'method-not-allowed']),
  }),
]);
/** What it may say of any request: larger or longer than is taken. */
const TOO_LARGE = new Set([413, 414, 431]);
/** No route for a path whose parameter is empty, or has a slash where none may be. */
const UNROUTED = new Set([...TOO_LARGE, 400, 404, 405]);

describe('hostile requests', function () {
  this.timeout(180_000);
  let server: ServerProcess;
  let api: ApiClient;
  let device: Server;
  let publisher: ChildProgram;
  let vocabulary: Vocabulary;
  /** A recording, for routes that find none any more because those before took them away. */
  let stock: Buffer;
  const counts = new Map<number, number>();

  const record = async (fileName: string, ms: number): Promise<string> => {
    const order = { name: 'cam', videoFormat: 'mp4', fileName };
    const { filePath } = startedSchema.parse(await api.post('record/start', order));
    await new Promise((resolve) => setTimeout(resolve, ms));
    await api.post('record/stop', { name: 'cam' });
    return filePath;
  };

  before(async () => {
    device = createServer((request, response) => {
      request.resume().on('end', () => response.end('device'));
    });
    await new Promise<void>((resolve) => device.listen(0, '127.0.0.1', resolve));
    const { port } = device.address() as AddressInfo; // A listening TCP server has such an address.
    const address = `127.0.0.1:${port}`;
    server = await ServerProcess.start({
      settings: { api: true, logLevel: 'info' },
      paths: {
        ...{ cam: { groupName: 'hall' }, 'hall/north': {}, idle: { sourceName: '前门摄像头' } },
        box: { deviceType: 'network_capture', deviceAddress: address, deviceProbe: 'http' },
      },
      pro: { proxyAllowedDevices: [address], websocket: { maxClients: 10 } },
    });
    api = new ApiClient(server.apiUrl(''));
    const media = { audio: 'aac', size: '160x120', framesPerSecond: 10 } as const;
    publisher = await publishWithFfmpeg({ url: server.rtspUrl('cam'), ...media });
    const files = [await record('first.mp4', 1500), await record('second.mp4', 1000), '/none.mp4'];
    const [first = ''] = files;
    stock = await readFile(join(server.folder, 'recordings', first));
    const day = first.slice(1, 9);
    const exported = await api.tryPost('file/export/mp4?async=true', { fullPath: first });
    const { id } = z.object({ id: z.string() }).parse(exported.json);
    const names = ['cam', 'hall/north', 'idle', 'box', 'none'];
    vocabulary = {
      ...{ name: names, fullPath: files, resPath: files, fileName: ['a', 'b.mp4', 'c.jpg'] },
      ...{
        group: ['hall'],
        sourceName: ['前门'],
        search: ['first', 'mp4'],
        date: [day, '2020-02-30'],
      },
      fileType: ['video', 'image', 'other', '.mp4', '.jpg'],
      id: [id],
      ...{ page: ['0', '1'], itemsPerPage: ['1', '50'], from: ['2026-01-16T00:00:00Z'] },
      ...{ to: ['2026-01-16T00:00:00+08:00'], imageCopy: ['{"x":1,"y":1,"w":50,"h":40}'] },
      ...{ brightness: ['-100', '20'], contrast: ['5'], saturation: ['100'], path: ['a/b', 'x'] },
      ...{ thumbnailSize: ['0', '64'], deviceAddr: [address, '127.0.0.1', '169.254.169.254'] },
    };
  });

  after(async () => {
    const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
    const each = [...counts]
      .sort(([a], [b]) => a - b)
      .map(([status, count]) => `${status}: ${count}`);
    reportLines([`${total} requests; ${each.join(', ')}`]);
    await publisher.stop();
    await server.stop();
    await new Promise((resolve) => device.close(resolve));
  });

  const judge = (operation: Operation, request: HostileRequest, reply: WireReply): void => {
    const { status, headers, body } = reply;
    counts.set(status, (counts.get(status) ?? 0) + 1);
    const sent = `${request.method} ${request.target.slice(0, 500)}`;
    const given = request.body?.toString().slice(0, 300) ?? 'no body';
    const what = `${sent}\n${given}\n${status} ${body.toString().slice(0, 500)}`;
    assert.notEqual(status, 500, what);
    const isDocumented = Object.hasOwn(operation.responses, String(status));
    const isJson = String(headers['content-type']).startsWith('application/json');
    if (status >= 400) {
      assert.ok(isJson, what);
      if (refusalSchema.safeParse(JSON.parse(body.toString())).success) {
        assert.ok(UNROUTED.has(status), what);
        return;
      }
      assert.ok(isDocumented || TOO_LARGE.has(status), what);
      assert.deepEqual(faultsOf(check.resolve('#/components/schemas/Error'), body), [], what);
      return;
    }
    assert.ok(isDocumented, what);
    // What a device says is its own affair.
    if (isJson && !operation.path.startsWith('/api/v2/proxy/')) {
      const content = nodeOf(nodeOf(operation.responses[String(status)])['content']);
      const { schema } = nodeOf(content['application/json']);
      assert.ok(schema !== undefined, what);
      assert.deepEqual(faultsOf(schema, body), [], what);
    }
  };

  const faultsOf = (schema: unknown, body: Buffer): readonly string[] =>
    check.faults(schema, JSON.parse(body.toString()));

  for (const [index, operation] of readOperations(document).entries()) {
    it(`${operation.method} ${operation.path} answers ${REQUESTS} of them`, async () => {
      using client = new KeepAliveClient(server.ports.api, CONNECTIONS);
      for (const file of vocabulary['fullPath']?.slice(0, 2) ?? []) {
        const fullPath = join(server.folder, 'recordings', file);
        await writeFile(fullPath, stock);
        // Not from this moment: a new file without an entry may be one that a recorder just began.
        await utimes(fullPath, AN_HOUR_AGO, AN_HOUR_AGO);
      }
      const made = hostileRequests({ check, vocabulary }, operation, {
        seed: SEED + index,
        count: REQUESTS,
      });
      const running = { name: 'cam', videoFormat: 'mp4' };
      const isStart = operation.path.endsWith('/record/start');
      await api.tryPost(isStart ? 'record/stop' : 'record/start', running);
      let successes = 0;
      await client.sendAll(made, (request, reply) => {
        judge(operation, request, reply);
        if (reply.status < 300) successes++;
      });
      // Otherwise nothing behind the checks of parameters was reached. Only one job can be canceled.
      const isReached = successes > 0 || operation.path.endsWith('/jobs/{id}');
      assert.ok(isReached, 'none of them succeeded');
    });
  }

  it('left the server and its recordings as they should be', async () => {
    assert.equal((await api.send('/api/v2/health')).status, 200);
    await api.tryPost('record/stop', { name: 'cam' });
    assert.doesNotMatch(server.log, / ERR /u);
  });

  describe('at the same time', () => {
    const names = async (): Promise<readonly string[]> => {
      const { files } = filesSchema.parse(await api.get('record/date/files?fileType=video'));
      return files.map(({ filePath }) => filePath);
    };

    it('a hundred starts make one recording, a hundred stops end it once', async () => {
      const before = await names();
      const order = { name: 'cam', videoFormat: 'mp4' };
      const hundred = Array.from({ length: 100 }, () => 0);
      const started = await Promise.all(
        hundred.map(async () => startedSchema.parse(await api.post('record/start', order))),
      );
      assert.equal(new Set(started.map(({ id }) => id)).size, 1);
      assert.equal(started.filter(({ existed }) => !existed).length, 1);
      const stopped = await Promise.all(
        hundred.map(() => api.tryPost('record/stop', { name: 'cam' })),
      );
      assert.equal(stopped.filter(({ status }) => status === 200).length, 1);
      assert.ok(stopped.every(({ status }) => status === 200 || status === 404));
      assert.equal((await names()).length, before.length + 1);
    });

    it('starts and stops end in files that play, all of them listed', async () => {
      const fullPaths = new Set<string>();
      const round = async (): Promise<void> => {
        const order = { name: 'cam', videoFormat: 'mp4' };
        const { status, json } = await api.tryPost('record/start', order);
        assert.equal(status, 200, JSON.stringify(json));
        fullPaths.add(startedSchema.parse(json).fullPath);
        assert.ok([200, 404].includes((await api.tryPost('record/stop', { name: 'cam' })).status));
      };
      for (let turn = 0; turn < 6; turn++) await Promise.all([round(), round(), round()]);
      assert.equal((await api.tryPost('record/stop', { name: 'cam' })).status, 404);
      for (const file of [...fullPaths].slice(0, 6)) {
        const report = await probeFile(file);
        assert.equal(report.decodeWarnings, '', file);
        assert.match(report.firstVideoFlags, /^K/u);
      }
      const { files } = filesSchema.parse(await api.get('record/date/files?fileType=video'));
      assert.ok(files.every(({ isRecording }) => !isRecording));
    });

    it('a growing file is not renamed, moved or deleted', async () => {
      const order = { name: 'cam', videoFormat: 'mp4' };
      const { filePath, fullPath } = startedSchema.parse(await api.post('record/start', order));
      const tries = await Promise.all([
        api.tryPost('file/rename', { fullPath: filePath, name: 'other.mp4' }),
        api.tryPost('file/favorite', { fullPath: filePath }),
        api.tryPost('file/del', { fullPath: filePath }),
        api.tryPost('file/del', { fullPath }),
      ]);
      assert.deepEqual(
        tries.map(({ status }) => status),
        [409, 409, 409, 409],
        JSON.stringify(tries.map(({ json }) => json)),
      );
      await api.post('record/stop', { name: 'cam' });
      assert.equal((await probeFile(fullPath)).decodeWarnings, '');
      const deleted = await Promise.all(
        Array.from({ length: 10 }, () => api.tryPost('file/del', { fullPath: filePath })),
      );
      const statuses = deleted.map(({ status }) => status).sort((a, b) => a - b);
      assert.equal(statuses[0], 200);
      assert.ok(
        statuses.slice(1).every((status) => status === 404),
        statuses.join(' '),
      );
    });

    it('an export of a file that is deleted is done or fails, and leaves nothing', async () => {
      const recordings = join(server.folder, 'recordings');
      for (const delayMs of [0, 20, 80]) {
        const filePath = await record(`gone-${delayMs}.mp4`, 1500);
        const exportConfig = [{ resPath: filePath, inputStart: 0.3, inputEnd: 1.3 }];
        const exported = api.tryPost('file/export/mp4', { exportConfig });
        await new Promise((resolve) => setTimeout(resolve, delayMs));
        const deleted = await api.tryPost('file/del', { fullPath: filePath });
        assert.ok([200, 409].includes(deleted.status), JSON.stringify(deleted.json));
        const { status, json } = await exported;
        assert.ok([200, 404, 409, 415].includes(status), JSON.stringify(json));
        const made = z.object({ fullPath: z.string() }).safeParse(json).data?.fullPath;
        if (status === 200) assert.equal((await probeFile(made ?? '')).decodeWarnings, '');
      }
      await eventually(async () => {
        const left = await readdir(join(recordings, 'tmp')).catch(() => []);
        return left.length === 0 || undefined;
      });
      assert.doesNotMatch(server.log, / ERR /u);
    });
  });
});
