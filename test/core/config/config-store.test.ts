// Tests of the configuration of a running server, with real files.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigStore, type ConfigEdits } from '../../../core/config/config-store.ts';
import { loadConfig } from '../../../core/config/load-config.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { RecordingLogger } from '../../support/recording-logger.ts';

const TEXT = `# Cameras of the hall.
logLevel: info # quiet

paths:
  # by the door
  cam1:
    source: rtsp://user:pass@10.0.0.7/stream   # do not touch
    maxReaders: 3
  cam2: {}
`;

class Fixture implements Disposable {
  readonly folder = fs.mkdtempSync(join(tmpdir(), 'store-'));
  readonly filePath = join(this.folder, 'mediamtx.yml');
  readonly logger = new RecordingLogger();
  readonly clock = new FakeClock();
  readonly store: ConfigStore;
  /** Names of what changed, one entry for each change. */
  readonly changes: string[] = [];

  constructor(text: string = TEXT, env: Readonly<Record<string, string>> = {}) {
    this.write(text);
    const config = loadConfig({ filePath: this.filePath, env });
    this.store = new ConfigStore({ clock: this.clock, logger: this.logger }, { config, env });
    this.store.subscribe(({ diff }) => {
      const { global, addedPaths, removedPaths, changedPaths } = diff;
      const paths = [...addedPaths, ...removedPaths, ...changedPaths.keys()];
      this.changes.push([...global, ...paths].join(','));
    });
  }

  get text(): string {
    return fs.readFileSync(this.filePath, 'utf8');
  }

  get errors(): readonly string[] {
    return this.logger.lines.filter(({ level }) => level === 'error').map((line) => line.message);
  }

  [Symbol.dispose](): void {
    fs.rmSync(this.folder, { recursive: true });
  }

  write(text: string): void {
    fs.writeFileSync(this.filePath, text);
  }
}

function setMaxReaders(value: number, path = 'cam1'): ConfigEdits {
  return [{ path: ['paths', path, 'maxReaders'], value }];
}

/** Lines that only one of the texts has. */
function lineDiff(before: string, after: string): readonly string[] {
  const [old, now] = [before.split('\n'), after.split('\n')];
  return [
    ...old.filter((line) => !now.includes(line)).map((line) => `-${line}`),
    ...now.filter((line) => !old.includes(line)).map((line) => `+${line}`),
  ];
}

describe('ConfigStore.reload()', () => {
  it('puts a changed file into effect, and does nothing for one that means the same', async () => {
    using fixture = new Fixture();
    await fixture.store.reload();
    assert.deepEqual(fixture.changes, []);
    fixture.write(TEXT.replace('maxReaders: 3', 'maxReaders: 4'));
    await fixture.store.reload();
    fixture.write(`# a comment\n${fixture.text}`);
    await fixture.store.reload();
    assert.deepEqual(fixture.changes, ['cam1']);
    assert.equal(fixture.store.config.paths.get('cam1')?.maxReaders, 4);
    const { reloads, lastReloadAt, isStale } = fixture.store.status;
    assert.deepEqual([reloads, lastReloadAt, isStale], [1, fixture.clock.nowMs(), false]);
  });

  it('repeats no warning because its line has moved, and tells those that are new', async () => {
    using fixture = new Fixture(`${TEXT}    rtspDemuxMpegts: yes\n`.replace('cam2: {}', 'cam2:'));
    const warnings = (): string[] =>
      fixture.logger.lines.filter(({ level }) => level === 'warn').map((line) => line.message);
    fixture.write(`# One more line.\n${fixture.text.replace('info', 'debug')}`);
    await fixture.store.reload();
    assert.deepEqual([fixture.changes, warnings()], [['logLevel'], []]);
    fixture.write(`${fixture.text}  cam3: {source: "srt://h:1"}\n`);
    await fixture.store.reload();
    assert.equal(warnings().length, 1);
    assert.match(warnings()[0] ?? '', /mediamtx\.yml:12:\d+: paths\.cam3\.source: .*'srt'/u);
  });

  it('notices what changed between loading and the first look', async () => {
    using fixture = new Fixture();
    fixture.write(TEXT.replace('logLevel: info', 'logLevel: debug'));
    await fixture.store.reload();
    assert.deepEqual(fixture.changes, ['logLevel']);
  });

  it('keeps the last good configuration, says where the errors are, and says it once', async () => {
    using fixture = new Fixture();
    await fixture.store.reload();
    const good = fixture.store.config;
    fixture.write(TEXT.replace('maxReaders: 3', 'maxReaders: many').replace('info', 'loud'));
    await fixture.store.reload();
    await fixture.store.reload();
    assert.equal(fixture.store.config, good);
    assert.deepEqual(fixture.changes, []);
    assert.equal(fixture.errors.length, 1);
    assert.match(fixture.errors[0] ?? '', /mediamtx\.yml:2:1: logLevel: .*'loud'/u);
    assert.match(fixture.errors[0] ?? '', /mediamtx\.yml:8:5: paths\.cam1\.maxReaders/u);
    const { isStale, lastError, failures } = fixture.store.status;
    assert.deepEqual([isStale, failures], [true, 1]);
    assert.match(lastError ?? '', /has 2 errors/u);
  });

  it('never shows a secret of a broken file', async () => {
    using fixture = new Fixture();
    fixture.write(TEXT.replace('rtsp://user:pass@10.0.0.7', 'gopher://user:pass@10.0.0.7'));
    await fixture.store.reload();
    assert.equal(fixture.errors.length, 1);
    assert.doesNotMatch(fixture.errors[0] ?? '', /user:pass/u);
  });

  it('is in order again when the broken file is put right, also back to what it was', async () => {
    using fixture = new Fixture();
    await fixture.store.reload();
    for (const text of [TEXT, TEXT.replace('info', 'debug')]) {
      fixture.write('paths: [');
      await fixture.store.reload();
      assert.equal(fixture.store.status.isStale, true);
      fixture.write(text);
      await fixture.store.reload();
      const { isStale, lastError } = fixture.store.status;
      assert.deepEqual([isStale, lastError], [false, undefined]);
    }
    assert.deepEqual(fixture.changes, ['logLevel']);
  });

  it('keeps everything when the file vanishes or is emptied', async () => {
    using fixture = new Fixture();
    await fixture.store.reload();
    fixture.write('');
    await fixture.store.reload();
    assert.match(fixture.store.status.lastError ?? '', /the file is empty/u);
    fs.rmSync(fixture.filePath);
    await fixture.store.reload();
    assert.match(fixture.store.status.lastError ?? '', /cannot be read \(ENOENT\)/u);
    assert.deepEqual([fixture.changes, fixture.errors.length], [[], 2]);
  });

  it('lets the environment win, as at start', async () => {
    using fixture = new Fixture(TEXT, { MTX_LOGLEVEL: 'error' });
    fixture.write(TEXT.replace('info', 'debug'));
    await fixture.store.reload();
    assert.equal(fixture.store.config.global.logLevel, 'error');
  });

  it('tells what a subscriber could not do, and asks the others all the same', async () => {
    using fixture = new Fixture();
    const end = fixture.store.subscribe(() => {
      throw new Error('port 8554 is taken');
    });
    const seen: string[] = [];
    fixture.store.subscribe(({ config }) => void seen.push(config.global.logLevel));
    fixture.write(TEXT.replace('info', 'debug'));
    await fixture.store.reload();
    assert.deepEqual(seen, ['debug']);
    assert.match(fixture.errors.join(), /port 8554 is taken/u);
    assert.equal(fixture.store.status.lastError, 'port 8554 is taken');
    end();
    fixture.write(TEXT);
    await fixture.store.reload();
    assert.equal(fixture.store.status.lastError, undefined);
  });
});

describe('ConfigStore.edit()', () => {
  it('changes one line of the file and leaves comments, order and mode alone', async () => {
    using fixture = new Fixture();
    fs.chmodSync(fixture.filePath, 0o640);
    const { diff } = await fixture.store.edit(setMaxReaders(7));
    assert.deepEqual(lineDiff(TEXT, fixture.text), ['-    maxReaders: 3', '+    maxReaders: 7']);
    assert.deepEqual([...diff.changedPaths.keys()], ['cam1']);
    assert.deepEqual(fixture.changes, ['cam1']);
    assert.equal(fs.statSync(fixture.filePath).mode & 0o777, 0o640);
    assert.equal(fs.statSync(`${fixture.filePath}.1`).mode & 0o777, 0o640);
  });

  it('is not taken for a change by the next look at the file', async () => {
    using fixture = new Fixture();
    await fixture.store.edit(setMaxReaders(7));
    await fixture.store.reload();
    assert.deepEqual([fixture.changes, fixture.store.status.reloads], [['cam1'], 1]);
  });

  it('keeps five former versions', async () => {
    using fixture = new Fixture();
    for (let value = 11; value <= 18; value++) await fixture.store.edit(setMaxReaders(value));
    const names = fs.readdirSync(fixture.folder).sort();
    assert.deepEqual(names, ['mediamtx.yml', ...[1, 2, 3, 4, 5].map((n) => `mediamtx.yml.${n}`)]);
    assert.match(fs.readFileSync(`${fixture.filePath}.1`, 'utf8'), /maxReaders: 17/u);
    assert.match(fs.readFileSync(`${fixture.filePath}.5`, 'utf8'), /maxReaders: 13/u);
  });

  it('writes through a link to the file that it names', async () => {
    using fixture = new Fixture();
    const real = join(fixture.folder, 'real.yml');
    fs.renameSync(fixture.filePath, real);
    fs.symlinkSync('real.yml', fixture.filePath);
    await fixture.store.edit(setMaxReaders(7));
    assert.equal(fs.readlinkSync(fixture.filePath), 'real.yml');
    assert.match(fs.readFileSync(real, 'utf8'), /maxReaders: 7/u);
  });

  it('checks all edits together and changes nothing when one is wrong', async () => {
    using fixture = new Fixture();
    const edits = [
      { path: ['logLevel'], value: 'debug' },
      { path: ['paths', 'cam1', 'maxReaders'], value: 'many' },
    ];
    for (const persist of [true, false]) {
      const asked = fixture.store.edit(edits, { persist });
      await assert.rejects(asked, {
        kind: 'invalid-argument',
        message: /paths\.cam1\.maxReaders/u,
      });
    }
    assert.deepEqual([fixture.text, fixture.changes], [TEXT, []]);
    assert.equal(fixture.store.config.global.logLevel, 'info');
    assert.deepEqual(fs.readdirSync(fixture.folder), ['mediamtx.yml']);
  });

  it('runs one edit after another, each from what the one before left', async () => {
    using fixture = new Fixture();
    const add = (config: typeof fixture.store.config): ReturnType<typeof oneMore> =>
      oneMore(config);
    await Promise.all(Array.from({ length: 10 }, () => fixture.store.edit(add)));
    assert.match(fixture.text, /maxReaders: 13 *\n/u);
  });

  it('keeps what a hand wrote into the file meanwhile', async () => {
    using fixture = new Fixture();
    await fixture.store.reload();
    fixture.write(TEXT.replace('logLevel: info # quiet', 'logLevel: debug # hand-made'));
    await fixture.store.edit(setMaxReaders(7));
    assert.match(fixture.text, /logLevel: debug # hand-made/u);
    assert.match(fixture.text, /maxReaders: 7/u);
    assert.deepEqual(fixture.changes, ['logLevel', 'cam1']);
  });

  it('refuses to write into a file that a hand broke, and loses neither', async () => {
    using fixture = new Fixture();
    await fixture.store.reload();
    fixture.write('paths: [ # half done');
    const error = { kind: 'failed-precondition', code: 'config-file-broken' };
    await assert.rejects(fixture.store.edit(setMaxReaders(7)), error);
    assert.equal(fixture.text, 'paths: [ # half done');
    await fixture.store.edit(setMaxReaders(8), { persist: false });
    assert.equal(fixture.store.config.paths.get('cam1')?.maxReaders, 8);
  });

  it('says so when the file cannot be written, and changes nothing', async () => {
    using fixture = new Fixture();
    await fixture.store.reload();
    // A folder in place of the temporary file fails for root too, unlike a read-only file.
    fs.mkdirSync(join(fixture.folder, '.mediamtx.yml.new'));
    const error = { kind: 'failed-precondition', code: 'config-not-writable' };
    await assert.rejects(fixture.store.edit(setMaxReaders(7)), error);
    assert.deepEqual([fixture.text, fixture.changes], [TEXT, []]);
  });

  it('cannot save without a file, but change', async () => {
    const text = 'paths: {cam1: {}, cam2: {}}';
    const config = loadConfig({ text, env: {} });
    const components = { clock: new FakeClock(), logger: new RecordingLogger() };
    const store = new ConfigStore(components, { config, text, env: {} });
    await assert.rejects(store.edit(setMaxReaders(7)), { code: 'config-no-file' });
    await store.edit(setMaxReaders(7), { persist: false });
    assert.equal(store.config.paths.get('cam1')?.maxReaders, 7);
    assert.ok(store.config.paths.has('cam2'));
  });

  it('leaves a secret as it is when its redacted form comes back', async () => {
    using fixture = new Fixture();
    const value = { source: 'rtsp://***@10.0.0.7/stream', maxReaders: 9 };
    await fixture.store.edit([{ path: ['paths', 'cam1'], value }]);
    assert.match(fixture.text, /rtsp:\/\/user:pass@10\.0\.0\.7\/stream/u);
    assert.equal(fixture.store.config.paths.get('cam1')?.maxReaders, 9);
  });

  it('warns when a variable of the environment hides the saved value', async () => {
    using fixture = new Fixture(TEXT, { MTX_LOGLEVEL: 'error' });
    await fixture.store.edit([{ path: ['logLevel'], value: 'debug' }]);
    assert.match(fixture.text, /logLevel: debug # quiet/u);
    assert.match(fixture.logger.lines.map(({ message }) => message).join('\n'), /has no effect/u);
  });
});

describe('ConfigStore.edit() without saving', () => {
  it('leaves the file alone and stays over later versions of it', async () => {
    using fixture = new Fixture();
    const added = { path: ['paths', 'cam3'], value: { maxReaders: 1 } };
    await fixture.store.edit([added], { persist: false });
    await fixture.store.edit(setMaxReaders(2, 'cam2'), { persist: false });
    assert.equal(fixture.text, TEXT);
    fixture.write(TEXT.replace('info', 'debug'));
    await fixture.store.reload();
    assert.deepEqual([...fixture.store.config.paths.keys()].sort(), ['cam1', 'cam2', 'cam3']);
    assert.equal(fixture.store.config.paths.get('cam2')?.maxReaders, 2);
  });

  it('removes paths of the file for this run', async () => {
    using fixture = new Fixture();
    const removal = [{ path: ['paths', 'cam2'], value: undefined }];
    await fixture.store.edit(removal, { persist: false });
    fixture.write(`${TEXT}  cam4: {}\n`);
    await fixture.store.reload();
    assert.deepEqual([...fixture.store.config.paths.keys()], ['cam1', 'cam4']);
  });

  it('gives way to what is saved later at the same place', async () => {
    using fixture = new Fixture();
    await fixture.store.edit(setMaxReaders(5), { persist: false });
    await fixture.store.edit(setMaxReaders(6));
    assert.equal(fixture.store.config.paths.get('cam1')?.maxReaders, 6);
    const whole = { path: ['paths', 'cam2'], value: { maxReaders: 1 } };
    await fixture.store.edit([whole], { persist: false });
    await fixture.store.edit(setMaxReaders(2, 'cam2'));
    assert.equal(fixture.store.config.paths.get('cam2')?.maxReaders, 2);
  });

  it('is given up with a warning when it no longer fits the file', async () => {
    using fixture = new Fixture();
    await fixture.store.reload();
    const onDemand = { path: ['paths', 'cam1', 'sourceOnDemand'], value: true };
    await fixture.store.edit([onDemand], { persist: false });
    fixture.write(TEXT.replace(/ +source: .*\n/u, ''));
    await fixture.store.reload();
    assert.equal(fixture.store.status.isStale, false);
    assert.equal(fixture.store.config.paths.get('cam1')?.sourceOnDemand, false);
    const lines = fixture.logger.lines.map(({ message }) => message).join('\n');
    assert.match(lines, /paths\.cam1\.sourceOnDemand .* no longer fits/u);
  });
});

function oneMore({
  paths,
}: {
  readonly paths: ReadonlyMap<string, { readonly maxReaders: number }>;
}): { path: string[]; value: number }[] {
  const value = (paths.get('cam1')?.maxReaders ?? 0) + 1;
  return [{ path: ['paths', 'cam1', 'maxReaders'], value }];
}
