// A disk of 64 MB gets full while two paths record: the server stays, viewers see nothing of it, recording comes back.
import assert from 'node:assert/strict';
import { copyFile, mkdir, mkdtemp, open, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ChildProgram } from './support/child-program.ts';
import { EventTap, type TappedEvent } from './support/event-tap.ts';
import { publishWithFfmpeg } from './support/ffmpeg-publisher.ts';
import { probeFile } from './support/file-probe.ts';
import { ServerProcess } from './support/server-process.ts';

/** Makes the folder a disk of its own that only the server sees, and becomes the server. */
const OWN_DISK = 'mkdir -p "$0" && mount -t tmpfs -o size=64m tmpfs "$0" && exec "$@"';
const FULL_DISK =
  'mkdir -p "$0" && mount -t tmpfs -o size=1m tmpfs "$0" && ' +
  '{ head -c 2000000 /dev/zero > "$0/ballast" || true; } && exec "$@"';
const BLOCK = Buffer.alloc(1 << 20, 0x55);
const PATTERN = './rec/%path/%Y-%m-%d_%H-%M-%S-%f';
const FULL_MS = 5000;
const EVENT_TIMEOUT_MS = 10_000;
/** The disk is looked at every five seconds, and tried again two seconds after a failure. */
const RESUME_TIMEOUT_MS = 10_000;

describe('a full disk', () => {
  let folder = '';
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'disk-full-'));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  it('stops recordings alone, and only as long as it is full', async function () {
    this.timeout(90_000);
    await using server = await ServerProcess.start({
      folder,
      launcher: ['unshare', '--mount', 'sh', '-c', OWN_DISK, join(folder, 'rec')],
      settings: { api: true, webrtc: false, pathDefaults: { recordPath: './rec' } },
      paths: { days: { record: true }, named: { record: true, recordPath: PATTERN } },
      pro: { cleaner: { minFreeBytes: 36 << 20 } },
    });
    const disk = join(`/proc/${server.pid ?? 0}/root`, folder, 'rec');
    await using tap = await EventTap.open(server.apiUrl('/ws'));
    await using first = await publishWithFfmpeg({ url: server.rtspUrl('days'), audio: 'aac' });
    await using second = await publishWithFfmpeg({ url: server.rtspUrl('named') });
    for (const name of ['days', 'named']) await tap.waitFor(isEvent('recordStarted', name));
    await using viewer = watch(server.rtspUrl('days'));
    await viewer.waitForOutput(() => framesOf(viewer) > 25 || undefined, 10_000);
    const favorite = await keepFavorite(disk);

    const full = tap.remark('the disk gets full');
    await fill(join(disk, 'ballast'));
    for (const name of ['days', 'named']) {
      const options = { after: full, timeoutMs: EVENT_TIMEOUT_MS };
      await tap.waitFor(isEvent('recordStopped', name, 'diskFull'), options);
    }
    const seenBefore = framesOf(viewer);
    await sleep(FULL_MS);
    const seen = framesOf(viewer) - seenBefore;
    assert.ok(seen >= 25 * (FULL_MS / 1000) * 0.9, `${seen} pictures in ${FULL_MS} ms`);
    assert.deepEqual([first.exit, second.exit, viewer.exit], [undefined, undefined, undefined]);

    const free = tap.remark('there is room again');
    await rm(join(disk, 'ballast'));
    for (const name of ['days', 'named']) {
      const options = { after: free, timeoutMs: RESUME_TIMEOUT_MS };
      await tap.waitFor(isEvent('recordStarted', name), options);
    }
    await sleep(2500);
    assert.deepEqual(await readFile(join(disk, 'favorite/kept.mp4')), favorite);
    await first.stop();
    await second.stop();
    await tap.waitFor(isEvent('recordStopped', 'days', 'streamLost'), { after: free });
    await tap.waitFor(isEvent('recordStopped', 'named', 'streamLost'), { after: free });
    await assertFilesPlay(disk);
    assert.doesNotMatch(server.log, /FATAL|unhandled/iu);
  });
});

describe('a server that starts on a full disk', () => {
  it('streams, and tells that it records nothing', async function () {
    this.timeout(60_000);
    const folder = await mkdtemp(join(tmpdir(), 'disk-was-full-'));
    try {
      await using server = await ServerProcess.start({
        folder,
        launcher: ['unshare', '--mount', 'sh', '-c', FULL_DISK, join(folder, 'rec')],
        settings: { api: true, webrtc: false, pathDefaults: { recordPath: './rec' } },
        paths: { days: { record: true } },
      });
      await server.waitForLog(/ERR .*recording index: the disk is full/u);
      await using publisher = await publishWithFfmpeg({ url: server.rtspUrl('days') });
      await using viewer = watch(server.rtspUrl('days'));
      await viewer.waitForOutput(() => framesOf(viewer) > 25 || undefined, 15_000);
      await server.waitForLog(/path days\] recording: the disk is full/u);
      const saving = await fetch(server.apiUrl('/api/v2/snapshot?name=days&fileType=url'));
      assert.equal(saving.status, 429);
      assert.match(await saving.text(), /"code":"disk-full"/u);
      assert.equal(publisher.exit, undefined);
      assert.doesNotMatch(server.log, /FATAL|unhandled/iu);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});

function isEvent(type: string, name: string, reason?: string): (event: TappedEvent) => boolean {
  return (event) =>
    event.type === type &&
    event.text.includes(`"${name}"`) &&
    (reason === undefined || event.text.includes(`"${reason}"`));
}

function watch(url: string): ChildProgram {
  const progress = ['-nostats', '-progress', 'pipe:1', '-stats_period', '0.2'];
  const args = ['-v', 'error', ...progress, '-rtsp_transport', 'tcp', '-i', url];
  return new ChildProgram({
    ...{ name: 'viewer', command: 'ffmpeg' },
    args: [...args, '-map', '0:v', '-c', 'copy', '-f', 'null', '-'],
  });
}

function framesOf(viewer: ChildProgram): number {
  return Number([...viewer.stdout.matchAll(/^frame=\s*(\d+)/gmu)].at(-1)?.[1] ?? 0);
}

/** A recording of long ago that somebody wants to keep, though the disk is full. */
async function keepFavorite(disk: string): Promise<Buffer> {
  const [day = ''] = (await readdir(disk)).filter((name) => /^\d{8}$/u.test(name));
  const [name = ''] = await readdir(join(disk, day));
  await mkdir(join(disk, 'favorite'), { recursive: true });
  const kept = join(disk, 'favorite/kept.mp4');
  await copyFile(join(disk, day, name), kept);
  return readFile(kept);
}

/** Writes until there is no room for a byte. */
async function fill(file: string): Promise<void> {
  await using handle = await open(file, 'wx');
  for (let written = 0; written < 65; written++) {
    try {
      await handle.writeFile(BLOCK);
    } catch (thrown) {
      if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOSPC') return;
      throw thrown;
    }
  }
  assert.fail('the disk is larger than 64 MB');
}

async function assertFilesPlay(disk: string): Promise<void> {
  const entries = await readdir(disk, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && entry.name.endsWith('.mp4'));
  assert.ok(files.length >= 3, files.map(({ name }) => name).join());
  for (const { parentPath, name } of files) {
    const file = join(parentPath, name);
    assert.ok((await stat(file)).size > 0, file);
    const report = await probeFile(file);
    assert.equal(report.firstVideoFlags[0], 'K', file);
    assert.equal(report.decodeWarnings, '', file);
  }
}
