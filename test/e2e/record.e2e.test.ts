// ffmpeg publishes, the server records, ffprobe looks at the files: every codec pair, B-frames, kill -9, rotation.
import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '../../core/base/clock.ts';
import { EventBus } from '../../pro/events/event-bus.ts';
import type { ProEvent } from '../../pro/events/pro-event.ts';
import { RecordManager } from '../../pro/record/record-manager.ts';
import { RtspFixture } from '../support/rtsp-fixture.ts';
import { ChildProgram } from './support/child-program.ts';
import { publishWithFfmpeg, type FfmpegPublisherOptions } from './support/ffmpeg-publisher.ts';
import { probeFile, type FileReport } from './support/file-probe.ts';

/** A server that records into a folder of its own. */
class RecordingSite implements AsyncDisposable {
  readonly folder: string;
  readonly fixture: RtspFixture;
  readonly manager: RecordManager;
  readonly events: ProEvent[] = [];
  isAutomatic = false;

  private constructor(folder: string, fixture: RtspFixture, autoRecordMs: number) {
    this.folder = folder;
    this.fixture = fixture;
    const events = new EventBus(fixture.logger);
    events.subscribe((event) => this.events.push(event));
    const nothing = (): void => undefined;
    this.manager = new RecordManager(
      {
        pathManager: fixture.pathManager,
        index: { opened: nothing, closed: nothing, gap: nothing },
        events,
        clock: systemClock,
        logger: fixture.logger,
      },
      {
        settingsOf: () => ({ isRecorded: this.isAutomatic, root: folder, autoRecordMs }),
        isSmart: () => false,
      },
    );
  }

  static async start(autoRecordMs = 1_800_000): Promise<RecordingSite> {
    const folder = await mkdtemp(join(tmpdir(), 'record-'));
    const site = new RecordingSite(folder, await RtspFixture.start(), autoRecordMs);
    site.manager.start();
    return site;
  }

  async publish(options: Omit<FfmpegPublisherOptions, 'url'>): Promise<ChildProgram> {
    return await publishWithFfmpeg({ url: this.fixture.url('cam'), ...options });
  }

  /** Absolute names of everything that was written, in order. */
  async files(): Promise<string[]> {
    const names = await readdir(this.folder, { recursive: true, withFileTypes: true });
    return names
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .sort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.manager.close();
    await this.fixture[Symbol.asyncDispose]();
    await rm(this.folder, { recursive: true, force: true });
  }
}

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
      await using publisher = await site.publish(publish);
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
});
