// What a room tells of itself in numbers; core/metrics only writes it down.

/** One line of a family. */
export interface MetricSample {
  /** In the order they are written. */
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
  /** Of the parts of a histogram: `_bucket`, `_sum` or `_count`. */
  readonly suffix?: '_bucket' | '_sum' | '_count';
}

/** Lines of one name. */
export interface MetricFamily {
  /** `[a-zA-Z_:][a-zA-Z0-9_:]*`, with the unit in it. */
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  /** One sentence. */
  readonly help: string;
  readonly samples: readonly MetricSample[];
}

/** Families that are asked for together. */
export interface MetricGroup {
  /** Value of `?type=`, e.g. `paths`. */
  readonly type: string;
  /** Query key that asks for one member, e.g. `path`; absent when there are no members. */
  readonly filter?: string;
  /** All of them, or those of one member. Called at most once per request. */
  collect(member: string | undefined): readonly MetricFamily[];
}
