// Records every path with `record: yes` whose recordPath is a pattern, for as long as it has a stream.
import { relative } from 'node:path';
import type { Clock, Timer } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import { MediaError, toMediaError } from '../base/media-error.ts';
import type { PathManager } from '../path/path-manager.ts';
import { PathRecorder } from './path-recorder.ts';
import type { RecordSettings } from './record-settings.ts';
import type { RecordEndReason, RecordingsIndex } from './recordings-index.ts';
import { systemDisk, type SegmentDisk } from './segment-disk.ts';

/** What it works with. */
export interface ConfiguredRecordingsComponents {
  readonly pathManager: Pick<PathManager, 'get' | 'grant' | 'list' | 'observe' | 'read'>;
  /** Told of every file first. */
  readonly index: RecordingsIndex;
  readonly clock: Clock;
  readonly logger: Logger;
  /** GuardedDisk, where room for others has to be left. */
  readonly disk?: SegmentDisk;
}

/** Settings of the recordings. */
export interface ConfiguredRecordingsOptions {
  /** Settings in force now; undefined for a path that is not to be recorded here. */
  readonly settingsOf: (pathName: string) => RecordSettings | undefined;
}

interface Running {
  readonly recorder: PathRecorder;
  readonly key: string;
}

const REFRESH_MS = 5000;

/** A source on demand is recorded while somebody watches, as in MediaMTX. */
export class ConfiguredRecordings implements AsyncDisposable {
  readonly #components: ConfiguredRecordingsComponents;
  readonly #options: ConfiguredRecordingsOptions;
  readonly #running = new Map<string, Running>();
  readonly #closing = new Set<Promise<void>>();
  readonly #observers = new Set<RecordingsIndex>();
  /** Streams that can't be recorded; another try would fail as well until another stream comes. */
  readonly #leftAlone = new Set<string>();
  #endObservation: (() => void) | undefined;
  #timer: Timer | undefined;
  #isClosed = false;

  constructor(components: ConfiguredRecordingsComponents, options: ConfiguredRecordingsOptions) {
    this.#components = components;
    this.#options = options;
  }

  /** Names of the paths that are being recorded. */
  get pathNames(): readonly string[] {
    return [...this.#running.keys()];
  }

  /** Tells of every file that begins and ends, e.g. hooks. Returns what ends it. */
  observe(observer: RecordingsIndex): () => void {
    this.#observers.add(observer);
    return () => void this.#observers.delete(observer);
  }

  /** Begins to record. Call it once. */
  start(): void {
    const { clock, pathManager } = this.#components;
    this.#endObservation = pathManager.observe({
      onPathTransition: (path, transition) => {
        if (transition === 'unavailable') this.#leftAlone.delete(path.name);
        // Not within the transition: a recorder is a reader, and the path has to be done with itself.
        if (transition === 'online') queueMicrotask(() => this.#look(path.name));
      },
      onPathsConfigured: () => queueMicrotask(() => this.refresh()),
    });
    this.#timer = clock.every(REFRESH_MS, () => this.refresh());
    this.refresh();
  }

  /** Looks at every path again: after the configuration changed, and every five seconds. */
  refresh(): void {
    for (const [name, { key, recorder }] of this.#running) {
      const settings = this.#settingsOf(name);
      if (settings?.key !== key) this.#finish(name, recorder, 'stopped');
    }
    for (const path of this.#components.pathManager.list()) this.#look(path.name);
  }

  /** Closes every file. Idempotent. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#endObservation?.();
    this.#timer?.cancel();
    for (const [name, { recorder }] of this.#running) this.#finish(name, recorder, 'serverStopped');
    await Promise.all(this.#closing);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #settingsOf(name: string): RecordSettings | undefined {
    const settings = this.#options.settingsOf(name);
    return settings?.isRecorded === true ? settings : undefined;
  }

  #look(name: string): void {
    if (this.#isClosed || this.#running.has(name) || this.#leftAlone.has(name)) return;
    const settings = this.#settingsOf(name);
    if (settings === undefined) return;
    if (this.#components.pathManager.get(name)?.stream?.isOnline !== true) return;
    try {
      this.#begin(name, settings);
    } catch (thrown) {
      this.#leftAlone.add(name);
      const { message } = toMediaError(thrown);
      this.#components.logger.warn(`no recording of path '${name}': ${message}`);
    }
  }

  #begin(pathName: string, settings: RecordSettings): void {
    const { pathManager, clock, logger, disk = systemDisk } = this.#components;
    const { template, format, partDurationMs, maxPartBytes, segmentDurationMs } = settings;
    const { extension } = format;
    const fileFor = (startAt: number, attempt: number): string =>
      template.fileFor({ pathName, startAt, extension, attempt });
    const readBack = template.read(fileFor(clock.nowMs(), 0));
    // `%path%s` makes one word of both.
    if (readBack?.pathName !== pathName) throw unreadable(pathName);
    const recorder: PathRecorder = new PathRecorder(
      {
        ...{ pathManager, clock, disk, logger: logger.scope(`path ${pathName}`) },
        listener: {
          ...this.#tellAll(),
          skipped: nothing,
          failed: nothing,
          ended: (reason) => this.#finish(pathName, recorder, reason),
        },
      },
      {
        ...{ pathName, format, partDurationMs, maxPartBytes },
        maxDurationMs: segmentDurationMs,
        holdsPath: pathManager.get(pathName)?.config.sourceOnDemand !== true,
        endsWithStream: true,
        naming: {
          fileFor: ({ startAt }, attempt) => `${template.root}/${fileFor(startAt, attempt)}`,
        },
      },
    );
    this.#running.set(pathName, { recorder, key: settings.key });
    try {
      recorder.start();
    } catch (thrown) {
      this.#running.delete(pathName);
      throw thrown;
    }
  }

  #tellAll(): RecordingsIndex {
    const { index, logger } = this.#components;
    const tell = (action: (listener: RecordingsIndex) => void): void => {
      action(index);
      for (const observer of this.#observers) action(observer);
    };
    return {
      opened: (segment) => {
        tell((listener) => listener.opened(segment));
        logger.info(`recording to '${segment.file}'`);
      },
      closed: (segment) => {
        tell((listener) => listener.closed(segment));
        const { file, reason, durationMs } = segment;
        const name = relative('.', file);
        logger.info(`recording '${name}' is complete: ${reason}, ${Math.round(durationMs)} ms`);
      },
      gap: (gap) => tell((listener) => listener.gap(gap)),
    };
  }

  #finish(name: string, recorder: PathRecorder, reason: RecordEndReason): void {
    if (this.#running.get(name)?.recorder === recorder) this.#running.delete(name);
    const closing = recorder.close(reason).finally(() => this.#closing.delete(closing));
    this.#closing.add(closing);
  }
}

function unreadable(pathName: string): MediaError {
  const message = `files of path '${pathName}' would have names that can't be read back`;
  return new MediaError('unsupported', 'record-name-unsupported', message);
}

function nothing(): void {
  // The recorder has logged it, and goes on by itself.
}
