// Per viewer: which outgoing sequence number and timestamp a packet of the ring got, now and lately.

/** Offset changes remembered per viewer; a NACK that is older finds nothing. Power of two. */
const SEGMENTS = 8;

/** One stretch of constant offsets, as `begin` takes it. */
export interface OutputSegment {
  /** Outgoing index of ring sequence `ringStart`. */
  readonly indexStart: number;
  readonly ringStart: number;
  /** Ring packets before this one have squeezed timestamps. */
  readonly squeezeEnd: number;
  /** Ring timestamp of the newest squeezed frame: it and everything later keeps its distance. */
  readonly squeezeTicks: number;
  /** Outgoing ticks per ring tick before `squeezeTicks`; 1 when nothing is squeezed. */
  readonly squeezeRatio: number;
}

/**
 * Outgoing index = ring sequence + offset; the offset changes when a viewer jumps. Timestamps: a
 * constant offset for live frames; frames before `squeezeTicks` are moved towards it by a ratio.
 * Both are computed from the ring alone, so that a retransmission repeats the very same bytes.
 */
export class OutputMap {
  /** Ring sequence found by the last `locate`. */
  foundSequence = 0;
  #indexStarts: Float64Array;
  #indexEnds: Float64Array;
  #offsets: Float64Array;
  #squeezeEnds: Float64Array;
  #squeezeTicks: Uint32Array;
  #squeezeRatios: Float64Array;
  /** Number of segments ever begun per viewer; the newest lies at (count - 1) % SEGMENTS. */
  #counts: Uint32Array;

  constructor(capacity: number) {
    this.#indexStarts = new Float64Array(capacity * SEGMENTS);
    this.#indexEnds = new Float64Array(capacity * SEGMENTS);
    this.#offsets = new Float64Array(capacity * SEGMENTS);
    this.#squeezeEnds = new Float64Array(capacity * SEGMENTS);
    this.#squeezeTicks = new Uint32Array(capacity * SEGMENTS);
    this.#squeezeRatios = new Float64Array(capacity * SEGMENTS);
    this.#counts = new Uint32Array(capacity);
  }

  grow(capacity: number): void {
    const grown = new OutputMap(capacity);
    grown.#indexStarts.set(this.#indexStarts);
    grown.#indexEnds.set(this.#indexEnds);
    grown.#offsets.set(this.#offsets);
    grown.#squeezeEnds.set(this.#squeezeEnds);
    grown.#squeezeTicks.set(this.#squeezeTicks);
    grown.#squeezeRatios.set(this.#squeezeRatios);
    grown.#counts.set(this.#counts);
    this.#indexStarts = grown.#indexStarts;
    this.#indexEnds = grown.#indexEnds;
    this.#offsets = grown.#offsets;
    this.#squeezeEnds = grown.#squeezeEnds;
    this.#squeezeTicks = grown.#squeezeTicks;
    this.#squeezeRatios = grown.#squeezeRatios;
    this.#counts = grown.#counts;
  }

  /** Forgets everything of a row that gets a new viewer. */
  reset(row: number): void {
    this.#counts[row] = 0;
  }

  /** Ends the current segment before outgoing index `indexEnd` and begins the next. */
  begin(row: number, indexEnd: number, segment: OutputSegment): void {
    const count = this.#counts[row] ?? 0;
    if (count > 0) this.#indexEnds[this.#newest(row)] = indexEnd;
    this.#counts[row] = count + 1;
    const at = this.#newest(row);
    this.#indexStarts[at] = segment.indexStart;
    this.#indexEnds[at] = Infinity;
    this.#offsets[at] = segment.indexStart - segment.ringStart;
    this.#squeezeEnds[at] = segment.squeezeEnd;
    this.#squeezeTicks[at] = segment.squeezeTicks;
    this.#squeezeRatios[at] = segment.squeezeRatio;
  }

  /** Outgoing index of a ring packet in the current segment. */
  indexOf(row: number, sequence: number): number {
    return sequence + (this.#offsets[this.#newest(row)] ?? 0);
  }

  /** Handle of the current segment, for `shiftOf`. */
  currentSegment(row: number): number {
    return this.#newest(row);
  }

  /**
   * Handle of the segment that outgoing `index` belongs to, with its ring packet in
   * `foundSequence`; -1 when it was left out or is forgotten.
   */
  locate(row: number, index: number): number {
    const count = this.#counts[row] ?? 0;
    const oldest = Math.max(0, count - SEGMENTS);
    for (let number = count - 1; number >= oldest; number--) {
      const at = row * SEGMENTS + (number % SEGMENTS);
      if (index < (this.#indexStarts[at] ?? 0)) continue;
      if (index >= (this.#indexEnds[at] ?? 0)) return -1;
      this.foundSequence = index - (this.#offsets[at] ?? 0);
      return at;
    }
    return -1;
  }

  /** Ticks by which squeezing moves the packet: added to its ring timestamp, beside the offset. */
  shiftOf(segment: number, sequence: number, ringTicks: number): number {
    if (sequence >= (this.#squeezeEnds[segment] ?? 0)) return 0;
    const beforeTicks = ((this.#squeezeTicks[segment] ?? 0) - ringTicks) | 0;
    if (beforeTicks <= 0) return 0;
    const ratio = this.#squeezeRatios[segment] ?? 1;
    return beforeTicks - Math.round(beforeTicks * ratio);
  }

  #newest(row: number): number {
    return row * SEGMENTS + (((this.#counts[row] ?? 0) - 1) % SEGMENTS);
  }
}
