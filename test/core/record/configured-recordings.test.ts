// Paths with `record: yes` and a pattern: what is recorded, where, and what a change of settings does.
import assert from 'node:assert/strict';
import { loadConfig } from '../../../core/config/load-config.ts';
import type { Config } from '../../../core/config/config.ts';
import { PathManager } from '../../../core/path/path-manager.ts';
import { ConfiguredRecordings } from '../../../core/record/configured-recordings.ts';
import { RecordSettingsReader } from '../../../core/record/record-settings.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { RecordingLogger } from '../../support/recording-logger.ts';
import { CameraFeed, H264 } from './camera-feed.ts';
import { MemoryDisk } from './memory-disk.ts';
import { RecordingEvents } from './recorder-rig.ts';

const NOBODY = { user: '' };

function configOf(lines: string): Config {
  const text = `pathDefaults: {recordPath: /rec/%path/%Y-%m-%d_%H-%M-%S-%f}\npaths:\n${lines}`;
  return loadConfig({ text, env: {} });
}

class Rig implements AsyncDisposable {
  readonly clock = new FakeClock(new Date(2026, 4, 6, 12, 30).getTime());
  readonly disk = new MemoryDisk();
  readonly logger = new RecordingLogger();
  readonly events = new RecordingEvents();
  readonly pathManager: PathManager;
  readonly recordings: ConfiguredRecordings;

  constructor(lines: string) {
    const { clock, logger, disk } = this;
    this.pathManager = new PathManager(
      {
        ...{ clock, logger, sourceFactories: [], random: () => 0 },
        authorizer: { authorize: () => Promise.resolve(NOBODY) },
      },
      configOf(lines),
    );
    this.pathManager.start();
    const reader = new RecordSettingsReader('/etc');
    this.recordings = new ConfiguredRecordings(
      { pathManager: this.pathManager, index: this.events, clock, logger, disk },
      {
        settingsOf: (name) => {
          const config = this.pathManager.get(name)?.config;
          return config && reader.read(config);
        },
      },
    );
    this.recordings.start();
  }

  /** Files, in the order of their beginning. */
  get files(): readonly string[] {
    return this.events.openedSegments.map(({ file }) => file);
  }

  get reasons(): readonly string[] {
    return this.events.closedSegments.map(({ reason }) => reason);
  }

  publish(name: string): { readonly feed: CameraFeed; readonly leave: () => void } {
    const grant = this.pathManager.grant(name, NOBODY);
    const publisher = { id: name, type: 'test', onPathClosed: () => undefined };
    const lease = this.pathManager.publish(grant, { publisher, tracks: [H264] });
    return { feed: new CameraFeed(lease.writer, [H264]), leave: () => lease.close() };
  }

  async play(feed: CameraFeed, fromMs: number, durationMs: number): Promise<void> {
    for (let atMs = fromMs; atMs < fromMs + durationMs; atMs += 40) {
      feed.frame(atMs);
      this.clock.advance(40);
      await Promise.resolve();
    }
    await this.settle();
  }

  async settle(): Promise<void> {
    for (let turn = 0; turn < 4; turn++) await new Promise((resolve) => setImmediate(resolve));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.recordings.close();
    await this.pathManager.close();
  }
}

describe('ConfiguredRecordings', () => {
  it('records what is published, and nothing else', async () => {
    await using rig = new Rig(
      '  cam: {record: yes}\n  other: {}\n  folder: {record: yes, recordPath: /x}',
    );
    const cam = rig.publish('cam');
    const other = rig.publish('other');
    const folder = rig.publish('folder');
    for (const { feed } of [cam, other, folder]) await rig.play(feed, 0, 1200);
    assert.deepEqual(rig.recordings.pathNames, ['cam']);
    assert.deepEqual(rig.files, ['/rec/cam/2026-05-06_12-30-00-000000.mp4']);
    cam.leave();
    await rig.settle();
    await rig.pathManager.close();
    await rig.settle();
    assert.deepEqual(rig.reasons.length, 1);
    assert.deepEqual(rig.recordings.pathNames, []);
  });

  it('begins another file at the first key frame after recordSegmentDuration', async () => {
    await using rig = new Rig(
      '  cam: {record: yes, recordSegmentDuration: 2s, recordFormat: mpegts}',
    );
    const { feed } = rig.publish('cam');
    await rig.play(feed, 0, 4400);
    assert.deepEqual(rig.files, [
      '/rec/cam/2026-05-06_12-30-00-000000.ts',
      '/rec/cam/2026-05-06_12-30-02-000000.ts',
      '/rec/cam/2026-05-06_12-30-04-000000.ts',
    ]);
    assert.deepEqual(rig.reasons, ['timeout', 'timeout']);
  });

  it('follows a change of the configuration while the stream goes on', async () => {
    await using rig = new Rig('  cam: {}');
    const { feed } = rig.publish('cam');
    await rig.play(feed, 0, 400);
    assert.deepEqual(rig.files, []);
    rig.pathManager.reconfigure(configOf('  cam: {record: yes}'));
    await rig.play(feed, 400, 1600);
    assert.equal(rig.files.length, 1);
    rig.pathManager.reconfigure(configOf('  cam: {record: yes, recordPath: /b/%path/%s-%f}'));
    await rig.play(feed, 2000, 2000);
    assert.match(rig.events.openedSegments.at(-1)?.file ?? '', /^\/b\/cam\/\d+-\d{6}\.mp4$/u);
    rig.pathManager.reconfigure(configOf('  cam: {}'));
    await rig.play(feed, 4000, 400);
    assert.deepEqual(rig.reasons, ['stopped', 'stopped']);
    assert.deepEqual(rig.recordings.pathNames, []);
  });

  it('tells observers of every file', async () => {
    await using rig = new Rig('  cam: {record: yes}');
    const seen = new RecordingEvents();
    const end = rig.recordings.observe(seen);
    const { feed } = rig.publish('cam');
    await rig.play(feed, 0, 400);
    end();
    await rig.recordings.close();
    assert.deepEqual([seen.openedSegments.length, seen.closedSegments.length], [1, 0]);
    assert.deepEqual(rig.reasons, ['serverStopped']);
  });

  it('leaves a path alone whose names could not be read back', async () => {
    await using rig = new Rig(
      '  all_others: {record: yes}\n  cam: {record: yes, recordPath: /rec/%path%s-%f}',
    );
    const { feed } = rig.publish('.hidden');
    await rig.play(feed, 0, 400);
    await rig.play(rig.publish('cam').feed, 0, 400);
    assert.deepEqual(rig.files, []);
    assert.match(
      rig.logger.lines.map(({ message }) => message).join('\n'),
      /'cam'.*can't be read back/u,
    );
    assert.match(
      rig.logger.lines.map(({ message }) => message).join('\n'),
      /'\.hidden'.*can't be read back/u,
    );
  });
});
