// Deletes old recordings every hour, and tells when the disk gets full.
import { schedule } from 'node-cron';
import type { Logger } from '../../core/base/logger.ts';
import { MediaError, toMediaError } from '../../core/base/media-error.ts';
import type { RecordingFolder } from '../../core/library/recording-folder.ts';
import type { RetentionLimits } from '../../core/library/retention-plan.ts';
import type {
  RetentionRequest,
  RetentionResult,
  RetentionSweep,
} from '../../core/library/retention-sweep.ts';
import type { EventBus } from '../events/event-bus.ts';
import type { ProEvent } from '../events/pro-event.ts';
import { toFilePath } from './file-reference.ts';

/** Starts calling `action` at the times of a cron expression in UTC; returns what ends it. */
export type CronSchedule = (expression: string, action: () => Promise<void>) => () => void;

/** What the cleaner works with. */
export interface CleanerComponents {
  readonly sweep: Pick<RetentionSweep, 'run'>;
  readonly folder: RecordingFolder;
  readonly events: EventBus;
  readonly logger: Logger;
  readonly schedule?: CronSchedule;
}

/** When, and what is kept. */
export interface CleanerOptions {
  /** Cron expression, UTC; at every full hour by default. */
  readonly schedule?: string;
  /** Asked before each run, so that new settings count at once. */
  readonly limits: () => RetentionLimits;
  /** Only tell what would go. */
  readonly isDryRun?: boolean;
}

/** What went, or would go. */
export interface CleaningResult {
  readonly files: readonly {
    readonly filePath: string;
    readonly sizeBytes: number;
    readonly reason: string;
  }[];
  /** `files` may hold less: at most 10,000. */
  readonly count: number;
  readonly bytes: number;
}

const HOURLY = '0 * * * *';

/** One run at a time: who asks while one is under way gets an error, or waits for the next hour. */
export class Cleaner implements AsyncDisposable {
  readonly #components: CleanerComponents;
  readonly #options: CleanerOptions;
  readonly #closing = new AbortController();
  #running: Promise<CleaningResult> | undefined;
  #stop: (() => void) | undefined;
  #unsubscribe: (() => void) | undefined;
  #isLow = false;

  constructor(components: CleanerComponents, options: CleanerOptions) {
    this.#components = components;
    this.#options = options;
  }

  /** Begins to clean by the clock, and at once when a recorder finds the disk full. */
  start(): void {
    const { schedule: begin = cronSchedule, events } = this.#components;
    this.#stop = begin(this.#options.schedule ?? HOURLY, () => this.#runScheduled());
    this.#unsubscribe = events.subscribe((event) => {
      if (isDiskFull(event)) void this.#runScheduled();
    });
  }

  /**
   * Cleans now, or tells what would go.
   * @throws MediaError failed-precondition `cleaner-running`, canceled.
   */
  sweep({ isDryRun }: { readonly isDryRun: boolean }): Promise<CleaningResult> {
    if (isDryRun) return this.#run(true);
    if (this.#running) {
      const text = 'the cleaner is running already';
      return Promise.reject(new MediaError('failed-precondition', 'cleaner-running', text));
    }
    this.#running = this.#run(false).finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  /** Ends a run between two files. Idempotent. */
  async close(): Promise<void> {
    this.#stop?.();
    this.#unsubscribe?.();
    this.#closing.abort();
    await this.#running?.catch(() => undefined);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #runScheduled(): Promise<void> {
    if (this.#running || this.#closing.signal.aborted) return;
    try {
      await this.sweep({ isDryRun: this.#options.isDryRun === true });
    } catch (thrown) {
      const error = toMediaError(thrown);
      if (error.kind === 'canceled') return;
      this.#components.logger.error(`recordings could not be cleaned: ${error.message}`);
    }
  }

  async #run(isDryRun: boolean): Promise<CleaningResult> {
    const { sweep, folder, events } = this.#components;
    const limits = this.#options.limits();
    const request: RetentionRequest = {
      folder,
      limits,
      isDryRun,
      signal: this.#closing.signal,
      onDeleted: ({ file }) =>
        events.publish({ type: 'fileDeleted', filePath: toFilePath(file), reason: 'retention' }),
    };
    const result = await sweep.run(request);
    this.#tell(result, isDryRun);
    if (!isDryRun) this.#watchSpace(result, limits);
    const files = result.verdicts.map(({ file, sizeBytes, reason }) => {
      return { filePath: toFilePath(file), sizeBytes, reason };
    });
    return { files, count: result.count, bytes: result.sizeBytes };
  }

  #tell(result: RetentionResult, isDryRun: boolean): void {
    const { count, sizeBytes, failed, removedFolders, missingBytes } = result;
    const did = isDryRun ? 'would delete' : 'deleted';
    const line =
      `cleaner ${did} ${count} files, ${sizeBytes} bytes; ` +
      `${removedFolders} empty folders removed, ${failed} files failed`;
    if (missingBytes <= 0) {
      this.#components.logger.info(line);
      return;
    }
    const still = `${Math.ceil(missingBytes)} bytes over the limit, nothing else may be deleted`;
    this.#components.logger.warn(`${line}; ${still}`);
  }

  /** Told once when it gets low and once when it is well again. */
  #watchSpace({ freeBytes, sizeBytes }: RetentionResult, { minFreeBytes }: RetentionLimits): void {
    const afterBytes = freeBytes + sizeBytes;
    const isLow = minFreeBytes > 0 && afterBytes < minFreeBytes;
    if (isLow === this.#isLow) return;
    this.#isLow = isLow;
    const type = isLow ? 'storageLow' : 'storageOk';
    this.#components.events.publish({ type, freeBytes: afterBytes });
  }
}

/** Calendar times are UTC: local ones come twice or never when clocks change. */
export const cronSchedule: CronSchedule = (expression, action) => {
  const task = schedule(expression, action, { timezone: 'UTC', noOverlap: true, unref: true });
  return () => void task.destroy();
};

function isDiskFull(event: ProEvent): boolean {
  return (
    (event.type === 'recordStopped' || event.type === 'recordGap') && event.reason === 'diskFull'
  );
}
