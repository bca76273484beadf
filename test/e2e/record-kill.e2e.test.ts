// kill -9 at random instants while four paths record: every file opens, loses at most a part, and is in the index.
import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { RecordTemplate } from '../../core/record/record-template.ts';
import { ChildProgram } from './support/child-program.ts';
import { ServerProcess } from './support/server-process.ts';

const PATHS = ['hall', 'site/door', 'site/yard', 'roof'];
const KILLS = Number(process.env['RECORD_KILLS'] ?? 10);
const ROUND_MS = 15_000;
/** A part of one second, the sample that ends it, and the way through RTSP. */
const MAX_LOSS_MS = 1000 + 40 + 360;
const MAX_DELAY_MS = 2500;
const PATTERN = './rec/%path/%Y-%m-%d_%H-%M-%S-%f';
const POLL_MS = 50;
const INDEX_TIMEOUT_MS = 5000;
const recordingSchema = z.object({ segments: z.array(z.object({ start: z.string() })) });

describe('kill -9 while four paths record', () => {
  let folder = '';
  let template: RecordTemplate;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'record-kills-'));
    template = new RecordTemplate(PATTERN, folder);
    await makeClip(join(folder, 'clip.mp4'));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  it(`leaves files that play and an index that knows them, ${KILLS} times`, async function () {
    this.timeout(KILLS * ROUND_MS);
    const known = new Set<string>();
    let opened = 0;
    let greatestLossMs = 0;
    for (let round = 0; round < KILLS; round++) {
      const killedAt = await recordAndKill(folder, template, known);
      const fresh = (await filesIn(template.root)).filter((file) => !known.has(file));
      assert.ok(fresh.length >= PATHS.length, `files: ${fresh.join(', ')}`);
      for (const file of fresh) {
        const startAt = template.read(file)?.startAt ?? 0;
        const { durationSeconds, hasPicture } = await open(join(template.root, file));
        opened++;
        // One that was killed in its first second opens, but has nothing in it: the next start removes it.
        if (hasPicture) known.add(file);
        greatestLossMs = Math.max(greatestLossMs, killedAt - startAt - durationSeconds * 1000);
      }
      assert.ok(greatestLossMs <= MAX_LOSS_MS, `lost ${Math.round(greatestLossMs)} ms`);
    }
    await using server = await startServer(folder);
    await assertIndexed(server, template, known);
    for (const file of known) assert.ok((await open(join(template.root, file))).hasPicture, file);
    const lost = `at most ${Math.round(greatestLossMs)} ms lost`;
    if (this.test) this.test.title += ` (${opened} files, ${lost})`;
  });
});

/** Returns when it was killed, Date ms. */
async function recordAndKill(
  folder: string,
  template: RecordTemplate,
  known: ReadonlySet<string>,
): Promise<number> {
  const server = await startServer(folder);
  try {
    await assertIndexed(server, template, known);
    await using publisher = startPublisher(folder, server);
    for (const name of PATHS)
      await server.waitForLog(new RegExp(`recording to '[^']*/${name}/`, 'u'));
    await sleep(300 + Math.random() * MAX_DELAY_MS);
    assert.equal(publisher.exit, undefined);
    const killedAt = Date.now();
    await server.stop('SIGKILL');
    return killedAt;
  } finally {
    await server.stop('SIGKILL');
  }
}

function startServer(folder: string): Promise<ServerProcess> {
  const paths = Object.fromEntries(PATHS.map((name) => [name, { record: true }]));
  return ServerProcess.start({
    folder,
    paths,
    settings: { api: true, webrtc: false, pathDefaults: { recordPath: PATTERN } },
  });
}

function startPublisher(folder: string, server: ServerProcess): ChildProgram {
  const outputs = PATHS.flatMap((name) => [
    ...['-map', '0', '-c', 'copy', '-f', 'rtsp', '-rtsp_transport', 'tcp', server.rtspUrl(name)],
  ]);
  const input = ['-re', '-stream_loop', '-1', '-i', join(folder, 'clip.mp4')];
  return new ChildProgram({
    ...{ name: 'publisher', command: 'ffmpeg' },
    args: ['-hide_banner', '-loglevel', 'warning', '-nostats', ...input, ...outputs],
  });
}

/** Ten seconds of pictures and sound, a key frame each second. */
async function makeClip(file: string): Promise<void> {
  await using ffmpeg = new ChildProgram({
    ...{ name: 'ffmpeg', command: 'ffmpeg' },
    args: [
      ...[
        '-hide_banner',
        '-loglevel',
        'error',
        '-f',
        'lavfi',
        '-i',
        'testsrc2=size=320x240:rate=25',
      ],
      ...['-f', 'lavfi', '-i', 'sine=frequency=440:sample_rate=48000', '-t', '10'],
      ...['-c:v', 'libx264', '-preset', 'ultrafast', '-g', '25', '-bf', '0', '-pix_fmt', 'yuv420p'],
      ...['-b:v', '400k', '-c:a', 'aac', '-b:a', '64k', file],
    ],
  });
  const { code } = await ffmpeg.waitForExit(30_000);
  if (code !== 0) throw ffmpeg.failure('failed');
}

/** Names relative to the folder of recordings; none before the first one. */
async function filesIn(root: string): Promise<string[]> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isFile() && entry.name.endsWith('.mp4'))
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    .sort();
}

/** The index has every file of the disk and nothing else, within five seconds of the start. */
async function assertIndexed(
  server: ServerProcess,
  template: RecordTemplate,
  known: ReadonlySet<string>,
): Promise<void> {
  let seen: unknown;
  const expected = startsOf(template, known);
  for (let waitedMs = 0; waitedMs < INDEX_TIMEOUT_MS; waitedMs += POLL_MS) {
    const onDisk = startsOf(template, await filesIn(template.root));
    const indexed = await Promise.all(PATHS.map((name) => indexedStarts(server, name)));
    seen = { onDisk, indexed };
    if (JSON.stringify(seen) === JSON.stringify({ onDisk: expected, indexed: expected })) return;
    await sleep(POLL_MS);
  }
  assert.deepEqual(seen, { onDisk: expected, indexed: expected });
}

/** Starts of the files of each path, oldest first. */
function startsOf(template: RecordTemplate, files: Iterable<string>): number[][] {
  const found = [...files].map((file) => template.read(file));
  return PATHS.map((name) =>
    found
      .flatMap((match) => (match?.pathName === name ? [match.startAt] : []))
      .sort((one, other) => one - other),
  );
}

async function indexedStarts(server: ServerProcess, name: string): Promise<number[]> {
  const response = await fetch(server.apiUrl(`/v3/recordings/get/${name}`));
  assert.equal(response.status, 200);
  const { segments } = recordingSchema.parse(await response.json());
  return segments.map(({ start }) => Date.parse(start)).sort((a, b) => a - b);
}

const probeSchema = z.object({
  streams: z.array(z.object({ codec_type: z.string() })),
  packets: z.array(
    z.object({
      codec_type: z.string(),
      pts_time: z.string(),
      duration_time: z.string().default('0.04'),
    }),
  ),
});

/** What ffprobe sees of it: every packet up to its end. */
async function open(file: string): Promise<{ durationSeconds: number; hasPicture: boolean }> {
  await using ffprobe = new ChildProgram({
    ...{ name: 'ffprobe', command: 'ffprobe' },
    args: ['-v', 'error', '-of', 'json', '-show_streams', '-show_packets', file],
  });
  const { code } = await ffprobe.waitForExit(10_000);
  if (code !== 0 || ffprobe.stderr !== '') throw ffprobe.failure(`does not open ${file}`);
  const { packets } = probeSchema.parse(JSON.parse(ffprobe.stdout));
  const video = packets.filter(({ codec_type: kind }) => kind === 'video');
  const ends = video.map((packet) => Number(packet.pts_time) + Number(packet.duration_time));
  return { durationSeconds: Math.max(0, ...ends), hasPicture: video.length > 0 };
}
