// Adds up how far an export is: seconds that are encoded first, then the bytes of the result.

/** Encoding takes most of the time; writing counts like this many encoded seconds. */
const WRITING_S = 2;
/** Smaller steps interest nobody. */
const MIN_STEP = 0.002;

/** Reports 0..1, rising only. */
export class ProgressMeter {
  readonly #onProgress: (progress: number) => void;
  #expectedS = 0;
  #doneS = 0;
  #reported = 0;

  constructor(onProgress: (progress: number) => void) {
    this.#onProgress = onProgress;
  }

  /** So many seconds more will be encoded. */
  expect(seconds: number): void {
    this.#expectedS += seconds;
  }

  /** One encoder is so far; the returned function counts the whole piece as done. */
  begin(lengthS: number): { advance: (seconds: number) => void; end: () => void } {
    const startS = this.#doneS;
    return {
      advance: (seconds) => this.#report(startS + Math.min(seconds, lengthS)),
      end: () => {
        this.#doneS = startS + lengthS;
        this.#report(this.#doneS);
      },
    };
  }

  /** The writing of the result is so far, 0..1. */
  finish(part: number): void {
    this.#report(this.#expectedS + part * WRITING_S);
  }

  #report(doneS: number): void {
    const progress = Math.min(1, doneS / (this.#expectedS + WRITING_S));
    const stepUp = progress - this.#reported;
    if (!(stepUp >= MIN_STEP || (progress === 1 && stepUp > 0))) return;
    this.#reported = progress;
    this.#onProgress(progress);
  }
}
