// What a stream asks of everybody who reads from it.
import type { MediaError } from '../base/media-error.ts';
import type { Track } from './track.ts';

/**
 * A reader of a stream, woken once per publish, not per packet. All calls are synchronous and run
 * on the packet path: a reader keeps its own cursor (`next`) into `track.ring`, sends what it can
 * and returns. It must never delay others: what it cannot take now it skips by its own drop rule.
 * A throw closes only this reader.
 */
export interface StreamReader {
  /** New packets lie in `track.ring` below its `head`. */
  onPublish(track: Track): void;
  /** The codec parameters of a track changed (new SPS, for example). */
  onCodecChanged?(track: Track): void;
  /** The stream ended for good; the reader has been removed already. */
  onStreamClosed(reason: MediaError): void;
}
