// What the media side of a PutMedia connection hands to its protocol side: headers and clusters.
import type { MediaError } from '../../core/base/media-error.ts';

/** What opens a connection: another `id` means other codecs or tracks, and so another connection. */
export interface MediaHeader {
  /** Unique among the headers of one source, rising. */
  readonly id: number;
  /** EBML header, Segment, Info and Tracks (RFC 9559): once per connection, before any cluster. */
  readonly bytes: Uint8Array;
  readonly hasVideo: boolean;
  readonly hasAudio: boolean;
  /** Media type of the Kinesis video stream, e.g. `video/h264,audio/aac`. */
  readonly mediaType: string;
}

/** One fragment: a Cluster that begins with a key frame, safe to keep and to send again. */
export interface MediaFragment {
  readonly header: MediaHeader;
  /** Epoch milliseconds of the cluster, strictly increasing between the fragments of a source. */
  readonly timecodeMs: number;
  readonly durationMs: number;
  /** Bytes of the cluster, give or take the few of its timestamp. */
  readonly sizeBytes: number;
  /**
   * The whole Cluster with this Cluster Timestamp, in milliseconds: absolute, or relative to the
   * start of the connection. The media bytes are shared with the fragment: they are not to be changed.
   */
  cluster(timestampMs: number): readonly Uint8Array[];
}

/** Who takes what a source makes; none of the calls may throw. */
export interface FragmentListener {
  fragment(fragment: MediaFragment): void;
  /** A track is left out from now on: told once, with the reason. */
  skipped(kind: 'video' | 'audio', message: string): void;
  /** The last call: the stream ended (`undefined`), or why nothing more can come. */
  ended(failure?: MediaError): void;
}
