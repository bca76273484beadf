// kill -9 during eight recordings and an export: every file plays, nothing temporary stays, the index equals the disk.
import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { ApiClient, eventually } from './support/api-client.ts';
import type { ChildProgram } from './support/child-program.ts';
import { EventTap } from './support/event-tap.ts';
import { publishWithFfmpeg, type FfmpegPublisherOptions } from './support/ffmpeg-publisher.ts';
import { probeFile, type FileReport } from './support/file-probe.ts';
import { listProcesses } from './support/process-list.ts';
import { ServerProcess, type ServerProcessOptions } from './support/server-process.ts';

type Media = Pick<FfmpegPublisherOptions, 'video' | 'audio' | 'bFrames'>;
const FLEET: readonly Media[] = [
  { video: 'h264', audio: 'aac' },
  { video: 'h264', audio: 'opus' },
  { video: 'h264', audio: 'pcma' },
  { video: 'h264', bFrames: 2, audio: 'aac' },
  { video: 'h265', audio: 'aac' },
  { video: 'vp8', audio: 'opus' },
  { video: 'vp9', audio: 'opus' },
  { video: 'none', audio: 'aac' },
];
/** So long each of them is recorded before the server is killed. */
const RECORD_MS = 6000;
/** A part of a second, a second of pictures in the encoder and on the way, and a busy machine. */
const MAX_LOST_S = 3.5;

const startedSchema = z.object({ filePath: z.string(), fullPath: z.string() });
const tasksSchema = z.object({
  tasks: z.array(z.object({ fullPath: z.string(), bytes: z.number() })),
});
const filesSchema = z.object({
  total: z.number(),
  files: z.array(
    z.object({
      ...{ filePath: z.string(), size: z.number(), pathName: z.string() },
      ...{ duration: z.number().nullable(), isRecording: z.boolean() },
    }),
  ),
});
const jobsSchema = z.object({ jobs: z.array(z.unknown()), total: z.number() });

async function filesBelow(folder: string): Promise<Map<string, number>> {
  const names = await readdir(folder, { recursive: true });
  const sizes = new Map<string, number>();
  for (const name of names) {
    const stats = await stat(join(folder, name));
    if (stats.isFile()) sizes.set(`/${name}`, stats.size);
  }
  return sizes;
}

describe('kill -9 during eight recordings and an export', function () {
  this.timeout(180_000);
  let folder: string;
  let recordings: string;
  let server: ServerProcess;
  let api: ApiClient;
  let recordedMs = 0;
  const publishers: ChildProgram[] = [];
  const files: z.output<typeof startedSchema>[] = [];
  const before8 = new Map<string, FileReport>();

  const start = async (): Promise<void> => {
    const options: ServerProcessOptions = { settings: { api: true }, pro: {}, folder };
    server = await ServerProcess.start(options);
    api = new ApiClient(server.apiUrl(''));
  };

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pro-crash-'));
    recordings = join(folder, 'recordings');
    await start();
    publishers.push(
      ...(await Promise.all(
        FLEET.map((media, index) =>
          publishWithFfmpeg({ ...media, url: server.rtspUrl(`cam${index}`) }),
        ),
      )),
    );
  });

  after(async () => {
    await Promise.all(publishers.map((publisher) => publisher.stop()));
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it('happens while all of them are being written', async () => {
    await using tap = await EventTap.open(server.apiUrl('/ws'));
    const order = { name: 'cam0', videoFormat: 'mp4', fileName: 'source.mp4' };
    const source = startedSchema.parse(await api.post('record/start', order));
    await new Promise((resolve) => setTimeout(resolve, 4000));
    await api.post('record/stop', { name: 'cam0' });
    const startedAtMs = performance.now();
    for (const [index] of FLEET.entries()) {
      const file = await api.post('record/start', { name: `cam${index}`, videoFormat: 'mp4' });
      files.push(startedSchema.parse(file));
    }
    const recordingMs = performance.now();
    await new Promise((resolve) => setTimeout(resolve, RECORD_MS));
    const exportConfig = Array.from({ length: 60 }, (_, index) => ({
      ...{ id: String(index), resPath: source.filePath, inputStart: 0.5, inputEnd: 3.4 },
    }));
    await api.post('file/export/mp4?async=true', { exportConfig });
    await tap.waitFor(
      ({ type, members }) => type === 'exportProgress' && Number(members['progress']) > 0,
    );
    const { tasks } = tasksSchema.parse(await api.get('record/tasks'));
    recordedMs = performance.now() - recordingMs;
    const temporary = await readdir(join(recordings, 'tmp'));
    await server.stop('SIGKILL');
    assert.equal(temporary.length, 1, 'the export has a folder of its own');
    assert.equal(tasks.length, FLEET.length);
    for (const { fullPath, bytes } of tasks) {
      const { size } = await stat(fullPath);
      assert.ok(bytes > 1000 && size >= bytes, `${fullPath}: ${size} bytes, told ${bytes}`);
    }
    assert.ok(recordingMs - startedAtMs < 15_000);
  });

  it('ends the encoders of the export too', async () => {
    await eventually(async () => {
      const left = listProcesses().filter(({ text }) => text.includes(recordings));
      return Promise.resolve(left.length === 0 || undefined);
    });
  });

  it('leaves files that open and play up to their last part', async () => {
    for (const [index, { fullPath }] of files.entries()) {
      const report = await probeFile(fullPath);
      before8.set(fullPath, report);
      const what = `cam${index}: ${JSON.stringify(report.codecs)}`;
      assert.equal(report.decodeWarnings, '', what);
      assert.equal(report.decodedFrames, report.videoFrames, what);
      const lostS = recordedMs / 1000 - report.durationSeconds;
      assert.ok(lostS < MAX_LOST_S, `${what}: ${lostS} s lost`);
      if (FLEET[index]?.video !== 'none') assert.match(report.firstVideoFlags, /^K/u, what);
    }
  });

  it('is healed by the next start: files are closed, and none lost anything', async () => {
    await start();
    const listed = await eventually(async () => {
      const list = filesSchema.parse(await api.get('record/date/files'));
      const isDone = list.files.every(({ isRecording, duration }) => !isRecording && duration);
      return isDone && list.total === FLEET.length + 1 ? list.files : undefined;
    });
    const { tasks } = tasksSchema.parse(await api.get('record/tasks'));
    assert.equal(tasks.length, 0);
    for (const { filePath, duration } of listed) {
      const report = await probeFile(join(recordings, filePath));
      const earlier = before8.get(join(recordings, filePath));
      assert.equal(report.decodeWarnings, '', filePath);
      if (!earlier) continue;
      assert.equal(report.videoFrames, earlier.videoFrames, filePath);
      assert.ok(Math.abs(report.durationSeconds - earlier.durationSeconds) < 0.1, filePath);
      assert.ok(Math.abs(report.durationSeconds - (duration ?? 0)) < 0.1, filePath);
    }
  });

  it('leaves an index that equals the disk, and nothing temporary', async () => {
    const disk = await filesBelow(recordings);
    for (const name of disk.keys()) if (name.startsWith('/.index/')) disk.delete(name);
    const { files: listed } = filesSchema.parse(await api.get('record/date/files'));
    assert.deepEqual(new Map(listed.map(({ filePath, size }) => [filePath, size])), disk);
    const expected = new Set(['/source.mp4', ...files.map(({ filePath }) => filePath)]);
    assert.equal(disk.size, expected.size);
    const left = await readdir(join(recordings, 'tmp')).catch(() => []);
    assert.deepEqual(left, []);
    assert.deepEqual(jobsSchema.parse(await api.get('export/jobs')), { jobs: [], total: 0 });
  });

  it('does not keep the server from recording and exporting again', async () => {
    const url = server.rtspUrl('cam0');
    await using publisher = await publishWithFfmpeg({ url, audio: 'aac' });
    const order = { name: 'cam0', videoFormat: 'mp4' };
    startedSchema.parse(await api.post('record/start', order));
    await eventually(async () => {
      const { tasks } = tasksSchema.parse(await api.get('record/tasks'));
      return (tasks[0]?.bytes ?? 0) > 100_000 || undefined;
    });
    await api.post('record/stop', { name: 'cam0' });
    const cut = { inputStart: 0.5, inputEnd: 3.4 };
    const exportConfig = files.slice(0, 1).map(({ filePath }) => ({ resPath: filePath, ...cut }));
    const made = z
      .object({ fullPath: z.string() })
      .parse(await api.post('file/export/mp4', { exportConfig }));
    const report = await probeFile(made.fullPath);
    assert.ok(Math.abs(report.durationSeconds - 2.9) < 0.08);
    assert.equal(publisher.exit, undefined);
    assert.doesNotMatch(server.log, / ERR /u);
  });
});
