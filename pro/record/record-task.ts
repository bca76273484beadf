// One recording of a path: who asked for it, how long it runs, and the files it made.
import { randomUUID } from 'node:crypto';
import { basename, join, relative, sep } from 'node:path';
import type { Clock, Timer } from '../../core/base/clock.ts';
import type { Logger } from '../../core/base/logger.ts';
import { MediaError } from '../../core/base/media-error.ts';
import { PathRecorder, type PathRecorderComponents } from '../../core/record/path-recorder.ts';
import type { RecorderListener } from '../../core/record/recorder.ts';
import { recordingFormats } from '../../core/record/recording-formats.ts';
import type {
  RecordEndReason,
  RecordingsIndex,
  SegmentClosed,
  SegmentGap,
  SegmentOpened,
} from '../../core/record/recordings-index.ts';
import type { SegmentDisk } from '../../core/record/segment-disk.ts';
import type { EventBus } from '../events/event-bus.ts';
import { recordFileOf } from './record-file-name.ts';

/** Kinds of files that can be asked for. */
export type VideoFormat = 'mp4' | 'ts';

/** What a task works with. */
export interface RecordTaskComponents {
  readonly pathManager: PathRecorderComponents['pathManager'];
  readonly index: RecordingsIndex;
  readonly events: EventBus;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly disk: SegmentDisk;
}

/** What is recorded, and how long. */
export interface RecordTaskOptions {
  readonly pathName: string;
  readonly format: VideoFormat;
  /** Absolute folder that holds the folders of days. */
  readonly root: string;
  /** A task ends after it; an automatic one goes on in another file. */
  readonly durationMs: number;
  readonly isAutomatic: boolean;
  /** Checked, without extension. */
  readonly customName: string | undefined;
  readonly preRollMs: number;
  /** Whether a source on demand is kept for it. */
  readonly holdsPath: boolean;
  /** The task ended by itself; every file is closed. */
  readonly onEnded: (task: RecordTask, reason: RecordEndReason) => void;
}

/** A task as others see it. */
export interface RecordTaskInfo {
  readonly id: string;
  /** Path name. */
  readonly name: string;
  readonly fileName: string;
  /** `/YYYYMMDD/name.mp4`, below the folder of recordings. */
  readonly filePath: string;
  /** Absolute. */
  readonly fullPath: string;
  /** Date ms. */
  readonly startAt: number;
  /** Date ms. */
  readonly taskEndTime: number;
  readonly isAutomatic: boolean;
  readonly isRecording: boolean;
  /** Size of the file in bytes. */
  readonly bytes: number;
}

/** A file of the task. */
interface TaskFile {
  readonly id: string;
  readonly fileName: string;
  readonly filePath: string;
  readonly fullPath: string;
  readonly startAt: number;
  /** Undefined while it grows. */
  bytes: number | undefined;
}

/** A lost stream is looked for so often, and so long. */
const LOOK_INTERVAL_MS = 5000;
const MAX_LOOKS = 100;

/**
 * A manual task is one recording: when the stream comes back after a loss it goes on in another
 * file. Each file of an automatic task is a recording with an id of its own.
 */
export class RecordTask implements RecorderListener, AsyncDisposable {
  readonly pathName: string;
  readonly isAutomatic: boolean;
  /** Resolves when the first file exists; rejects when the task ended before, or its disk failed. */
  readonly firstFile: Promise<undefined>;

  readonly #components: RecordTaskComponents;
  readonly #options: RecordTaskOptions;
  readonly #recorder: PathRecorder;
  readonly #id = randomUUID();
  readonly #requestedAt: number;
  readonly #first = Promise.withResolvers<undefined>();
  /** Ids of names that were tried, until the file of that name is open. */
  readonly #ids = new Map<string, string>();
  readonly #files = new Map<string, TaskFile>();
  #newest: TaskFile | undefined;
  /** Payload bytes of the recorder when the newest file was opened. */
  #bytesBefore = 0;
  #keptFiles = 0;
  #timeout: Timer | undefined;
  #look: Timer | undefined;
  #looks = 0;
  #isEnded = false;

  constructor(components: RecordTaskComponents, options: RecordTaskOptions) {
    this.#components = components;
    this.#options = options;
    this.pathName = options.pathName;
    this.isAutomatic = options.isAutomatic;
    this.#requestedAt = components.clock.nowMs();
    this.firstFile = this.#first.promise;
    // Whoever does not wait for the first file learns of failures from the log.
    this.firstFile.catch(() => undefined);
    const { pathManager, clock, logger, disk } = components;
    const format = recordingFormats[options.format];
    const { pathName, durationMs, isAutomatic, preRollMs, holdsPath } = options;
    this.#recorder = new PathRecorder(
      { pathManager, clock, logger, disk, listener: this },
      {
        ...{ pathName, format, preRollMs, holdsPath },
        expectedDurationMs: durationMs,
        ...(isAutomatic ? { maxDurationMs: durationMs } : {}),
        endsWithStream: isAutomatic,
        naming: { fileFor: (plan, attempt) => this.#nameFile(plan, attempt) },
      },
    );
  }

  get info(): RecordTaskInfo {
    const { durationMs } = this.#options;
    const file = this.#newest;
    const startAt = file?.startAt ?? this.#requestedAt;
    const endsFrom = this.isAutomatic ? startAt : this.#requestedAt;
    return {
      id: file?.id ?? this.#id,
      name: this.pathName,
      fileName: file?.fileName ?? '',
      filePath: file?.filePath ?? '',
      fullPath: file?.fullPath ?? '',
      startAt,
      taskEndTime: endsFrom + durationMs,
      isAutomatic: this.isAutomatic,
      isRecording: !this.#isEnded,
      bytes: file ? this.#bytesOf(file) : 0,
    };
  }

  /** Begins. Call it once. @throws MediaError `unsupported` when no track can be recorded. */
  start(): void {
    const { clock } = this.#components;
    this.#recorder.start();
    if (this.isAutomatic) return;
    this.#timeout = clock.after(this.#options.durationMs, () => void this.#end('timeout'));
    this.#look = clock.every(LOOK_INTERVAL_MS, () => this.#lookForStream());
  }

  /** Closes the file; resolves when it is complete. Idempotent. */
  async close(reason: RecordEndReason): Promise<void> {
    this.#isEnded = true;
    this.#timeout?.cancel();
    this.#look?.cancel();
    await this.#recorder.close(reason);
    const message = `the recording of path '${this.pathName}' ended before it began`;
    this.#first.reject(new MediaError('canceled', 'recording-ended', message));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close('stopped');
  }

  opened(segment: SegmentOpened): void {
    const { events, index } = this.#components;
    const id = this.#ids.get(segment.file) ?? this.#id;
    this.#ids.clear();
    const fileName = basename(segment.file);
    const filePath = `/${relative(this.#options.root, segment.file).split(sep).join('/')}`;
    const { file: fullPath, startAt } = segment;
    const file: TaskFile = { id, fileName, filePath, fullPath, startAt, bytes: undefined };
    this.#files.set(fullPath, file);
    this.#newest = file;
    this.#keptFiles++;
    this.#bytesBefore = this.#recorder.stats?.bytes ?? 0;
    index.opened(segment);
    const { pathName: name, isAutomatic } = this;
    events.publish({ type: 'recordStarted', name, id, fileName, filePath, isAutomatic });
    this.#components.logger.info(`recording to '${filePath}'`);
    this.#first.resolve(undefined);
  }

  closed(segment: SegmentClosed): void {
    const { events, index, logger } = this.#components;
    index.closed(segment);
    const file = this.#files.get(segment.file);
    this.#files.delete(segment.file);
    if (file === undefined) return;
    const { sizeBytes, durationMs, reason } = segment;
    file.bytes = sizeBytes;
    // An empty file was removed; its name is free again.
    if (sizeBytes === 0) this.#keptFiles--;
    const { id, fileName, filePath } = file;
    const times = { reason, sizeBytes, durationMs };
    const name = this.pathName;
    events.publish({ type: 'recordStopped', name, id, fileName, filePath, ...times });
    logger.info(`recording '${filePath}' is complete: ${reason}, ${Math.round(durationMs)} ms`);
  }

  gap(gap: SegmentGap): void {
    const { events, index } = this.#components;
    index.gap(gap);
    const { fromAt, toAt, reason } = gap;
    events.publish({ type: 'recordGap', name: this.pathName, fromAt, toAt, reason });
  }

  skipped(): void {
    // The recorder has logged it.
  }

  failed(failure: MediaError): void {
    // An automatic task goes on trying; who asked for a recording is told that there is none.
    if (!this.isAutomatic) this.#first.reject(failure);
  }

  ended(reason: RecordEndReason, failure?: MediaError): void {
    if (failure) this.#first.reject(failure);
    void this.#end(reason);
  }

  async #end(reason: RecordEndReason): Promise<void> {
    if (this.#isEnded) return;
    await this.close(reason);
    this.#options.onEnded(this, reason);
  }

  #lookForStream(): void {
    this.#looks = this.#recorder.isAttached ? 0 : this.#looks + 1;
    if (this.#looks >= MAX_LOOKS) void this.#end('streamLost');
  }

  #nameFile(
    plan: { readonly startAt: number; readonly sequence: number },
    attempt: number,
  ): string {
    const { root, customName, format } = this.#options;
    const isLater = this.isAutomatic && plan.sequence > 0;
    const id = isLater ? randomUUID() : this.#id;
    const file = recordFileOf({
      ...{ id, customName, attempt },
      startAt: plan.startAt,
      extension: recordingFormats[format].extension,
      retries: this.isAutomatic ? 0 : this.#keptFiles,
    });
    const fullPath = join(root, file);
    this.#ids.set(fullPath, id);
    return fullPath;
  }

  #bytesOf(file: TaskFile): number {
    const total = this.#recorder.stats?.bytes ?? 0;
    return file.bytes ?? Math.max(0, total - this.#bytesBefore);
  }
}
