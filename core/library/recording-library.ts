// Everything that was recorded: the index, kept equal to the files, and the operations on both.
import { resolve } from 'node:path';
import type { Clock, Timer } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import { MediaError, toMediaError } from '../base/media-error.ts';
import type {
  RecordingsIndex,
  SegmentClosed,
  SegmentGap,
  SegmentOpened,
} from '../record/recordings-index.ts';
import { FileLocks } from './file-locks.ts';
import { GrowingFiles } from './growing-files.ts';
import { IndexClient } from './index-client.ts';
import type { IndexOrigin } from './index-database.ts';
import type { RecordingIndex } from './index-query.ts';
import { Reconciler, type ReconcileRequest } from './reconciler.ts';
import type { ReconcileResult } from './reconcile-result.ts';
import { RecordingFiles } from './recording-files.ts';
import type { RecordingFolder } from './recording-folder.ts';
import type { RecordingInspector } from './recording-inspector.ts';
import { RecordingReader } from './recording-reader.ts';
import type { Recording } from './recording.ts';
import type { StartIndexWorker } from './start-index-worker.ts';

/** What the library works with. */
export interface RecordingLibraryComponents {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly inspector: RecordingInspector;
  readonly startWorker?: StartIndexWorker;
}

/** Where things are. */
export interface RecordingLibraryOptions {
  /** Made when it is missing; best below a root, in a folder that begins with a dot. */
  readonly databaseFile: string;
  readonly folders: readonly RecordingFolder[];
  /** A younger file that nobody announced is not looked into yet; milliseconds. */
  readonly settleMs?: number;
}

/** File systems tell times in steps: a file of this process may look older than its start. */
const TIMESTAMP_STEP_MS = 20;
const DEFAULT_SETTLE_MS = 15_000;

/** Recorders report to it; the API asks it. */
export class RecordingLibrary implements RecordingsIndex, AsyncDisposable {
  readonly files: RecordingFiles;
  readonly #folders: RecordingFolder[];
  readonly #components: RecordingLibraryComponents;
  readonly #settleMs: number;
  readonly #client: IndexClient;
  readonly #locks = new FileLocks();
  readonly #growing = new GrowingFiles();
  readonly #reader: RecordingReader;
  readonly #reconciler: Reconciler;
  readonly #closing = new AbortController();
  readonly #reports = new Set<Promise<void>>();
  #followUp: Timer | undefined;
  #reconciling: Promise<ReconcileResult> | undefined;

  constructor(components: RecordingLibraryComponents, options: RecordingLibraryOptions) {
    const { clock, logger, inspector } = components;
    this.#components = components;
    this.#folders = [...options.folders];
    this.#settleMs = options.settleMs ?? DEFAULT_SETTLE_MS;
    this.#client = new IndexClient(components, {
      databaseFile: options.databaseFile,
      onReset: (reason) => this.#onReset(reason),
    });
    this.#reader = new RecordingReader(inspector, logger);
    const shared = {
      index: this.#client,
      locks: this.#locks,
      growing: this.#growing,
      reader: this.#reader,
      logger,
      clock,
    };
    this.files = new RecordingFiles(shared);
    const startedAt = clock.nowMs() - TIMESTAMP_STEP_MS;
    this.#reconciler = new Reconciler(
      { ...shared, files: this.files },
      { startedAt, settleMs: this.#settleMs },
    );
  }

  /** Where recordings are. */
  get folders(): readonly RecordingFolder[] {
    return this.#folders;
  }

  /** For questions; changes go through the other methods. */
  get index(): RecordingIndex {
    return this.#client;
  }

  /**
   * Opens the index. Call `reconcile` next, before or while recorders start.
   * @throws MediaError unavailable `index-in-use` or `index-unavailable`.
   */
  start(): Promise<IndexOrigin> {
    return this.#client.start();
  }

  /** Makes the index equal to the files; one run at a time, later callers get the one that runs. */
  reconcile(request: Omit<ReconcileRequest, 'folders'> = {}): Promise<ReconcileResult> {
    this.#reconciling ??= this.#reconcile(request).finally(() => {
      this.#reconciling = undefined;
    });
    return this.#reconciling;
  }

  /** Recordings are below this folder, too; call `reconcile` next. A root that is known is left as it is. */
  addFolder(folder: RecordingFolder): void {
    if (!this.#folderOf(folder.safe.root)) this.#folders.push(folder);
  }

  /** A recorder began a file. */
  opened(segment: SegmentOpened): void {
    const recording = this.#growingRecording(segment);
    if (!recording) return;
    this.#growing.add(recording);
    this.#report(recording, () => this.#client.call('put', [recording]));
  }

  /** A recorder is through with a file. */
  closed(segment: SegmentClosed): void {
    const place = this.#growingRecording(segment);
    const folder = place && this.#folderOf(place.root);
    if (!folder) return;
    this.#report(place, async () => {
      const stats = await folder.safe.stat(place.file);
      this.#growing.delete(place);
      const recording: Recording = {
        ...place,
        durationMs: segment.durationMs,
        sizeBytes: stats?.size ?? segment.sizeBytes,
        modifiedAt: Math.round(stats?.mtimeMs ?? place.modifiedAt),
        endReason: segment.reason,
        state: segment.isFinished ? 'closed' : 'growing',
      };
      if (stats) await this.#client.call('put', [recording]);
      else await this.#client.call('remove', [place]);
    });
    // Whatever is not closed is repaired, or the reason why not is found.
    if (!segment.isFinished) void this.#repair(folder, place);
  }

  /** A path that should have been recorded was not. */
  gap({ pathName: path, fromAt, toAt, reason }: SegmentGap): void {
    const gap = { path, fromAt, toAt, reason };
    this.#report(undefined, () => this.#client.call('addGaps', [gap]));
  }

  /**
   * Takes a file into the index that somebody wrote completely, e.g. a picture. `path` is the
   * media path it shows.
   * @throws MediaError not-found `no-such-file` when it is no file of the layout.
   */
  async register(folder: RecordingFolder, file: string, path = ''): Promise<Recording> {
    const place = { root: folder.safe.root, file: folder.safe.check(file) };
    return this.#locks.run([place], async () => {
      this.#growing.refuseGrowing(place, undefined);
      const read = await this.#reader.read({ folder, file });
      if (!read?.recording)
        throw new MediaError('not-found', 'no-such-file', `file not found: '${file}'`);
      const recording = path === '' ? read.recording : { ...read.recording, path };
      await this.#client.call('put', [recording]);
      return recording;
    });
  }

  /** Waits until every report has reached the index. */
  async settle(): Promise<void> {
    await Promise.all(this.#reports);
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#followUp?.cancel();
    await this.#reconciling?.catch(() => undefined);
    await this.settle();
    await this.#client.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #reconcile(request: Omit<ReconcileRequest, 'folders'>): Promise<ReconcileResult> {
    const signals = [this.#closing.signal, ...(request.signal ? [request.signal] : [])];
    const result = await this.#reconciler.run({
      ...request,
      folders: this.folders,
      signal: AbortSignal.any(signals),
    });
    const { seen, added, updated, removed, repaired, damaged, failed } = result;
    this.#components.logger.info(
      `recordings: ${seen} files, ${added} added, ${updated} updated, ${removed} removed, ` +
        `${repaired} repaired, ${damaged} damaged, ${failed} failed, ` +
        `in ${Math.round(result.tookMs)} ms`,
    );
    if (result.unsettled > 0) this.#reconcileLater();
    return result;
  }

  /** Files that are being written come back by themselves, all others from the disk. */
  #onReset(reason: string): void {
    this.#components.logger.warn(`recording index was lost (${reason}), reading the files again`);
    for (const recording of this.#growing.values()) {
      this.#report(recording, async () => {
        if (this.#growing.has(recording)) await this.#client.call('put', [recording]);
      });
    }
    void this.reconcile().catch((thrown: unknown) => this.#tell(thrown));
  }

  /** For files that were too young to be judged. */
  #reconcileLater(): void {
    this.#followUp?.cancel();
    this.#followUp = this.#components.clock.after(this.#settleMs + 1, () => {
      void this.reconcile().catch((thrown: unknown) => this.#tell(thrown));
    });
  }

  async #repair(folder: RecordingFolder, { file }: Recording): Promise<void> {
    try {
      await this.#reconciler.runFile(folder, file);
    } catch (thrown) {
      this.#tell(thrown);
    }
  }

  /** Reports of one file arrive in order; one that fails is made good by the next reconciling. */
  #report(place: Recording | undefined, action: () => Promise<void>): void {
    const reported = this.#locks
      .run(place ? [place] : [], action)
      .catch((thrown: unknown) => this.#tell(thrown))
      .finally(() => this.#reports.delete(reported));
    this.#reports.add(reported);
  }

  #tell(thrown: unknown): void {
    const { message } = toMediaError(thrown);
    this.#components.logger.warn(`recording index is behind until it is reconciled: ${message}`);
  }

  #folderOf(root: string): RecordingFolder | undefined {
    return this.folders.find(({ safe }) => safe.root === root);
  }

  #growingRecording(segment: SegmentOpened): Recording | undefined {
    const absolute = resolve(segment.file);
    const folder = innermost(this.#folders, absolute);
    const file = folder && absolute.slice(folder.safe.root.length + 1);
    const description = file === undefined ? undefined : folder?.layout.describe(file);
    if (!folder || file === undefined || !description) {
      this.#components.logger.warn(`recording ${absolute} is outside of the library`);
      return undefined;
    }
    const tracks = segment.tracks.map(({ codec }) => codec);
    const { startAt, pathName: path } = segment;
    const fresh = { durationMs: 0, sizeBytes: 0, modifiedAt: startAt, endReason: '' };
    const { kind, container, isFavorite } = description;
    const place = { root: folder.safe.root, file, path, startAt, tracks };
    return { ...place, ...fresh, kind, container, isFavorite, state: 'growing' };
  }
}

/** The folder that a file is in; of two around each other the inner one. */
function innermost(folders: readonly RecordingFolder[], file: string): RecordingFolder | undefined {
  return folders
    .filter(({ safe }) => file.startsWith(`${safe.root}/`))
    .sort((one, other) => other.safe.root.length - one.safe.root.length)[0];
}
