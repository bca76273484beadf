// Notices B-frames: pictures that are sent later than pictures shown after them.

/** A larger step back is a jump of the source's clock, not reordering. */
const MAX_STEP_TICKS = 3 * 90000;

/**
 * Looks at the timestamps of pictures in sending order. A B-frame lies between the newest picture
 * and the one that was newest before; a camera that sets its clock back lands before both and is
 * not taken for one. Wraps with the 32-bit timestamp.
 */
export class ReorderDetector {
  hasReorderedFrames = false;
  #newestTicks = 0;
  #previousTicks = 0;
  #count = 0;

  /** Takes the next picture; `isKeyFrame` pictures never count as reordered. */
  note(timestampTicks: number, isKeyFrame: boolean): void {
    const step = (timestampTicks - this.#newestTicks) | 0;
    if (this.#count === 0) {
      this.#anchor(timestampTicks, timestampTicks);
    } else if (step > 0) {
      this.#anchor(timestampTicks, this.#newestTicks);
    } else if (step < 0) {
      const isBetween = ((timestampTicks - this.#previousTicks) | 0) > 0;
      if (!isKeyFrame && isBetween && step >= -MAX_STEP_TICKS) this.hasReorderedFrames = true;
      else this.#anchor(timestampTicks, timestampTicks);
    }
  }

  reset(): void {
    this.hasReorderedFrames = false;
    this.#count = 0;
  }

  #anchor(newestTicks: number, previousTicks: number): void {
    this.#newestTicks = newestTicks;
    this.#previousTicks = previousTicks;
    this.#count++;
  }
}
