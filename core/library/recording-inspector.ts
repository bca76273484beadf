// What the library asks about the inside of a video file; who knows containers answers.

/** What a file says about itself. */
export interface RecordingFacts {
  /** Name of the media path, when the file carries it. */
  readonly path?: string;
  /** Date ms, when the file carries it. */
  readonly startAt?: number;
  readonly durationMs: number;
  readonly tracks: readonly string[];
  /** False for a file whose writer did not come to close it. */
  readonly isComplete: boolean;
}

/** Reads and repairs video files by absolute name. Both throw MediaError for what is beyond repair. */
export interface RecordingInspector {
  inspect(filePath: string): Promise<RecordingFacts>;
  /**
   * Makes a file that a killed process left playable up to its last whole part, and closes it.
   * Undefined when nothing is in it yet: such a file may go.
   */
  repair(filePath: string): Promise<RecordingFacts | undefined>;
}
