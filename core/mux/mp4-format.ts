// What an MP4 file has to know about the codec of one track.
import type { SampleFraming } from './sample-framing.ts';

/** How a codec is stored. */
export interface Mp4Format {
  readonly kind: 'video' | 'audio';
  readonly framing: SampleFraming;
  /** How many samples before the wanted one a decoder has to start. */
  readonly prerollSamples: number;
  /** Whether the picture size is known: some codecs tell it in the first key frame only. */
  readonly isReady: boolean;
  /** What the codec says at this point of the stream; `isClosing` for the final movie box. */
  describe(isClosing: boolean): Mp4SampleDescription;
  /** Duration of a sample by its size, when the codec fixes it. */
  durationTicks(sizeBytes: number): number | undefined;
}

/** The sample entry box with the picture size that the track header repeats. */
export interface Mp4SampleDescription {
  readonly sampleEntry: Uint8Array;
  /** 0 for sound. */
  readonly widthPixels: number;
  /** 0 for sound. */
  readonly heightPixels: number;
}
