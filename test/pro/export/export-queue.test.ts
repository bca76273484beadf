// The queue by a back end and a clock that the test moves: order, bounds, cancel, events, nothing left behind.
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MediaError } from '../../../core/base/media-error.ts';
import type { ExportProgress } from '../../../pro/events/pro-event.ts';
import { DayFolderTarget } from '../../../pro/export/day-folder-target.ts';
import type {
  ExportBackend,
  ExportOutput,
  ExportWatch,
  ExportWork,
} from '../../../pro/export/export-backend.ts';
import { ExportQueue, type ExportQueueOptions } from '../../../pro/export/export-queue.ts';
import { parseExportRequest, type ExportRequest } from '../../../pro/export/export-request.ts';
import { WorkFolders } from '../../../pro/export/work-folders.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { RecordingLogger } from '../../support/recording-logger.ts';

interface Call {
  readonly work: ExportWork;
  readonly watch: ExportWatch;
  readonly finish: () => Promise<void>;
  readonly fail: (failure: Error) => void;
}

/** Ends a job when the test says so. */
class FakeBackend implements ExportBackend {
  readonly name = 'ffmpeg';
  readonly calls: Call[] = [];
  readonly inspected: string[] = [];
  missing: MediaError | undefined;
  onCall: (() => void) | undefined;

  check(): Promise<void> {
    return this.missing ? Promise.reject(this.missing) : Promise.resolve();
  }

  inspect(fullPath: string): Promise<{ durationS: number }> {
    this.inspected.push(fullPath);
    return Promise.resolve({ durationS: 10 });
  }

  run(work: ExportWork, watch: ExportWatch): Promise<ExportOutput> {
    const { promise, resolve, reject } = Promise.withResolvers<ExportOutput>();
    watch.signal.addEventListener('abort', () => reject(new Error('aborted')));
    const file = join(work.folder, 'export.mp4');
    const finish = async (): Promise<void> => {
      await writeFile(file, work.id);
      resolve({ file, durationS: 1.5 });
    };
    this.calls.push({ work, watch, finish, fail: reject });
    this.onCall?.();
    return promise;
  }

  /** The call of this number, once it is there. */
  async call(index: number): Promise<Call> {
    for (;;) {
      const found = this.calls[index];
      if (found) return found;
      await new Promise<void>((resolve) => {
        this.onCall = resolve;
      });
    }
  }
}

interface Fixture extends AsyncDisposable {
  readonly queue: ExportQueue;
  readonly backend: FakeBackend;
  readonly clock: FakeClock;
  readonly events: ExportProgress[];
  readonly logger: RecordingLogger;
  readonly root: string;
  /** Where files are found, and are not unless a test puts them there. */
  folder: string;
}

async function start(options: ExportQueueOptions = {}): Promise<Fixture> {
  const root = await mkdtemp(join(tmpdir(), 'export-queue-'));
  const clock = new FakeClock(new Date(2025, 0, 16, 14, 30, 5).getTime());
  const backend = new FakeBackend();
  const events: ExportProgress[] = [];
  const logger = new RecordingLogger();
  const source = {
    resolve: (resPath: string): Promise<{ fullPath: string }> =>
      resPath.startsWith('/none')
        ? Promise.reject(new MediaError('not-found', 'file-not-found', `no ${resPath}`))
        : Promise.resolve({ fullPath: `${fixture.folder}${resPath}` }),
  };
  const queue = new ExportQueue(
    {
      ...{ clock, logger, backend, source },
      events: { publish: (event) => void events.push(event) },
      target: new DayFolderTarget(clock, { recordPath: root }),
      folders: new WorkFolders(join(root, 'tmp')),
    },
    { minFreeBytes: 0, ...options },
  );
  const fixture: Fixture = {
    ...{ queue, backend, clock, events, logger, root, folder: '/library' },
    [Symbol.asyncDispose]: async () => {
      await queue.close();
      await rm(root, { recursive: true });
    },
  };
  return fixture;
}

const order = (...parts: object[]): ExportRequest =>
  parseExportRequest({
    exportConfig: (parts.length > 0 ? parts : [{}]).map((part) => ({
      ...{ inputStart: 0, inputEnd: 2, resPath: '/a.mp4' },
      ...part,
    })),
  });
const idle = new AbortController().signal;

describe('ExportQueue', () => {
  it('does one job after the other and puts results into the folder of the day', async () => {
    await using fixture = await start();
    const { queue, backend, root } = fixture;
    const first = await queue.enqueue(order());
    const second = queue.run(order({ inputStart: 1 }), idle);
    assert.equal(first.state, 'running');
    await (await backend.call(0)).finish();
    const call = await backend.call(1);
    assert.deepEqual(call.work.parts[0]?.range, { startS: 1, endS: 2 });
    assert.equal(call.work.parts[0].fullPath, '/library/a.mp4');
    await call.finish();
    const { output, state, progress } = await second;
    assert(output);
    assert.deepEqual([state, progress, output.durationMs, output.sizeBytes], ['done', 1, 1500, 36]);
    assert.match(output.filePath, /^\/20250116\/export-20250116-143005-[0-9a-f]{8}\.mp4$/u);
    assert.equal(output.fullPath, join(root, output.filePath));
    assert.equal(await readFile(output.fullPath, 'utf8'), call.work.id);
    assert.equal((await readdir(join(root, '20250116'))).length, 2);
    assert.deepEqual(await readdir(join(root, 'tmp')), []);
    assert.deepEqual(
      queue.jobs().map((job) => job.state),
      ['done', 'done'],
    );
    assert.equal(queue.jobs()[1]?.id, first.id);
  });

  it('refuses an order when the queue is full, and takes one again when there is room', async () => {
    await using fixture = await start({ maxRunning: 2, maxQueued: 1 });
    const { queue, backend } = fixture;
    for (let count = 0; count < 3; count++) await queue.enqueue(order());
    await assert.rejects(queue.enqueue(order()), {
      ...{ kind: 'resource-exhausted', code: 'export-queue-full' },
    });
    await (await backend.call(0)).finish();
    await backend.call(2);
    assert.equal((await queue.enqueue(order())).state, 'queued');
  });

  it('counts orders that are still being looked at', async () => {
    await using fixture = await start({ maxQueued: 1 });
    const orders = [1, 2, 3].map(() => fixture.queue.enqueue(order()));
    const results = await Promise.allSettled(orders);
    assert.deepEqual(
      results.map(({ status }) => status),
      ['fulfilled', 'fulfilled', 'rejected'],
    );
  });

  it('looks at each file once and refuses ranges behind its end with both numbers', async () => {
    await using fixture = await start();
    const { queue, backend } = fixture;
    await queue.enqueue(order({}, { resPath: '/b.mp4' }, {}, { inputEnd: 10.05 }));
    assert.deepEqual(backend.inspected, ['/library/a.mp4', '/library/b.mp4']);
    await assert.rejects(queue.enqueue(order({ id: 'x', inputEnd: 12.5 })), {
      ...{ kind: 'invalid-argument', code: 'export-range-beyond-end' },
      message: /inputEnd 12\.5 of piece 'x' .* '\/a\.mp4', which lasts 10\.000 s/u,
    });
    await assert.rejects(queue.enqueue(order({ resPath: '/none' })), { kind: 'not-found' });
    assert.equal(queue.jobs().length, 1);
  });

  it('takes nothing while ffmpeg is missing', async () => {
    await using fixture = await start();
    const text = 'ffmpeg not available: it is not in the search path';
    fixture.backend.missing = new MediaError('unavailable', 'ffmpeg-missing', text);
    await assert.rejects(fixture.queue.run(order(), idle), {
      ...{ kind: 'unavailable', message: /ffmpeg not available/u },
    });
    assert.deepEqual(fixture.queue.jobs(), []);
  });

  it('cancels a job that runs and removes what it left', async () => {
    await using fixture = await start();
    const { queue, backend, root } = fixture;
    const { id } = await queue.enqueue(order());
    const { work } = await backend.call(0);
    await writeFile(join(work.folder, 'piece-0.mp4'), 'x');
    const job = await queue.cancel(id);
    assert.deepEqual([job.state, job.error], ['canceled', `export job '${id}' was canceled`]);
    assert.deepEqual(await readdir(join(root, 'tmp')), []);
    await assert.rejects(queue.cancel(id), { code: 'export-job-ended' });
    await assert.rejects(queue.cancel('other'), { code: 'export-job-not-found' });
  });

  it('cancels a job that waits without ever starting it', async () => {
    await using fixture = await start();
    const { queue, backend } = fixture;
    await queue.enqueue(order());
    const { id } = await queue.enqueue(order());
    assert.equal((await queue.cancel(id)).state, 'canceled');
    await (await backend.call(0)).finish();
    await queue.close();
    assert.equal(backend.calls.length, 1);
  });

  it('cancels when the client leaves, before and during the job', async () => {
    await using fixture = await start();
    const { queue, backend } = fixture;
    const client = new AbortController();
    const running = queue.run(order(), client.signal);
    await backend.call(0);
    client.abort();
    await assert.rejects(running, { kind: 'canceled' });
    await assert.rejects(queue.run(order(), client.signal), { kind: 'canceled' });
    assert.deepEqual(
      queue.jobs().map((job) => job.state),
      ['canceled'],
    );
  });

  it('ends a job at its time limit', async () => {
    await using fixture = await start({ timeLimitMs: 1000 });
    const { queue, backend, clock, logger } = fixture;
    const running = queue.run(order(), idle);
    await backend.call(0);
    clock.advance(1000);
    await assert.rejects(running, { kind: 'deadline-exceeded', code: 'export-timeout' });
    assert.equal(queue.jobs()[0]?.state, 'failed');
    assert(
      logger.lines.some((line) => line.level === 'warn' && /longer than 1000/u.test(line.message)),
    );
  });

  it('goes on after a failure', async () => {
    await using fixture = await start();
    const { queue, backend } = fixture;
    fixture.folder = fixture.root;
    await writeFile(join(fixture.root, 'a.mp4'), 'a recording that is still there');
    const failing = queue.run(order(), idle);
    const next = queue.run(order(), idle);
    (await backend.call(0)).fail(new MediaError('unsupported', 'export-undecodable', 'broken'));
    await assert.rejects(failing, { code: 'export-undecodable' });
    await (await backend.call(1)).finish();
    assert.equal((await next).state, 'done');
  });

  it('starts nothing on a full disk', async () => {
    await using fixture = await start({ minFreeBytes: 2 ** 60 });
    await assert.rejects(fixture.queue.run(order(), idle), { code: 'export-disk-full' });
    assert.equal(fixture.backend.calls.length, 0);
  });

  it('tells states at once and progress four times a second, rising', async () => {
    await using fixture = await start();
    const { queue, backend, clock, events } = fixture;
    await queue.enqueue(order());
    const { watch, finish } = await backend.call(0);
    for (let step = 1; step <= 100; step++) {
      watch.onProgress(step / 200);
      watch.onProgress(step / 400);
      clock.advance(10);
    }
    await finish();
    await queue.close();
    const states = events.map((event) => event.state);
    assert.deepEqual([states[0], states[1], states.at(-1)], ['queued', 'running', 'done']);
    const progress = events.map((event) => event.progress);
    assert.deepEqual(
      progress,
      [...progress].sort((one, other) => one - other),
    );
    assert(events.length >= 6 && events.length <= 8, `${events.length} events`);
    assert.match(events.at(-1)?.filePath ?? '', /^\/20250116\//u);
    assert.equal(clock.pendingTimers, 0);
  });

  it('remembers a bounded number of jobs', async () => {
    await using fixture = await start({ maxHistory: 2 });
    const { queue, backend } = fixture;
    for (let count = 0; count < 4; count++) {
      const running = queue.run(order({ inputStart: count / 10 }), idle);
      await (await backend.call(count)).finish();
      await running;
    }
    assert.equal(queue.jobs().length, 2);
  });

  it('cancels everything when it closes, and takes nothing afterwards', async () => {
    await using fixture = await start();
    const { queue, backend } = fixture;
    await queue.enqueue(order());
    await queue.enqueue(order());
    await backend.call(0);
    await queue.close();
    assert.deepEqual(
      queue.jobs().map((job) => job.state),
      ['canceled', 'canceled'],
    );
    await assert.rejects(queue.enqueue(order()), { code: 'export-stopping' });
  });

  it('tells a client that still waits that the server is stopping, not that it left', async () => {
    await using fixture = await start();
    const { queue, backend } = fixture;
    const stopping = { kind: 'unavailable', code: 'export-stopping', message: /is stopping/u };
    const running = assert.rejects(queue.run(order(), idle), stopping);
    const waiting = assert.rejects(queue.run(order(), idle), stopping);
    await backend.call(0);
    await queue.close();
    await Promise.all([running, waiting]);
    assert.match(queue.jobs()[1]?.error ?? '', /order the export again/u);
  });

  it('hands on why a listener ends a request, and calls only a client that left one that left', async () => {
    await using fixture = await start();
    const { queue, backend } = fixture;
    const listener = new AbortController();
    const running = queue.run(order(), listener.signal);
    await backend.call(0);
    listener.abort(new MediaError('unavailable', 'listener-closing', 'the server is closing'));
    await assert.rejects(running, { kind: 'unavailable', code: 'listener-closing' });
  });

  it('says that a recording was deleted while it was exported, whatever failed of that', async () => {
    await using fixture = await start();
    const { queue, backend } = fixture;
    const gone = { kind: 'not-found', code: 'export-source-gone', message: /a\.mp4' was deleted/u };
    for (const failure of [
      new MediaError('unsupported', 'export-undecodable', 'ffmpeg: No such file'),
      new MediaError('unavailable', 'export-disk-failed', 'ENOENT'),
      new Error('ENOENT'),
    ]) {
      const running = queue.run(order(), idle);
      (await backend.call(backend.calls.length)).fail(failure);
      await assert.rejects(running, gone);
      const [job] = queue.jobs();
      assert.deepEqual([job?.state, /was deleted/u.test(job?.error ?? '')], ['failed', true]);
    }
  });

  it('sweeps at start what a killed process left', async () => {
    await using fixture = await start();
    const { queue, root, logger } = fixture;
    const left = join(root, 'tmp', 'export-1700000000-00000000-1-1-00000000');
    await mkdir(left, { recursive: true });
    await queue.sweepTemporaries();
    assert.deepEqual(await readdir(join(root, 'tmp')), []);
    assert(logger.lines.some((line) => line.message.includes('removed 1 folder')));
  });
});
