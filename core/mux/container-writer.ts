// What every container format offers to a recorder: samples in, writes at file positions out; no file I/O.
import type { Codec } from '../codec/codec.ts';

/** One elementary stream of a file. */
export interface MuxTrack {
  /** With parameter sets for H264 and H265. */
  readonly codec: Codec;
}

/** One access unit, audio frame or block of PCM samples. */
export interface MuxSample {
  /** Position in the track list the writer was made with. */
  readonly trackIndex: number;
  /** NAL units without start code and length (H264, H265), OBUs (AV1), or one frame. Not kept after `add`'s part ended. */
  readonly units: readonly Uint8Array[];
  /** Decoding time in ticks of the track's clock rate since the start of the file; strictly increasing per track. */
  readonly dtsTicks: number;
  /** Presentation time, same clock; at least `dtsTicks` for formats that need it. */
  readonly ptsTicks: number;
  readonly isKeyFrame: boolean;
}

/** Bytes for one place of the file. */
export interface MuxWrite {
  /** Offset in bytes from the start of the file. */
  readonly position: number;
  /** To be written one after the other from there on. */
  readonly chunks: readonly Uint8Array[];
}

/**
 * Turns samples into a file that plays at any instant up to its last ended part. Calls come in the
 * order begin, (add*, endPart)*, finish; writes have to be done in the order given.
 */
export interface ContainerWriter {
  /** Usual extension with dot, e.g. `.mp4`. */
  readonly extension: string;
  /** What stands before the first sample. */
  begin(): readonly MuxWrite[];
  /** @throws MediaError `invalid-argument` for a sample that goes back in time. */
  add(sample: MuxSample): void;
  /** Everything added since the last part; empty when nothing was. */
  endPart(): readonly MuxWrite[];
  /** Makes the closed file: seekable from its start on. Each write leaves a file that plays. */
  finish(): readonly MuxWrite[];
}
