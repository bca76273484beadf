// Audio that browsers can't decode, made into Opus beside its stream while somebody listens.
import type { PathConfig } from '../config/config.ts';
import type { Stream } from '../stream/stream.ts';

/** A share in one transcoder. */
export interface TranscodedAudio {
  /** A stream with one Opus track. */
  readonly stream: Stream;
  /** Gives the share back; the last one ends the transcoder. Idempotent. */
  close(): void;
}

/** Makes audio fit for browsers where a stream's own audio is not. */
export interface AudioTranscoders {
  /** Whether the stream's audio needs it and the path allows it; logs once why not. */
  wanted(stream: Stream, config: PathConfig): boolean;
  acquire(stream: Stream): TranscodedAudio;
}
