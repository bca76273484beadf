// The files of one recorder, one after the other: when each begins, what lies between them, all closed at the end.
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import type { MediaError } from '../base/media-error.ts';
import type { RecordingFormat, SegmentNaming } from './recording-format.ts';
import type { RecordEndReason, RecordingsIndex } from './recordings-index.ts';
import type { SegmentDisk } from './segment-disk.ts';
import { Segment, type SegmentTrackPlan } from './segment.ts';

/** What a sequence works with. */
export interface SegmentSequenceComponents {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly disk: SegmentDisk;
  readonly listener: RecordingsIndex;
}

/** What all files have in common. */
export interface SegmentSequenceOptions {
  readonly pathName: string;
  readonly format: RecordingFormat;
  readonly naming: SegmentNaming;
  readonly expectedDurationMs: number | undefined;
  readonly partDurationMs: number;
  readonly maxPartBytes: number;
  readonly syncIntervalMs: number;
  /** The disk failed while the current file was written; it is closed. */
  readonly onFailed: (failure: MediaError) => void;
}

/** Where a file begins. */
export interface SegmentStart {
  /** Monotonic time of its first picture or sound. */
  readonly atMs: number;
  /** Whether it goes on exactly where the one before ended. */
  readonly isContinuing: boolean;
  readonly tracks: readonly SegmentTrackPlan[];
}

/** Files that follow each other start where the last one ended, unless arrivals say it was earlier or later by more. */
const MAX_CONTINUED_DRIFT_MS = 1000;
/** Wall time that moves more against monotonic time was set by somebody. */
const MAX_CLOCK_STEP_MS = 5000;
/** Shorter holes are how cameras are. */
const MIN_GAP_MS = 500;

/** Where a file ended, and why. */
interface SegmentEnd {
  /** Date ms. */
  readonly at: number;
  readonly reason: RecordEndReason;
}

/** At most one file takes samples; those before may still be on their way to the disk. */
export class SegmentSequence {
  readonly #components: SegmentSequenceComponents;
  readonly #options: SegmentSequenceOptions;
  readonly #closing = new Map<Segment, Promise<void>>();
  #current: Segment | undefined;
  #sequence = 0;
  /** Wall minus monotonic time when the current file began. */
  #wallOffsetMs = 0;
  #end: SegmentEnd | undefined;

  constructor(components: SegmentSequenceComponents, options: SegmentSequenceOptions) {
    this.#components = components;
    this.#options = options;
  }

  /** The file that takes samples. */
  get current(): Segment | undefined {
    return this.#current;
  }

  /** Files begun so far. */
  get count(): number {
    return this.#sequence;
  }

  /** Bytes in memory of all files. */
  get queueBytes(): number {
    let bytes = this.#current?.queueBytes ?? 0;
    if (this.#closing.size > 0) {
      for (const segment of this.#closing.keys()) bytes += segment.queueBytes;
    }
    return bytes;
  }

  /** Whether somebody set the clock of the machine since the current file began. */
  get hasClockStepped(): boolean {
    return Math.abs(this.#wallOffset() - this.#wallOffsetMs) > MAX_CLOCK_STEP_MS;
  }

  /** Begins a file. @throws MediaError when the container can't hold the tracks. */
  open(start: SegmentStart): Segment {
    const { clock, disk, listener } = this.#components;
    const { naming } = this.#options;
    const startAt = this.#startAt(start);
    const gap = this.#end;
    const plan = { startAt, sequence: this.#sequence };
    const segment = new Segment(
      { clock, disk, listener },
      {
        ...this.#options,
        startAt,
        tracks: start.tracks,
        nameFor: (attempt) => naming.fileFor(plan, attempt),
        onContent: () => this.#tellGap(gap, startAt),
        onFailed: (failed, failure) => this.#onFailed(failed, failure),
      },
    );
    this.#sequence++;
    this.#current = segment;
    this.#wallOffsetMs = this.#wallOffset();
    return segment;
  }

  /** Something between the last sample and the next one is missing, though the file goes on. */
  noteHole(fromMs: number, toMs: number, reason: RecordEndReason): void {
    const startAt = this.#current?.startAt;
    if (startAt === undefined || toMs - fromMs < MIN_GAP_MS) return;
    this.#components.listener.gap({
      pathName: this.#options.pathName,
      fromAt: Math.round(startAt + fromMs),
      toAt: Math.round(startAt + toMs),
      reason,
    });
  }

  /** Ends the current file; `durationMs` when it is known exactly. Nobody has to wait. */
  close(reason: RecordEndReason, durationMs?: number): void {
    const segment = this.#current;
    if (segment === undefined) return;
    this.#current = undefined;
    this.#end = { at: segment.startAt + (durationMs ?? segment.durationMs), reason };
    const closed = segment.close(reason, durationMs);
    this.#closing.set(segment, closed);
    void closed.finally(() => this.#closing.delete(segment));
  }

  /** Resolves when every closed file is on the disk. */
  async settle(): Promise<void> {
    await Promise.all(this.#closing.values());
  }

  #startAt({ atMs, isContinuing }: SegmentStart): number {
    const seenAt = Math.round(atMs + this.#wallOffset());
    const lastEndAt = this.#end?.at;
    if (!isContinuing || lastEndAt === undefined) return seenAt;
    return Math.abs(seenAt - lastEndAt) > MAX_CONTINUED_DRIFT_MS ? seenAt : Math.round(lastEndAt);
  }

  #tellGap(end: SegmentEnd | undefined, startAt: number): void {
    if (end === undefined || startAt - end.at < MIN_GAP_MS) return;
    const { pathName } = this.#options;
    const fromAt = Math.round(end.at);
    this.#components.listener.gap({ pathName, fromAt, toAt: startAt, reason: end.reason });
  }

  #onFailed(segment: Segment, failure: MediaError): void {
    if (segment !== this.#current) {
      this.#components.logger.error(`recording: ${failure.message}`);
      return;
    }
    this.#current = undefined;
    const reason = failure.code === 'disk-full' ? 'diskFull' : 'failed';
    // A file of which nothing is left ended nothing: the gap is older than it.
    if (segment.sizeBytes > 0) this.#end = { at: segment.startAt + segment.durationMs, reason };
    else this.#end ??= { at: segment.startAt, reason };
    this.#options.onFailed(failure);
  }

  #wallOffset(): number {
    const { clock } = this.#components;
    return clock.nowMs() - clock.monotonicMs();
  }
}
