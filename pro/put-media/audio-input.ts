// The sound of a forwarded path as AAC frames, whatever the source sends.
import type { Mpeg4AudioCodec } from '../../core/codec/codec.ts';
import type { MergeInput } from '../../core/record/sample-merger.ts';
import type { TimedSample, TrackInput } from '../../core/record/track-input.ts';

/** AAC frames on the timeline of the source's track, ready to be merged with the pictures. */
export interface AudioInput extends MergeInput, AsyncDisposable {
  /** The track as it comes. */
  readonly source: TrackInput;
  readonly codec: Mpeg4AudioCodec;
  /** Whether there was a frame. */
  readonly isKnown: boolean;
  /** Whether no further frame can come. */
  readonly hasFailed: boolean;
  start(): void;
  /** Takes every packet below the head of the ring. */
  pull(): void;
}

/** AAC that passes as it is. */
export class AacInput implements AudioInput {
  readonly source: TrackInput;
  readonly codec: Mpeg4AudioCodec;
  readonly hasFailed = false;

  constructor(source: TrackInput, codec: Mpeg4AudioCodec) {
    this.source = source;
    this.codec = codec;
  }

  get isKnown(): boolean {
    return this.source.stats.samples > 0;
  }

  get clockRateHz(): number {
    return this.source.clockRateHz;
  }

  get first(): TimedSample | undefined {
    return this.source.first;
  }

  get newest(): TimedSample | undefined {
    return this.source.newest;
  }

  start(): void {
    // Nothing has to run.
  }

  pull(): void {
    this.source.pull();
  }

  shift(): TimedSample | undefined {
    return this.source.shift();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Nothing runs.
  }
}
