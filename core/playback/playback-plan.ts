// The answer to a request for a span: known to the byte before the first one is sent.
import type { FilePart } from '../mux/fragmented-file.ts';
import type { Recording } from '../library/recording.ts';
import type { PlaybackFormat } from './playback-query.ts';
import type { MediaRange } from './part-selection.ts';

/** A part of a file and its place in the answer. */
export interface PlannedPart {
  /** Position in the list of files. */
  readonly file: number;
  /** Of the part in its file. */
  readonly position: FilePart['position'];
  /** Of the part in the answer. */
  readonly outPosition: number;
  /** Bytes of the fragment's head in the answer; 0 in a plain MP4. */
  readonly headBytes: number;
  readonly media: readonly MediaRange[];
  readonly mediaBytes: number;
  /** With which the samples are picked anew, see PartSelector. */
  readonly lastTicks: readonly number[];
  readonly firstPicture: number | undefined;
}

/** A file that is played, or some of it. */
export interface PlannedFile {
  readonly recording: Recording;
  /** Time of the answer at which it begins. */
  readonly baseMs: number;
}

/** The whole answer. */
export interface PlaybackPlan {
  readonly format: PlaybackFormat;
  readonly head: Uint8Array;
  readonly files: readonly PlannedFile[];
  readonly parts: readonly PlannedPart[];
  readonly sizeBytes: number;
  readonly durationMs: number;
  /** Position of the track whose key frames begin the answer. */
  readonly lead: number;
  /** With its quotes. */
  readonly etag: string;
}
