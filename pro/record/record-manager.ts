// Starts and ends recordings: those that clients ask for, those of paths with `record: yes`, and smart ones.
import type { Clock, Timer } from '../../core/base/clock.ts';
import { delay } from '../../core/base/clock.ts';
import type { Logger } from '../../core/base/logger.ts';
import { MediaError, toMediaError } from '../../core/base/media-error.ts';
import type { PathManager } from '../../core/path/path-manager.ts';
import type { PathTransition } from '../../core/path/path-options.ts';
import type { Path } from '../../core/path/path.ts';
import type { RecordEndReason, RecordingsIndex } from '../../core/record/recordings-index.ts';
import { systemDisk, type SegmentDisk } from '../../core/record/segment-disk.ts';
import type { EventBus } from '../events/event-bus.ts';
import { customNameOf } from './record-file-name.ts';
import {
  RecordTask,
  type RecordTaskInfo,
  type RecordTaskOptions,
  type VideoFormat,
} from './record-task.ts';

/** What the manager works with. */
export interface RecordManagerComponents {
  readonly pathManager: Pick<
    PathManager,
    'get' | 'grant' | 'list' | 'observe' | 'read' | 'waitForStream'
  >;
  readonly index: RecordingsIndex;
  readonly events: EventBus;
  readonly clock: Clock;
  readonly logger: Logger;
  /** GuardedDisk, where room for others has to be left. */
  readonly disk?: SegmentDisk;
}

/** Settings of a path. */
export interface RecordPathSettings {
  /** `record: yes`: recorded whenever the stream is there. */
  readonly isRecorded: boolean;
  /** Absolute folder of recordings. */
  readonly root: string;
  /** Length of the files of an automatic recording. */
  readonly autoRecordMs: number;
}

/** Settings of the manager. */
export interface RecordManagerOptions {
  /** Settings in force now; undefined for a path that isn't configured. */
  readonly settingsOf: (pathName: string) => RecordPathSettings | undefined;
  /** Whether somebody else decides when the path is recorded. */
  readonly isSmart: (pathName: string) => boolean;
  /** How long `start` waits for the first key frame. */
  readonly startTimeoutMs?: number;
}

/** What a client asks for; fields as they came. */
export interface StartRecordRequest {
  readonly name: string;
  /** `mp4` or `ts`. */
  readonly videoFormat: string;
  /** 30 when it is missing, no number, or not above 0; at most two weeks. */
  readonly taskOutMinutes?: number;
  readonly fileName?: string;
}

/** What `start` did. */
export interface StartRecordResult {
  /** The path was being recorded already; the request changed nothing. */
  readonly existed: boolean;
  readonly task: RecordTaskInfo;
}

/** How an automatic recording is to be. */
export interface AutomaticRecordOptions {
  /** How far back it begins, as far as the stream remembers; 0 is the last key frame. */
  readonly preRollMs?: number;
}

const DEFAULT_TASK_MINUTES = 30;
const MAX_TASK_MINUTES = 14 * 24 * 60;
const MINUTE_MS = 60_000;
const SWEEP_INTERVAL_MS = 5000;
const DEFAULT_START_TIMEOUT_MS = 15_000;

/**
 * At most one task for each path. A source on demand is kept for a recording that a client asked
 * for; automatic ones record while somebody watches, as in MediaMTX. A client that stops an
 * automatic recording stops it until the stream ends.
 */
export class RecordManager implements AsyncDisposable {
  readonly #components: RecordManagerComponents;
  readonly #options: RecordManagerOptions;
  readonly #disk: SegmentDisk;
  readonly #tasks = new Map<string, RecordTask>();
  /** Tasks that were taken out but still write. */
  readonly #closing = new Set<Promise<void>>();
  /** Streams that are not recorded by themselves: stopped by a client, or of unknown codecs. */
  readonly #leftAlone = new Set<string>();
  #endObservation: (() => void) | undefined;
  #sweep: Timer | undefined;
  #isClosed = false;

  constructor(components: RecordManagerComponents, options: RecordManagerOptions) {
    this.#components = components;
    this.#options = options;
    this.#disk = components.disk ?? systemDisk;
  }

  /** Begins to record paths with `record: yes`. */
  start(): void {
    const { clock, pathManager } = this.#components;
    this.#endObservation = pathManager.observe({
      onPathTransition: (path, transition) => this.#onTransition(path, transition),
    });
    this.#sweep = clock.every(SWEEP_INTERVAL_MS, () => this.refresh());
    this.refresh();
  }

  /** Looks at every path again: after the configuration changed, and every five seconds. */
  refresh(): void {
    if (this.#isClosed) return;
    for (const path of this.#components.pathManager.list()) this.#autoStart(path.name);
    for (const [name, task] of this.#tasks) {
      const isWanted = this.#options.settingsOf(name)?.isRecorded === true;
      if (task.isAutomatic && !isWanted && !this.#options.isSmart(name)) {
        void this.#finish(task, 'stopped');
      }
    }
  }

  /**
   * Records a path until the time is over, `stop`, or a stream that does not come back. Resolves when the file
   * exists. `signal` ends the waiting, not the recording.
   * @throws MediaError invalid-argument for a bad request or a path without stream, not-found for
   * an unknown path, unsupported when no track can be recorded, deadline-exceeded without a key
   * frame, resource-exhausted when the disk is full.
   */
  async record(
    request: StartRecordRequest,
    options: { readonly signal?: AbortSignal } = {},
  ): Promise<StartRecordResult> {
    const { name } = request;
    const format = formatOf(request.videoFormat);
    const customName =
      request.fileName === undefined ? undefined : customNameOf(request.fileName, `.${format}`);
    // An unknown path is told at once, not after a wait for its stream.
    this.#settingsOf(name);
    const known = this.#tasks.get(name);
    if (known) return await this.#joined(known, options.signal);
    await this.#awaitStream(name, options.signal);
    const other = this.#tasks.get(name);
    if (other) return await this.#joined(other, options.signal);
    // Asked anew: the server may be stopping by now, or have other settings.
    const task = this.#create(name, this.#settingsOf(name), {
      format,
      customName,
      isAutomatic: false,
      durationMs: taskMinutes(request.taskOutMinutes) * MINUTE_MS,
      preRollMs: 0,
    });
    await this.#awaitFirstFile(task, options.signal);
    return { existed: false, task: task.info };
  }

  /**
   * Ends the recording of a path; resolves when the file is complete.
   * @throws MediaError not-found when there is none.
   */
  async stop(name: string): Promise<RecordTaskInfo> {
    const task = this.#tasks.get(name);
    if (!task) throw new MediaError('not-found', 'no-record-task', 'task id that does not exist');
    if (task.isAutomatic) this.#leftAlone.add(name);
    await this.#finish(task, 'stopped');
    return task.info;
  }

  /** @throws MediaError not-found when the path isn't being recorded. */
  task(name: string): RecordTaskInfo {
    const task = this.#tasks.get(name);
    if (task) return task.info;
    const message = `no recording task found for path: ${name}`;
    throw new MediaError('not-found', 'no-record-task', message);
  }

  /** All tasks, by path name. */
  tasks(): readonly RecordTaskInfo[] {
    const infos = [...this.#tasks.values()].map(({ info }) => info);
    return infos.sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /**
   * Records a path until `stopAutomatic` or the end of its stream, in files of
   * `autoRecordTaskOutDuration`. Does nothing when the path is being recorded.
   * @throws MediaError not-found, invalid-argument, unsupported as `record`.
   */
  startAutomatic(name: string, options: AutomaticRecordOptions = {}): RecordTaskInfo {
    const known = this.#tasks.get(name);
    if (known) return known.info;
    const settings = this.#settingsOf(name);
    if (!this.#components.pathManager.get(name)?.stream) throw notPublishing(name);
    const task = this.#create(name, settings, {
      format: 'mp4',
      customName: undefined,
      isAutomatic: true,
      durationMs: settings.autoRecordMs,
      preRollMs: options.preRollMs ?? 0,
    });
    return task.info;
  }

  /** Ends an automatic recording; resolves to what it was when its file is complete, undefined when there is none. */
  async stopAutomatic(name: string, reason: RecordEndReason): Promise<RecordTaskInfo | undefined> {
    const task = this.#tasks.get(name);
    if (task?.isAutomatic !== true) return undefined;
    await this.#finish(task, reason);
    return task.info;
  }

  /** Closes every file. Idempotent. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#endObservation?.();
    this.#sweep?.cancel();
    for (const task of this.#tasks.values()) void this.#finish(task, 'serverStopped');
    await Promise.all(this.#closing);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #onTransition(path: Path, transition: PathTransition): void {
    if (transition === 'unavailable') this.#leftAlone.delete(path.name);
    // Not within the transition: a recorder is a reader, and the path has to be done with itself.
    if (transition === 'online') queueMicrotask(() => this.#autoStart(path.name));
  }

  #autoStart(name: string): void {
    if (this.#isClosed || this.#tasks.has(name) || this.#leftAlone.has(name)) return;
    if (this.#options.settingsOf(name)?.isRecorded !== true || this.#options.isSmart(name)) return;
    if (this.#components.pathManager.get(name)?.stream?.isOnline !== true) return;
    try {
      this.startAutomatic(name);
    } catch (thrown) {
      // Another try would fail as well until another stream comes.
      this.#leftAlone.add(name);
      this.#components.logger.warn(
        `no recording of path '${name}': ${toMediaError(thrown).message}`,
      );
    }
  }

  #settingsOf(name: string): RecordPathSettings {
    if (this.#isClosed) {
      throw new MediaError('unavailable', 'server-stopping', 'the server is stopping');
    }
    const settings = this.#options.settingsOf(name);
    if (settings) return settings;
    throw new MediaError('not-found', 'path-not-found', `path '${name}' not found`);
  }

  /** A source on demand is started for the recording. */
  async #awaitStream(name: string, signal?: AbortSignal): Promise<void> {
    const { pathManager } = this.#components;
    if (pathManager.get(name)?.stream) return;
    const grant = pathManager.grant(name, { user: '' });
    if (!grant.config.sourceOnDemand) throw notPublishing(name);
    try {
      await pathManager.waitForStream(grant, signal);
    } catch (thrown) {
      signal?.throwIfAborted();
      throw notPublishing(name, thrown);
    }
  }

  #create(
    pathName: string,
    settings: RecordPathSettings,
    wanted: Pick<
      RecordTaskOptions,
      'format' | 'customName' | 'isAutomatic' | 'durationMs' | 'preRollMs'
    >,
  ): RecordTask {
    const { pathManager, index, events, clock, logger } = this.#components;
    const isOnDemand = pathManager.get(pathName)?.config.sourceOnDemand === true;
    const task = new RecordTask(
      {
        pathManager,
        index,
        events,
        clock,
        disk: this.#disk,
        logger: logger.scope(`path ${pathName}`),
      },
      {
        ...wanted,
        pathName,
        root: settings.root,
        holdsPath: !wanted.isAutomatic || !isOnDemand,
        onEnded: (ended) => this.#forget(ended),
      },
    );
    task.start();
    this.#tasks.set(pathName, task);
    return task;
  }

  /** @throws MediaError as `record`; a task without a file is taken back. */
  async #awaitFirstFile(task: RecordTask, signal?: AbortSignal): Promise<void> {
    try {
      if (await this.#hasFirstFile(task, signal)) return;
    } catch (thrown) {
      await this.#finish(task, 'failed');
      throw thrown;
    }
    signal?.throwIfAborted();
    await this.#finish(task, 'failed');
    throw new MediaError(
      'deadline-exceeded',
      'no-key-frame',
      `no key frame came in time; path '${task.pathName}'`,
    );
  }

  /** Joins a recording that somebody else started; one that has no picture yet is told as it is. */
  async #joined(task: RecordTask, signal?: AbortSignal): Promise<StartRecordResult> {
    await this.#hasFirstFile(task, signal);
    return { existed: true, task: task.info };
  }

  /** Whether the first file exists in time. Rejects as `task.firstFile` does. */
  async #hasFirstFile(task: RecordTask, signal?: AbortSignal): Promise<boolean> {
    const done = new AbortController();
    const either = signal ? AbortSignal.any([signal, done.signal]) : done.signal;
    const timeoutMs = this.#options.startTimeoutMs ?? DEFAULT_START_TIMEOUT_MS;
    const late = delay(this.#components.clock, timeoutMs, either).then(
      () => false,
      () => false,
    );
    try {
      return await Promise.race([task.firstFile.then(() => true), late]);
    } finally {
      done.abort();
    }
  }

  #forget(task: RecordTask): void {
    if (this.#tasks.get(task.pathName) === task) this.#tasks.delete(task.pathName);
  }

  async #finish(task: RecordTask, reason: RecordEndReason): Promise<void> {
    this.#forget(task);
    const closing = task.close(reason);
    this.#closing.add(closing);
    try {
      await closing;
    } finally {
      this.#closing.delete(closing);
    }
  }
}

function formatOf(videoFormat: string): VideoFormat {
  if (videoFormat === 'mp4' || videoFormat === 'ts') return videoFormat;
  throw new MediaError('invalid-argument', 'bad-video-format', "videoFormat must be 'mp4' or 'ts'");
}

function taskMinutes(asked: number | undefined): number {
  if (asked === undefined || !(asked > 0)) return DEFAULT_TASK_MINUTES;
  return Math.min(asked, MAX_TASK_MINUTES);
}

function notPublishing(name: string, cause?: unknown): MediaError {
  return new MediaError(
    'invalid-argument',
    'path-not-publishing',
    `no one is publishing to path '${name}'`,
    cause === undefined ? {} : { cause },
  );
}
