// Gives each picture its decoding time: RTP only tells when it is shown.

/** Largest number of pictures that may be shown before one sent ahead of them: the DPB of H.264 and H.265. */
const MAX_DEPTH = 16;

/** What is known in advance. */
export interface DecodeTimesOptions {
  /** Pictures by which sending order may differ from showing order; grows when it proves too small. */
  readonly depth: number;
  /** Distance of pictures in clock ticks, as far as known; only places the first `depth` pictures. */
  readonly frameTicks: number;
}

/**
 * With a reorder depth of d, at most d pictures that are shown later are sent before a picture. So
 * the n-th picture in sending order can be decoded at the showing time that stands at place n-d of
 * all showing times in order: never after its own, and known when it comes. Times of the first d
 * pictures lie before the first showing time.
 */
export class DecodeTimes {
  #frameTicks = 1;
  #startDepth = 0;
  /** Showing times not used as decoding time yet, in order. */
  readonly #pending: number[] = [];
  /** The newest showing times in sending order. */
  readonly #recent: number[] = [];
  #depth = 0;
  #last = Number.NEGATIVE_INFINITY;
  /** Decoding time of the picture before a hole. */
  #floor = Number.NEGATIVE_INFINITY;

  constructor(options: DecodeTimesOptions) {
    this.#use(options);
  }

  get depth(): number {
    return this.#depth;
  }

  /**
   * Decoding time of the next picture in sending order, strictly increasing. It is after `ptsTicks`
   * only where the depth had to grow or timestamps went back; the picture then has to be shown late.
   */
  next(ptsTicks: number): number {
    if (this.#last === Number.NEGATIVE_INFINITY) this.#begin(ptsTicks);
    this.#depth = Math.max(this.#depth, this.#neededDepth(ptsTicks));
    insertSorted(this.#pending, ptsTicks);
    const isFull = this.#pending.length > this.#depth;
    const candidate = isFull ? (this.#pending.shift() ?? ptsTicks) : this.#last;
    this.#last = Math.max(candidate, this.#last + 1);
    return this.#last;
  }

  /** Forgets everything: a new timeline begins. */
  reset(): void {
    this.#pending.length = 0;
    this.#recent.length = 0;
    this.#last = Number.NEGATIVE_INFINITY;
    this.#floor = Number.NEGATIVE_INFINITY;
  }

  /**
   * Pictures are missing in front of the next one, a key frame: what was shown before them is no
   * decoding time for it. The timeline goes on.
   */
  skipHole(options: DecodeTimesOptions): void {
    const last = Math.max(this.#last, this.#floor);
    this.reset();
    this.#floor = last;
    this.#depth = 0;
    this.#use(options);
  }

  #use({ depth, frameTicks }: DecodeTimesOptions): void {
    this.#startDepth = Math.min(Math.max(0, depth), MAX_DEPTH);
    this.#frameTicks = Math.max(1, Math.round(frameTicks));
  }

  #begin(ptsTicks: number): void {
    this.#depth = Math.max(this.#depth, this.#startDepth);
    for (let place = this.#depth; place > 0; place--) {
      this.#pending.push(ptsTicks - place * this.#frameTicks);
    }
    this.#last = Math.max(this.#floor, ptsTicks - (this.#depth + 1) * this.#frameTicks);
  }

  #neededDepth(ptsTicks: number): number {
    let needed = 0;
    for (const known of this.#recent) if (known > ptsTicks) needed++;
    this.#recent.push(ptsTicks);
    if (this.#recent.length > MAX_DEPTH) this.#recent.shift();
    return needed;
  }
}

function insertSorted(values: number[], value: number): void {
  let place = values.length;
  while (place > 0 && (values[place - 1] ?? 0) > value) place--;
  values.splice(place, 0, value);
}
