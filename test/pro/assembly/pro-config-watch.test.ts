// config.yml that changes while the server runs: what is told, how often, and that no secret is.
import assert from 'node:assert/strict';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ProConfigWatch } from '../../../pro/assembly/pro-config-watch.ts';
import { loadProConfig } from '../../../pro/config/load-pro-config.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { RecordingLogger } from '../../support/recording-logger.ts';

interface Fixture extends AsyncDisposable {
  readonly clock: FakeClock;
  readonly watch: ProConfigWatch;
  readonly write: (text: string) => Promise<void>;
  /** `level: message` of what was logged since the last question. */
  readonly told: () => string[];
}

async function start(text: string): Promise<Fixture> {
  const folder = await mkdtemp(join(tmpdir(), 'pro-config-watch-'));
  const filePath = join(folder, 'config.yml');
  await writeFile(filePath, text);
  const clock = new FakeClock();
  const logger = new RecordingLogger();
  const load = (path: string): ReturnType<typeof loadProConfig> => loadProConfig(path);
  const watch = new ProConfigWatch({ clock, logger, load, running: load(filePath) });
  let seen = 0;
  return {
    ...{ clock, watch, write: (next) => writeFile(filePath, next) },
    told: () => {
      const lines = logger.lines.slice(seen).map(({ level, message }) => `${level}: ${message}`);
      seen = logger.lines.length;
      return lines;
    },
    [Symbol.asyncDispose]: async () => {
      await watch.close();
      await rm(folder, { recursive: true });
    },
  };
}

const RESTART =
  'warn: config.yml has changed: restart the server to put it into effect; until then the former values count for: ';

describe('ProConfigWatch', () => {
  it('names the keys that differ once, and tells when they do no longer', async () => {
    await using fixture = await start('turn: {ttl: 3600}\nrvideo: {token: one}\n');
    const { watch, write, told } = fixture;
    watch.check();
    await write('# a comment\nrvideo: {token: one}\nturn: {ttl: 1h}');
    watch.check();
    assert.deepEqual([told(), watch.status.restartNeeded], [[], []]);
    await write('turn: {ttl: 7200}\nrvideo: {token: canary}\napiDomain: https://a.example');
    watch.check();
    watch.check();
    // A secret counts as changed though it is shown as *** before and after.
    assert.deepEqual(told(), [`${RESTART}rvideo, turn, apiDomain`]);
    assert.deepEqual(watch.status.restartNeeded, ['rvideo', 'turn', 'apiDomain']);
    await write('turn: {ttl: 3600}\nrvideo: {token: one}');
    watch.check();
    assert.deepEqual(told(), ['info: config.yml is again what the server was started with']);
    assert.deepEqual(watch.status, { restartNeeded: [], error: undefined });
  });

  it('says with the place why the next start would fail, and goes on', async () => {
    await using fixture = await start('');
    const { watch, write, told } = fixture;
    await write('turn: {ttl: 7200}\nhealth: {interval: soon}');
    watch.check();
    watch.check();
    const [line = '', ...others] = told();
    assert.match(
      line,
      /^error: config\.yml has changed and can't be used: .* would not start again/u,
    );
    assert.match(watch.status.error ?? '', /^config\.yml:2:10: health\.interval: /u);
    assert.deepEqual([others, watch.status.restartNeeded], [[], []]);
    await write('turn: {ttl: 7200}');
    watch.check();
    assert.deepEqual([told(), watch.status.error], [[`${RESTART}turn`], undefined]);
  });

  it('notices by itself, and leaves no timer', async () => {
    const fixture = await start('');
    const { watch, write, clock, told } = fixture;
    await watch.start();
    await write('smart: {interval: 90}');
    for (let turn = 0; turn < 500 && watch.status.restartNeeded.length === 0; turn++) {
      clock.advance(100);
      // As long as the look at the file takes.
      await stat(tmpdir());
    }
    assert.deepEqual(told(), [`${RESTART}smart`]);
    await fixture[Symbol.asyncDispose]();
    assert.equal(clock.pendingTimers, 0);
  });

  it('has nothing to watch without a file', async () => {
    const clock = new FakeClock();
    const logger = new RecordingLogger();
    const running = loadProConfig(undefined, { folder: tmpdir() });
    const watch = new ProConfigWatch({ clock, logger, running, load: () => running });
    await watch.start();
    watch.check();
    assert.deepEqual([clock.pendingTimers, logger.lines], [0, []]);
    await watch.close();
  });
});
