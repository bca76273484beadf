// When the cleaner runs, what it tells, and that it never runs twice at once.
import assert from 'node:assert/strict';
import { setImmediate } from 'node:timers/promises';
import { MediaError } from '../../../core/base/media-error.ts';
import type { RetentionRequest, RetentionResult } from '../../../core/library/retention-sweep.ts';
import { EventBus } from '../../../pro/events/event-bus.ts';
import type { ProEvent } from '../../../pro/events/pro-event.ts';
import { Cleaner, cronSchedule, type CleanerOptions } from '../../../pro/library/cleaner.ts';
import { createDateFolder } from '../../../pro/library/date-folder-layout.ts';
import { RecordingLogger } from '../../support/recording-logger.ts';

const verdict = {
  file: '20250116/a.mp4',
  path: 'cam',
  startAt: 0,
  sizeBytes: 50,
  reason: 'age',
} as const;
const nothing: RetentionResult = {
  verdicts: [],
  count: 0,
  sizeBytes: 0,
  failed: 0,
  removedFolders: 0,
  missingBytes: 0,
  freeBytes: 1000,
};

class Bench {
  readonly events: ProEvent[] = [];
  readonly logger = new RecordingLogger();
  readonly bus = new EventBus(this.logger);
  readonly requests: RetentionRequest[] = [];
  results: (RetentionResult | MediaError)[] = [];
  finish: (() => void) | undefined;
  isHeld = false;
  expression = '';
  isStopped = false;
  tick: () => Promise<void> = () => Promise.resolve();
  readonly cleaner: Cleaner;

  constructor(options: Partial<CleanerOptions> = {}) {
    this.bus.subscribe((event) => void this.events.push(event));
    this.cleaner = new Cleaner(
      {
        sweep: { run: (request) => this.#run(request) },
        folder: createDateFolder('/rec'),
        events: this.bus,
        logger: this.logger,
        schedule: (expression, action) => {
          this.expression = expression;
          this.tick = action;
          return () => {
            this.isStopped = true;
          };
        },
      },
      {
        limits: () => ({
          maxAgeMs: () => 0,
          shortestMaxAgeMs: 0,
          maxBytes: 0,
          minFreeBytes: 500,
        }),
        ...options,
      },
    );
  }

  async #run(request: RetentionRequest): Promise<RetentionResult> {
    this.requests.push(request);
    if (this.isHeld) {
      await new Promise<void>((resolve) => {
        this.finish = resolve;
      });
    }
    const result = this.results.shift() ?? nothing;
    if (result instanceof MediaError) throw result;
    if (request.isDryRun !== true) for (const each of result.verdicts) request.onDeleted?.(each);
    return result;
  }
}

describe('Cleaner', () => {
  const one = { ...nothing, verdicts: [verdict], count: 1, sizeBytes: 50, removedFolders: 1 };

  it('runs every hour, tells each deleted file and one line', async () => {
    const bench = new Bench();
    bench.cleaner.start();
    assert.equal(bench.expression, '0 * * * *');
    bench.results = [one];
    await bench.tick();
    const event = { type: 'fileDeleted', filePath: '/20250116/a.mp4', reason: 'retention' };
    assert.deepEqual(bench.events, [event]);
    assert.deepEqual(
      bench.logger.lines.map(({ level, message }) => [level, message]),
      [['info', 'cleaner deleted 1 files, 50 bytes; 1 empty folders removed, 0 files failed']],
    );
    await bench.cleaner.close();
    assert(bench.isStopped);
    await bench.tick();
    assert.equal(bench.requests.length, 1);
  });

  it('tells what would go without touching anything', async () => {
    const bench = new Bench({ isDryRun: true });
    bench.results = [one, one];
    const files = [{ filePath: '/20250116/a.mp4', sizeBytes: 50, reason: 'age' }];
    const result = await bench.cleaner.sweep({ isDryRun: true });
    assert.deepEqual(result, { files, count: 1, bytes: 50 });
    bench.cleaner.start();
    await bench.tick();
    assert(bench.requests.every(({ isDryRun }) => isDryRun === true));
    assert.deepEqual(bench.events, []);
    assert.match(bench.logger.lines[0]?.message ?? '', /would delete/u);
  });

  it('never runs twice at once', async () => {
    const bench = new Bench();
    bench.cleaner.start();
    bench.isHeld = true;
    const first = bench.cleaner.sweep({ isDryRun: false });
    const second = bench.cleaner.sweep({ isDryRun: false });
    await assert.rejects(second, { kind: 'failed-precondition', code: 'cleaner-running' });
    await bench.tick();
    assert.equal(bench.requests.length, 1);
    bench.finish?.();
    await first;
    bench.isHeld = false;
    await bench.cleaner.sweep({ isDryRun: false });
    assert.equal(bench.requests.length, 2);
  });

  it('tells once when space gets low, and once when it is well again', async () => {
    const bench = new Bench();
    const free = (freeBytes: number, sizeBytes = 0): RetentionResult => {
      return { ...nothing, freeBytes, sizeBytes, missingBytes: freeBytes < 500 ? 1.5 : 0 };
    };
    bench.results = [free(1000), free(400), free(300), free(450, 60), free(900)];
    for (let run = 0; run < 5; run++) await bench.cleaner.sweep({ isDryRun: false });
    assert.deepEqual(bench.events, [
      { type: 'storageLow', freeBytes: 400 },
      { type: 'storageOk', freeBytes: 510 },
    ]);
    const warning = bench.logger.lines[1];
    assert.equal(warning?.level, 'warn');
    assert.match(warning.message, /2 bytes over the limit, nothing else may be deleted/u);
  });

  it('does not wait for the hour when a recorder finds the disk full', async () => {
    const bench = new Bench();
    bench.cleaner.start();
    const gap = { type: 'recordGap', name: 'cam', fromAt: 0, toAt: 1 } as const;
    bench.bus.publish({ ...gap, reason: 'streamLost' });
    bench.bus.publish({ ...gap, reason: 'diskFull' });
    bench.bus.publish({ ...gap, reason: 'diskFull' });
    await setImmediate();
    assert.equal(bench.requests.length, 1);
    await bench.cleaner.close();
    bench.bus.publish({ ...gap, reason: 'diskFull' });
    assert.equal(bench.requests.length, 1);
  });

  it('logs what fails and goes on at the next hour; an end is no failure', async () => {
    const bench = new Bench();
    bench.cleaner.start();
    const failure = new MediaError('unavailable', 'index-closed', 'recording index is closed');
    bench.results = [failure, new MediaError('canceled', 'sweep-canceled', 'canceled'), nothing];
    for (let run = 0; run < 3; run++) await bench.tick();
    assert.deepEqual(
      bench.logger.lines.map(({ level }) => level),
      ['error', 'info'],
    );
    assert.match(bench.logger.lines[0]?.message ?? '', /recording index is closed/u);
  });

  it('ends a run between two files when it is closed', async () => {
    const bench = new Bench();
    bench.isHeld = true;
    const run = bench.cleaner.sweep({ isDryRun: false });
    const closed = bench.cleaner.close();
    assert(bench.requests[0]?.signal?.aborted);
    bench.finish?.();
    await Promise.all([run, closed]);
  });
});

describe('cronSchedule()', () => {
  it('starts and ends a job of the calendar', async () => {
    const end = cronSchedule('0 * * * *', () => Promise.resolve());
    end();
    await setImmediate();
    assert.throws(() => cronSchedule('every hour', () => Promise.resolve()));
  });
});
