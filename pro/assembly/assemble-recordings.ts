// What was recorded and what is being recorded: library, cleaner, recorder, webhooks.
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { PathConfig } from '../../core/config/config.ts';
import { MediaError, toMediaError } from '../../core/base/media-error.ts';
import { FileInspector } from '../../core/library/file-inspector.ts';
import type { RecordingFolder } from '../../core/library/recording-folder.ts';
import { RecordingLibrary } from '../../core/library/recording-library.ts';
import { RetentionSweep } from '../../core/library/retention-sweep.ts';
import type { RetentionLimits } from '../../core/library/retention-plan.ts';
import { GuardedDisk } from '../../core/record/guarded-disk.ts';
import type { FilesApi } from '../api/endpoints/file-endpoints.ts';
import { resolveRecordFolder } from '../config/record-folder.ts';
import { Cleaner } from '../library/cleaner.ts';
import { createDateFolder } from '../library/date-folder-layout.ts';
import { parseFileReference } from '../library/file-reference.ts';
import { RecordedFiles } from '../library/recorded-files.ts';
import { ServedFiles } from '../library/served-files.ts';
import { RecordManager, type RecordPathSettings } from '../record/record-manager.ts';
import { RecordWebhooks } from '../record/record-webhooks.ts';
import { assembleConfiguredRecordings } from './assemble-configured-recordings.ts';
import { isSmart } from './assemble-smart.ts';
import { RecordPatterns } from './record-patterns.ts';
import { indexWithHooks } from './index-with-hooks.ts';
import { settingsOf, type ProContext } from './pro-context.ts';

/** Recorded files for the rest of the Pro layer. */
export interface Recordings {
  readonly library: RecordingLibrary;
  readonly folder: RecordingFolder;
  readonly patterns: RecordPatterns;
  readonly api: Omit<FilesApi, 'fileUrl'>;
  readonly served: ServedFiles;
  /** @throws MediaError `not-found`, or `invalid-argument` for names that lead elsewhere. */
  readonly resolve: (reference: string) => Promise<{ readonly fullPath: string }>;
  readonly registerImage: (filePath: string, pathName: string) => Promise<void>;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
/** How long the index knows why nothing was recorded. */
const GAP_MEMORY_MS = 400 * DAY_MS;
/** With less a disk counts as full even when nothing is configured. */
const LEAST_FREE_BYTES = 32 * 1024 * 1024;
const DATABASE = join('.index', 'recordings.sqlite');

/** Opens the index and makes it equal to the folder; cleans by the clock from then on. */
export async function assembleRecordings(context: ProContext): Promise<Recordings> {
  const { clock, logger, lifetime, recordFolder, events, core } = context;
  const log = logger.scope('library');
  const dateFolder = createDateFolder(recordFolder);
  const patterns = new RecordPatterns(context.configNow, recordFolder);
  const folder = patterns.joinedTo(dateFolder);
  const library = new RecordingLibrary(
    { clock, logger: log, inspector: new FileInspector() },
    { databaseFile: join(recordFolder, DATABASE), folders: [folder, ...patterns.folders()] },
  );
  await removeUnfinished(join(recordFolder, 'tmp'));
  await library.start();
  lifetime.own(library);
  const reconcile = (retriesDamaged: boolean): void => {
    library.reconcile({ retriesDamaged }).catch((thrown: unknown) => {
      const error = toMediaError(thrown);
      if (error.kind !== 'canceled') log.error(`recordings could not be read: ${error.message}`);
    });
  };
  reconcile(true);
  // Whoever adds or removes files by hand tells nobody.
  const hourly = clock.every(HOUR_MS, () => {
    reconcile(false);
    const beforeAt = clock.nowMs() - GAP_MEMORY_MS;
    library.index.call('forgetGaps', { beforeAt }).catch((thrown: unknown) => {
      log.warn(`old gaps stay in the index: ${toMediaError(thrown).message}`);
    });
  });
  lifetime.defer(() => hourly.cancel());
  const files = new RecordedFiles({
    ...{ library, folder: dateFolder, events },
    pathCount: () => core.pathManager.list().length,
  });
  const cleaner = createCleaner(context, { library, folder, patterns });
  return {
    ...{ library, folder, patterns, served: new ServedFiles(dateFolder) },
    api: filesApi(files, cleaner),
    resolve: (reference) => resolveFile(folder, reference),
    registerImage: async (filePath, pathName) => {
      await files.registerImage(filePath, pathName);
    },
  };
}

/**
 * Builds the recorders; paths with `record: yes` are recorded from now on: by MediaMTX's rules when
 * their recordPath is a pattern, else in folders of days.
 */
export function assembleRecorder(context: ProContext, recordings: Recordings): RecordManager {
  const { library, patterns, folder } = recordings;
  const { clock, logger, lifetime, events, core, shared, pro } = context;
  const log = logger.scope('record');
  const webhooks = new RecordWebhooks(
    { events, logger: log },
    {
      createUrl: shared.recordCreateWebhook,
      deleteUrl: shared.recordDelWebhook,
      timeoutMs: pro.webhooks.timeoutMs,
      maxOpenCalls: pro.webhooks.queueCalls,
    },
  );
  webhooks.start();
  lifetime.own(webhooks);
  const { minFreeBytes } = pro.cleaner;
  const disk = new GuardedDisk({ clock }, Math.max(minFreeBytes, LEAST_FREE_BYTES));
  const recorder = new RecordManager(
    {
      ...{ clock, events, logger: log, pathManager: core.pathManager, disk },
      index: indexWithHooks(context, library),
    },
    {
      settingsOf: (name) => recordSettings(context, patterns, name),
      isSmart: (name) => {
        const settings = settingsOf(context, name);
        return settings !== undefined && isSmart(settings);
      },
    },
  );
  lifetime.own(recorder);
  recorder.start();
  assembleConfiguredRecordings(context, { patterns, library, folder, disk });
  return recorder;
}

function recordSettings(
  context: ProContext,
  patterns: RecordPatterns,
  name: string,
): RecordPathSettings | undefined {
  const settings = settingsOf(context, name);
  if (!settings) return undefined;
  const { autoRecordMs, recordFolder } = settings;
  const isRecorded = settings.isRecorded && patterns.settingsOf(name) === undefined;
  const { filePath } = context.configNow();
  return { isRecorded, autoRecordMs, root: resolveRecordFolder(recordFolder, filePath) };
}

function createCleaner(
  context: ProContext,
  { library, folder, patterns }: Pick<Recordings, 'library' | 'folder' | 'patterns'>,
): Cleaner {
  const { clock, logger, lifetime, events, pro } = context;
  const log = logger.scope('cleaner');
  const { index, files } = library;
  const sweep = new RetentionSweep({ clock, logger: log, index, files });
  const { schedule, isDryRun } = pro.cleaner;
  const cleaner = new Cleaner(
    { sweep, folder, events, logger: log },
    { schedule, isDryRun, limits: () => retentionLimits(context, patterns) },
  );
  lifetime.own(cleaner);
  cleaner.start();
  return cleaner;
}

function retentionLimits(context: ProContext, patterns: RecordPatterns): RetentionLimits {
  const { maxBytes, minFreeBytes } = context.pro.cleaner;
  const { pathDefaults, paths } = context.configNow();
  const daysOf = (config: PathConfig): number => context.proKeys.path.read(config).recordClearDays;
  const otherDays = daysOf(pathDefaults);
  const limits = [otherDays, ...[...paths.values()].map(daysOf)].filter((days) => days > 0);
  return {
    ...{ maxBytes, minFreeBytes },
    // Files of patterns have `recordDeleteAfter`, and a cleaner that minds it.
    maxAgeMs: (path, file) =>
      patterns.isPatternFile(context.recordFolder, file)
        ? 0
        : (settingsOf(context, path)?.recordClearDays ?? otherDays) * DAY_MS,
    shortestMaxAgeMs: limits.length === 0 ? 0 : Math.min(...limits) * DAY_MS,
  };
}

function filesApi(files: RecordedFiles, cleaner: Cleaner): Omit<FilesApi, 'fileUrl'> {
  return {
    listByDate: (filter) => files.listByDate(filter),
    listFavorites: (filter) => files.listFavorites(filter),
    rename: (reference, name) => files.rename(reference, name),
    remove: (reference) => files.remove(reference),
    favorite: (reference, name) => files.favorite(reference, name),
    dashboard: () => files.dashboard(),
    timeline: (name, fromAt, toAt) => files.timeline(name, fromAt, toAt),
    sweep: (options) => cleaner.sweep(options),
  };
}

async function resolveFile(
  { safe }: RecordingFolder,
  reference: string,
): Promise<{ readonly fullPath: string }> {
  const file = parseFileReference(safe, reference);
  if (await safe.stat(file)) return { fullPath: safe.absolute(file) };
  throw new MediaError('not-found', 'no-such-file', `file not found: '${reference}'`);
}

/** Pictures and settings that a killed process was writing; exports have folders and sweep them. */
async function removeUnfinished(folder: string): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const parts = entries.filter((entry) => entry.isFile() && entry.name.endsWith('.part'));
  await Promise.all(parts.map(({ name }) => rm(join(folder, name), { force: true })));
}
