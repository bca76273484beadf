// ffmpeg publishes, the server records, ffprobe looks at the files: every codec pair, B-frames, kill -9, rotation.
import assert from 'node:assert/strict';
import { mkdtemp, open, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { ProEvent } from '../../pro/events/pro-event.ts';
import { repairMp4 } from '../../core/mux/repair-mp4.ts';
import { ChildProgram } from './support/child-program.ts';
import { publishWithFfmpeg, type FfmpegPublisherOptions } from './support/ffmpeg-publisher.ts';
import { probeFile, type FileReport } from './support/file-probe.ts';
import { RecordingSite } from './support/recording-site.ts';

function assertInStep(report: FileReport): void {
  const [video, audio] = [report.firstTimes.get('video'), report.firstTimes.get('audio')];
  assert.ok(video !== undefined && audio !== undefined, 'pictures and sound');
  assert.ok(Math.abs(video - audio) < 0.05, `pictures from ${video} s, sound from ${audio} s`);
}

const CASES: readonly {
  readonly title: string;
  readonly publish: Omit<FfmpegPublisherOptions, 'url'>;
  readonly format: 'mp4' | 'ts';
  readonly codecs: readonly string[];
}[] = [
  {
    title: 'H264 and AAC',
    publish: { video: 'h264', audio: 'aac' },
    format: 'mp4',
    codecs: ['h264', 'aac'],
  },
  {
    title: 'H264 with B-frames and AAC',
    publish: { video: 'h264', audio: 'aac', bFrames: 2 },
    format: 'mp4',
    codecs: ['h264', 'aac'],
  },
  {
    title: 'H265 and Opus',
    publish: { video: 'h265', audio: 'opus' },
    format: 'mp4',
    codecs: ['hevc', 'opus'],
  },
  {
    title: 'VP9 and G.711',
    publish: { video: 'vp9', audio: 'pcma' },
    format: 'mp4',
    codecs: ['vp9', 'pcm_s16be'],
  },
  {
    title: 'H264 with B-frames and AAC as MPEG-TS',
    publish: { video: 'h264', audio: 'aac', bFrames: 2 },
    format: 'ts',
    codecs: ['h264', 'aac'],
  },
];

describe('recording', () => {
  for (const { title, publish, format, codecs } of CASES) {
    it(`writes ${title}`, async () => {
      await using site = await RecordingSite.start();
      const url = site.fixture.url('cam');
      await using publisher = await publishWithFfmpeg({ url, ...publish });
      const { task, existed } = await site.manager.record({ name: 'cam', videoFormat: format });
      assert.equal(existed, false);
      await sleep(4000);
      const stopped = await site.manager.stop('cam');
      assert.equal(stopped.fullPath, task.fullPath);
      const report = await probeFile(task.fullPath);
      assert.deepEqual(report.codecs, codecs);
      assert.equal(report.decodeWarnings, '');
      assert.equal(report.firstVideoFlags[0], 'K');
      assertInStep(report);
      const frames = report.videoFrames;
      assert.ok(frames >= 95 && frames <= 135, `${frames} pictures in 4 to 5 seconds`);
      assert.ok(Math.abs(report.durationSeconds - frames / 25) < 0.15);
      assert.equal(report.decodedFrames, frames);
      assert.equal(publisher.exit, undefined);
    });
  }

  it('changes files of an automatic recording without losing a picture', async () => {
    await using site = await RecordingSite.start({ autoRecordMs: 1900 });
    const url = site.fixture.url('cam');
    await using publisher = await publishWithFfmpeg({ url, audio: 'aac', bFrames: 2 });
    await site.waitUntil((events) => ofType(events, 'recordStopped').length === 2);
    await publisher.stop();
    await site.waitUntil((events) => ofType(events, 'recordStopped').length === 3);
    const stopped = ofType(site.events, 'recordStopped');
    const reasons = stopped.map((event) => event.reason);
    assert.deepEqual(reasons, ['timeout', 'timeout', 'streamLost']);
    assert.equal(new Set(stopped.map(({ id }) => id)).size, 3);
    assert.equal(ofType(site.events, 'recordGap').length, 0);
    for (const { filePath } of stopped.slice(0, 2)) {
      const report = await probeFile(join(site.folder, filePath));
      assert.deepEqual([report.videoFrames, report.firstVideoFlags[0]], [50, 'K']);
      assert.equal(report.decodeWarnings, '');
      assertInStep(report);
    }
  });

  it('goes on in another file when the publisher of a recorded path comes back', async () => {
    await using site = await RecordingSite.start();
    const url = site.fixture.url('cam');
    const first = await publishWithFfmpeg({ url, audio: 'aac' });
    const request = { name: 'cam', videoFormat: 'mp4', fileName: 'lecture.mp4' };
    await site.manager.record(request);
    await sleep(1500);
    await first.stop();
    // Other tracks: the stream of before can't be continued.
    await using second = await publishWithFfmpeg({ url, video: 'h265' });
    await site.waitUntil((events) => ofType(events, 'recordStarted').length === 2);
    await sleep(1500);
    const task = await site.manager.stop('cam');
    assert.equal(task.fileName, 'lecture-retry1.mp4');
    const reports = await Promise.all((await site.files()).map((file) => probeFile(file)));
    assert.deepEqual(
      reports.map(({ codecs }) => codecs),
      [['hevc'], ['h264', 'aac']],
    );
    assert.deepEqual(
      ofType(site.events, 'recordStopped').map(({ reason }) => reason),
      ['streamLost', 'stopped'],
    );
    assert.equal(second.exit, undefined);
  });

  it('leaves a file that plays when the process is killed, and that can be closed later', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'record-kill-'));
    try {
      const script = fileURLToPath(new URL('./support/recording-program.ts', import.meta.url));
      await using server = new ChildProgram({
        ...{ name: 'recorder', command: process.execPath, args: [script, folder] },
      });
      const url = await server.waitForOutput(
        ({ stdout }) => /^url=(\S+)/mu.exec(stdout)?.[1],
        20_000,
      );
      await using publisher = await publishWithFfmpeg({ url, audio: 'aac', bFrames: 2 });
      await sleep(4500);
      await server.stop('SIGKILL');
      assert.notEqual(publisher.pid, undefined);
      const [day = ''] = await readdir(folder);
      const [name = ''] = await readdir(join(folder, day));
      const file = join(folder, day, name);
      const report = await probeFile(file);
      assert.deepEqual(report.codecs, ['h264', 'aac']);
      assert.equal(report.decodeWarnings, '');
      assert.ok(report.videoFrames >= 75, `${report.videoFrames} pictures of about 110`);
      await closeLater(file);
      const closed = await probeFile(file);
      assert.equal(closed.videoFrames, report.videoFrames);
      assert.ok(Math.abs(closed.durationSeconds - closed.videoFrames / 25) < 0.15);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

function ofType<T extends ProEvent['type']>(
  events: readonly ProEvent[],
  type: T,
): Extract<ProEvent, { type: T }>[] {
  return events.filter((event): event is Extract<ProEvent, { type: T }> => event.type === type);
}

/** What the library does at start. */
async function closeLater(file: string): Promise<void> {
  await using handle = await open(file, 'r+');
  const { size } = await handle.stat();
  const repair = await repairMp4({
    sizeBytes: size,
    read: async (position, length) => {
      const { buffer, bytesRead } = await handle.read({ position, buffer: Buffer.alloc(length) });
      return buffer.subarray(0, bytesRead);
    },
  });
  assert.equal(repair.kind, 'growing');
  await handle.truncate(repair.endPosition);
  for (const { position, chunks } of repair.writes) await handle.writev(chunks, position);
}
