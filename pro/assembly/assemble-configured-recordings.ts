// Recordings of paths whose recordPath is a pattern: recorder, ages, events.
import { randomUUID } from 'node:crypto';
import { basename, relative, sep } from 'node:path';
import { toMediaError } from '../../core/base/media-error.ts';
import type { RecordingFolder } from '../../core/library/recording-folder.ts';
import type { RecordingLibrary } from '../../core/library/recording-library.ts';
import { RetentionSweep } from '../../core/library/retention-sweep.ts';
import type { RetentionLimits } from '../../core/library/retention-plan.ts';
import { TemplateCleaner } from '../../core/library/template-cleaner.ts';
import { ConfiguredRecordings } from '../../core/record/configured-recordings.ts';
import type { RecordingsIndex } from '../../core/record/recordings-index.ts';
import type { SegmentDisk } from '../../core/record/segment-disk.ts';
import { isSmart } from './assemble-smart.ts';
import { indexWithHooks } from './index-with-hooks.ts';
import { settingsOf, type ProContext } from './pro-context.ts';
import type { RecordPatterns } from './record-patterns.ts';

/** What it is built from. */
export interface ConfiguredRecordingParts {
  readonly patterns: RecordPatterns;
  readonly library: RecordingLibrary;
  /** The folder of all other recordings. */
  readonly folder: RecordingFolder;
  readonly disk: SegmentDisk;
}

/** Begins to record and to clean; folders that a new configuration names are taken in. */
export function assembleConfiguredRecordings(
  context: ProContext,
  parts: ConfiguredRecordingParts,
): ConfiguredRecordings {
  const { clock, logger, lifetime, core } = context;
  const { patterns, library, disk } = parts;
  const recordings = new ConfiguredRecordings(
    {
      ...{ clock, disk, pathManager: core.pathManager },
      index: indexWithHooks(context, library),
      logger: logger.scope('record'),
    },
    {
      settingsOf: (name) => (isLeftToSmart(context, name) ? undefined : patterns.settingsOf(name)),
    },
  );
  // Before the recorder hears of it, so that its files have a place.
  const unobserve = core.pathManager.observe({
    onPathsConfigured: () => addFolders(context, parts),
  });
  lifetime.defer(unobserve);
  const unwatch = recordings.observe(eventsOf(context, library));
  lifetime.defer(unwatch);
  startCleaner(context, parts);
  lifetime.own(recordings);
  recordings.start();
  return recordings;
}

/** Whether smart recording decides when the path is recorded; its files are in folders of days. */
function isLeftToSmart(context: ProContext, name: string): boolean {
  const settings = settingsOf(context, name);
  return settings !== undefined && isSmart(settings);
}

function addFolders({ logger }: ProContext, { library, patterns }: ConfiguredRecordingParts): void {
  const known = new Set(library.folders.map(({ safe }) => safe.root));
  const fresh = patterns.folders().filter(({ safe }) => !known.has(safe.root));
  for (const folder of fresh) library.addFolder(folder);
  if (fresh.length === 0) return;
  library.reconcile().catch((thrown: unknown) => {
    const error = toMediaError(thrown);
    if (error.kind === 'canceled') return;
    logger.error(`recordings in new folders could not be read: ${error.message}`);
  });
}

function startCleaner(context: ProContext, parts: ConfiguredRecordingParts): void {
  const { clock, lifetime, events } = context;
  const { library, folder } = parts;
  const logger = context.logger.scope('cleaner');
  const { index, files } = library;
  const cleaner = new TemplateCleaner(
    { clock, logger, sweep: new RetentionSweep({ clock, logger, index, files }) },
    {
      folders: () => library.folders,
      limits: ({ safe }) => limitsOf(context, parts, safe.root),
      onDeleted: ({ safe }, { file }) => {
        if (safe.root !== folder.safe.root) return;
        events.publish({ type: 'fileDeleted', filePath: `/${file}`, reason: 'retention' });
      },
    },
  );
  const unsubscribe = events.subscribe((event) => {
    const isRecording = event.type === 'recordStopped' || event.type === 'recordGap';
    if (isRecording && event.reason === 'diskFull') void cleaner.sweep();
  });
  lifetime.defer(unsubscribe);
  const unobserve = context.core.pathManager.observe({
    onPathsConfigured: ({ changedPaths, removedPaths }) => {
      const isAgeNew = [...changedPaths.values()].some((keys) => keys.has('recordDeleteAfter'));
      // What is left of a removed path has the age of the defaults.
      if (isAgeNew || removedPaths.length > 0) cleaner.wake();
    },
  });
  lifetime.defer(unobserve);
  lifetime.own(cleaner);
  cleaner.start();
}

/** The cleaner of the Pro layer looks after the space of its own folder. */
function limitsOf(
  { pro, recordFolder }: ProContext,
  { patterns }: ConfiguredRecordingParts,
  root: string,
): RetentionLimits {
  return {
    maxAgeMs: (path, file) =>
      patterns.isPatternFile(root, file) ? patterns.deleteAfterMs(path) : 0,
    shortestMaxAgeMs: patterns.shortestDeleteAfterMs,
    maxBytes: 0,
    minFreeBytes: root === recordFolder ? 0 : pro.cleaner.minFreeBytes,
  };
}

/** Tells the bus what a recorder does. Names are relative to the folder of the file. */
function eventsOf({ events }: ProContext, library: RecordingLibrary): RecordingsIndex {
  const ids = new Map<string, string>();
  const namesOf = (file: string): { fileName: string; filePath: string } => {
    const root = library.folders.find(({ safe }) => file.startsWith(`${safe.root}/`))?.safe.root;
    const name = root === undefined ? basename(file) : relative(root, file);
    return { fileName: basename(file), filePath: `/${name.split(sep).join('/')}` };
  };
  return {
    opened: ({ pathName: name, file }) => {
      const id = randomUUID();
      ids.set(file, id);
      events.publish({ type: 'recordStarted', name, id, ...namesOf(file), isAutomatic: true });
    },
    closed: ({ pathName: name, file, reason, sizeBytes, durationMs }) => {
      const id = ids.get(file) ?? '';
      ids.delete(file);
      const facts = { reason, sizeBytes, durationMs };
      events.publish({ type: 'recordStopped', name, id, ...namesOf(file), ...facts });
    },
    gap: ({ pathName: name, fromAt, toAt, reason }) =>
      events.publish({ type: 'recordGap', name, fromAt, toAt, reason }),
  };
}
