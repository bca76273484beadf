// What went through a path since it was opened, over all its streams and readers.
import type { Stream } from '../stream/stream.ts';

/** Counters that only grow while the path is open. */
export interface PathTotals {
  readonly inboundBytes: number;
  readonly inboundFramesInError: number;
  /** To readers that have left; those who are there count for themselves. */
  readonly departedOutboundBytes: number;
}

/** Keeps the sums of what is gone, so that nothing grows with the number of readers. */
export class PathTraffic {
  #inboundBytes = 0;
  #framesInError = 0;
  #outboundBytes = 0;

  /** A stream ended; its own counters are not asked any more. */
  addStream(stream: Stream): void {
    for (const { stats } of stream.tracks) {
      this.#inboundBytes += stats.bytesReceived;
      this.#framesInError += stats.packetsInError;
    }
  }

  /** A reader left that was sent so many bytes. */
  addReader(sentBytes: number): void {
    this.#outboundBytes += sentBytes;
  }

  /** Everything so far; `stream` is the one of now. */
  totals(stream: Stream | undefined): PathTotals {
    let inboundBytes = this.#inboundBytes;
    let inboundFramesInError = this.#framesInError;
    for (const { stats } of stream?.tracks ?? []) {
      inboundBytes += stats.bytesReceived;
      inboundFramesInError += stats.packetsInError;
    }
    return { inboundBytes, inboundFramesInError, departedOutboundBytes: this.#outboundBytes };
  }
}
