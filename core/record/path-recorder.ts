// Records a path, through sources that come and go: a recorder for each stream that the path has.
import { randomUUID } from 'node:crypto';
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import { toMediaError, type MediaError } from '../base/media-error.ts';
import type { PathManager } from '../path/path-manager.ts';
import type { PathReader } from '../path/path-options.ts';
import type { ReadLease } from '../path/path.ts';
import type { RecorderOptions } from './recorder-options.ts';
import { Recorder, type RecorderListener, type RecorderStats } from './recorder.ts';
import type { RecordEndReason } from './recordings-index.ts';
import type { SegmentDisk } from './segment-disk.ts';

/** What it works with. */
export interface PathRecorderComponents {
  readonly pathManager: Pick<PathManager, 'get' | 'grant' | 'observe' | 'read'>;
  readonly listener: RecorderListener;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly disk?: SegmentDisk;
}

/** What it does beside writing files. */
export interface PathRecorderOptions extends RecorderOptions {
  /** Whether it counts as a reader, so that a source on demand is kept, and a stream without publisher held. */
  readonly holdsPath: boolean;
  /** Ends with the stream instead of waiting for the next one. */
  readonly endsWithStream: boolean;
}

const READER_TYPE = 'recorder';
const MIN_GAP_MS = 500;

/** One stream of the path and the files made of it. */
interface StreamRecording {
  readonly recorder: Recorder;
  /** Where its last file ended. */
  lastEnd: { readonly at: number; readonly reason: RecordEndReason } | undefined;
  hasEnded: boolean;
}

/**
 * The files of all streams are one row: `naming` counts them through, and `gap` tells what lies
 * between two streams as well. After the listener was told `ended`, nothing more comes.
 */
export class PathRecorder implements AsyncDisposable {
  readonly #components: PathRecorderComponents;
  readonly #options: PathRecorderOptions;
  readonly #reader: PathReader = { id: randomUUID(), type: READER_TYPE };
  #endObservation: (() => void) | undefined;
  #current: StreamRecording | undefined;
  /** The stream before, until the gap behind it is told. */
  #previous: StreamRecording | undefined;
  /** Date ms at which the current stream's first file began, while that of the previous one may still end. */
  #nextStartAt: number | undefined;
  #lease: ReadLease | undefined;
  #files = 0;
  #isClosed = false;

  constructor(components: PathRecorderComponents, options: PathRecorderOptions) {
    this.#components = components;
    this.#options = options;
  }

  /** Whether there is a stream that is being recorded. */
  get isAttached(): boolean {
    return this.#current?.hasEnded === false;
  }

  /** Of the stream recorded last. */
  get stats(): RecorderStats | undefined {
    return this.#current?.recorder.stats;
  }

  /**
   * Begins with the stream that the path has, or with the next one. Call it once.
   * @throws MediaError `unsupported` when no track of the stream can be recorded.
   */
  start(): void {
    this.#endObservation = this.#components.pathManager.observe({
      onPathTransition: (path, transition) => {
        if (path.name === this.#options.pathName && transition === 'available') this.#follow();
      },
    });
    try {
      this.#attach();
    } catch (thrown) {
      this.#release();
      throw thrown;
    }
  }

  /** Closes the file; resolves when it is complete. Idempotent. */
  async close(reason: RecordEndReason = 'stopped'): Promise<void> {
    // In this order: giving the path back may end its stream.
    const closed = this.#current?.recorder.close(reason);
    this.#release();
    await closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Another stream; one that can't be recorded is told, and the next one awaited. */
  #follow(): void {
    try {
      this.#attach();
    } catch (thrown) {
      this.#components.listener.failed(toMediaError(thrown));
    }
  }

  #attach(): void {
    const { pathManager, clock, logger, disk } = this.#components;
    const stream = pathManager.get(this.#options.pathName)?.stream;
    if (stream === undefined || this.#isClosed) return;
    const base = this.#files + (this.#current?.recorder.stats.files ?? 0);
    const { naming } = this.#options;
    const recorder = new Recorder(
      { stream, clock, logger, ...(disk ? { disk } : {}), listener: this.#listen(() => recording) },
      {
        ...this.#options,
        naming: {
          fileFor: ({ startAt, sequence }, attempt) =>
            naming.fileFor({ startAt, sequence: base + sequence }, attempt),
        },
      },
    );
    const recording: StreamRecording = { recorder, lastEnd: undefined, hasEnded: false };
    this.#files = base;
    this.#previous = this.#current;
    this.#current = recording;
    this.#nextStartAt = undefined;
    this.#hold();
    recorder.start();
  }

  #listen(recordingOf: () => StreamRecording): RecorderListener {
    const { listener } = this.#components;
    return {
      opened: (segment) => {
        listener.opened(segment);
        if (recordingOf() !== this.#current) return;
        this.#nextStartAt ??= segment.startAt;
        this.#tellGap();
      },
      closed: (segment) => {
        recordingOf().lastEnd = {
          at: segment.startAt + segment.durationMs,
          reason: segment.reason,
        };
        listener.closed(segment);
      },
      gap: (gap) => listener.gap(gap),
      skipped: (track) => listener.skipped(track),
      failed: (failure) => listener.failed(failure),
      ended: (reason, failure) => this.#onEnded(recordingOf(), reason, failure),
    };
  }

  #onEnded(recording: StreamRecording, reason: RecordEndReason, failure?: MediaError): void {
    recording.hasEnded = true;
    this.#tellGap();
    if (recording !== this.#current || this.#isClosed) return;
    this.#nextStartAt = undefined;
    if (!this.#options.endsWithStream && failure === undefined && reason === 'streamLost') return;
    this.#release();
    this.#components.listener.ended(reason, failure);
  }

  /** Tells what is missing between two streams as soon as both ends are known. */
  #tellGap(): void {
    const end = this.#previous?.hasEnded === true ? this.#previous.lastEnd : undefined;
    const startAt = this.#nextStartAt;
    if (end === undefined || startAt === undefined) return;
    this.#previous = undefined;
    if (startAt - end.at < MIN_GAP_MS) return;
    const { pathName } = this.#options;
    const fromAt = Math.round(end.at);
    this.#components.listener.gap({ pathName, fromAt, toAt: startAt, reason: end.reason });
  }

  #hold(): void {
    const { pathManager, logger } = this.#components;
    const { pathName, holdsPath } = this.#options;
    if (!holdsPath || this.#lease) return;
    try {
      this.#lease = pathManager.read(pathManager.grant(pathName, { user: '' }), this.#reader);
    } catch (thrown) {
      // A path that is full of viewers is recorded all the same.
      logger.debug(`recording without holding the path: ${toMediaError(thrown).message}`);
    }
  }

  #release(): void {
    this.#isClosed = true;
    this.#endObservation?.();
    this.#lease?.close();
    this.#lease = undefined;
  }
}
