// One export on its way from the queue to a file.
import { MediaError } from '../../core/base/media-error.ts';
import type { PublishedExport } from './day-folder-target.ts';
import type { ExportPart } from './export-backend.ts';

/** Where a job is. */
export type ExportJobState = 'queued' | 'running' | 'done' | 'failed' | 'canceled';

/** A finished export. */
export interface ExportResult extends PublishedExport {
  /** 0 when the back end didn't tell. */
  readonly durationMs: number;
}

/** What is told about a job; a copy that does not change. */
export interface ExportJobInfo {
  /** UUID. */
  readonly id: string;
  readonly state: ExportJobState;
  /** 0..1. */
  readonly progress: number;
  /** `ffmpeg` or `rvideo`. */
  readonly backend: string;
  readonly partCount: number;
  /** Date ms. */
  readonly createdAt: number;
  readonly startedAt: number | undefined;
  readonly endedAt: number | undefined;
  /** Text of the failure. */
  readonly error: string | undefined;
  readonly output: ExportResult | undefined;
}

/** Told after each change. */
export type ExportJobWatcher = (job: ExportJob) => void;

/** State of a job; only the queue changes it. */
export class ExportJob {
  readonly id: string;
  readonly backend: string;
  readonly parts: readonly ExportPart[];
  readonly createdAt: number;
  /** Aborted with a MediaError as its reason. */
  readonly controller = new AbortController();
  /** Resolves when the job has ended, whatever way; never rejects. */
  readonly ended: Promise<void>;
  readonly #resolveEnded: () => void;
  readonly #watcher: ExportJobWatcher;
  #state: ExportJobState = 'queued';
  #progress = 0;
  #startedAt: number | undefined;
  #endedAt: number | undefined;
  #failure: MediaError | undefined;
  #output: ExportResult | undefined;

  constructor(
    { id, backend, parts, createdAt }: Pick<ExportJob, 'id' | 'backend' | 'parts' | 'createdAt'>,
    watcher: ExportJobWatcher,
  ) {
    this.id = id;
    this.backend = backend;
    this.parts = parts;
    this.createdAt = createdAt;
    this.#watcher = watcher;
    const { promise, resolve } = Promise.withResolvers<undefined>();
    this.ended = promise;
    this.#resolveEnded = () => resolve(undefined);
  }

  get state(): ExportJobState {
    return this.#state;
  }

  get progress(): number {
    return this.#progress;
  }

  get failure(): MediaError | undefined {
    return this.#failure;
  }

  get output(): ExportResult | undefined {
    return this.#output;
  }

  get hasEnded(): boolean {
    return this.#state !== 'queued' && this.#state !== 'running';
  }

  info(): ExportJobInfo {
    return {
      id: this.id,
      state: this.#state,
      progress: this.#progress,
      backend: this.backend,
      partCount: this.parts.length,
      createdAt: this.createdAt,
      startedAt: this.#startedAt,
      endedAt: this.#endedAt,
      error: this.#failure?.message,
      output: this.#output,
    };
  }

  start(nowMs: number): void {
    this.#state = 'running';
    this.#startedAt = nowMs;
    this.#watcher(this);
  }

  /** Ignored when the job has ended or got further already. */
  advance(progress: number): void {
    if (this.#state !== 'running' || !(progress > this.#progress)) return;
    this.#progress = Math.min(1, progress);
    this.#watcher(this);
  }

  succeed(output: ExportResult, nowMs: number): void {
    this.#output = output;
    this.#progress = 1;
    this.#end('done', nowMs);
  }

  fail(failure: MediaError, nowMs: number): void {
    this.#failure = failure;
    // The end of the server is no fault of the job, and not its client's wish either.
    const wasEnded = failure.kind === 'canceled' || failure.code === 'export-stopping';
    this.#end(wasEnded ? 'canceled' : 'failed', nowMs);
  }

  #end(state: ExportJobState, nowMs: number): void {
    if (this.hasEnded) return;
    this.#state = state;
    this.#endedAt = nowMs;
    this.#watcher(this);
    this.#resolveEnded();
  }
}
