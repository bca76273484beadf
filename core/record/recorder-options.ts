// Settings of a recorder.
import type { RecordingFormat, SegmentNaming } from './recording-format.ts';

/** What a recorder writes, and its limits. */
export interface RecorderOptions {
  readonly pathName: string;
  readonly format: RecordingFormat;
  readonly naming: SegmentNaming;
  /** Files are changed at the first key frame after it; without it only when they have to. */
  readonly maxDurationMs?: number;
  /** As `maxDurationMs`, by size. */
  readonly maxSizeBytes?: number;
  /** How long files will probably become, when no `maxDurationMs` says so. */
  readonly expectedDurationMs?: number;
  /** How much is lost at most when the process is killed. */
  readonly partDurationMs?: number;
  /** A part that grew to this size ends early. */
  readonly maxPartBytes?: number;
  /** Memory that samples on their way to the disk may take; beyond it pictures up to the next key frame are dropped. */
  readonly maxQueueBytes?: number;
  /** A longer hole ends the file; shorter ones are shown as they were. */
  readonly maxGapMs?: number;
  /** How far back the file begins, as far as the stream remembers; 0 is the last key frame. */
  readonly preRollMs?: number;
  /** Longest time without fsync: what a power cut may take. */
  readonly syncIntervalMs?: number;
  /** After a failure of the disk it is tried again so often. */
  readonly retryMs?: number;
  /** How long to wait for the first key frame of a stream that is online. */
  readonly keyFrameTimeoutMs?: number;
  /** How long `close` waits for the disk. */
  readonly closeTimeoutMs?: number;
}

/** What holds where nothing is said. */
export const recorderDefaults = {
  maxDurationMs: Number.POSITIVE_INFINITY,
  maxSizeBytes: Number.POSITIVE_INFINITY,
  partDurationMs: 1000,
  maxPartBytes: 8 << 20,
  maxQueueBytes: 16 << 20,
  maxGapMs: 10_000,
  preRollMs: 0,
  syncIntervalMs: 10_000,
  retryMs: 2000,
  keyFrameTimeoutMs: 60_000,
  closeTimeoutMs: 2500,
};

/** With everything decided. */
export type CompleteRecorderOptions = RecorderOptions & typeof recorderDefaults;
