// What an MPEG transport stream has to know about the codec of one track.
import type { MuxSample } from './container-writer.ts';

/** How a codec is carried. */
export interface TsFormat {
  readonly kind: 'video' | 'audio';
  /** stream_type of the program map, ISO/IEC 13818-1 table 2-34. */
  readonly streamType: number;
  /** stream_id of the packets, table 2-22. */
  readonly streamId: number;
  /** Descriptors of the program map, each with tag and length. */
  readonly descriptors: readonly number[];
  /** Appends the payload of a sample; returns its bytes, 0 when nothing is worth keeping. */
  append(sample: MuxSample, chunks: Uint8Array[]): number;
}
