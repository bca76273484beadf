// Tests of the runner: for ever, with jitter, and quiet.
import assert from 'node:assert/strict';
import { MediaError } from '../../../core/base/media-error.ts';
import type { PathConfig } from '../../../core/config/config.ts';
import { loadConfig } from '../../../core/config/load-config.ts';
import type { Source } from '../../../core/path/source.ts';
import { retryDelayMs, SourceRunner } from '../../../core/path/source-runner.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { RecordingLogger } from '../../support/recording-logger.ts';

const REFUSED = new MediaError('unavailable', 'refused', 'rtsp://u:secret@camera/1 refused');
const WRONG_PASSWORD = new MediaError('unauthenticated', 'unauthenticated', 'wrong password');

function config(): PathConfig {
  return loadConfig({ text: '', env: {} }).pathDefaults;
}

describe('retryDelayMs()', () => {
  it('stays between 1 s and 4 s for a camera that is away', () => {
    for (const random of [0, 0.5, 1]) {
      for (let failures = 1; failures < 100; failures++) {
        const delayMs = retryDelayMs(REFUSED, failures, random);
        assert.ok(delayMs >= 1000 && delayMs <= 4000, `${delayMs}`);
      }
    }
  });

  it('waits up to 10 s after a wrong password', () => {
    assert.equal(retryDelayMs(WRONG_PASSWORD, 10, 1), 10_000);
  });

  it('spreads the attempts of many cameras', () => {
    assert.notEqual(retryDelayMs(REFUSED, 5, 0.1), retryDelayMs(REFUSED, 5, 0.9));
  });
});

describe('SourceRunner', () => {
  it('logs at most one line in 10 s, without credentials', async () => {
    const clock = new FakeClock();
    const logger = new RecordingLogger();
    let runs = 0;
    const entry = {
      ...{ url: 'rtsp://u:secret@camera/1', type: 'handSource' },
      create: () => ({
        run: () => {
          runs++;
          return Promise.reject(REFUSED);
        },
      }),
    };
    const runner = new SourceRunner(
      { clock, logger, random: () => 0.5 },
      {
        entries: () => [entry],
        createContext: ({ url }, run) => ({
          ...{ pathName: 'cam', config: config(), url, logger },
          ...run,
        }),
        openWriter: () => {
          throw REFUSED;
        },
        closeWriter: () => undefined,
      },
    );
    runner.start();
    for (let tenth = 0; tenth < 600; tenth++) {
      clock.advance(100);
      for (let turn = 0; turn < 10; turn++) await Promise.resolve();
    }
    const stopped = runner.stop();
    await stopped;
    assert.ok(runs >= 15, `${runs} runs`);
    assert.ok(logger.lines.length >= 4 && logger.lines.length <= 7, `${logger.lines.length} lines`);
    assert.ok(logger.lines.every((line) => !line.message.includes('secret')));
    assert.equal(runner.lastFailure, REFUSED);
    assert.equal(clock.pendingTimers, 0);
  });

  it('tells why a run that goes on has no stream yet', async () => {
    const clock = new FakeClock();
    const logger = new RecordingLogger();
    const waiting = new MediaError('unavailable', 'waiting', 'waiting for somebody');
    const run: Source['run'] = ({ signal, onWaiting }) => {
      onWaiting?.(waiting);
      return new Promise((resolve) => signal.addEventListener('abort', () => resolve()));
    };
    const runner = new SourceRunner(
      { clock, logger, random: () => 0 },
      {
        entries: () => [{ url: 'kvs://r/c', type: 'handSource', create: () => ({ run }) }],
        createContext: ({ url }, own) => ({
          ...{ pathName: 'cam', config: config(), url, logger },
          ...own,
        }),
        openWriter: () => {
          throw REFUSED;
        },
        closeWriter: () => undefined,
      },
    );
    runner.start();
    assert.equal(runner.lastFailure, waiting);
    assert.deepEqual(logger.lines, []);
    await runner.stop();
  });
});
