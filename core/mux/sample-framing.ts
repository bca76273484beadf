// Puts the units of a sample into the form that MP4 stores, without copying them.
import type { MuxSample } from './container-writer.ts';

/** One per track. */
export interface SampleFraming {
  /** Appends the payload of a sample; returns its bytes, 0 when nothing is worth keeping. */
  append(sample: MuxSample, chunks: Uint8Array[]): number;
}

/** For formats whose samples are stored as they come. */
export const plainFraming: SampleFraming = {
  append({ units }, chunks) {
    let sizeBytes = 0;
    for (const unit of units) {
      if (unit.length === 0) continue;
      chunks.push(unit);
      sizeBytes += unit.length;
    }
    return sizeBytes;
  },
};
