// Tells the event bus how far exports are, at most four times a second for each job.
import type { Clock, Timer } from '../../core/base/clock.ts';
import type { ExportProgress } from '../events/pro-event.ts';
import type { ExportJob } from './export-job.ts';

interface Told {
  state: string;
  atMs: number;
  timer: Timer | undefined;
}

const PERIOD_MS = 250;

/** A change of state is told at once, progress when its turn comes. */
export class ProgressEvents {
  readonly #clock: Clock;
  readonly #publish: (event: ExportProgress) => void;
  readonly #told = new Map<string, Told>();

  constructor(clock: Clock, publish: (event: ExportProgress) => void) {
    this.#clock = clock;
    this.#publish = publish;
  }

  /** Something about the job changed. */
  note(job: ExportJob): void {
    const told = this.#told.get(job.id);
    if (told?.state !== job.state) {
      this.#tell(job);
    } else if (!told.timer) {
      const waitMs = told.atMs + PERIOD_MS - this.#clock.monotonicMs();
      if (waitMs <= 0) this.#tell(job);
      else told.timer = this.#clock.after(waitMs, () => this.#tell(job));
    }
  }

  /** What waits for its turn is not told any more. */
  close(): void {
    for (const { timer } of this.#told.values()) timer?.cancel();
    this.#told.clear();
  }

  #tell(job: ExportJob): void {
    const { id, state, progress, failure, output } = job;
    this.#told.get(id)?.timer?.cancel();
    if (job.hasEnded) this.#told.delete(id);
    else this.#told.set(id, { state, atMs: this.#clock.monotonicMs(), timer: undefined });
    this.#publish({
      type: 'exportProgress',
      id,
      state,
      progress,
      ...(failure ? { error: failure.message } : {}),
      ...(output ? { filePath: output.filePath } : {}),
    });
  }
}
