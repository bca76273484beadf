// Counts of values by size, for metrics: fixed buckets, no allocation when a value comes.
import type { MetricFamily, MetricSample } from './metric-family.ts';

/** Name, meaning and upper bounds of a histogram. */
export interface HistogramOptions {
  readonly name: string;
  readonly help: string;
  /** Ascending; values above the last one count in `+Inf`. */
  readonly bounds: readonly number[];
}

/** Cumulative buckets as Prometheus has them. */
export class Histogram {
  readonly #options: HistogramOptions;
  /** One for each bound, and one for what is larger. */
  readonly #counts: Float64Array;
  #sum = 0;

  constructor(options: HistogramOptions) {
    this.#options = options;
    this.#counts = new Float64Array(options.bounds.length + 1);
  }

  /** Counts a value; what is no finite number is left out. */
  observe(value: number): void {
    if (!Number.isFinite(value)) return;
    const { bounds } = this.#options;
    let index = 0;
    while (index < bounds.length && value > (bounds[index] ?? Infinity)) index++;
    this.#counts[index] = (this.#counts[index] ?? 0) + 1;
    this.#sum += value;
  }

  /** The histogram as it is now. */
  get family(): MetricFamily {
    const { name, help, bounds } = this.#options;
    let total = 0;
    const buckets = [...this.#counts].map((count, index): MetricSample => {
      total += count;
      const bound = bounds[index];
      const le = bound === undefined ? '+Inf' : String(bound);
      return { labels: { le }, value: total, suffix: '_bucket' };
    });
    const samples: readonly MetricSample[] = [
      ...buckets,
      { labels: {}, value: this.#sum, suffix: '_sum' },
      { labels: {}, value: total, suffix: '_count' },
    ];
    return { name, type: 'histogram', help, samples };
  }
}
