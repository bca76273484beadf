// A fleet of eight cameras through the management layer: recordings, files, snapshots, exports, events, players.
import assert from 'node:assert/strict';
import { WebSocket } from 'ws';
import sharp from 'sharp';
import { AccessToken } from 'livekit-server-sdk';
import { z } from 'zod';
import { ApiClient, eventually } from './support/api-client.ts';
import type { ChildProgram } from './support/child-program.ts';
import { Chromium } from './support/chromium.ts';
import { publishWithFfmpeg, type FfmpegPublisherOptions } from './support/ffmpeg-publisher.ts';
import { probeFile } from './support/file-probe.ts';
import { callKit } from './support/kit-call.ts';
import { ServerProcess } from './support/server-process.ts';

const APP_ID = 'mediamtx-app';
const APP_SECRET = 'fleet-secret-0123456789-0123456789';
const TAGS = { appid: APP_ID, appsecret: APP_SECRET };

type Media = Pick<FfmpegPublisherOptions, 'video' | 'audio' | 'transport' | 'bFrames'>;
/** One second between key frames each. */
const FLEET: readonly (readonly [name: string, media: Media])[] = [
  ['gate/north', { video: 'h264', audio: 'aac' }],
  ['gate/south', { video: 'h264', audio: 'aac', transport: 'udp' }],
  ['hall', { video: 'h264', audio: 'opus' }],
  ['yard', { video: 'h264', bFrames: 2, audio: 'aac' }],
  ['roof', { video: 'h265', audio: 'pcma' }],
  ['lift', { video: 'vp8', audio: 'opus' }],
  ['shop', { video: 'vp9', audio: 'opus' }],
  ['dock-8.b', { video: 'h264', audio: 'pcmu' }],
];

const startedSchema = z.object({
  existed: z.boolean(),
  filePath: z.string(),
  fullPath: z.string(),
  fileURL: z.string(),
});
const filesSchema = z.object({
  total: z.number(),
  files: z.array(
    z.object({
      name: z.string(),
      filePath: z.string(),
      fileURL: z.string(),
      size: z.number(),
      duration: z.number().nullable(),
      pathName: z.string(),
      isRecording: z.boolean(),
    }),
  ),
});

const scrubbedSchema = z.object({
  duration: z.number(),
  shown: z.array(z.number()),
  frames: z.number(),
});

function token(): Promise<string> {
  return new AccessToken(APP_ID, APP_SECRET).toJwt();
}

/** Collects what arrives at /ws. */
function listen(url: string): { readonly socket: WebSocket; readonly frames: string[] } {
  const socket = new WebSocket(url);
  const frames: string[] = [];
  socket.on('message', (data: Buffer) => frames.push(data.toString()));
  return { socket, frames };
}

describe('a fleet of eight cameras', function () {
  this.timeout(120_000);
  let server: ServerProcess;
  let api: ApiClient;
  let jwt: string;
  /** From the first request to the last answer, however busy the machine is. */
  let longestSeconds = 0;
  const publishers: ChildProgram[] = [];
  const files = new Map<string, z.infer<typeof startedSchema>>();

  before(async () => {
    server = await ServerProcess.start({
      settings: { api: true, apiAuth: true, ...TAGS },
      paths: {
        all_others: {},
        hall: { sourceName: '前门摄像头', groupName: '一楼', order: 2 },
        yard: { sourceName: 'Yard', groupName: '一楼', order: 1, showList: false },
      },
      pro: { webhooks: {} },
    });
    jwt = await token();
    api = new ApiClient(server.apiUrl(''), jwt);
    publishers.push(
      ...(await Promise.all(
        FLEET.map(([name, media]) =>
          publishWithFfmpeg({ ...media, url: server.rtspUrl(encodeURI(name)) }),
        ),
      )),
    );
  });

  after(async () => {
    await Promise.all(publishers.map((publisher) => publisher.stop()));
    await server.stop();
  });

  it('lists all cameras, and configured ones in their order', async () => {
    const names = await eventually(async () => {
      const { items } = z
        .object({ items: z.array(z.object({ name: z.string(), ready: z.boolean() })) })
        .parse(await api.get('paths/list'));
      return items.filter(({ ready }) => ready).length === FLEET.length
        ? items.map(({ name }) => name)
        : undefined;
    });
    assert.deepEqual(new Set(names), new Set(FLEET.map(([name]) => name)));
    const query = z.array(z.object({ name: z.string(), sourceName: z.string() }));
    const shown = query.parse(await api.get(`paths/query?group=${encodeURIComponent('一楼')}`));
    assert.deepEqual(
      shown.map(({ name, sourceName }) => [name, sourceName]),
      [
        ['yard', 'Yard'],
        ['hall', '前门摄像头'],
      ],
    );
    assert.equal((await api.send('/api/v2/paths/get/gate/north')).status, 200);
    assert.equal((await api.send('/api/v2/paths/get/none')).status, 404);
  });

  it('records all of them at once, and one only once', async () => {
    const { socket, frames } = listen(
      `${server.apiUrl('/ws').replace('http', 'ws')}?access_token=${jwt}`,
    );
    await new Promise((resolve) => socket.once('open', resolve));
    const order = (name: string): object => ({ name, videoFormat: 'mp4', taskOutMinutes: 30 });
    const startedMs = performance.now();
    const started = await Promise.all(
      FLEET.map(async ([name]) => [name, await api.post('record/start', order(name))] as const),
    );
    for (const [name, answer] of started) files.set(name, startedSchema.parse(answer));
    const again = startedSchema.parse(await api.post('record/start', order('hall')));
    assert.deepEqual([again.existed, again.fullPath], [true, files.get('hall')?.fullPath]);
    const { total } = z.object({ total: z.number() }).parse(await api.get('record/tasks'));
    assert.equal(total, FLEET.length);
    await new Promise((resolve) => setTimeout(resolve, 6000));
    await Promise.all(FLEET.map(([name]) => api.post('record/stop', { name })));
    longestSeconds = (performance.now() - startedMs) / 1000;
    await eventually(async () =>
      Promise.resolve(
        frames.filter((each) => each.includes('"recordStopped"')).length === 8 || undefined,
      ),
    );
    assert.equal(frames.filter((each) => each.includes('"recordStarted"')).length, FLEET.length);
    socket.close();
  });

  it('wrote files that begin with a key frame, hold the sound and decode without a word', async () => {
    for (const [name] of FLEET) {
      const report = await probeFile(files.get(name)?.fullPath ?? '');
      const what = `${name}: ${JSON.stringify(report.codecs)}`;
      assert.equal(report.codecs.length, 2, what);
      assert.match(report.firstVideoFlags, /^K/u, what);
      assert.equal(report.decodeWarnings, '', what);
      assert.equal(report.decodedFrames, report.videoFrames, what);
      const [video = 0, audio = 1] = [
        report.firstTimes.get('video'),
        report.firstTimes.get('audio'),
      ];
      assert.ok(Math.abs(video - audio) < 0.1, `${what}: video ${video}, audio ${audio}`);
      // From the key frame before the request, at most a second earlier, to the stop.
      const { durationSeconds } = report;
      assert.ok(durationSeconds > 5.5, `${what}: ${durationSeconds} s`);
      assert.ok(durationSeconds < longestSeconds + 1.5, `${what}: ${durationSeconds} s`);
    }
  });

  it('shows the files by day, with sizes and lengths', async () => {
    const today = new Date().toISOString().slice(0, 10);
    const { files: listed } = await eventually(async () => {
      const list = filesSchema.parse(
        await api.get(`record/date/files?fileType=video&date=${today}`),
      );
      return list.files.every(({ isRecording }) => !isRecording) ? list : undefined;
    });
    const names = new Set(listed.map(({ pathName }) => pathName));
    assert.deepEqual(names, new Set(FLEET.map(([name]) => name)));
    for (const { name, size, duration } of listed) {
      assert.match(name, /^\d{8}-\d{4}-[0-9a-f]{8}\.mp4$/u);
      assert.ok(size > 10_000 && (duration ?? 0) > 5, `${name}: ${size} bytes, ${duration} s`);
    }
    const dashboard = z
      .object({
        videoCount: z.number(),
        diskStatus: z.object({ all: z.number(), free: z.number() }),
      })
      .parse(await api.get('dashboard'));
    assert.equal(dashboard.videoCount, FLEET.length);
    assert.ok(dashboard.diskStatus.free < dashboard.diskStatus.all);
  });

  it('plays and scrubs in Chromium from /res', async () => {
    await using browser = await Chromium.launch();
    const page = await browser.openKit();
    for (const name of ['gate/north', 'yard', 'shop']) {
      const url = server.apiUrl(`/res${files.get(name)?.filePath ?? ''}?access_token=${jwt}`);
      const seen = scrubbedSchema.parse(await callKit(page, 'scrubFile', url, [4.5, 1.2, 3]));
      assert.ok(seen.duration > 5.5, `${name}: ${seen.duration} s`);
      assert.ok(seen.duration < longestSeconds + 1.5, `${name}: ${seen.duration} s`);
      assert.deepEqual(seen.shown, [4.5, 1.2, 3], name);
      assert.ok(seen.frames > 0, name);
    }
  });

  it('takes snapshots of every codec', async () => {
    for (const [name] of FLEET) {
      const path = `/api/v2/publish/snapshot?name=${encodeURIComponent(name)}`;
      const { status, type, bytes } = await api.send(path);
      assert.deepEqual([status, type], [200, 'image/jpeg'], name);
      const { width, height } = await sharp(bytes).metadata();
      assert.deepEqual([width, height], [320, 240], name);
    }
    const saved = z
      .object({ filePath: z.string(), thumbnail: z.string(), width: z.number() })
      .parse(
        (
          await api.send(
            '/api/v2/snapshot?name=hall&fileType=url&imageCopy={"x":8,"y":8,"w":100,"h":50}',
          )
        ).json,
      );
    assert.equal(saved.width, 100);
    assert.equal((await api.send(`/res${saved.filePath}`)).type, 'image/jpeg');
  });

  it('renames, keeps as favorite, exports and deletes', async () => {
    const first = files.get('gate/north')?.filePath ?? '';
    const { newPath } = z
      .object({ newPath: z.string() })
      .parse(await api.post('file/rename', { fullPath: first, name: '前门.mp4' }));
    assert.equal((await api.send(`/res${encodeURI(newPath)}`)).status, 200);
    assert.equal((await api.send(`/res${first}`)).status, 404);
    const kept = z
      .object({ newPath: z.string() })
      .parse(await api.post('file/favorite', { fullPath: newPath }));
    const favorites = filesSchema.parse(await api.get('record/favorite/files'));
    assert.deepEqual(
      favorites.files.map(({ filePath }) => filePath),
      [kept.newPath],
    );
    const cut = (name: string, inputStart: number, inputEnd: number): object => ({
      ...{ id: name, inputStart, inputEnd },
      resPath: name === 'favorite' ? kept.newPath : files.get(name)?.filePath,
    });
    const exported = z.object({ fullPath: z.string(), duration: z.number() }).parse(
      await api.post('file/export/mp4', {
        exportConfig: [cut('favorite', 0.52, 2.6), cut('hall', 1, 3)],
      }),
    );
    const report = await probeFile(exported.fullPath);
    assert.ok(Math.abs(report.durationSeconds - 4.08) < 0.08, `${report.durationSeconds} s`);
    assert.equal(report.decodeWarnings, '');
    const gone = files.get('lift')?.filePath ?? '';
    await api.post('file/del', { fullPath: gone });
    assert.equal((await api.tryPost('file/del', { fullPath: gone })).status, 404);
  });

  it('passes a broadcast on byte by byte', async () => {
    const { socket, frames } = listen(
      `${server.apiUrl('/ws').replace('http', 'ws')}?access_token=${jwt}`,
    );
    await new Promise((resolve) => socket.once('open', resolve));
    const text = '{ "type": "notification",  "data": "Recording started", "n": 1.0 }';
    const reply = await api.send('/api/v2/paths/message', { method: 'POST', body: text });
    assert.deepEqual(reply.json, { success: true, result: { clients: 1 } });
    await eventually(async () => Promise.resolve(frames.includes(text) || undefined));
    socket.close();
  });

  it('has no error and no secret in its log', async () => {
    const health = z.object({ status: z.string() }).parse(await api.get('health'));
    assert.equal(health.status, 'healthy');
    assert.doesNotMatch(server.log, / ERR /u);
    assert.ok(
      !server.log.includes(APP_SECRET) && !server.log.includes(jwt),
      'no secret in the log',
    );
  });
});
