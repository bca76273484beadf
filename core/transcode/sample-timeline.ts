// Which source time each output sample of a transcoder belongs to, though packets got lost on the way in.

/** A step of the timeline: from `outputSample` on, output times are moved by `offset`. */
interface Step {
  readonly outputSample: number;
  readonly offset: number;
}

/** Output that is so far off its source time is moved, where nothing else is said; less is jitter of rounding. */
const DEFAULT_TOLERANCE_MS = 60;
const MAX_STEPS = 64;

/**
 * An encoder only counts samples. Input access units are noted with their source timestamp; when
 * the source jumps (loss, restart), the output from that sample on jumps by the same time.
 */
export class SampleTimeline {
  readonly #sourceRateHz: number;
  readonly #outputRateHz: number;
  readonly #toleranceMs: number;
  readonly #steps: Step[] = [];
  #firstTicks: number | undefined;
  #lastTicks = 0;
  /** Source ticks since the first access unit, wraps undone. */
  #elapsedTicks = 0;
  #inputSamples = 0;
  #offset = 0;

  constructor(sourceRateHz: number, outputRateHz: number, toleranceMs = DEFAULT_TOLERANCE_MS) {
    this.#sourceRateHz = sourceRateHz;
    this.#outputRateHz = outputRateHz;
    this.#toleranceMs = toleranceMs;
  }

  /** Source timestamp (32 bits) of output sample 0; undefined before the first access unit. */
  get firstTicks(): number | undefined {
    return this.#firstTicks;
  }

  /** Notes an access unit of `durationTicks` that is given to the encoder. */
  noteInput(timestampTicks: number, durationTicks: number): void {
    if (this.#firstTicks === undefined) {
      this.#firstTicks = timestampTicks;
      this.#lastTicks = timestampTicks;
    }
    this.#elapsedTicks += (timestampTicks - this.#lastTicks) | 0;
    this.#lastTicks = timestampTicks;
    const wanted = (this.#elapsedTicks * this.#outputRateHz) / this.#sourceRateHz;
    const counted = this.#inputSamples + this.#offset;
    if (Math.abs(wanted - counted) * 1000 > this.#toleranceMs * this.#outputRateHz) {
      this.#offset = Math.round(wanted - this.#inputSamples);
      this.#steps.push({ outputSample: this.#inputSamples, offset: this.#offset });
      if (this.#steps.length > MAX_STEPS) this.#steps.shift();
    }
    this.#inputSamples += (durationTicks * this.#outputRateHz) / this.#sourceRateHz;
  }

  /** Output timestamp (samples since the first access unit) of the encoder's sample `outputSample`. */
  outputTime(outputSample: number): number {
    let offset = 0;
    for (const step of this.#steps) {
      if (step.outputSample > outputSample) break;
      offset = step.offset;
    }
    return outputSample + offset;
  }
}
