// Tests of PeriodicSnapshots and SnapshotConfigStore: settings on disk, pictures in time.
import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MediaError } from '../../../core/base/media-error.ts';
import { PeriodicSnapshots } from '../../../pro/snapshot/periodic-snapshots.ts';
import {
  SnapshotConfigStore,
  snapshotConfigFile,
} from '../../../pro/snapshot/snapshot-config-store.ts';
import type { SnapshotRequest } from '../../../pro/snapshot/snapshot-service.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { RecordingLogger } from '../../support/recording-logger.ts';

class Rig implements AsyncDisposable {
  readonly clock = new FakeClock();
  readonly logger = new RecordingLogger();
  readonly configs: SnapshotConfigStore;
  readonly taken: SnapshotRequest[] = [];
  isOnline = true;
  save = (): Promise<unknown> => Promise.resolve();
  readonly periodic: PeriodicSnapshots;

  constructor(root: string, limits: { readonly maxFiles?: number } = {}) {
    this.configs = new SnapshotConfigStore(this.logger, root, limits);
    this.periodic = new PeriodicSnapshots({
      ...{ clock: this.clock, logger: this.logger, configs: this.configs },
      streams: {
        isOnline: () => this.isOnline,
        assertConfigured: (name) => {
          if (name !== 'unknown') return;
          throw new MediaError('not-found', 'path-not-found', `path '${name}' not found`);
        },
      },
      snapshots: {
        save: (request) => {
          this.taken.push(request);
          return this.save();
        },
      },
    });
  }

  /** Turns the clock and lets pictures finish. */
  async pass(ms: number): Promise<number> {
    const before = this.taken.length;
    for (let passed = 0; passed < ms; passed += 500) {
      this.clock.advance(500);
      for (let turn = 0; turn < 5; turn++) await Promise.resolve();
    }
    return this.taken.length - before;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.periodic.close();
    assert.equal(this.clock.pendingTimers, 0);
  }
}

describe('periodic snapshots', () => {
  let root = '';

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'periodic-'));
  });

  afterEach(() => rm(root, { recursive: true, force: true }));

  const EACH_2_S = { enabled: true, intervalSeconds: 2, quality: 55 };

  it('are off by default and change at once', async () => {
    await using rig = new Rig(root);
    await rig.periodic.start();
    const setting = { enabled: false, intervalSeconds: 10, quality: 80 };
    assert.deepEqual(rig.periodic.readSetting('a/b'), setting);
    await rig.periodic.writeSetting('a/b', EACH_2_S);
    assert.equal(await rig.pass(20_000), 10);
    assert.deepEqual(rig.taken[0], { name: 'a/b', quality: 55, thumbnailSize: 0 });
    await rig.periodic.writeSetting('a/b', { ...EACH_2_S, enabled: false });
    assert.equal(await rig.pass(20_000), 0);
  });

  it('survive a restart, in a file whose name holds no slash', async () => {
    {
      await using first = new Rig(root);
      await first.periodic.writeSetting('a/../b', EACH_2_S);
    }
    const name = 'snapshot_a%2F..%2Fb.json';
    assert.deepEqual((await readdir(root)).sort(), [name, 'tmp']);
    const text = await readFile(join(root, name), 'utf8');
    assert.deepEqual(JSON.parse(text), {
      ...{ pathName: 'a/../b', enabled: true, interval: 2, quality: 55 },
    });
    await using rig = new Rig(root);
    await rig.periodic.start();
    assert.equal(await rig.pass(4000), 2);
  });

  it('keep what a change leaves out, also when two changes meet', async () => {
    await using rig = new Rig(root);
    await rig.periodic.writeSetting('a', EACH_2_S);
    const off = { ...EACH_2_S, enabled: false };
    assert.deepEqual(await rig.periodic.writeSetting('a', { enabled: false }), off);
    await Promise.all([
      rig.periodic.writeSetting('a', { quality: 7 }),
      rig.periodic.writeSetting('a', { enabled: true }),
    ]);
    const both = { enabled: true, intervalSeconds: 2, quality: 7 };
    assert.deepEqual(rig.periodic.readSetting('a'), both);
    assert.deepEqual(await rig.periodic.writeSetting('b', { quality: 7 }), {
      ...{ enabled: false, intervalSeconds: 10, quality: 7 },
    });
  });

  it('have a bound, and no file for what is the default', async () => {
    await using rig = new Rig(root, { maxFiles: 2 });
    await rig.periodic.writeSetting('never/changed', {});
    for (const name of ['a', 'b', 'a']) await rig.periodic.writeSetting(name, { quality: 7 });
    await assert.rejects(rig.periodic.writeSetting('c', { quality: 7 }), {
      ...{ kind: 'resource-exhausted', code: 'too-many-snapshot-configs' },
    });
    await rig.periodic.writeSetting('a', { quality: 80 });
    await rig.periodic.writeSetting('c', { quality: 7 });
    const files = (await readdir(root)).sort();
    assert.deepEqual(files, ['snapshot_b.json', 'snapshot_c.json', 'tmp']);
  });

  it('leave out broken files with a warning', async () => {
    await writeFile(join(root, 'snapshot_a.json'), '{"pathName":"a","enabled":tru');
    await writeFile(join(root, 'snapshot_b.json'), '{"pathName":"b","enabled":true,"interval":0}');
    await writeFile(join(root, 'snapshot_c.json'), 'x'.repeat(100_000));
    await using rig = new Rig(root);
    await rig.periodic.start();
    assert.equal(rig.logger.lines.length, 3);
    assert.equal(rig.configs.all.size, 0);
  });

  it('refuse intervals and qualities out of range, and unknown paths', async () => {
    await using rig = new Rig(root);
    for (const wrong of [
      { intervalSeconds: 0.5 },
      { intervalSeconds: 86_401 },
      { intervalSeconds: Number.NaN },
      { quality: 0 },
      { quality: 101 },
      { quality: 50.5 },
    ]) {
      const writing = rig.periodic.writeSetting('a', { ...EACH_2_S, ...wrong });
      await assert.rejects(writing, { kind: 'invalid-argument', code: 'value-out-of-range' });
    }
    const unknown = rig.periodic.writeSetting('unknown', EACH_2_S);
    await assert.rejects(unknown, { message: "path 'unknown' not found" });
    assert.deepEqual(await readdir(root), []);
  });

  it('wait while the path has no stream, and while a picture is being made', async () => {
    await using rig = new Rig(root);
    await rig.periodic.writeSetting('a', EACH_2_S);
    rig.isOnline = false;
    assert.equal(await rig.pass(10_000), 0);
    rig.isOnline = true;
    const { promise, resolve } = Promise.withResolvers<undefined>();
    rig.save = () => promise;
    assert.equal(await rig.pass(10_000), 1);
    resolve(undefined);
    assert.equal(await rig.pass(4000), 2);
  });

  it('go on after a failure, which is told once', async () => {
    await using rig = new Rig(root);
    await rig.periodic.writeSetting('a', EACH_2_S);
    rig.save = () => Promise.reject(new MediaError('unavailable', 'ffmpeg-missing', 'no ffmpeg'));
    assert.equal(await rig.pass(6000), 3);
    const warnings = rig.logger.lines.filter(({ level }) => level === 'warn');
    assert.equal(warnings.length, 1);
  });

  it('give long and strange path names files of their own', () => {
    const names = ['ä'.repeat(300), `${'ä'.repeat(299)}b`, 'a b', 'a%20b'];
    const files = names.map(snapshotConfigFile);
    assert.equal(new Set(files).size, names.length);
    for (const file of files) assert.ok(file.length <= 255 && !file.includes('/'), file);
  });
});
