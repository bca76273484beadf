// The index behind its worker: one real thread, and made-up ones for everything that goes wrong.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { systemClock } from '../../../core/base/clock.ts';
import { silentLogger } from '../../../core/base/logger.ts';
import { IndexClient, type IndexClientOptions } from '../../../core/library/index-client.ts';
import type { IndexWorkerOutput } from '../../../core/library/index-message.ts';
import type { StartIndexWorker } from '../../../core/library/start-index-worker.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { recording, temporaryFolder } from './support/recordings.ts';

interface FakeWorker {
  readonly asked: { readonly id?: number; readonly operation: string }[];
  isTerminated: boolean;
  say(output: IndexWorkerOutput): void;
  die(reason: string): void;
}

class Bench {
  readonly clock = new FakeClock();
  readonly workers: FakeWorker[] = [];
  readonly client: IndexClient;

  constructor(options: Partial<IndexClientOptions> = {}) {
    const startWorker: StartIndexWorker = (_, listener) => {
      const asked: FakeWorker['asked'] = [];
      const worker: FakeWorker = {
        asked,
        isTerminated: false,
        say: (output) => listener.onMessage(output),
        die: (reason) => listener.onExit(reason),
      };
      this.workers.push(worker);
      return {
        postMessage: (message: FakeWorker['asked'][number]) => void asked.push(message),
        terminate: () => {
          worker.isTerminated = true;
          return Promise.resolve();
        },
      };
    };
    this.client = new IndexClient(
      { clock: this.clock, logger: silentLogger, startWorker },
      { databaseFile: '/x', ...options },
    );
  }

  async start(): Promise<FakeWorker> {
    const started = this.client.start();
    this.newest.say({ type: 'ready', origin: 'opened' });
    await started;
    return this.newest;
  }

  get newest(): FakeWorker {
    const worker = this.workers.at(-1);
    assert(worker);
    return worker;
  }
}

const get = { root: '/rec', file: 'a.mp4' };
const code = (expected: string) => (thrown: unknown) =>
  thrown instanceof Error && 'code' in thrown && thrown.code === expected;

describe('IndexClient', () => {
  it('asks a real worker, which keeps everything for the next one', async () => {
    await using folder = await temporaryFolder();
    const databaseFile = join(folder.path, '.library', 'index.sqlite');
    const make = (): IndexClient =>
      new IndexClient({ clock: systemClock, logger: silentLogger }, { databaseFile });
    const first = make();
    assert.equal(await first.start(), 'created');
    await first.call('put', [recording()]);
    const second = make();
    const beaten = assert.rejects(
      first.call('put', [recording({ startAt: NaN })]),
      code('index-failed'),
    );
    await Promise.all([beaten, first.close()]);
    await assert.rejects(first.call('get', get), code('index-closed'));
    assert.equal(await second.start(), 'opened');
    assert.deepEqual(await second.call('get', recording()), recording());
    await second.close();
    assert.equal(readFileSync(databaseFile).subarray(0, 6).toString(), 'SQLite');
  });

  it('keeps requests until the worker is ready, and answers each by its number', async () => {
    const bench = new Bench();
    const first = bench.client.call('get', get);
    const second = bench.client.call('folders', { root: '/rec' });
    const worker = await bench.start();
    assert.deepEqual(
      worker.asked.map(({ operation }) => operation),
      ['get', 'folders'],
    );
    worker.say({ type: 'answer', id: worker.asked[1]?.id ?? 0, value: ['b'] });
    worker.say({ type: 'answer', id: 999, value: 'nobody asked' });
    worker.say({
      type: 'failure',
      id: worker.asked[0]?.id ?? 0,
      failure: { kind: 'internal', code: 'some-code', message: 'm' },
    });
    assert.deepEqual(await second, ['b']);
    await assert.rejects(first, code('some-code'));
    assert.equal(bench.clock.pendingTimers, 0);
  });

  it('refuses more requests than may wait', async () => {
    const bench = new Bench({ maxWaiting: 1 });
    const first = bench.client.call('get', get);
    await assert.rejects(bench.client.call('get', get), code('index-busy'));
    await Promise.all([assert.rejects(first, code('index-closed')), bench.client.close()]);
  });

  it('asks again what a worker died with, and gives up what killed two', async () => {
    const bench = new Bench();
    const worker = await bench.start();
    const answer = bench.client.call('get', get);
    worker.die('out of memory');
    assert(worker.isTerminated);
    bench.clock.advance(0);
    await bench.start();
    assert.deepEqual(bench.newest.asked, worker.asked);
    bench.newest.die('out of memory');
    await assert.rejects(answer, /out of memory/u);
    const next = bench.client.call('get', get);
    bench.clock.advance(100);
    assert.equal(bench.workers.length, 2, 'the second death is followed by a pause');
    bench.clock.advance(100);
    bench.newest.say({ type: 'ready', origin: 'opened' });
    bench.newest.say({ type: 'answer', id: bench.newest.asked[0]?.id ?? 0, value: undefined });
    assert.equal(await next, undefined);
  });

  it('replaces a worker that does not answer in time', async () => {
    const bench = new Bench({ timeoutMs: 1000 });
    const worker = await bench.start();
    const stuck = bench.client.call('get', get);
    bench.clock.advance(600);
    const later = bench.client.call('folders', { root: '/rec' });
    bench.clock.advance(400);
    await assert.rejects(stuck, code('index-timeout'));
    assert(worker.isTerminated);
    await bench.start();
    assert.deepEqual(
      bench.newest.asked.map(({ operation }) => operation),
      ['folders'],
    );
    bench.newest.say({ type: 'answer', id: bench.newest.asked[0]?.id ?? 0, value: [] });
    assert.deepEqual(await later, []);
  });

  it('tells when the content was lost, now or over a restart', async () => {
    const resets: string[] = [];
    const bench = new Bench({ onReset: (reason) => void resets.push(reason) });
    const worker = await bench.start();
    worker.say({ type: 'reset', reason: 'malformed' });
    worker.die('x');
    bench.clock.advance(0);
    bench.newest.say({ type: 'ready', origin: 'replaced' });
    assert.deepEqual(resets, ['malformed', 'it was replaced']);
  });

  it('fails to start when the file is refused, or no worker ever comes up', async () => {
    const refused = new Bench();
    const started = refused.client.start();
    const failure = { kind: 'unavailable', code: 'index-in-use', message: 'm' } as const;
    refused.newest.say({ type: 'refused', failure });
    await assert.rejects(started, code('index-in-use'));
    const dead = new Bench();
    const never = dead.client.start();
    for (let tries = 0; tries < 4; tries++) {
      dead.newest.die('syntax error');
      dead.clock.advance(5000);
    }
    await assert.rejects(never, /syntax error/u);
    assert.equal(dead.workers.length, 4);
  });

  it('waits at close for what was asked, but not for ever', async () => {
    const bench = new Bench();
    const worker = await bench.start();
    const answer = bench.client.call('get', get);
    const closed = bench.client.close();
    assert.equal(worker.asked.length, 1);
    worker.say({ type: 'answer', id: worker.asked[0]?.id ?? 0, value: undefined });
    await answer;
    assert.equal(worker.asked[1]?.operation, 'close');
    worker.die('exit code 0');
    await closed;
    await bench.client.close();
    const hung = new Bench();
    await hung.start();
    const unanswered = assert.rejects(hung.client.call('get', get), code('index-closed'));
    const ended = hung.client.close();
    await setImmediate();
    hung.clock.advance(5000);
    await Promise.all([ended, unanswered]);
    assert(hung.newest.isTerminated);
    assert.equal(hung.clock.pendingTimers, 0);
  });
});
