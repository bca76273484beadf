// What a recorder has to know of a kind of file, and of names.
import type { Codec } from '../codec/codec.ts';
import type { ContainerWriter, MuxTrack } from '../mux/container-writer.ts';

/** What is known of a file before it is written. */
export interface SegmentFacts {
  /** Name of the media path: formats that can keep it do, so that it is known without any index. */
  readonly pathName: string;
  /** Date ms of its first picture or sound. */
  readonly startAt: number;
  /** How long it will probably become. */
  readonly expectedDurationMs?: number;
}

/** A kind of file, e.g. MP4. */
export interface RecordingFormat {
  /** With dot, e.g. `.mp4`. */
  readonly extension: string;
  canMux(codec: Codec): boolean;
  /** A writer for one file. @throws MediaError for tracks that it can't hold. */
  createWriter(tracks: readonly MuxTrack[], facts: SegmentFacts): ContainerWriter;
}

/** A file about to be made. */
export interface SegmentPlan {
  /** Date ms of its first picture or sound. */
  readonly startAt: number;
  /** Counts the files of one recorder from 0. */
  readonly sequence: number;
}

/** Chooses names. */
export interface SegmentNaming {
  /** Absolute name; `attempt` counts from 0 and grows while a file of that name exists. */
  fileFor(plan: SegmentPlan, attempt: number): string;
}
