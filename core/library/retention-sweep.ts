// Deletes what the retention limits say, oldest first, and the folders that get empty.
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import { MediaError, toMediaError } from '../base/media-error.ts';
import { systemDiskSpace, type DiskSpaceQuestion } from './disk-space.ts';
import { forEachConcurrently } from './for-each-concurrently.ts';
import type { RecordingIndex, RetentionCandidate } from './index-query.ts';
import type { RecordingFiles } from './recording-files.ts';
import type { RecordingFolder } from './recording-folder.ts';
import { folderOf } from './recording.ts';
import { SteadyTime } from './steady-time.ts';
import { RetentionPlan, type RetentionLimits, type RetentionReason } from './retention-plan.ts';

/** What a sweep works with. */
export interface RetentionSweepComponents {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly index: RecordingIndex;
  readonly files: Pick<RecordingFiles, 'remove'>;
  readonly diskSpace?: DiskSpaceQuestion;
}

/** What to sweep. */
export interface RetentionRequest {
  readonly folder: RecordingFolder;
  readonly limits: RetentionLimits;
  /** Only say what would go. */
  readonly isDryRun?: boolean;
  readonly signal?: AbortSignal;
  /** Told of each file that was deleted. */
  readonly onDeleted?: (verdict: RetentionVerdict) => void;
}

/** A recording that goes. */
export interface RetentionVerdict {
  /** Relative to the root. */
  readonly file: string;
  readonly path: string;
  /** Date ms. */
  readonly startAt: number;
  readonly sizeBytes: number;
  readonly reason: RetentionReason;
}

/** What went, or would go in a dry run. */
export interface RetentionResult {
  /** Oldest first; at most 10,000, `count` tells how many there were. */
  readonly verdicts: readonly RetentionVerdict[];
  readonly count: number;
  readonly sizeBytes: number;
  /** Files that could not be deleted; the log says why. */
  readonly failed: number;
  readonly removedFolders: number;
  /** Bytes that are above a limit although nothing more may be deleted. */
  readonly missingBytes: number;
  readonly freeBytes: number;
}

interface Run {
  readonly request: RetentionRequest;
  readonly plan: RetentionPlan;
  readonly verdicts: RetentionVerdict[];
  readonly touchedFolders: Set<string>;
  count: number;
  sizeBytes: number;
  failed: number;
}

const PAGE = 500;
const MAX_LISTED = 10_000;
/** Deletions at once: enough to be fast, few enough to leave the disk to the recorders. */
const CONCURRENT_DELETIONS = 4;

/** Favorites, growing files and files of others are never candidates: the index leaves them out. */
export class RetentionSweep {
  readonly #components: RetentionSweepComponents;
  readonly #diskSpace: DiskSpaceQuestion;
  readonly #time: SteadyTime;

  constructor(components: RetentionSweepComponents) {
    this.#components = components;
    this.#diskSpace = components.diskSpace ?? systemDiskSpace;
    this.#time = new SteadyTime(components.clock);
  }

  /** @throws MediaError canceled, or what the index throws. */
  async run(request: RetentionRequest): Promise<RetentionResult> {
    const { folder, limits } = request;
    const { freeBytes } = await this.#diskSpace(folder.safe.root);
    const nowAt = this.#steadyNow();
    const usedBytes = limits.maxBytes > 0 ? await this.#usedBytes(folder) : 0;
    const run: Run = {
      request,
      plan: new RetentionPlan(limits, { nowAt, usedBytes, freeBytes }),
      verdicts: [],
      touchedFolders: new Set(),
      count: 0,
      sizeBytes: 0,
      failed: 0,
    };
    await this.#sweep(run);
    const removedFolders = request.isDryRun === true ? 0 : await this.#removeFolders(run);
    run.verdicts.sort((one, other) => one.startAt - other.startAt);
    const { verdicts, count, sizeBytes, failed, plan } = run;
    const { missingBytes } = plan;
    return { verdicts, count, sizeBytes, failed, removedFolders, missingBytes, freeBytes };
  }

  #steadyNow(): number {
    const { doubtMs } = this.#time;
    if (doubtMs > 0) {
      const hours = Math.round(doubtMs / 3_600_000);
      const line = `the clock jumped ${hours} hours ahead; recordings get older by it in a day only`;
      this.#components.logger.warn(line);
    }
    return this.#time.nowAt();
  }

  async #usedBytes({ safe }: RecordingFolder): Promise<number> {
    const filter = { root: safe.root, kinds: ['video', 'image', 'thumbnail'] } as const;
    const totals = await this.#components.index.call('totals', { by: 'kind', filter });
    return totals.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  }

  async #sweep(run: Run): Promise<void> {
    const { folder, signal } = run.request;
    const { root } = folder.safe;
    let page: readonly RetentionCandidate[] = [];
    do {
      if (signal?.aborted === true) throw canceled();
      const after = page.at(-1);
      page = await this.#components.index.call('retentionPage', {
        root,
        beforeAt: run.plan.horizonAt,
        limit: PAGE,
        ...(after ? { after: { startAt: after.startAt, id: after.id } } : {}),
      });
      await forEachConcurrently(page, CONCURRENT_DELETIONS, (item) => this.#treat(run, item));
    } while (page.length === PAGE);
  }

  async #treat(run: Run, candidate: RetentionCandidate): Promise<void> {
    const { request, plan } = run;
    // A big page may reach beyond what is needed.
    const reason = plan.judge(candidate);
    if (reason === undefined) return;
    const { file, path, startAt, sizeBytes } = candidate;
    const verdict: RetentionVerdict = { file, path, startAt, sizeBytes, reason };
    if (request.isDryRun !== true && !(await this.#delete(run, verdict))) return;
    run.count++;
    run.sizeBytes += sizeBytes;
    if (run.verdicts.length < MAX_LISTED) run.verdicts.push(verdict);
    if (request.isDryRun !== true) request.onDeleted?.(verdict);
  }

  async #delete(run: Run, verdict: RetentionVerdict): Promise<boolean> {
    const { folder } = run.request;
    const { file } = verdict;
    try {
      await this.#components.files.remove(folder, file);
      run.touchedFolders.add(folderOf(file));
      return true;
    } catch (thrown) {
      const error = toMediaError(thrown);
      if (error.kind === 'unavailable') throw error;
      // Somebody else deleted it: its space is free all the same.
      if (error.kind === 'not-found') return false;
      run.plan.takeBack(verdict);
      run.failed++;
      this.#components.logger.warn(`recording ${file} can't be deleted: ${error.message}`);
      return false;
    }
  }

  /** Folders that were emptied now, and those that somebody else emptied. */
  async #removeFolders(run: Run): Promise<number> {
    const { safe, layout } = run.request.folder;
    const nowAt = this.#components.clock.nowMs();
    const top = (await safe.scan('')).folders;
    const folders = new Set([...run.touchedFolders, ...top].flatMap(withParents));
    const deepestFirst = [...folders].sort((one, other) => other.length - one.length);
    let removed = 0;
    for (const folder of deepestFirst) {
      if (!layout.hasFolder(folder) || !layout.isRemovableFolder(folder, nowAt)) continue;
      if (await this.#removeFolder(run, folder)) removed++;
    }
    return removed;
  }

  async #removeFolder(run: Run, folder: string): Promise<boolean> {
    try {
      return await run.request.folder.safe.removeEmptyFolder(folder);
    } catch (thrown) {
      const { message } = toMediaError(thrown);
      this.#components.logger.warn(`folder ${folder} can't be removed: ${message}`);
      return false;
    }
  }
}

function withParents(folder: string): readonly string[] {
  return folder === '' ? [] : [folder, ...withParents(folderOf(folder))];
}

function canceled(): MediaError {
  return new MediaError('canceled', 'sweep-canceled', 'cleaning the recordings was canceled');
}
