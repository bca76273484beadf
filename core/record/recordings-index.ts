// What a recorder tells about its files and gaps: the shape that an index of recordings implements.

/** Why a file ended, or why nothing was recorded for a while. */
export type RecordEndReason =
  /** Asked for. */
  | 'stopped'
  /** The length that was asked for is reached; the next file goes on without a gap. */
  | 'timeout'
  /** No packets came, or the stream ended. */
  | 'streamLost'
  /** The stream came, but not the picture that is wanted. */
  | 'noSignal'
  | 'diskFull'
  /** Other parameter sets (another size, for example): the decoder has to begin anew. */
  | 'tracksChanged'
  /** The clock of this machine or the timestamps of the source jumped. */
  | 'clockStep'
  | 'serverStopped'
  /** Anything else; the log says what. */
  | 'failed';

/** One track of a file. */
export interface SegmentTrack {
  /** As the Control API prints it, e.g. `H264`. */
  readonly codec: string;
  readonly kind: 'video' | 'audio' | 'application';
}

/** A file that grows from now on. */
export interface SegmentOpened {
  /** Name of the media path. */
  readonly pathName: string;
  /** Absolute name of the file. */
  readonly file: string;
  /** Date ms of the first picture or sound. */
  readonly startAt: number;
  readonly tracks: readonly SegmentTrack[];
}

/** A file that will not change any more. */
export interface SegmentClosed extends SegmentOpened {
  readonly durationMs: number;
  readonly sizeBytes: number;
  readonly reason: RecordEndReason;
  /** False when the end could not be written: the file plays, but can't be scrubbed before it is repaired. */
  readonly isFinished: boolean;
}

/** A time in which nothing was recorded although it should have been. */
export interface SegmentGap {
  readonly pathName: string;
  /** Date ms. */
  readonly fromAt: number;
  /** Date ms, after `fromAt`. */
  readonly toAt: number;
  readonly reason: RecordEndReason;
}

/** Told of every file, in order: `opened`, then `closed` for each one. Must not throw or take long. */
export interface RecordingsIndex {
  opened(segment: SegmentOpened): void;
  closed(segment: SegmentClosed): void;
  gap(gap: SegmentGap): void;
}
