// Takes orders for exports, does one or two at a time, and tells how far they are.
import { randomUUID } from 'node:crypto';
import { statfs } from 'node:fs/promises';
import type { Clock } from '../../core/base/clock.ts';
import type { Logger } from '../../core/base/logger.ts';
import { MediaError, toMediaError } from '../../core/base/media-error.ts';
import type { ExportProgress } from '../events/pro-event.ts';
import type { ExportTarget } from './day-folder-target.ts';
import type { ExportBackend, ExportPart } from './export-backend.ts';
import { ExportJob, type ExportJobInfo, type ExportResult } from './export-job.ts';
import type { ExportRequest } from './export-request.ts';
import { checkRange } from './planned-piece.ts';
import { ProgressEvents } from './progress-events.ts';
import { explainFailure } from './source-gone.ts';
import type { WorkFolders } from './work-folders.ts';

/** Finds recordings by the names that clients give. */
export interface ExportSource {
  /** @throws MediaError `not-found`, or `invalid-argument` for names that lead elsewhere. */
  resolve(resPath: string): Promise<{ readonly fullPath: string }>;
}

/** What the queue works with. */
export interface ExportQueueComponents {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly events: { publish(event: ExportProgress): void };
  readonly backend: ExportBackend;
  readonly source: ExportSource;
  readonly target: ExportTarget;
  readonly folders: WorkFolders;
}

/** Bounds; all have defaults. */
export interface ExportQueueOptions {
  /** Jobs at a time, 1..8; 1 by default. */
  readonly maxRunning?: number;
  /** Jobs that wait; 16 by default. */
  readonly maxQueued?: number;
  /** Ended jobs that are remembered; 100 by default. */
  readonly maxHistory?: number;
  /** For one job from its start; 1 hour by default. */
  readonly timeLimitMs?: number;
  /** Of one file; 16 GiB by default. */
  readonly maxOutputBytes?: number;
  /** A job does not start below this; 512 MiB by default. */
  readonly minFreeBytes?: number;
}

const DEFAULTS: Required<ExportQueueOptions> = {
  maxRunning: 1,
  maxQueued: 16,
  maxHistory: 100,
  timeLimitMs: 3_600_000,
  maxOutputBytes: 16 * 2 ** 30,
  minFreeBytes: 512 * 2 ** 20,
};
const STOPPING = 'export: the server is stopping; order the export again when it is back';
/** For looking at all files of an order before it is accepted. */
const INSPECT_TIMEOUT_MS = 60_000;

/** Runs from construction to close(). */
export class ExportQueue implements AsyncDisposable {
  readonly #components: ExportQueueComponents;
  readonly #options: Required<ExportQueueOptions>;
  readonly #events: ProgressEvents;
  /** In the order of arrival; ended ones stay for the history. */
  readonly #jobs = new Map<string, ExportJob>();
  readonly #running = new Set<Promise<void>>();
  readonly #closing = new AbortController();
  /** Orders whose files are being looked at. */
  #arriving = 0;

  constructor(components: ExportQueueComponents, options: ExportQueueOptions = {}) {
    this.#components = components;
    this.#options = { ...DEFAULTS, ...options };
    this.#events = new ProgressEvents(components.clock, (event) =>
      components.events.publish(event),
    );
  }

  /** Jobs, newest first. */
  jobs(): ExportJobInfo[] {
    return [...this.#jobs.values()].map((job) => job.info()).reverse();
  }

  /** Removes what a killed process left; call it once at start. */
  async sweepTemporaries(): Promise<void> {
    const { folders, clock, logger } = this.#components;
    const removed = await folders.sweep(clock.nowMs());
    if (removed > 0) logger.info(`removed ${removed} folders of unfinished exports`);
  }

  /**
   * Checks an order and takes it.
   * @throws MediaError `invalid-argument`, `not-found`, `unsupported`; `resource-exhausted`
   * `export-queue-full`; `unavailable` when ffmpeg is missing.
   */
  async enqueue(request: ExportRequest): Promise<ExportJobInfo> {
    return (await this.#accept(request, this.#closing.signal)).info();
  }

  /**
   * Does an order and resolves when the file is there; aborting the signal cancels it.
   * @throws MediaError as enqueue() does, and whatever made the job fail.
   */
  async run(request: ExportRequest, signal: AbortSignal): Promise<ExportJobInfo> {
    const job = await this.#accept(request, AbortSignal.any([signal, this.#closing.signal]));
    const onAbort = (): void => job.controller.abort(endReason(signal, job.id));
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    this.#dropCanceled(job);
    await job.ended;
    signal.removeEventListener('abort', onAbort);
    if (job.failure) throw job.failure;
    return job.info();
  }

  /**
   * Ends a job and resolves when nothing of it is left.
   * @throws MediaError `not-found` `export-job-not-found`, `failed-precondition` `export-job-ended`.
   */
  async cancel(id: string): Promise<ExportJobInfo> {
    const job = this.#jobs.get(id);
    if (!job) {
      throw new MediaError('not-found', 'export-job-not-found', `there is no export job '${id}'`);
    }
    if (job.hasEnded) {
      const text = `export job '${id}' has ended already: it is ${job.state}`;
      throw new MediaError('failed-precondition', 'export-job-ended', text);
    }
    job.controller.abort(canceled(id));
    this.#dropCanceled(job);
    await job.ended;
    return job.info();
  }

  /** Cancels every job and waits for their ends; who waits for one is told why. Idempotent. */
  async close(): Promise<void> {
    const stopping = new MediaError('unavailable', 'export-stopping', STOPPING);
    this.#closing.abort(stopping);
    for (const job of this.#jobs.values()) {
      if (job.hasEnded) continue;
      job.controller.abort(stopping);
      this.#dropCanceled(job);
    }
    await Promise.all(this.#running);
    this.#events.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #accept(request: ExportRequest, signal: AbortSignal): Promise<ExportJob> {
    this.#checkSpace();
    this.#arriving++;
    const { clock, backend } = this.#components;
    const late = new AbortController();
    const timer = clock.after(INSPECT_TIMEOUT_MS, () => late.abort(inspectTimeout()));
    try {
      const parts = await this.#prepare(request, AbortSignal.any([signal, late.signal]));
      if (signal.aborted) throw abortReason(signal);
      const facts = { id: randomUUID(), backend: backend.name, parts, createdAt: clock.nowMs() };
      const job = new ExportJob(facts, (changed) => this.#events.note(changed));
      this.#jobs.set(job.id, job);
      this.#events.note(job);
      return job;
    } catch (thrown) {
      if (late.signal.aborted) throw inspectTimeout();
      throw signal.aborted ? abortReason(signal) : thrown;
    } finally {
      timer.cancel();
      this.#arriving--;
      this.#startNext();
    }
  }

  async #prepare(request: ExportRequest, signal: AbortSignal): Promise<ExportPart[]> {
    const { backend, source } = this.#components;
    await backend.check();
    const durations = new Map<string, number | undefined>();
    const parts: ExportPart[] = [];
    for (const { id, resPath, range, marks } of request.parts) {
      if (signal.aborted) throw abortReason(signal);
      const { fullPath } = await source.resolve(resPath);
      if (!durations.has(fullPath)) {
        const info = await backend.inspect(fullPath, signal).catch(async (thrown: unknown) => {
          throw await explainFailure(thrown, [fullPath]);
        });
        durations.set(fullPath, info.durationS);
      }
      const part: ExportPart = { id, fullPath, range, marks };
      checkRange({ id, range, fullPath: resPath }, durations.get(fullPath) ?? Infinity);
      parts.push(part);
    }
    return parts;
  }

  #checkSpace(): void {
    if (this.#closing.signal.aborted) throw abortReason(this.#closing.signal);
    const waiting = this.#queued().length + this.#arriving;
    const free = Math.max(0, this.#options.maxRunning - this.#running.size);
    if (waiting < this.#options.maxQueued + free) return;
    const text = `export: the queue is full, ${waiting} jobs are waiting`;
    throw new MediaError('resource-exhausted', 'export-queue-full', text);
  }

  #queued(): ExportJob[] {
    return [...this.#jobs.values()].filter((job) => job.state === 'queued');
  }

  /** A job that waits ends at once; one that runs ends when its processes are gone. */
  #dropCanceled(job: ExportJob): void {
    const { signal } = job.controller;
    if (job.state !== 'queued' || !signal.aborted) return;
    job.fail(toMediaError(signal.reason), this.#components.clock.nowMs());
    this.#forgetOld();
  }

  #startNext(): void {
    for (const job of this.#queued()) {
      if (this.#running.size >= this.#options.maxRunning || this.#closing.signal.aborted) return;
      job.start(this.#components.clock.nowMs());
      const running = this.#work(job).finally(() => {
        this.#running.delete(running);
        this.#forgetOld();
        this.#startNext();
      });
      this.#running.add(running);
    }
  }

  /** Never rejects. */
  async #work(job: ExportJob): Promise<void> {
    const { clock, logger } = this.#components;
    const text = `export took longer than ${this.#options.timeLimitMs} ms`;
    const timer = clock.after(this.#options.timeLimitMs, () =>
      job.controller.abort(new MediaError('deadline-exceeded', 'export-timeout', text)),
    );
    try {
      const result = await this.#make(job);
      job.succeed(result, clock.nowMs());
      logger.info(`export ${job.id} is ready: ${result.filePath}, ${result.sizeBytes} bytes`);
    } catch (thrown) {
      const { signal } = job.controller;
      const files = job.parts.map(({ fullPath }) => fullPath);
      const failure = signal.aborted
        ? toMediaError(signal.reason)
        : await explainFailure(thrown, files);
      job.fail(failure, clock.nowMs());
      if (job.state === 'failed') logger.warn(`export ${job.id} failed: ${failure.message}`);
    } finally {
      timer.cancel();
    }
  }

  async #make(job: ExportJob): Promise<ExportResult> {
    const { backend, clock, folders, logger, target } = this.#components;
    const { signal } = job.controller;
    const folder = await folders.create(clock.nowMs());
    try {
      await this.#checkDisk(folder);
      signal.throwIfAborted();
      const { maxOutputBytes } = this.#options;
      const output = await backend.run(
        { id: job.id, parts: job.parts, folder, maxOutputBytes },
        { signal, onProgress: (progress) => job.advance(progress) },
      );
      signal.throwIfAborted();
      const published = await target.publish(output.file);
      return { ...published, durationMs: Math.round((output.durationS ?? 0) * 1000) };
    } finally {
      await folders.remove(folder).catch((thrown: unknown) => {
        logger.warn(`export ${job.id}: can't remove '${folder}': ${toMediaError(thrown).message}`);
      });
    }
  }

  async #checkDisk(folder: string): Promise<void> {
    const { bavail, bsize } = await statfs(folder);
    const freeBytes = bavail * bsize;
    if (freeBytes >= this.#options.minFreeBytes) return;
    const text =
      `export: ${this.#options.minFreeBytes} bytes have to be free, ` +
      `the disk of '${folder}' has ${freeBytes}`;
    throw new MediaError('unavailable', 'export-disk-full', text);
  }

  #forgetOld(): void {
    const ended = [...this.#jobs.values()].filter((job) => job.hasEnded);
    for (const job of ended.slice(0, Math.max(0, ended.length - this.#options.maxHistory))) {
      this.#jobs.delete(job.id);
    }
  }
}

/** Why a job ends whose client waits no longer: it left, or its listener is closing. */
function endReason({ reason }: AbortSignal, id: string): MediaError {
  return reason instanceof MediaError && reason.kind === 'unavailable' ? reason : canceled(id);
}

function abortReason(signal: AbortSignal): MediaError {
  if (signal.reason instanceof MediaError) return signal.reason;
  return new MediaError('canceled', 'export-canceled', 'export: the client left');
}

function inspectTimeout(): MediaError {
  const text = `export: looking at the files took longer than ${INSPECT_TIMEOUT_MS} ms`;
  return new MediaError('deadline-exceeded', 'export-timeout', text);
}

function canceled(id: string): MediaError {
  return new MediaError('canceled', 'export-canceled', `export job '${id}' was canceled`);
}
