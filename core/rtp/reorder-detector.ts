// Notices B-frames: pictures that are sent later than pictures shown after them.

/** A larger step back is a jump of the source's clock, not reordering. */
const MAX_STEP_TICKS = 3 * 90000;
/** A camera that corrects its clock steps back once or twice; an encoder with B-frames does it all the time. */
const MIN_STEPS = 3;
/** Pictures after which a step back is forgotten; 10 s of 25 pictures each. */
const MEMORY_PICTURES = 250;

/**
 * Looks at the timestamps of pictures in sending order. A B-frame lies between the newest picture
 * and the one that was newest before; a camera that sets its clock back lands before both and is
 * not taken for one. Wraps with the 32-bit timestamp.
 */
export class ReorderDetector {
  /** Whether any picture was. */
  hasReorderedFrames = false;
  /** Whether it happens again and again. */
  hasBFrames = false;
  #steps = 0;
  #picturesSinceStep = 0;
  #newestTicks = 0;
  #previousTicks = 0;
  #count = 0;

  /** Takes the next picture; `isKeyFrame` pictures never count as reordered. */
  note(timestampTicks: number, isKeyFrame: boolean): void {
    if (++this.#picturesSinceStep > MEMORY_PICTURES) {
      this.#steps = 0;
      this.hasBFrames = false;
    }
    const step = (timestampTicks - this.#newestTicks) | 0;
    if (this.#count === 0) {
      this.#anchor(timestampTicks, timestampTicks);
    } else if (step > 0) {
      this.#anchor(timestampTicks, this.#newestTicks);
    } else if (step < 0) {
      const isBetween = ((timestampTicks - this.#previousTicks) | 0) > 0;
      if (!isKeyFrame && isBetween && step >= -MAX_STEP_TICKS) this.#noteStepBack();
      else this.#anchor(timestampTicks, timestampTicks);
    }
  }

  reset(): void {
    this.hasReorderedFrames = false;
    this.hasBFrames = false;
    this.#steps = 0;
    this.#count = 0;
  }

  #noteStepBack(): void {
    this.hasReorderedFrames = true;
    this.#picturesSinceStep = 0;
    if (++this.#steps >= MIN_STEPS) this.hasBFrames = true;
  }

  #anchor(newestTicks: number, previousTicks: number): void {
    this.#newestTicks = newestTicks;
    this.#previousTicks = previousTicks;
    this.#count++;
  }
}
