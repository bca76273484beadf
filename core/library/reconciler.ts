// Makes the index equal to the disk: unknown files in, missing ones out, unfinished ones repaired.
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import { MediaError, toMediaError } from '../base/media-error.ts';
import type { FileLocks } from './file-locks.ts';
import { forEachConcurrently } from './for-each-concurrently.ts';
import type { GrowingFiles } from './growing-files.ts';
import type { RecordingIndex } from './index-query.ts';
import {
  noCounts,
  type ReconcileCounts,
  type ReconcileProgress,
  type ReconcileResult,
} from './reconcile-result.ts';
import type { RecordingFiles } from './recording-files.ts';
import type { RecordingFolder } from './recording-folder.ts';
import type { RecordingReader } from './recording-reader.ts';
import { joinFile, nameOf, type Recording } from './recording.ts';
import type { ScannedFile } from './safe-folder.ts';

/** What the reconciler works with. */
export interface ReconcilerComponents {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly index: RecordingIndex;
  readonly locks: FileLocks;
  readonly growing: GrowingFiles;
  readonly reader: RecordingReader;
  readonly files: RecordingFiles;
}

/** Settings of a Reconciler. */
export interface ReconcilerOptions {
  /** Date ms when this process began to write; what was written before has no writer any more. */
  readonly startedAt: number;
  /** A younger unknown file may still have a writer that nobody announced; milliseconds. */
  readonly settleMs: number;
}

/** One run. */
export interface ReconcileRequest {
  readonly folders: readonly RecordingFolder[];
  /** Try those again that could not be repaired before, e.g. because the disk was full. */
  readonly retriesDamaged?: boolean;
  readonly signal?: AbortSignal;
  /** Called after each folder. */
  readonly onProgress?: (progress: ReconcileProgress) => void;
}

interface Run extends ReconcileRequest {
  readonly counts: ReconcileCounts;
  failures: number;
}

const CONCURRENT_FILES = 8;
const MAX_DEPTH = 15;
const LOGGED_FAILURES = 10;

/** Looks at every file once; what did not change costs one lstat. */
export class Reconciler {
  readonly #components: ReconcilerComponents;
  readonly #startedAt: number;
  readonly #settleMs: number;

  constructor(components: ReconcilerComponents, options: ReconcilerOptions) {
    this.#components = components;
    this.#startedAt = options.startedAt;
    this.#settleMs = options.settleMs;
  }

  /** @throws MediaError canceled, or what the index throws. Files that fail are counted. */
  async run(request: ReconcileRequest): Promise<ReconcileResult> {
    const { clock } = this.#components;
    const beganMs = clock.monotonicMs();
    const run: Run = { ...request, counts: noCounts(), failures: 0 };
    for (const folder of request.folders) await this.#reconcileRoot(run, folder);
    return { ...run.counts, tookMs: clock.monotonicMs() - beganMs };
  }

  /** One file, e.g. one that its recorder could not close. */
  async runFile(folder: RecordingFolder, file: string): Promise<ReconcileResult> {
    const run: Run = { folders: [folder], retriesDamaged: true, counts: noCounts(), failures: 0 };
    await this.#tryFile(run, folder, file);
    return { ...run.counts, tookMs: 0 };
  }

  async #reconcileRoot(run: Run, folder: RecordingFolder): Promise<void> {
    const { index, files } = this.#components;
    const { root } = folder.safe;
    run.counts.finishedMoves += await files.finishMoves(folder);
    const unseen = new Set(await index.call('folders', { root }));
    const toVisit = [''];
    for (let next = toVisit.shift(); next !== undefined; next = toVisit.shift()) {
      if (run.signal?.aborted === true) throw canceled();
      unseen.delete(next);
      toVisit.push(...(await this.#reconcileFolder(run, folder, next)));
      run.onProgress?.({ root, folder: next, seen: run.counts.seen });
    }
    // Folders that are gone, or that the layout does not know any more.
    for (const gone of unseen) await this.#compare(run, folder, { folder: gone, seen: [] });
  }

  /** Returns the folders below it that are to be visited. */
  async #reconcileFolder(run: Run, folder: RecordingFolder, name: string): Promise<string[]> {
    const content = await folder.safe.scan(name);
    const seen = content.files.filter(
      (file) => folder.layout.describe(joinFile(name, file.name)) !== undefined,
    );
    await this.#compare(run, folder, { folder: name, seen });
    if (name.split('/').length >= MAX_DEPTH) return [];
    return content.folders
      .map((child) => joinFile(name, child))
      .filter((child) => folder.layout.hasFolder(child));
  }

  async #compare(
    run: Run,
    folder: RecordingFolder,
    { folder: name, seen }: { readonly folder: string; readonly seen: readonly ScannedFile[] },
  ): Promise<void> {
    const { root } = folder.safe;
    const rows = await this.#components.index.call('inFolder', { root, folder: name });
    const missing = new Map(rows.map((row) => [nameOf(row.file), row]));
    const suspects = new Set<string>();
    for (const file of seen) {
      const row = missing.get(file.name);
      missing.delete(file.name);
      if (!row || !isUnchanged(row, file) || this.#isRetry(run, row))
        suspects.add(joinFile(name, file.name));
    }
    run.counts.seen += seen.length;
    for (const row of missing.values()) suspects.add(row.file);
    await forEachConcurrently(suspects, CONCURRENT_FILES, (file) =>
      this.#tryFile(run, folder, file),
    );
  }

  async #tryFile(run: Run, folder: RecordingFolder, file: string): Promise<void> {
    const { locks, logger } = this.#components;
    try {
      if (run.signal?.aborted === true) throw canceled();
      const place = { root: folder.safe.root, file };
      await locks.run([place], () => this.#reconcileFile(run, folder, file));
    } catch (thrown) {
      const error = toMediaError(thrown);
      // Without the index nothing can be done; one bad file must not keep the others out.
      if (error.code.startsWith('index-') || error.kind === 'canceled') throw error;
      run.counts.failed++;
      if (run.failures++ >= LOGGED_FAILURES) return;
      logger.warn(`recording ${folder.safe.root}/${file} can't be indexed: ${error.message}`);
    }
  }

  /** Under the lock of the file: looks again, for it may have been moved or closed meanwhile. */
  async #reconcileFile(run: Run, folder: RecordingFolder, file: string): Promise<void> {
    const { counts } = run;
    const { index, growing, reader } = this.#components;
    const place = { root: folder.safe.root, file };
    if (growing.has(place)) return;
    const row = await index.call('get', place);
    const stats = folder.layout.describe(file) && (await safeStat(folder, file));
    if (!stats) {
      if (!row) return;
      await index.call('remove', [place]);
      counts.removed++;
      return;
    }
    const scanned = { name: nameOf(file), sizeBytes: stats.size, modifiedAt: stats.mtimeMs };
    if (row && isUnchanged(row, scanned) && !this.#isRetry(run, row)) return;
    if (row?.state !== 'growing' && !this.#isSettled(stats.mtimeMs)) {
      counts.unsettled++;
      return;
    }
    const read = await reader.read({ folder, file, row });
    if (!read) return;
    if (!read.recording) {
      // A process was killed before anything was in it.
      await folder.safe.remove(file);
      await index.call('remove', [place]);
      counts.removed++;
      return;
    }
    await index.call('put', [read.recording]);
    if (row) counts.updated++;
    else counts.added++;
    if (read.isRepaired) counts.repaired++;
    if (read.recording.state === 'damaged') counts.damaged++;
  }

  #isRetry(run: Run, row: Recording): boolean {
    return run.retriesDamaged === true && row.state === 'damaged';
  }

  /** Nobody writes to a file of an earlier process, or to one that has not changed for a while. */
  #isSettled(modifiedAt: number): boolean {
    return (
      modifiedAt < this.#startedAt || modifiedAt < this.#components.clock.nowMs() - this.#settleMs
    );
  }
}

function isUnchanged(row: Recording, file: ScannedFile): boolean {
  return (
    row.state !== 'growing' &&
    row.sizeBytes === file.sizeBytes &&
    row.modifiedAt === Math.round(file.modifiedAt)
  );
}

async function safeStat(
  folder: RecordingFolder,
  file: string,
): ReturnType<RecordingFolder['safe']['stat']> {
  try {
    return await folder.safe.stat(file);
  } catch (thrown) {
    // A name that has become a link is no recording any more.
    if (toMediaError(thrown).code === 'path-is-link') return undefined;
    throw thrown;
  }
}

function canceled(): MediaError {
  return new MediaError(
    'canceled',
    'reconcile-canceled',
    'reconciling the recordings was canceled',
  );
}
