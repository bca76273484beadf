// Deletes recordings named by patterns when `recordDeleteAfter` says so.
import type { Clock, Timer } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import { toMediaError } from '../base/media-error.ts';
import type { RecordingFolder } from './recording-folder.ts';
import type { RetentionLimits } from './retention-plan.ts';
import type { RetentionSweep, RetentionVerdict } from './retention-sweep.ts';

/** What the cleaner works with. */
export interface TemplateCleanerComponents {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly sweep: Pick<RetentionSweep, 'run'>;
}

/** What is cleaned, asked before each run, so that new settings count at once. */
export interface TemplateCleanerOptions {
  readonly folders: () => readonly RecordingFolder[];
  readonly limits: (folder: RecordingFolder) => RetentionLimits;
  /** Told of each file that was deleted. */
  readonly onDeleted?: (folder: RecordingFolder, verdict: RetentionVerdict) => void;
}

const LONGEST_INTERVAL_MS = 30 * 60_000;
const SHORTEST_INTERVAL_MS = 1000;

/** Runs every half an hour, or twice as often as the shortest age asks for. */
export class TemplateCleaner implements AsyncDisposable {
  readonly #components: TemplateCleanerComponents;
  readonly #options: TemplateCleanerOptions;
  readonly #closing = new AbortController();
  #timer: Timer | undefined;
  #running: Promise<void> | undefined;
  /** The settings changed, and no run has begun since. */
  #isWoken = false;

  constructor(components: TemplateCleanerComponents, options: TemplateCleanerOptions) {
    this.#components = components;
    this.#options = options;
  }

  /** Begins to clean by the clock. Call it once. */
  start(): void {
    this.#schedule();
  }

  /** Cleans now; one run at a time, later callers get the one that runs. Never rejects. */
  sweep(): Promise<void> {
    this.#running ??= this.#sweep().finally(() => {
      this.#running = undefined;
      if (this.#isWoken) this.#wakeSoon();
    });
    return this.#running;
  }

  /** Ages changed: cleans by the new ones in a second, once however often this is called. */
  wake(): void {
    if (this.#isWoken) return;
    this.#isWoken = true;
    if (!this.#running) this.#wakeSoon();
  }

  /** Ends a run between two files. Idempotent. */
  async close(): Promise<void> {
    this.#timer?.cancel();
    this.#closing.abort();
    await this.#running;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #wakeSoon(): void {
    this.#schedule(SHORTEST_INTERVAL_MS);
  }

  #schedule(delayMs = this.#intervalMs()): void {
    if (this.#closing.signal.aborted) return;
    this.#timer?.cancel();
    this.#timer = this.#components.clock.after(delayMs, () => {
      this.#isWoken = false;
      void this.sweep().then(() => {
        if (!this.#isWoken) this.#schedule();
      });
    });
  }

  #intervalMs(): number {
    let intervalMs = LONGEST_INTERVAL_MS;
    for (const folder of this.#options.folders()) {
      const { shortestMaxAgeMs } = this.#options.limits(folder);
      if (shortestMaxAgeMs > 0) intervalMs = Math.min(intervalMs, shortestMaxAgeMs / 2);
    }
    return Math.max(intervalMs, SHORTEST_INTERVAL_MS);
  }

  async #sweep(): Promise<void> {
    const { logger, sweep } = this.#components;
    const { signal } = this.#closing;
    for (const folder of this.#options.folders()) {
      try {
        const { count, sizeBytes } = await sweep.run({
          ...{ folder, signal, limits: this.#options.limits(folder) },
          onDeleted: (verdict) => this.#options.onDeleted?.(folder, verdict),
        });
        if (count > 0) logger.info(`deleted ${count} old recordings, ${sizeBytes} bytes`);
      } catch (thrown) {
        const error = toMediaError(thrown);
        if (error.kind === 'canceled') return;
        logger.error(`old recordings in ${folder.safe.root} stay for now: ${error.message}`);
      }
    }
  }
}
